/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Between the files of the world: world.c (nodes, clients, clocks, what can be looked at) and
 * world_step.c (the network, steps, time).
 */
#ifndef TESTS_CLUSTER_WORLD_INSIDE_H
#define TESTS_CLUSTER_WORLD_INSIDE_H

#include "drivers/net/sim.h"
#include "engine/ring/meeting.h"
#include "tests/cluster/story.h"
#include "tests/cluster/world.h"

#define WORLD_TX          512u
#define WORLD_RX          64u   /* packets a step gets at once */
#define WORLD_INBOX       1024u /* packets that wait for a paused node: its receive ring */
#define WORLD_WORKERS_MAX 4u

/* Something with an address that takes packets: a worker or a client. */
struct world_end {
    struct torc_addr address;
    unsigned host, id, worker; /* id 0: a client */
    struct net_sim_packet *inbox[WORLD_INBOX];
    unsigned count;
    uint64_t wake_ns; /* world time */
    struct node *node;
    void (*step)(void *context, struct torc_burst *burst);
    void *context;
    struct world_mail *mail;
    unsigned mails;
};

struct world_node {
    struct node *node;
    void *memory; /* pages that are never touched cost nothing */
    uint64_t memory_bytes;
    struct node_config config;
    uint64_t incarnation;
    uint64_t control_ns;
    uint64_t paused_ns; /* until then */
    /* its clock: at world time since_ns it showed shown_ns, and goes by (1 + drift_ppm / 10^6) */
    uint64_t since_ns, shown_ns;
    int64_t drift_ppm;
};

struct world {
    struct world_config config;
    uint64_t now_ns;
    struct net_sim *net;
    struct ring *plan;
    struct ring_member member[WORLD_NODES_MAX];
    struct world_node node[WORLD_NODES_MAX + 1];
    struct world_end *end; /* [ends]: workers of node 1, of node 2, ..., then clients */
    unsigned ends;
    unsigned ends_used; /* workers, and clients up to the last that was ever given a step */
    bool (*lose)(void *, struct torc_addr, struct torc_addr, const void *, uint32_t);
    void *lose_context;
    uint32_t (*rewrite)(void *, uint8_t *, uint32_t);
    void *rewrite_context;
    void (*watch)(void *, unsigned, unsigned);
    void *watch_context;
    void (*started)(void *, unsigned);
    void *started_context;
    uint64_t hash;
    struct story *story;
    struct torc_tx tx[WORLD_TX];
    uint8_t (*tx_buffer)[WIRE_PACKET_BYTES];
};

/* The end with that address; NULL: none. */
struct world_end *world_find(struct world *world, struct torc_addr to);
/* As world_find, of an end that must be there. */
struct world_end *world_end(struct world *world, struct torc_addr address);
void end_drop_inbox(struct world *world, struct world_end *end);

/* The faults of the configuration as the network has them. */
struct net_sim_faults world_net_faults(const struct world_config *config);

/* What a node's clock shows at a moment of the world. */
uint64_t clock_at(const struct world_node *node, uint64_t world_ns);
/* The moment at which it shows that, or soon after. */
uint64_t clock_reaches(const struct world_node *node, uint64_t shown_ns, uint64_t now_ns);

/* The meeting place is the first thing in a node. */
struct meeting *world_meeting(const struct world *world, unsigned id);

#endif
