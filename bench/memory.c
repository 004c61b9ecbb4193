/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MEMORY_HUGE_BYTES ((size_t)2 << 20)

void *bench_memory(size_t bytes)
{
    size_t rounded = (bytes + MEMORY_HUGE_BYTES - 1) & ~(MEMORY_HUGE_BYTES - 1);
    void *memory = aligned_alloc(MEMORY_HUGE_BYTES, rounded);
    if (memory == NULL) {
        (void)fprintf(stderr, "no memory: %zu bytes wanted\n", rounded);
        exit(1);
    }
    (void)madvise(memory, rounded, MADV_HUGEPAGE); /* a wish: it is measured without, too */
    memset(memory, 0, rounded);
    return memory;
}
