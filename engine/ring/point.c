/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ring/ring.h"

#include <assert.h>
#include <string.h>

#include "engine/ring/wide.h"

static_assert(sizeof(struct ring_wide) == sizeof(((struct ring *)0)->step), "one step");

/* Divides in place, returns the remainder. */
static uint32_t wide_divide(struct ring_wide *value, uint32_t divisor)
{
    uint64_t rest = 0;
    for (unsigned i = 0; i < RING_WIDE_WORDS; i++) {
        uint64_t part = rest << 32 | value->word[i];
        value->word[i] = (uint32_t)(part / divisor);
        rest = part % divisor;
    }
    return (uint32_t)rest;
}

static bool wide_is_zero(const struct ring_wide *value)
{
    uint32_t any = 0;
    for (unsigned i = 0; i < RING_WIDE_WORDS; i++)
        any |= value->word[i];
    return any == 0;
}

struct ring_wide ring_wide_step(uint32_t partitions)
{
    struct ring_wide step = {.word = {1}};
    TORC_ASSERT(partitions >= 1 && partitions <= TORC_PARTITIONS_MAX);
    (void)wide_divide(&step, partitions);
    return step;
}

struct ring_wide ring_wide_times(const struct ring_wide *step, uint32_t number)
{
    struct ring_wide product;
    uint64_t carry = 0;
    for (unsigned i = RING_WIDE_WORDS; i-- > 0;) {
        carry += (uint64_t)step->word[i] * number;
        product.word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    TORC_ASSERT(carry == 0);
    return product;
}

static struct ring_wide wide_point(uint32_t partitions, uint32_t number)
{
    TORC_ASSERT(number <= partitions);
    struct ring_wide step = ring_wide_step(partitions);
    return ring_wide_times(&step, number);
}

static char *wide_decimal(struct ring_wide value, char out[RING_DECIMAL_BYTES])
{
    char digits[RING_DECIMAL_BYTES];
    char *first = digits + sizeof digits - 1;
    *first = 0;
    do {
        TORC_ASSERT(first > digits);
        *--first = (char)('0' + wide_divide(&value, 10));
    } while (!wide_is_zero(&value));
    memcpy(out, first, (size_t)(digits + sizeof digits - first));
    return out;
}

struct ring_hash ring_point(uint32_t partitions, uint32_t number)
{
    struct ring_wide point = wide_point(partitions, number);
    struct ring_hash hash;
    memcpy(hash.word, point.word + 1, sizeof hash.word);
    return hash;
}

char *ring_point_decimal(uint32_t partitions, uint32_t number, char out[RING_DECIMAL_BYTES])
{
    return wide_decimal(wide_point(partitions, number), out);
}

char *ring_decimal(const struct ring_hash *value, char out[RING_DECIMAL_BYTES])
{
    struct ring_wide wide = {.word = {0}};
    memcpy(wide.word + 1, value->word, sizeof value->word);
    return wide_decimal(wide, out);
}

/* Is hash at or past number * step? */
static bool hash_reaches(const struct ring *ring, const struct ring_hash *hash, uint32_t number)
{
    struct ring_wide step;
    memcpy(&step, ring->step, sizeof step);
    struct ring_wide point = ring_wide_times(&step, number);
    if (point.word[0] != 0) /* 2^160: past every hash */
        return false;
    for (unsigned i = 0; i < 5; i++) {
        if (hash->word[i] != point.word[i + 1])
            return hash->word[i] > point.word[i + 1];
    }
    return true;
}

uint32_t ring_partition_edge(const struct ring *ring, const struct ring_hash *hash, uint32_t near)
{
    if (!hash_reaches(ring, hash, near + 1))
        return near;
    return near + 1 == ring->partitions ? 0 : near + 1; /* past the last point: wraps */
}
