/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A node, sans-I/O: its workers and its control as two step functions of (what came in, the time).
 * The host (threads and drivers, or a simulator) calls them and moves the packets.
 *
 *   thread of worker i:   node_worker_step(node, i, &burst)
 *   thread of control:    node_control_step(node, now_ns)
 *
 * Worker i and control meet at the published ring and at mailboxes, nowhere else. A host may run
 * all of them on one thread.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include <torc/driver.h>

#include "engine/ring/ring.h"

struct node;

struct node_config {
    const struct ring
        *plan; /* ring_build of `ring` below, in the host's memory, until the last step */
    struct ring_spec ring; /* the static cluster; members without incarnations */
    uint32_t self;         /* id of the member that this node is */
    uint64_t incarnation;  /* random, not 0, new at each start; drawn by the host */
    uint64_t config_hash;  /* of what must be alike on every node; compared in HELLO */
    uint32_t packet_bytes; /* largest UDP payload of this node's port; at least WIRE_PACKET_BYTES */
    uint32_t receive_packets;   /* receive descriptors of one worker: the sum of all credits */
    uint64_t log_bytes;         /* memory of one worker's log stream */
    uint32_t parked_packets;    /* out-of-order frames that one worker may keep */
    uint32_t hello_interval_ns; /* between two HELLOs to a member not heard yet */
    /*
     * How control gives back a ring that no worker reads any more: ring_retire, or, where all share
     * one thread, NULL: it is reused at once.
     */
    void (*retire)(
        struct ring *ring, void (*release)(struct ring *ring, void *context), void *context);
};

/* Fills in what has a default (0 fields): packet_bytes, receive_packets, log_bytes, ... */
void node_config_defaults(struct node_config *config);

/* One named term of the memory a node needs. */
struct node_memory_term {
    const char *name; /* "log streams" */
    uint64_t bytes;
};
#define NODE_MEMORY_TERMS 8u

/*
 * Bytes that node_create needs for this configuration, and, if terms is not NULL, the sum's terms
 * (unused ones have name NULL). 0 if the configuration is wrong: *why says how, for the operator.
 */
uint64_t node_memory_bytes(
    const struct node_config *config, struct node_memory_term *terms, const char **why);

/*
 * A node in `memory` (zeroed, 64-byte aligned, node_memory_bytes of it; the caller's, until the
 * node's last step). NULL and *why if the configuration is wrong.
 */
struct node *node_create(
    const struct node_config *config, void *memory, uint64_t bytes, const char **why);

/* One loop of worker `worker`. Its thread only. See struct torc_burst. */
void node_worker_step(struct node *node, unsigned worker, struct torc_burst *burst);

/* One loop of control. Its thread only. Returns when it wants to be called again at the latest. */
uint64_t node_control_step(struct node *node, uint64_t now_ns);

enum node_state {
    NODE_STARTING = 0, /* has not heard every member yet */
    NODE_SERVING = 1,
    NODE_DEGRADED = 2, /* serves, but a member returned with another incarnation */
    NODE_REFUSED =
        3, /* a member has another cluster, configuration or protocol: see node_trouble */
};
/* Any thread. */
enum node_state node_state(const struct node *node);

/*
 * Any thread. A sentence about what stands in the way ("member 3 (n3) restarted: ..."), or "".
 * Copies at most `bytes` with the final 0.
 */
void node_trouble(const struct node *node, char *text, size_t bytes);

/* Any thread. Are all entries that this node's heads created committed, and nothing left to send?
 */
bool node_drained(const struct node *node);
/* Any thread. From now on heads refuse new writes with BUSY; what is under way ends. */
void node_drain(struct node *node);

/* The host tells control what the driver counts: appended to the node's stats. Control's thread. */
void node_net_stats(
    struct node *node, const struct torc_net_stats *stats, enum torc_link_state link);

#endif
