/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Logs for tests, on the heap, and entries whose bytes say whose they are.
 */
#ifndef UNIT_LOG_FIXTURE_H
#define UNIT_LOG_FIXTURE_H

#include "engine/base/prng.h"
#include "engine/log/log.h"
#include "tests/unit/memory_fixture.h"

/* free(*memory) when done. */
static inline struct log_stream *fixture_log(
    uint64_t bytes, uint32_t vnodes, uint32_t window, void **memory)
{
    struct arena counting = memory_counting();
    assert_null(log_create(&counting, bytes, vnodes, window));
    struct arena arena = memory_counted(counting);
    struct log_stream *log = log_create(&arena, bytes, vnodes, window);
    assert_non_null(log);
    assert_int_equal(arena.used, counting.used);
    *memory = arena.base;
    return log;
}

static inline void fixture_fill(
    struct wire_entry *entry, uint32_t vnode, uint64_t number, uint32_t bytes)
{
    memset(entry, (int)(vnode * 31 + number * 7), bytes);
    entry->sequence = number;
    entry->request.length = bytes;
}

static inline void fixture_check(
    const struct wire_entry *entry, uint32_t vnode, uint64_t number, uint32_t bytes)
{
    const uint8_t *at = (const uint8_t *)entry;
    uint8_t wanted = (uint8_t)(vnode * 31 + number * 7);
    assert_int_equal((uintptr_t)entry % WIRE_ALIGN, 0);
    assert_true(entry->sequence == number);
    assert_int_equal(entry->request.length, bytes);
    for (uint32_t i = sizeof *entry; i < bytes; i++)
        assert_int_equal(at[i], wanted);
    for (uint32_t i = bytes; i < wire_pad(bytes); i++)
        assert_int_equal(at[i], 0);
}

/* Mostly the size of a small put; now and then up to a packet, a segment, the limit. */
static inline uint32_t fixture_size(struct prng *prng)
{
    uint32_t least = sizeof(struct wire_entry);
    uint32_t dice = prng_below(prng, 1000);
    if (dice < 2)
        return WIRE_ENTRY_BYTES_MAX - prng_below(prng, 100);
    if (dice < 10)
        return LOG_SMALL_BYTES - 16 + prng_below(prng, 32);
    if (dice < 50)
        return least + prng_below(prng, LOG_SMALL_BYTES);
    if (dice < 300)
        return least + prng_below(prng, 1400);
    return least + prng_below(prng, 128);
}

#endif
