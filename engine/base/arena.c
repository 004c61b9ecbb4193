/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/base/arena.h"

#include "engine/base/assert.h"

void arena_init(struct arena *arena, void *base, size_t capacity)
{
    arena->base = base;
    arena->capacity = capacity;
    arena->used = 0;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    size_t start = arena->used;
    size_t rounded = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    TORC_ASSERT(rounded >= bytes);
    arena->used = start + rounded;
    if (arena->base == NULL)
        return NULL;
    TORC_ASSERT(arena->used <= arena->capacity);
    return arena->base + start;
}
