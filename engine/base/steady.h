/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A clock that never goes back, out of one that should not but might (a machine that was suspended,
 * a broken timer): where the given time steps back, the steady one goes on from where it was.
 *
 * Context: its owner.
 */
#ifndef BASE_STEADY_H
#define BASE_STEADY_H

#include <stdint.h>

struct steady {
    uint64_t last_ns;  /* as told */
    uint64_t added_ns; /* to what was given */
};

/* The steady time for a reading. */
static inline uint64_t steady_from(struct steady *steady, uint64_t given_ns)
{
    uint64_t now_ns = given_ns + steady->added_ns;
    if (__builtin_expect(now_ns < steady->last_ns, 0)) {
        steady->added_ns += steady->last_ns - now_ns;
        now_ns = steady->last_ns;
    }
    steady->last_ns = now_ns;
    return now_ns;
}

/* A steady time as the given clock will show it. */
static inline uint64_t steady_to(const struct steady *steady, uint64_t steady_ns)
{
    if (steady_ns == UINT64_MAX)
        return steady_ns;
    return steady_ns > steady->added_ns ? steady_ns - steady->added_ns : 0;
}

#endif
