/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How often each duration occurred, from 0 to 2^HISTOGRAM_BITS - 1 ns (18 minutes; what is longer
 * counts as that), to within one part in 128, in fixed memory. Buckets are linear within each power
 * of two, as in HdrHistogram: exact below 256 ns, then 128 to an octave.
 *
 * Context: whoever owns it; histogram_merge reads another's when that one's owner stands still.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS    40u
#define HISTOGRAM_STEPS   7u /* log2 of the buckets in an octave */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_BITS - HISTOGRAM_STEPS + 1) << HISTOGRAM_STEPS)

/* All zeros: empty. */
struct histogram {
    uint64_t count;
    uint64_t sum_ns; /* of what was recorded, not of what the buckets say */
    uint64_t max_ns;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

/* Forgets everything. */
void histogram_init(struct histogram *histogram);

static inline uint32_t histogram_bucket(uint64_t ns)
{
    uint64_t longest = (UINT64_C(1) << HISTOGRAM_BITS) - 1;
    uint64_t held = ns < longest ? ns : longest;
    uint64_t linear = held | UINT64_C(1) << HISTOGRAM_STEPS; /* below: one bucket a value */
    uint32_t shift = 63 - (uint32_t)__builtin_clzll(linear) - HISTOGRAM_STEPS;
    return (shift << HISTOGRAM_STEPS) + (uint32_t)(held >> shift);
}

static inline void histogram_record(struct histogram *histogram, uint64_t ns)
{
    histogram->count++;
    histogram->sum_ns += ns;
    histogram->max_ns = ns > histogram->max_ns ? ns : histogram->max_ns;
    histogram->bucket[histogram_bucket(ns)]++;
}

/* Adds what `from` recorded. */
void histogram_merge(struct histogram *to, const struct histogram *from);

/*
 * The duration that `percent` (0 to 100) of all recorded ones do not exceed: the longest that its
 * bucket holds, but never more than the longest recorded. 0 if there are none.
 */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

/* 0 if there are none. */
uint64_t histogram_mean(const struct histogram *histogram);

#endif
