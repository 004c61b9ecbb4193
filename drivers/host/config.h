/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The configuration file as a plain struct, checked whole. Whatever is wrong ends in one line:
 *
 *   torc.yaml:7: cluster.replicas: 5 is more than the 3 members; write a number from 1 to 3
 *
 * Context: the thread that starts a node.
 */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

#include "engine/node/node.h"
#include "engine/ring/ring.h"

#define HOST_CLUSTER_NAME_BYTES 64u
#define HOST_DRIVER_NAME_BYTES  32u
#define HOST_DEVICE_BYTES       256u
#define HOST_ERROR_BYTES        512u

enum host_idle { HOST_IDLE_ADAPTIVE = 1, HOST_IDLE_POLL = 2 };

struct host_cluster {
    char name[HOST_CLUSTER_NAME_BYTES];
    uint64_t partitions;
    uint64_t replicas;
    uint64_t hash;            /* enum torc_hash */
    uint64_t claim;           /* enum torc_claim */
    uint64_t window;          /* uncommitted entries of one vnode */
    uint64_t sessions;        /* of one vnode */
    uint64_t session_window;  /* requests of one session */
    uint64_t session_idle_ns; /* after which the head ends a session */
};

struct host_dpdk {
    char device[HOST_DEVICE_BYTES]; /* as EAL's --vdev or --allow takes it */
    uint64_t hugepages;             /* 0 or 1 */
    uint64_t prefix;                /* bits of the subnet */
    uint64_t gateway;               /* IPv4 in host byte order; 0: none */
    uint64_t vlan;                  /* 0: untagged */
};

struct host_config {
    uint64_t node; /* id of this node */
    uint64_t idle; /* enum host_idle */
    struct host_cluster cluster;
    uint64_t kv_bytes;  /* of the whole node */
    uint64_t log_bytes; /* of one worker */
    char driver[HOST_DRIVER_NAME_BYTES];
    uint64_t queues; /* 1 to workers */
    struct host_dpdk dpdk;
    struct ring_member *member; /* [members], in the order of the file; freed by host_config_free */
    uint32_t members;
    uint32_t self; /* index of this node in member */

    /* Derived. */
    uint64_t cluster_id;  /* of the cluster's name; never 0 */
    uint64_t config_hash; /* of all that must be alike on every node */
    uint32_t kv_blocks;   /* quota of one vnode */
};

/*
 * Reads, checks and derives. 0, or an error with one line in `error` (HOST_ERROR_BYTES):
 * -TORC_ECONFIG for what the text says, -TORC_EIO if the file cannot be read, -TORC_ENOMEM. On an
 * error there is nothing to free.
 */
int host_config_load(const char *path, struct host_config *config, char *error);

/* The same for a text in memory; `name` stands for the file in messages. */
int host_config_parse(
    const char *name, const char *text, size_t bytes, struct host_config *config, char *error);

void host_config_free(struct host_config *config);

/*
 * What the engine is given: the static ring and this node's place in it. `node->ring.member` points
 * into `config`. The incarnation, and what the driver knows, stay for the caller to fill in.
 */
void host_config_node(const struct host_config *config, struct node_config *node);

#endif
