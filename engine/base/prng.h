/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Pseudo-random numbers from a seed: SplitMix64 (Steele, Lea, Flood, 2014). For jitter, tests and
 * the simulator; never for secrets. The same seed gives the same numbers everywhere, for ever.
 *
 * Context: whoever owns the state.
 */
#ifndef BASE_PRNG_H
#define BASE_PRNG_H

#include <stdint.h>

struct prng {
    uint64_t state; /* the seed */
};

static inline uint64_t prng_next(struct prng *prng)
{
    uint64_t mixed = prng->state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

/* A number from 0 to below - 1; 0 if `below` is 0. Off even by at most below / 2^32. */
static inline uint32_t prng_below(struct prng *prng, uint32_t below)
{
    return (uint32_t)((prng_next(prng) >> 32) * below >> 32);
}

#endif
