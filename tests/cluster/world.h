/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A world: whole nodes in one process and one thread, on a clock that only moves when the test
 * says so and a network that loses, repeats, reorders and damages packets as the seed
 * decides. The code under test is the engine as shipped: nothing of it is replaced.
 *
 * The world writes down what is sent as a story of one line a frame:
 *
 *   [   120] 1 > 2  forward p3 #5 put k
 *
 * (microseconds, sender, receiver, frame). Golden traces compare it.
 */
#ifndef TESTS_CLUSTER_WORLD_H
#define TESTS_CLUSTER_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <torc/driver.h>

#include "engine/base/counters.h"
#include "engine/node/node.h"
#include "engine/wire/wire.h"

#define WORLD_NODES_MAX   9u
#define WORLD_CLIENTS_MAX 16u
#define WORLD_PORT        7400u
#define WORLD_CLUSTER     0x7465737420776c64u

struct world_config {
    uint64_t seed;
    unsigned nodes;       /* 1..WORLD_NODES_MAX */
    unsigned workers;     /* of each node; 0: 1 */
    uint32_t partitions;  /* 0: 4 */
    unsigned replicas;    /* 0: all nodes up to 3 */
    unsigned claim;       /* 0: blocks, so that partition 0 has head 1 */
    uint64_t delay_ns;    /* of every packet; 0: 5 us */
    uint64_t jitter_ns;   /* and up to so much more: reorders */
    unsigned loss;        /* of 1000 packets */
    unsigned duplication; /* of 1000 */
    unsigned corruption;  /* of 1000: one bit of the packet flips */
    unsigned straggle;    /* of 1000: come up to straggle_ns later */
    uint64_t straggle_ns;
    struct ring_class class; /* 0 fields: small defaults */
    uint64_t log_bytes;
    uint32_t receive_packets;
    uint32_t parked_packets;
};

struct net_sim;
struct world;

struct world *world_create(const struct world_config *config);
void world_destroy(struct world *world);

uint64_t world_now_ns(const struct world *world);

/* Lets the world go on for so long. */
void world_run(struct world *world, uint64_t ns);
/* Until the predicate holds; false if it does not within `ns`. */
bool world_run_until(struct world *world, bool (*holds)(struct world *world, void *context),
    void *context, uint64_t ns);
/* Until all nodes serve. */
bool world_serving(struct world *world, uint64_t ns);

struct node *world_node(struct world *world, unsigned id); /* from 1 */
const struct ring *world_ring(const struct world *world);
uint64_t world_incarnation(const struct world *world, unsigned id);
struct torc_addr world_address(unsigned id, unsigned worker);
struct torc_addr world_client_address(unsigned client); /* from 0 */

/* A node goes down and, with world_start, comes back as a new incarnation with nothing in memory.
 */
void world_kill(struct world *world, unsigned id);
void world_start(struct world *world, unsigned id);

/* From now on. */
void world_faults(struct world *world, unsigned loss, unsigned duplication, unsigned corruption,
    uint64_t jitter_ns);
/* Nothing passes between these two (hosts: a node's id, WORLD_CLIENT_HOST + client) in that
 * direction. */
#define WORLD_CLIENT_HOST 16u
void world_cut(struct world *world, unsigned from_host, unsigned to_host, bool cut);
void world_heal(struct world *world);
struct net_sim *world_net(struct world *world);

/* The node does nothing for so long; what comes waits, as much as its receive ring holds. */
void world_pause(struct world *world, unsigned id, uint64_t ns);
/* The node's clock goes wrong by so much of a million, and jumps, from now on. */
void world_clock(struct world *world, unsigned id, int drift_ppm, int64_t jump_ns);

/* Called after each world_start. */
void world_started(struct world *world, void (*started)(void *context, unsigned id), void *context);

/* A number that depends on every packet that was sent, when, and whether it was lost. */
uint64_t world_hash(const struct world *world);

/* Called after each step of a worker: the place for invariants. */
void world_watch(
    struct world *world, void (*watch)(void *context, unsigned id, unsigned worker), void *context);

/* Packets for which it says true are lost. NULL: none. */
void world_lose_if(struct world *world,
    bool (*lose)(void *context, struct torc_addr from, struct torc_addr to, const void *packet,
        uint32_t bytes),
    void *context);

/* What a node is about to send may be changed on the way, up to WIRE_PACKET_BYTES: returns its
 * length. NULL: nothing is. */
void world_rewrite(struct world *world,
    uint32_t (*rewrite)(void *context, uint8_t *packet, uint32_t bytes), void *context);

/* A client: a step function of a burst, called when a packet comes for it or its wake time is
 * there. */
void world_client(struct world *world, unsigned client,
    void (*step)(void *context, struct torc_burst *burst), void *context);

/* Puts a packet on the network. */
void world_send(struct world *world, struct torc_addr from, struct torc_addr to, const void *packet,
    uint32_t bytes);

/* A client without a step: what came for it since the last call of this; up to `max`. Frees what it
 * returned before. */
struct world_mail {
    struct torc_addr from;
    uint32_t bytes;
    uint8_t data[WIRE_PACKET_BYTES];
};
unsigned world_mail(struct world *world, unsigned client, struct world_mail *mail, unsigned max);

/* Writes the story of every frame to a file as it happens. */
void world_story_to(struct world *world, FILE *file);

/* Writes the story of what is sent from now on. `links`: link acknowledgements and HELLOs too. */
void world_story(struct world *world, bool links);
const char *world_story_text(const struct world *world);

/* A counter of all workers of a node, by offset in struct counters; a drop reason likewise. */
uint64_t world_counter(struct world *world, unsigned id, size_t offset);
uint64_t world_drops(struct world *world, unsigned id, enum wire_drop drop);
#define WORLD_COUNTER(world, id, name) world_counter((world), (id), offsetof(struct counters, name))

/* Random number below `limit`, of the world's own seed. */
uint64_t world_random(struct world *world, uint64_t limit);

#endif
