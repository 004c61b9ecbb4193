/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Rings for tests, on the heap: free() them.
 */
#ifndef UNIT_RING_FIXTURE_H
#define UNIT_RING_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/ring/ring.h"

struct ring_fixture {
    struct ring_spec spec;
    struct ring_member member[TORC_NODES_MAX];
};

/* Members 1..members, `workers` workers each, on 10.0.x.y:7000. */
static inline void fixture_init(struct ring_fixture *fixture, uint32_t partitions, uint16_t members,
    uint16_t replicas, uint16_t workers)
{
    memset(fixture, 0, sizeof *fixture);
    for (uint16_t i = 0; i < members && i < TORC_NODES_MAX; i++) {
        struct ring_member *member = &fixture->member[i];
        member->id = i + 1u;
        member->workers = workers;
        member->address = (struct torc_addr){.ip = 0x0a000001u + i, .port = 7000};
        member->incarnation = 0x1000u + i;
        (void)snprintf(member->name, sizeof member->name, "node%u", i + 1u);
    }
    fixture->spec = (struct ring_spec){.cluster = 0x7052c,
        .epoch = 1,
        .partitions = partitions,
        .replicas = replicas,
        .members = members,
        .hash = TORC_HASH_XXH3,
        .claim = TORC_CLAIM_SPREAD,
        .class = {.session_window = 64,
            .sessions = 16,
            .window = 256,
            .kv_blocks = 1000,
            .session_idle_ms = 60000},
        .member = fixture->member};
}

static inline void *fixture_memory(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    assert_non_null(memory);
    return memory;
}

static inline struct ring *fixture_build(const struct ring_fixture *fixture)
{
    const char *why = NULL;
    size_t bytes = ring_bytes(&fixture->spec);
    assert_int_not_equal(bytes, 0);
    struct ring *ring = ring_build(&fixture->spec, fixture_memory(bytes), &why);
    assert_non_null(ring);
    assert_null(why);
    assert_int_equal(ring->bytes, bytes);
    return ring;
}

static inline struct ring *fixture_ring(
    uint32_t partitions, uint16_t members, uint16_t replicas, uint16_t workers)
{
    static struct ring_fixture fixture;
    fixture_init(&fixture, partitions, members, replicas, workers);
    return fixture_build(&fixture);
}

/* The ring of the reference: SHA-1, blocks. */
static inline struct ring *fixture_reference(
    uint32_t partitions, uint16_t members, uint16_t replicas)
{
    static struct ring_fixture fixture;
    fixture_init(&fixture, partitions, members, replicas, 1);
    fixture.spec.hash = TORC_HASH_SHA1;
    fixture.spec.claim = TORC_CLAIM_BLOCKS;
    return fixture_build(&fixture);
}

#endif
