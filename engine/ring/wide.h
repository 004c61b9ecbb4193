/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Numbers a little wider than the hash space: 2^160 itself, the last point of a ring whose Q is a
 * power of two, needs 161 bits.
 */
#ifndef RING_WIDE_H
#define RING_WIDE_H

#include <stdint.h>

#define RING_WIDE_WORDS 6u

/* Most significant word first. */
struct ring_wide {
    uint32_t word[RING_WIDE_WORDS];
};

/* floor(2^160 / partitions). Divides: for control and tools. */
struct ring_wide ring_wide_step(uint32_t partitions);

/* step * number, which must fit. */
struct ring_wide ring_wide_times(const struct ring_wide *step, uint32_t number);

#endif
