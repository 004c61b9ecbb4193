/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The time that a loop is handed: the processor's counter, scaled once at start to the kernel's
 * monotonic clock (a system call's vdso takes twice as long); where there is no such counter, that
 * clock itself; or, for runs that must be alike to the last instruction, a clock that each reading
 * moves on by a fixed step.
 *
 * A gap between two readings in which the scheduler must have run somebody else is left out: the
 * engine would take the silence for loss. What a run costs is measured in processor time, likewise.
 *
 * Context: one thread.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#define BENCH_CLOCK_SHIFT  32u
#define BENCH_CLOCK_GAP_NS 200000u

struct bench_clock {
    uint64_t step_ns; /* not 0: of the clock that only readings move */
    uint64_t base_ns;
    uint64_t base_ticks;
    uint64_t ns_a_tick; /* times 2^BENCH_CLOCK_SHIFT; 0: no counter */
    uint64_t last_ns;
    uint64_t hidden_ns; /* gaps left out */
};

static inline uint64_t bench_kernel_ns(clockid_t which)
{
    struct timespec now;
    (void)clock_gettime(which, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Processor time of this thread. */
static inline uint64_t bench_cpu_ns(void)
{
    return bench_kernel_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* step_ns 0: the real time, measured against the counter for a hundredth of a second. */
void bench_clock_start(struct bench_clock *clock, uint64_t step_ns);

static inline uint64_t bench_clock_raw_ns(const struct bench_clock *clock)
{
#ifdef __x86_64__
    if (__builtin_expect(clock->ns_a_tick != 0, 1)) {
        unsigned __int128 ticks = __rdtsc() - clock->base_ticks;
        return clock->base_ns + (uint64_t)(ticks * clock->ns_a_tick >> BENCH_CLOCK_SHIFT);
    }
#endif
    return bench_kernel_ns(CLOCK_MONOTONIC);
}

static inline uint64_t bench_clock_ns(struct bench_clock *clock)
{
    if (clock->step_ns != 0)
        return clock->last_ns += clock->step_ns;
    uint64_t now_ns = bench_clock_raw_ns(clock) - clock->hidden_ns;
    uint64_t gap_ns = now_ns - clock->last_ns;
    if (__builtin_expect(gap_ns > BENCH_CLOCK_GAP_NS, 0)) {
        clock->hidden_ns += gap_ns;
        return clock->last_ns;
    }
    return clock->last_ns = now_ns;
}

#endif
