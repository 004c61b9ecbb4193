/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the stories of one put after another share: a world that serves, a chain that begins at
 * node 1, losses of one frame on one hop, and the comparison of a story with what it should be.
 */
#ifndef TESTS_CLUSTER_TALE_H
#define TESTS_CLUSTER_TALE_H

#include "tests/cluster/hand.h"

#define TALE_MS 1000000ull

/* A host of a hop: a node's id, or a client. */
#define TALE_CLIENT(client) (0x100u + (client))

/* A world in which all nodes serve. */
struct world *tale_world(const struct world_config *config);
/* The same with one chain of so many members for each node, that of partition 0 being 1, 2, 3... */
struct world *tale_chain(unsigned members);
/* One client with a session on partition 0, and a key of that partition; the world is at rest. */
struct hand tale_hand(struct world *world, unsigned client, char key[16]);

/*
 * A loss on a hop: packets with a frame of that type; the first `skip` pass, the next `count` are
 * lost. world_lose_if(world, tale_lose, &loss).
 */
struct tale_loss {
    unsigned from, to; /* 0: anybody */
    enum wire_frame_type type;
    unsigned skip, count;
};
bool tale_lose(
    void *context, struct torc_addr from, struct torc_addr to, const void *packet, uint32_t bytes);

/*
 * The same, but the first packet that would be lost is kept, to be delivered later, as often as
 * the test likes: world_lose_if(world, tale_keep, &kept).
 */
struct tale_kept {
    struct tale_loss which; /* count: 1 */
    struct torc_addr from, to;
    uint32_t bytes;
    uint8_t packet[WIRE_PACKET_BYTES];
};
bool tale_keep(
    void *context, struct torc_addr from, struct torc_addr to, const void *packet, uint32_t bytes);
void tale_deliver(struct world *world, const struct tale_kept *kept);

/* The story since world_story is this. */
void tale_is(const struct world *world, const char *expected);
/* So many of its lines hold these words, and were not lost. */
unsigned tale_told(const struct world *world, const char *words);

/* Every entry is committed and applied on all members; nothing is under way. */
void tale_at_rest(struct world *world);

#endif
