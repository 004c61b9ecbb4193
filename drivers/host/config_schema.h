/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The shape of the configuration file: every key once, with its range and its default. From this
 * come the schema for the YAML reader (which gives every scalar as text), the conversion to
 * struct host_config, and what error messages say is expected.
 */
#ifndef HOST_CONFIG_SCHEMA_H
#define HOST_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>

#include "drivers/host/config_value.h"

/* What the YAML reader fills in: the text of each scalar, NULL where there is none. */
struct raw_member {
    char *id, *name, *address, *port, *workers;
};
struct raw_cluster {
    char *name, *partitions, *replicas, *hash, *claim;
    char *window, *sessions, *session_window, *session_idle;
    struct raw_member *members;
    uint32_t members_count;
};
struct raw_memory {
    char *kv, *log;
};
struct raw_dpdk {
    char *device, *hugepages, *prefix, *gateway, *vlan;
};
struct raw_net {
    char *driver, *queues;
    struct raw_dpdk *dpdk;
};
struct raw_config {
    char *node, *idle;
    struct raw_cluster *cluster;
    struct raw_memory *memory;
    struct raw_net *net;
};

/* A member, converted. */
struct config_member {
    uint64_t id, address, port, workers;
    char name[32];
};

/* The tables end with a NULL key. Sections: offsets into the raw struct named like them, and into
 * struct host_config (members: struct config_member). */
extern const struct config_field config_root_fields[];
extern const struct config_field config_cluster_fields[];
extern const struct config_field config_member_fields[];
extern const struct config_field config_memory_fields[];
extern const struct config_field config_net_fields[];
extern const struct config_field config_dpdk_fields[];

extern const cyaml_schema_value_t config_schema; /* loads a struct raw_config */

/* What belongs at a path such as "cluster.members[2].port": a sentence. */
void config_schema_expected(const char *path, char *text, size_t bytes);

#endif
