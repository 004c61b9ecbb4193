/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/clock.h"

#define CLOCK_CALIBRATION_NS 10000000u
#define CLOCK_FIRST_NS       1000000000u /* of the clock that only readings move */

static void clock_calibrate(struct bench_clock *clock)
{
#ifdef __x86_64__
    clock->base_ns = bench_kernel_ns(CLOCK_MONOTONIC);
    clock->base_ticks = __rdtsc();
    uint64_t now_ns;
    do
        now_ns = bench_kernel_ns(CLOCK_MONOTONIC);
    while (now_ns - clock->base_ns < CLOCK_CALIBRATION_NS);
    uint64_t ticks = __rdtsc() - clock->base_ticks;
    uint64_t passed_ns = now_ns - clock->base_ns;
    if (ticks != 0)
        clock->ns_a_tick = (uint64_t)(((unsigned __int128)passed_ns << BENCH_CLOCK_SHIFT) / ticks);
#endif
}

void bench_clock_start(struct bench_clock *clock, uint64_t step_ns)
{
    *clock = (struct bench_clock){.step_ns = step_ns, .last_ns = CLOCK_FIRST_NS};
    if (step_ns != 0)
        return;
    clock_calibrate(clock);
    clock->last_ns = bench_clock_raw_ns(clock);
}
