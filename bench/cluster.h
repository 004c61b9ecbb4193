/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A client and three nodes on one core, in one thread, over DPDK's ring ports: the real engine,
 * with its control, sessions, log, acknowledgements. One turn polls each of them once:
 *
 *   client -> node 1 -> node 2 -> node 3 -> client ...
 *
 * EAL runs. Context: one thread.
 */
#ifndef BENCH_CLUSTER_H
#define BENCH_CLUSTER_H

#include <torc/driver.h>

#include "bench/clock.h"
#include "engine/client/client.h"
#include "engine/node/node.h"

#define CLUSTER_NODES 3u
#define CLUSTER_PORTS (CLUSTER_NODES + 1) /* the last one is the client's */

struct cluster_config {
    uint32_t partitions;
    uint32_t keys;        /* that the stores must hold */
    uint32_t value_bytes; /* of each, and key_bytes */
    uint32_t key_bytes;
    uint32_t window;  /* calls of the client at once */
    uint32_t batch;   /* requests a packet of the client's, at most */
    uint64_t step_ns; /* of the clock; 0: real time */
};

struct cluster {
    struct cluster_config config;
    struct bench_clock clock;
    uint64_t now_ns; /* as last read */
    struct torc_net *net[CLUSTER_PORTS];
    struct torc_tx tx[CLUSTER_PORTS][TORC_TX_BURST];
    struct node *node[CLUSTER_NODES];
    uint64_t control_ns[CLUSTER_NODES]; /* when control has its next step */
    struct client_core *client;
    uint64_t node_bytes; /* memory of one node */
    uint64_t turns;
};

/* The cluster, serving. NULL, with a line for the operator on stderr, if it cannot be had. */
struct cluster *cluster_start(const struct cluster_config *config);

/* One turn. */
void cluster_turn(struct cluster *cluster);

/* Packets sent so far by all four; in *lost those that a port dropped. */
uint64_t cluster_packets(const struct cluster *cluster, uint64_t *lost);

#endif
