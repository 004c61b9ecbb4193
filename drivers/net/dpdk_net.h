/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A DPDK port as the driver keeps it: what opening makes and closing takes apart.
 */
#ifndef NET_DPDK_NET_H
#define NET_DPDK_NET_H

#include "drivers/net/dpdk_device.h"
#include "drivers/net/dpdk_queue.h"

struct dpdk_mesh;

struct dpdk_net {
    struct torc_net net; /* first: the driver's object */
    struct torc_dpdk_config config;
    struct dpdk_device device;
    struct rte_eth_dev_info info;
    struct frame_self self;
    struct dpdk_mesh *mesh; /* NULL, or what ports of one mesh share */
    uint32_t receive_packets;
    uint16_t port;
    uint16_t descriptors_rx; /* of one queue, as the port gave them */
    uint16_t descriptors_tx;
    int socket;            /* NUMA node of the port */
    bool probed;           /* we made the device */
    bool configured;       /* the port is ours to stop and close */
    bool interrupts;       /* the port can wake a sleeper */
    bool was_up;           /* link state when last asked */
    uint64_t too_big_seen; /* of the queues' counters */
    uint64_t too_big_ns;   /* when it grew last */
    struct dpdk_queue *queue[TORC_WORKERS_MAX];
};

static inline struct dpdk_queue *dpdk_queue_of(struct torc_net *net, unsigned queue)
{
    return ((struct dpdk_net *)net)->queue[queue];
}

/* One line for the operator; returns -code. */
int dpdk_fail(char *error, size_t bytes, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

extern const struct torc_net_ops dpdk_ops;

/*
 * dpdk_queue.c. A queue for port queue `number` with buffers from `pool`, NULL if memory is short.
 */
struct dpdk_queue *dpdk_queue_create(
    struct dpdk_net *net, uint16_t number, struct rte_mempool *pool);
void dpdk_queue_free(struct dpdk_queue *queue);

/* A pool of at least `packets` buffers; NULL and rte_errno. */
struct rte_mempool *dpdk_pool_create(uint32_t packets, int socket);

/* dpdk_mesh.c. One port of the mesh is closed; the last one takes the rest along. */
void dpdk_mesh_release(struct dpdk_mesh *mesh);

/* dpdk_link.c */
enum torc_link_state dpdk_link(struct torc_net *net);
void dpdk_stats(struct torc_net *net, struct torc_net_stats *stats);

#endif
