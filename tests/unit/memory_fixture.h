/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Arenas on the heap, and assertions that a test expects.
 */
#ifndef UNIT_MEMORY_FIXTURE_H
#define UNIT_MEMORY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/arena.h"
#include "engine/base/assert.h"

static inline struct arena memory_counting(void)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    return arena;
}

/* An arena of exactly what was counted; free(arena.base) it. */
static inline struct arena memory_counted(struct arena counted)
{
    struct arena arena;
    void *base = NULL;
    assert_null(counted.base);
    assert_int_equal(posix_memalign(&base, ARENA_ALIGN, counted.used), 0);
    memset(base, 0, counted.used);
    arena_init(&arena, base, counted.used);
    return arena;
}

static jmp_buf memory_assert_jump;

static inline void memory_assert_caught(const char *what, const char *file, int line)
{
    (void)what;
    (void)file;
    (void)line;
    longjmp(memory_assert_jump, 1);
}

/* The statement must trip one of the engine's assertions. */
#define EXPECT_ASSERTION(statement)                                                                \
    do {                                                                                           \
        base_assert_handler_set(memory_assert_caught);                                             \
        if (setjmp(memory_assert_jump) == 0) {                                                     \
            statement;                                                                             \
            fail_msg("no assertion: %s", #statement);                                              \
        }                                                                                          \
        base_assert_handler_set(NULL);                                                             \
    } while (0)

#endif
