/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An arena: memory handed out once, at start, and never given back piece by piece. Every pool of
 * the engine is cut from one, so that what a node needs is a sum known before it runs: run the
 * same cutting code over an arena with base NULL and read `used`.
 *
 * Context: whoever owns the arena, while it starts. Not thread-safe.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_ALIGN 64u /* a cache line: no two allocations share one */

struct arena {
    uint8_t *base;   /* NULL: only count */
    size_t capacity; /* bytes at base */
    size_t used;     /* bytes handed out (or wanted, when counting) */
};

/* An arena over zeroed memory of the caller's; a counting one with base NULL. */
void arena_init(struct arena *arena, void *base, size_t capacity);

/*
 * `bytes` zeroed bytes, aligned to ARENA_ALIGN. NULL when counting; asserts that they fit
 * otherwise, since the size was computed by the same code.
 */
void *arena_take(struct arena *arena, size_t bytes);

#define ARENA_ARRAY(arena, type, count)                                                            \
    ((type *)arena_take((arena), sizeof(type) * (size_t)(count)))

#endif
