/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The engine's parts one by one. Each file registers its own.
 */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include "bench/gbench.h"
#include "bench/memory.h"
#include "engine/base/arena.h"

#define MICRO_BATCH 64 /* operations between two looks at the clock's business */

void micro_ring_register(void);
void micro_wire_register(void);
void micro_state_register(void);
void micro_kv_register(void);
void micro_mailbox_register(void);

/* An arena of what `counting` was asked for, in memory of its own. */
static inline struct arena micro_arena(const struct arena *counting)
{
    struct arena arena;
    arena_init(&arena, bench_memory(counting->used), counting->used);
    return arena;
}

static inline struct arena micro_counting(void)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    return arena;
}

#endif
