/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/base/histogram.h"

#include <string.h>

void histogram_init(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
    to->count += from->count;
    to->sum_ns += from->sum_ns;
    to->max_ns = from->max_ns > to->max_ns ? from->max_ns : to->max_ns;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        to->bucket[i] += from->bucket[i];
}

/* The longest duration that a bucket holds. */
static uint64_t histogram_longest(uint32_t bucket)
{
    uint32_t octave = bucket >> HISTOGRAM_STEPS;
    uint32_t shift = octave == 0 ? 0 : octave - 1;
    uint64_t shortest = (uint64_t)(bucket - (shift << HISTOGRAM_STEPS)) << shift;
    return shortest + (UINT64_C(1) << shift) - 1;
}

/* The smallest whole number that is at least `percent` of the count, and at least 1. */
static uint64_t histogram_rank(const struct histogram *histogram, double percent)
{
    double exact = (double)histogram->count * percent / 100;
    uint64_t rank = (uint64_t)exact;
    if (exact - (double)rank > 1e-6) /* 99.9 % of 1000 is 999, however it is rounded */
        rank++;
    return rank == 0 ? 1 : rank;
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    if (histogram->count == 0)
        return 0;
    uint64_t rank = histogram_rank(histogram, percent);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->bucket[i];
        if (seen >= rank) {
            uint64_t longest = histogram_longest(i);
            return longest < histogram->max_ns ? longest : histogram->max_ns;
        }
    }
    return histogram->max_ns;
}

uint64_t histogram_mean(const struct histogram *histogram)
{
    return histogram->count == 0 ? 0 : histogram->sum_ns / histogram->count;
}
