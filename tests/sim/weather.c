/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/weather.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WEATHER_CUTS 4u

enum weather_kind {
    WEATHER_CUT,
    WEATHER_PAUSE,
    WEATHER_CLOCK,
    WEATHER_CRASH,
    WEATHER_RESTART,
    WEATHER_KINDS
};

struct weather_cut {
    unsigned from, to;
    bool both;
    uint64_t until_ns; /* 0: none */
};

struct weather {
    struct world *world;
    const struct plan *plan;
    struct crew *crew;
    struct prng prng;
    uint64_t at_ns[WEATHER_KINDS]; /* next event of the kind */
    struct weather_cut cut[WEATHER_CUTS];
    bool member_lost;
    void (*story)(void *, const char *);
    void *context;
};

__attribute__((format(printf, 2, 3))) static void weather_tell(
    struct weather *weather, const char *format, ...)
{
    if (weather->story == NULL)
        return;
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    weather->story(weather->context, text);
}

static uint64_t weather_mean(const struct plan *plan, enum weather_kind kind)
{
    const uint64_t mean[] = {plan->cut_every_ns, plan->pause_every_ns, plan->clock_every_ns,
        plan->crash_every_ns, plan->restart_every_ns};
    return mean[kind];
}

static void weather_draw(struct weather *weather, enum weather_kind kind)
{
    uint64_t mean = weather_mean(weather->plan, kind);
    weather->at_ns[kind] =
        mean == 0 ? UINT64_MAX
                  : world_now_ns(weather->world) + 1 + prng_next(&weather->prng) % (2 * mean);
}

struct weather *weather_create(struct world *world, const struct plan *plan, struct crew *crew,
    void (*story)(void *, const char *), void *context)
{
    struct weather *weather = calloc(1, sizeof *weather);
    *weather = (struct weather){.world = world,
        .plan = plan,
        .crew = crew,
        .prng = {plan->seed ^ 0x3ea7ull},
        .story = story,
        .context = context};
    for (int kind = 0; kind < WEATHER_KINDS; kind++)
        weather_draw(weather, (enum weather_kind)kind);
    return weather;
}

void weather_destroy(struct weather *weather)
{
    free(weather);
}

uint64_t weather_next_ns(const struct weather *weather)
{
    uint64_t next = UINT64_MAX;
    for (int kind = 0; kind < WEATHER_KINDS; kind++)
        if (weather->at_ns[kind] < next)
            next = weather->at_ns[kind];
    for (unsigned i = 0; i < WEATHER_CUTS; i++)
        if (weather->cut[i].until_ns != 0 && weather->cut[i].until_ns < next)
            next = weather->cut[i].until_ns;
    return next;
}

static unsigned draw_node(struct weather *weather)
{
    return 1 + prng_below(&weather->prng, weather->plan->world.nodes);
}

/* A node, or sometimes a client. */
static unsigned draw_host(struct weather *weather)
{
    if (prng_below(&weather->prng, 4) > 0)
        return draw_node(weather);
    return WORLD_CLIENT_HOST + prng_below(&weather->prng, weather->plan->clients);
}

static void weather_apply_cuts(struct weather *weather)
{
    world_heal(weather->world);
    for (unsigned i = 0; i < WEATHER_CUTS; i++) {
        const struct weather_cut *cut = &weather->cut[i];
        if (cut->until_ns == 0)
            continue;
        world_cut(weather->world, cut->from, cut->to, true);
        if (cut->both)
            world_cut(weather->world, cut->to, cut->from, true);
    }
}

static void weather_cut(struct weather *weather)
{
    struct weather_cut *cut = &weather->cut[prng_below(&weather->prng, WEATHER_CUTS)];
    *cut = (struct weather_cut){.from = draw_host(weather),
        .to = draw_node(weather),
        .both = prng_below(&weather->prng, 2) == 0,
        .until_ns = world_now_ns(weather->world) + 1 +
                    prng_next(&weather->prng) % (2 * weather->plan->cut_for_ns)};
    weather_tell(weather, "nothing passes %s %u %s %u", cut->both ? "between" : "from", cut->from,
        cut->both ? "and" : "to", cut->to);
    weather_apply_cuts(weather);
}

