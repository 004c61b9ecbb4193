/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Latencies in buckets of 1/64 of their size: percentiles within 1.6 %, at any number of calls.
 */
#ifndef TOOLS_TORC_LATENCY_H
#define TOOLS_TORC_LATENCY_H

#include <stdint.h>

#define LATENCY_SUB_BITS 6u
#define LATENCY_BUCKETS  (64u << LATENCY_SUB_BITS)

struct latency {
    uint64_t count;
    uint64_t bucket[LATENCY_BUCKETS];
};

static inline uint32_t latency_bucket(uint64_t ns)
{
    const uint32_t bits = 63u - (uint32_t)__builtin_clzll(ns | 1);
    if (bits <= LATENCY_SUB_BITS)
        return (uint32_t)ns;
    const uint32_t shift = bits - LATENCY_SUB_BITS;
    return ((shift + 1) << LATENCY_SUB_BITS) |
           ((uint32_t)(ns >> shift) & ((1u << LATENCY_SUB_BITS) - 1));
}

static inline void latency_add(struct latency *latency, uint64_t ns)
{
    latency->count++;
    latency->bucket[latency_bucket(ns)]++;
}

/* The latency in microseconds below which that share of the calls stayed; 0 if there were none. */
static inline double latency_us(const struct latency *latency, double share)
{
    const uint64_t wanted = (uint64_t)(share * (double)latency->count);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += latency->bucket[i];
        if (seen <= wanted || latency->bucket[i] == 0)
            continue;
        if (i < 1u << LATENCY_SUB_BITS)
            return (double)i / 1e3;
        const uint32_t shift = (i >> LATENCY_SUB_BITS) - 1;
        const uint64_t low =
            (uint64_t)((i & ((1u << LATENCY_SUB_BITS) - 1)) | 1u << LATENCY_SUB_BITS);
        return (double)(low << shift) / 1e3;
    }
    return 0;
}

#endif
