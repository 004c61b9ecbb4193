/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The network drivers that this build has, by name. One line in provider.c adds one.
 */
#ifndef HOST_PROVIDER_H
#define HOST_PROVIDER_H

#include "drivers/host/config.h"
#include <torc/driver.h>

/* What a node is to open its port with. */
struct host_port_request {
    const struct host_config *config;
    uint32_t packet_bytes;        /* largest UDP payload wanted */
    const char *const *arguments; /* the operator's own, for EAL; NULL-terminated, may be NULL */
};

struct host_port {
    struct torc_net *net;     /* NULL: not open */
    uint32_t receive_packets; /* that one worker's share of the port holds before it drops */
};

struct host_provider {
    const char *name;
    bool needs_device;    /* net.dpdk.device */
    bool takes_arguments; /* of the operator, for EAL */
    /* 0, or an error with one line in `error`. The thread that starts the node. */
    int (*open)(const struct host_port_request *request, struct host_port *port, char *error,
        size_t error_bytes);
    void (*close)(struct host_port *port); /* the same thread; no worker runs any more */
    /* Each worker's thread, before its first loop and after its last; may be NULL. */
    void (*thread_start)(void);
    void (*thread_stop)(void);
};

/* NULL if this build has no such driver. */
const struct host_provider *host_provider_find(const char *name);

/* "socket or dpdk" */
void host_provider_names(char *text, size_t bytes);

#endif
