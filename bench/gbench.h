/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Google Benchmark from C. A benchmark is a function that prepares, then runs operations while
 * gbench_next says so:
 *
 *   static void hash(struct gbench *bench, int64_t key_bytes)
 *   {
 *       ... prepare, not timed ...
 *       while (gbench_next(bench, 64))
 *           for (int i = 0; i < 64; i++)
 *               gbench_keep(work());
 *   }
 *
 * Options of the library work as they are: --benchmark_filter=, --benchmark_format=json,
 * --benchmark_out=FILE, --benchmark_min_time=. One thread.
 */
#ifndef BENCH_GBENCH_H
#define BENCH_GBENCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One run of one benchmark. Valid until its function returns. */
struct gbench;

/*
 * Time another `operations` of them? It is the count that the library divides by, and the cost of
 * asking: some dozens at a time.
 */
bool gbench_next(struct gbench *bench, uint64_t operations);

/* After the last operation: each worked on so many bytes; the library shows a rate. */
void gbench_bytes(struct gbench *bench, uint64_t bytes_an_operation);

/* What happened instead of a measurement; the function returns at once afterwards. `why` is copied.
 */
void gbench_skip(struct gbench *bench, const char *why);

/*
 * Registers a benchmark, run once for each of `count` arguments, shown as NAME/ARGUMENT_NAME:VALUE;
 * with count 0 once, the argument 0. The strings must live on. Before gbench_main.
 */
void gbench_register(const char *name, void (*run)(struct gbench *bench, int64_t argument),
    const char *argument_name, const int64_t *arguments, unsigned count);

/* Runs what was registered, as the arguments say. What main returns. */
int gbench_main(int argc, char **argv);

/* Makes the compiler believe that somebody looks at a value. */
static inline void gbench_keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

#ifdef __cplusplus
}
#endif
#endif
