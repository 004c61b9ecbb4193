/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ring/table.h"

#include <string.h>

#include "engine/base/arena.h"
#include "engine/ring/wide.h"

/* At most half full, so that a search ends soon. */
static uint8_t by_id_bits(uint16_t members)
{
    uint8_t bits = 1;
    while ((1u << bits) < 2u * members)
        bits++;
    return bits;
}

/* Cuts a ring's tables; with a counting arena only counts. `ring` then is scratch. */
static void shape_cut(const struct ring_shape *shape, struct arena *arena, struct ring *ring)
{
    uint32_t partitions = shape->partitions;
    ring->by_id_bits = by_id_bits(shape->members);
    ring->chain = ARENA_ARRAY(arena, struct ring_replica, (size_t)partitions * shape->replicas);
    ring->chain_epoch = ARENA_ARRAY(arena, uint64_t, partitions);
    ring->chain_length = ARENA_ARRAY(arena, uint8_t, partitions);
    ring->member = ARENA_ARRAY(arena, struct ring_member, shape->members);
    ring->by_id = ARENA_ARRAY(arena, uint16_t, 1u << ring->by_id_bits);
    ring->owner = ARENA_ARRAY(arena, uint16_t, partitions);
}

size_t ring_shape_bytes(const struct ring_shape *shape)
{
    struct arena count;
    struct ring scratch;
    arena_init(&count, NULL, 0);
    (void)ARENA_ARRAY(&count, struct ring, 1);
    shape_cut(shape, &count, &scratch);
    return count.used;
}

struct ring *ring_shape_lay(const struct ring_shape *shape, void *memory)
{
    struct arena arena;
    size_t bytes = ring_shape_bytes(shape);
    TORC_ASSERT((uintptr_t)memory % ARENA_ALIGN == 0);
    memset(memory, 0, bytes);
    arena_init(&arena, memory, bytes);

    struct ring *ring = ARENA_ARRAY(&arena, struct ring, 1);
    shape_cut(shape, &arena, ring);
    TORC_ASSERT(arena.used == bytes);
    ring->cluster = shape->cluster;
    ring->epoch = shape->epoch;
    ring->partitions = shape->partitions;
    ring->replicas = shape->replicas;
    ring->members = shape->members;
    ring->hash = shape->hash;
    ring->claim = shape->claim;
    ring->class = shape->class;
    ring->bytes = bytes;
    struct ring_wide step = ring_wide_step(shape->partitions);
    memcpy(ring->step, step.word, sizeof ring->step);
    return ring;
}

bool ring_index_members(struct ring *ring)
{
    uint32_t places = 1u << ring->by_id_bits;
    for (uint32_t place = 0; place < places; place++)
        ring->by_id[place] = RING_NO_MEMBER;
    for (uint16_t i = 0; i < ring->members; i++) {
        uint32_t id = ring->member[i].id;
        if (ring_member_by_id(ring, id) != RING_NO_MEMBER)
            return false;
        uint32_t place = ring_id_place(id, ring->by_id_bits);
        while (ring->by_id[place] != RING_NO_MEMBER)
            place = (place + 1) & (places - 1);
        ring->by_id[place] = i;
    }
    return true;
}

/* Deals replicas at places [first, end) of every chain to their members' workers, in turn. */
static void pin_places(struct ring *ring, uint16_t first, uint16_t end, uint16_t *next)
{
    for (uint32_t partition = 0; partition < ring->partitions; partition++) {
        struct ring_replica *row = &ring->chain[(size_t)partition * ring->replicas];
        for (uint16_t place = first; place < end; place++) {
            uint16_t member = row[place].member;
            row[place].worker = next[member]++;
            if (next[member] == ring->member[member].workers)
                next[member] = 0;
        }
    }
}

/*
 * First the heads, then the tails, then the rest, each where the last left off: so heads, tails
 * and replicas of a member are each dealt to its workers within one of evenly.
 */
static void pin_workers(struct ring *ring)
{
    uint16_t next[TORC_NODES_MAX] = {0}; /* each member's next worker */
    uint16_t last = ring->replicas - 1;
    pin_places(ring, 0, 1, next);
    if (last > 0)
        pin_places(ring, last, last + 1, next);
    pin_places(ring, 1, last, next);
}

static struct ring_shape shape_of(const struct ring_spec *spec)
{
    return (struct ring_shape){.cluster = spec->cluster,
        .epoch = spec->epoch,
        .partitions = spec->partitions,
        .replicas = spec->replicas,
        .members = spec->members,
        .hash = spec->hash,
        .claim = spec->claim,
        .class = spec->class};
}

size_t ring_bytes(const struct ring_spec *spec)
{
    struct ring_shape shape = shape_of(spec);
    return ring_shape_fault(&shape) == NULL ? ring_shape_bytes(&shape) : 0;
}

static const char *spec_fault(const struct ring_spec *spec, const struct ring_shape *shape)
{
    const char *fault = ring_shape_fault(shape);
    for (uint16_t i = 0; fault == NULL && i < spec->members; i++)
        fault = ring_member_fault(&spec->member[i]);
    return fault;
}

struct ring *ring_build(const struct ring_spec *spec, void *memory, const char **why)
{
    struct ring_shape shape = shape_of(spec);
    *why = spec_fault(spec, &shape);
    if (*why != NULL)
        return NULL;

    struct ring *ring = ring_shape_lay(&shape, memory);
    memcpy(ring->member, spec->member, sizeof *ring->member * spec->members);
    if (!ring_index_members(ring)) {
        *why = "two nodes have the same id";
        return NULL;
    }
    ring_claim(spec->claim, spec->partitions, spec->members, spec->replicas, ring->owner);
    ring_chains(
        spec->claim, ring->owner, spec->partitions, spec->members, spec->replicas, ring->chain);
    pin_workers(ring);
    for (uint32_t partition = 0; partition < spec->partitions; partition++) {
        ring->chain_epoch[partition] = spec->epoch;
        ring->chain_length[partition] = (uint8_t)spec->replicas;
    }
    return ring;
}
