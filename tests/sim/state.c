/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/state.h"

#include <stdlib.h>
#include <string.h>

#include "engine/node/internal.h"
#include "engine/services/kv.h"

/* What one member's service holds of a key. */
struct held {
    struct torc_answer answer;
    uint64_t digest; /* of the value's bytes */
};

static uint64_t digest_of(const uint8_t *bytes, uint32_t count)
{
    uint64_t digest = count;
    for (uint32_t i = 0; i < count; i++)
        digest = (digest ^ bytes[i]) * 0x100000001b3u;
    return digest;
}

static struct held held_by(const struct node *node, unsigned worker, uint32_t partition,
    const struct torc_command *command, uint8_t *room)
{
    const struct vnode_set *set = &node->worker[worker]->vnodes;
    uint32_t vnode = vnode_find(set, 0, (uint16_t)partition);
    struct held held = {0};
    if (vnode == VNODE_NONE)
        return held;
    set->service->ops->read(set->service, vnode, command, room, TORC_VALUE_BYTES_MAX, &held.answer);
    held.digest = digest_of(room, held.answer.bytes);
    return held;
}

static bool held_same(const struct held *a, const struct held *b)
{
    return a->answer.status == b->answer.status && a->answer.version == b->answer.version &&
           a->answer.total == b->answer.total && a->digest == b->digest;
}

bool state_same(struct world *world, const char *key, char *why, size_t bytes)
{
    const struct ring *ring = world_ring(world);
    struct ring_hash hash =
        ring_hash_key((enum torc_hash)ring->hash, (const uint8_t *)key, (uint16_t)strlen(key));
    uint32_t partition = ring_partition(ring, &hash);
    const struct ring_replica *chain = ring_chain(ring, partition);
    struct torc_command command = {.operation = KV_GET,
        .key = (const uint8_t *)key,
        .key_bytes = (uint16_t)strlen(key),
        .hash = ring_hash_quick((const uint8_t *)key, (uint16_t)strlen(key))};
    uint8_t *room = malloc(TORC_VALUE_BYTES_MAX);
    struct held head = {0};
    bool same = true;
    for (unsigned i = 0; same && i < ring->chain_length[partition]; i++) {
        unsigned id = ring->member[chain[i].member].id;
        struct held held =
            held_by(world_node(world, id), chain[i].worker, partition, &command, room);
        if (i == 0)
            head = held;
        same = held_same(&head, &held);
        if (!same)
            snprintf(why, bytes,
                "partition %u, %s: the head holds status %u version %llu, member %u status %u "
                "version %llu, after the same entries (rule 11)",
                partition, key, head.answer.status, (unsigned long long)head.answer.version, id,
                held.answer.status, (unsigned long long)held.answer.version);
    }
    free(room);
    return same;
}

bool state_over_credit(const struct node *node, unsigned worker)
{
    const struct chain_set *chains = &node->worker[worker]->vnodes.chains;
    for (uint32_t i = 0; i < chains->links; i++) {
        const struct link *link = &chains->link[i];
        /* the peer's word may have been less than what was in flight when it came */
        uint32_t most = link->credit > link->credit_now ? link->credit : link->credit_now;
        if (link->in_flight > most)
            return true;
    }
    return false;
}
