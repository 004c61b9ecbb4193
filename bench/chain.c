/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bench-chain: what a replicated put costs beside the floor under it, both in one process, in
 * turns, so that whatever else the machine does falls on both.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/floor.h"
#include "bench/load.h"
#include "bench/options.h"
#include "drivers/net/dpdk_eal.h"

#define CHAIN_ROUNDS_MAX 100u
#define CHAIN_EAL_MIB    256u

/* What one round measured. */
struct chain_round {
    double wire_ns; /* a put */
    double store_ns;
    double engine_ns;
    struct load_result engine;
};

struct chain_bench {
    struct options options;
    struct floor *floor;
    struct cluster *cluster;
    struct load *load;
    struct chain_round round[CHAIN_ROUNDS_MAX];
};

static bool chain_prepare(struct chain_bench *bench)
{
    const struct options *options = &bench->options;
    const char *why = "";
    const struct floor_config floor = {.value_bytes = options->value_bytes,
        .batch = options->batch,
        .keys = options->keys,
        .log_bytes = (uint64_t)options->floor_log_mib << 20};
    const struct cluster_config cluster = {.partitions = options->partitions,
        .keys = options->keys,
        .value_bytes = options->value_bytes,
        .key_bytes = sizeof(uint64_t),
        .window = options->window,
        .batch = options->batch,
        .step_ns = options->loops != 0 ? 1000 : 0};
    bench->floor = floor_create(&floor, &why);
    if (bench->floor == NULL) {
        (void)fprintf(stderr, "bench-chain: floor: %s\n", why);
        return false;
    }
    bench->cluster = cluster_start(&cluster);
    bench->load = bench->cluster != NULL ? load_create(bench->cluster) : NULL;
    return bench->load != NULL && load_fill(bench->load);
}

static bool chain_measure(struct chain_bench *bench, struct chain_round *round)
{
    const struct options *options = &bench->options;
    double seconds = options->loops != 0 ? 0 : options->seconds / options->rounds;
    round->wire_ns = floor_run(bench->floor, false, seconds, options->loops);
    round->store_ns = floor_run(bench->floor, true, seconds, options->loops);
    if (round->wire_ns < 0 || round->store_ns < 0) {
        (void)fprintf(stderr, "bench-chain: floor: an entry came damaged\n");
        return false;
    }
    if (!load_run(bench->load, seconds, options->loops, &round->engine))
        return false;
    round->engine_ns = (double)round->engine.ns / (double)round->engine.puts;
    return true;
}

/* ---- medians ---- */

