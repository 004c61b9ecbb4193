/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/plan.h"

#include <stdio.h>

#include "engine/base/prng.h"
#include "engine/log/log.h"

#define PLAN_LARGE_BYTES_S 4000000ull /* of large values, so that no world takes for ever */
#define MS                 1000000ull
#define S                  1000000000ull

static uint32_t draw(struct prng *prng, uint32_t from, uint32_t to)
{
    return from + prng_below(prng, to - from + 1);
}

/* Small numbers often, large ones sometimes: 2^-1 of the range in half of the draws. */
static uint32_t draw_low(struct prng *prng, uint32_t from, uint32_t to)
{
    uint32_t top = from + ((to - from) >> prng_below(prng, 5));
    return draw(prng, from, top);
}

/* In one of `of` worlds a number, else 0. */
static uint32_t draw_some(struct prng *prng, uint32_t of, uint32_t to)
{
    return prng_below(prng, of) == 0 ? draw(prng, 0, to) : 0;
}

static void draw_cluster(struct prng *prng, struct world_config *world, unsigned nodes)
{
    static const unsigned usual[] = {1, 2, 3, 3, 3, 3, 4, 5, 5, 7, 9};
    world->nodes = nodes > 0 ? nodes : usual[prng_below(prng, 11)];
    world->workers = draw_low(prng, 1, 3);
    world->partitions = draw_low(prng, 1, 256);
    world->replicas = draw(prng, 1, world->nodes < 5 ? world->nodes : 5);
    if (world->nodes >= 3 && prng_below(prng, 2) == 0)
        world->replicas = 3;
    world->claim = draw(prng, 1, 2);
    world->receive_packets = 16u << prng_below(prng, 7);
    world->parked_packets = draw_low(prng, 1, 256);
    world->class = (struct ring_class){.window = (uint16_t)(2u << prng_below(prng, 7)),
        .session_window = (uint16_t)(2u << prng_below(prng, 6)),
        .sessions = (uint16_t)draw(prng, 12, 40),
        .session_idle_ms = draw(prng, 200, 20000),
        .kv_blocks = 64u << prng_below(prng, 8)};
}

static void draw_network(struct prng *prng, struct world_config *world)
{
    world->delay_ns = 1000 + prng_below(prng, 100000);
    world->loss = draw_some(prng, 2, 300);
    world->duplication = draw_some(prng, 2, 500);
    world->corruption = draw_some(prng, 2, 50);
    world->jitter_ns = prng_below(prng, 2) == 0 ? prng_below(prng, 5000000) : 0;
    world->straggle = draw_some(prng, 3, 100);
    world->straggle_ns = draw_low(prng, 20, 5000) * MS;
}

static void draw_clients(struct prng *prng, struct plan *plan)
{
    plan->clients = draw(prng, 1, 8);
    plan->keys = draw_low(prng, 1, 400);
    plan->hot_keys = draw(prng, 1, plan->keys < 4 ? plan->keys : 4);
    plan->hot_share = draw_some(prng, 2, 90);
    plan->calls_per_s = draw_low(prng, 20, 2000);
    plan->reads = draw(prng, 10, 70);
    plan->deletes = draw(prng, 0, 15);
    plan->cas = draw(prng, 0, 15);
    plan->value_bytes = draw_low(prng, 8, 1200);
    plan->large_bytes = draw_low(prng, 2000, 200000);
    uint64_t most = PLAN_LARGE_BYTES_S * 1000 / (plan->calls_per_s * plan->large_bytes);
    plan->large = draw_some(prng, 4, most < 400 ? (uint32_t)most : 400);
    plan->deadline_ns = draw(prng, 200, 10000) * MS;
}

static void draw_weather(struct prng *prng, struct plan *plan)
{
    if (prng_below(prng, 2) == 0)
        plan->cut_every_ns = draw(prng, 200, 20000) * MS;
    plan->cut_for_ns = draw_low(prng, 1, 3000) * MS;
    if (prng_below(prng, 2) == 0)
        plan->pause_every_ns = draw(prng, 200, 20000) * MS;
    plan->pause_for_ns = draw_low(prng, 1, 5000) * MS;
    if (prng_below(prng, 2) == 0)
        plan->clock_every_ns = draw(prng, 500, 20000) * MS;
    plan->drift_ppm = draw_some(prng, 2, 500);
    if (prng_below(prng, 3) == 0)
        plan->crash_every_ns = draw_low(prng, 100, 20000) * MS;
    if (prng_below(prng, 4) == 0)
        plan->restart_every_ns = draw_low(prng, 300, 40000) * MS;
}

/* What the measure of speed is taken in. */
static struct plan plan_benchmark(uint64_t seed, const struct plan_options *options)
{
    return (struct plan){.seed = seed,
        .length_ns = options->minutes_ns > 0 ? options->minutes_ns : 60 * S,
        .world = {.seed = seed,
            .nodes = 3,
            .workers = 1,
            .partitions = 16,
            .replicas = 3,
            .claim = TORC_CLAIM_SPREAD,
            .delay_ns = 5000,
            .class = {.kv_blocks = 512}},
        .clients = 1,
        .keys = 1000,
        .hot_keys = 1,
        .calls_per_s = 1000,
        .reads = 50,
        .value_bytes = 64,
        .deadline_ns = S};
}

struct plan plan_draw(uint64_t seed, const struct plan_options *options)
{
    if (options->benchmark)
        return plan_benchmark(seed, options);
    struct prng prng = {seed};
    struct plan plan = {.seed = seed, .world = {.seed = prng_next(&prng)}};
    plan.length_ns = options->minutes_ns > 0 ? options->minutes_ns : 60 * S;
    draw_cluster(&prng, &plan.world, options->nodes);
    draw_network(&prng, &plan.world);
    draw_clients(&prng, &plan);
    draw_weather(&prng, &plan);
    plan.strays = draw_some(&prng, 6, 50);
    if (prng_below(&prng, 2) == 0)
        plan.world.log_bytes = log_bytes_min(); /* streams that fill up */
    return plan;
}

void plan_describe(const struct plan *plan, char *text, size_t bytes)
{
    const struct world_config *w = &plan->world;
    snprintf(text, bytes,
        "%u nodes x %u workers, Q %u, N %u, %u clients, %u keys, %llu calls/s; loss %u dup %u "
        "corrupt %u straggle %u of 1000, jitter %llu us%s%s%s%s%s%s%s",
        w->nodes, w->workers, w->partitions, w->replicas, plan->clients, plan->keys,
        (unsigned long long)plan->calls_per_s, w->loss, w->duplication, w->corruption, w->straggle,
        (unsigned long long)w->jitter_ns / 1000, plan->cut_every_ns > 0 ? ", partitions" : "",
        plan->pause_every_ns > 0 ? ", pauses" : "", plan->clock_every_ns > 0 ? ", clocks" : "",
        plan->crash_every_ns > 0 ? ", client crashes" : "",
        plan->restart_every_ns > 0 ? ", restarts" : "",
        plan->strays > 0 ? ", frames of other epochs" : "", w->log_bytes > 0 ? ", small logs" : "");
}
