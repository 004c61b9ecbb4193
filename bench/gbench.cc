/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The only file in C++: the wrapper around the library.
 */
#include "bench/gbench.h"

#include <benchmark/benchmark.h>

struct gbench {
    benchmark::State &state;
};

bool gbench_next(struct gbench *bench, uint64_t operations)
{
    return bench->state.KeepRunningBatch(static_cast<int64_t>(operations));
}

void gbench_bytes(struct gbench *bench, uint64_t bytes_an_operation)
{
    bench->state.SetBytesProcessed(
        bench->state.iterations() * static_cast<int64_t>(bytes_an_operation));
}

void gbench_skip(struct gbench *bench, const char *why)
{
    bench->state.SkipWithError(why);
}

void gbench_register(const char *name, void (*run)(struct gbench *bench, int64_t argument),
    const char *argument_name, const int64_t *arguments, unsigned count)
{
    auto *registered = benchmark::RegisterBenchmark(name, [run, count](benchmark::State &state) {
        struct gbench bench = {state};
        run(&bench, count > 0 ? state.range(0) : 0);
    });
    if (count > 0)
        registered->ArgName(argument_name);
    for (unsigned i = 0; i < count; i++)
        registered->Arg(arguments[i]);
}

int gbench_main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