static void weather_end_cuts(struct weather *weather)
{
    uint64_t now_ns = world_now_ns(weather->world);
    bool ended = false;
    for (unsigned i = 0; i < WEATHER_CUTS; i++)
        if (weather->cut[i].until_ns != 0 && weather->cut[i].until_ns <= now_ns) {
            weather->cut[i].until_ns = 0;
            ended = true;
        }
    if (ended)
        weather_apply_cuts(weather);
}

static void weather_pause(struct weather *weather)
{
    unsigned id = draw_node(weather);
    uint64_t ns = 1 + prng_next(&weather->prng) % (2 * weather->plan->pause_for_ns);
    weather_tell(weather, "node %u pauses for %llu us", id, (unsigned long long)ns / 1000);
    world_pause(weather->world, id, ns);
}

static void weather_clock(struct weather *weather)
{
    unsigned id = draw_node(weather);
    int drift = weather->plan->drift_ppm == 0
                    ? 0
                    : (int)prng_below(&weather->prng, 2 * weather->plan->drift_ppm + 1) -
                          (int)weather->plan->drift_ppm;
    int64_t jump_ns = prng_below(&weather->prng, 3) == 0
                          ? (int64_t)(prng_next(&weather->prng) % 3600000000000u)
                          : 0;
    if (prng_below(&weather->prng, 2) == 0)
        jump_ns = -jump_ns;
    weather_tell(weather, "the clock of node %u jumps by %lld us and drifts by %d ppm", id,
        (long long)jump_ns / 1000, drift);
    world_clock(weather->world, id, drift, jump_ns);
}

static void weather_crash(struct weather *weather)
{
    unsigned client = prng_below(&weather->prng, weather->plan->clients);
    weather_tell(weather, "client %u crashes and is replaced", client);
    crew_crash(weather->crew, client);
}

static void weather_restart_member(struct weather *weather)
{
    unsigned id = draw_node(weather);
    weather_tell(weather, "node %u restarts without its memory", id);
    world_kill(weather->world, id);
    world_start(weather->world, id);
    weather->member_lost = true;
}

static void weather_restart_cluster(struct weather *weather)
{
    weather_tell(weather, "the whole cluster restarts");
    for (unsigned id = 1; id <= weather->plan->world.nodes; id++)
        world_kill(weather->world, id);
    for (unsigned id = 1; id <= weather->plan->world.nodes; id++)
        world_start(weather->world, id);
    weather->member_lost = false;
    crew_new_era(weather->crew);
}

static void weather_restart(struct weather *weather)
{
    if (weather->member_lost || weather->plan->world.nodes == 1)
        weather_restart_cluster(weather);
    else
        weather_restart_member(weather);
}

void weather_turn(struct weather *weather)
{
    static void (*const turn[])(struct weather *) = {
        weather_cut, weather_pause, weather_clock, weather_crash, weather_restart};
    uint64_t now_ns = world_now_ns(weather->world);
    weather_end_cuts(weather);
    for (int kind = 0; kind < WEATHER_KINDS; kind++) {
        if (weather->at_ns[kind] > now_ns)
            continue;
        turn[kind](weather);
        weather_draw(weather, (enum weather_kind)kind);
    }
}

void weather_clear(struct weather *weather)
{
    for (int kind = 0; kind < WEATHER_KINDS; kind++)
        weather->at_ns[kind] = UINT64_MAX;
    for (unsigned i = 0; i < WEATHER_CUTS; i++)
        weather->cut[i].until_ns = 0;
    world_heal(weather->world);
    world_faults(weather->world, 0, 0, 0, 0);
    for (unsigned id = 1; id <= weather->plan->world.nodes; id++)
        world_pause(weather->world, id, 0);
    weather_tell(weather, "everything heals");
    if (weather->member_lost)
        weather_restart_cluster(weather);
}