static int chain_compare(const void *left, const void *right)
{
    const double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

static double chain_median(
    const struct chain_bench *bench, double (*of)(const struct chain_round *))
{
    double sorted[CHAIN_ROUNDS_MAX];
    const uint32_t count = bench->options.rounds;
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = of(&bench->round[i]);
    qsort(sorted, count, sizeof *sorted, chain_compare);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

static double chain_engine(const struct chain_round *round)
{
    return round->engine_ns;
}

static double chain_wire(const struct chain_round *round)
{
    return round->wire_ns;
}

static double chain_store(const struct chain_round *round)
{
    return round->store_ns;
}

static double chain_ratio(const struct chain_round *round)
{
    return round->engine_ns / round->wire_ns;
}

static double chain_store_ratio(const struct chain_round *round)
{
    return round->engine_ns / round->store_ns;
}

/* ---- the report ---- */

static struct load_result chain_sum(const struct chain_bench *bench)
{
    struct load_result sum = {0};
    for (uint32_t i = 0; i < bench->options.rounds; i++) {
        const struct load_result *one = &bench->round[i].engine;
        sum.puts += one->puts;
        sum.ns += one->ns;
        sum.packets += one->packets;
        sum.retries += one->retries;
        sum.requests_packets += one->requests_packets;
    }
    return sum;
}

static void chain_print_rounds(const struct chain_bench *bench)
{
    (void)printf("  \"round\": [");
    for (uint32_t i = 0; i < bench->options.rounds; i++) {
        const struct chain_round *round = &bench->round[i];
        (void)printf("%s\n    {\"ns_per_put\": %.1f, \"floor_ns_per_put\": %.1f, "
                     "\"store_floor_ns_per_put\": %.1f}",
            i > 0 ? "," : "", round->engine_ns, round->wire_ns, round->store_ns);
    }
    (void)printf("\n  ]\n");
}

static void chain_print_json(const struct chain_bench *bench)
{
    const struct options *options = &bench->options;
    const struct load_result sum = chain_sum(bench);
    const double ns = chain_median(bench, chain_engine);
    uint64_t lost;
    (void)cluster_packets(bench->cluster, &lost);
    (void)printf("{\n");
    (void)printf("  \"value_bytes\": %u,\n", options->value_bytes);
    (void)printf("  \"batch\": %u,\n", options->batch);
    (void)printf("  \"keys\": %u,\n", options->keys);
    (void)printf("  \"window\": %u,\n", options->window);
    (void)printf("  \"partitions\": %u,\n", options->partitions);
    (void)printf("  \"rounds\": %u,\n", options->rounds);
    (void)printf("  \"seconds\": %.3f,\n", (double)sum.ns / 1e9);
    (void)printf("  \"puts\": %llu,\n", (unsigned long long)sum.puts);
    (void)printf("  \"puts_per_s\": %.0f,\n", 1e9 / ns);
    (void)printf("  \"ns_per_put\": %.1f,\n", ns);
    (void)printf("  \"packets_per_put\": %.3f,\n", (double)sum.packets / (double)sum.puts);
    (void)printf("  \"requests_per_packet\": %.2f,\n",
        sum.requests_packets == 0 ? 0 : (double)sum.puts / (double)sum.requests_packets);
    (void)printf("  \"floor_ns_per_put\": %.1f,\n", chain_median(bench, chain_wire));
    (void)printf("  \"store_floor_ns_per_put\": %.1f,\n", chain_median(bench, chain_store));
    (void)printf("  \"ratio\": %.3f,\n", chain_median(bench, chain_ratio));
    (void)printf("  \"store_ratio\": %.3f,\n", chain_median(bench, chain_store_ratio));
    (void)printf("  \"retries\": %llu,\n", (unsigned long long)sum.retries);
    (void)printf("  \"lost_packets\": %llu,\n", (unsigned long long)lost);
    (void)printf("  \"verified_keys\": %u,\n", options->verify);
    (void)printf(
        "  \"node_memory_bytes\": %llu,\n", (unsigned long long)bench->cluster->node_bytes);
    chain_print_rounds(bench);
    (void)printf("}\n");
}

static void chain_print_text(const struct chain_bench *bench)
{
    const struct options *options = &bench->options;
    const struct load_result sum = chain_sum(bench);
    const double ns = chain_median(bench, chain_engine);
    (void)printf("values of %u bytes, %u request%s a packet, %u keys, %u partitions, window %u\n",
        options->value_bytes, options->batch, options->batch == 1 ? "" : "s", options->keys,
        options->partitions, options->window);
    (void)printf("  engine       %8.1f ns a put   %.2f M puts/s, %.2f packets a put\n", ns,
        1e3 / ns, (double)sum.packets / (double)sum.puts);
    (void)printf("  wire floor   %8.1f ns a put   ratio %.2f\n", chain_median(bench, chain_wire),
        chain_median(bench, chain_ratio));
    (void)printf("  store floor  %8.1f ns a put   ratio %.2f\n", chain_median(bench, chain_store),
        chain_median(bench, chain_store_ratio));
    (void)printf("  medians of %u rounds; %u keys read back\n", options->rounds, options->verify);
}

static bool chain_run(struct chain_bench *bench)
{
    if (!chain_prepare(bench))
        return false;
    for (uint32_t i = 0; i < bench->options.rounds; i++)
        if (!chain_measure(bench, &bench->round[i]))
            return false;
    if (!load_verify(bench->load, bench->options.verify))
        return false;
    if (bench->options.json)
        chain_print_json(bench);
    else
        chain_print_text(bench);
    return true;
}

int main(int argc, char **argv)
{
    static struct chain_bench bench;
    char error[512] = "";
    int status;
    if (!options_parse(&bench.options, argc, argv, &status))
        return status;
    const struct torc_dpdk_eal_config eal = {.hugepages = bench.options.hugepages,
        .memory_mib = bench.options.hugepages ? 0 : CHAIN_EAL_MIB,
        .no_telemetry = true};
    if (torc_dpdk_eal_start(&eal, error, sizeof error) != 0) {
        (void)fprintf(stderr, "bench-chain: %s\n", error);
        return 1;
    }
    bool ok = chain_run(&bench);
    torc_dpdk_eal_stop();
    return ok ? 0 : 1;
}
