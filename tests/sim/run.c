/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/run.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/net/sim.h"
#include "tests/sim/checker.h"
#include "tests/sim/invariants.h"
#include "tests/sim/state.h"
#include "tests/sim/strays.h"
#include "tests/sim/weather.h"

#define S                  1000000000ull
#define RUN_UNDER_WAY_MOST 500000u
#define RUN_ANSWER_NS      3000000000ull
#define RUN_SETTLE_NS      400000000ull /* twice the longest timeout of a link */

struct run {
    const struct run_options *options;
    struct plan plan;
    struct world *world;
    struct crew *crew;
    struct weather *weather;
    struct invariants *invariants;
    struct history history;
    struct strays strays;
    uint64_t healed_ns; /* everything healed then, and all nodes served */
    uint64_t busy_told; /* answers BUSY that were sent */
    uint64_t stuck;     /* chains found stuck until everything had healed */
    struct run_result result;
};

static void run_fail(struct run *run, const char *invariant, const char *why)
{
    if (!run->result.held)
        return;
    run->result.held = false;
    run->result.failed_ns = world_now_ns(run->world);
    snprintf(run->result.invariant, sizeof run->result.invariant, "%s", invariant);
    snprintf(run->result.why, sizeof run->result.why, "%s", why);
}

static void run_look(struct run *run)
{
    if (invariants_broken(run->invariants) != NULL)
        run_fail(run, "replication", invariants_broken(run->invariants));
    if (crew_damage(run->crew) != NULL)
        run_fail(run, "value", crew_damage(run->crew));
    if (crew_broken(run->crew) != NULL)
        run_fail(run, "outcome", crew_broken(run->crew));
}

static void run_watch(void *context, unsigned id, unsigned worker)
{
    struct run *run = context;
    invariants_check(run->invariants, id, worker);
    run_look(run);
}

/* The weather starts nodes: the invariants must know whose memory is new. */
static void run_started(void *context, unsigned id)
{
    struct run *run = context;
    if (run->invariants != NULL)
        invariants_restarted(run->invariants, id);
}

static void run_story(void *context, const char *what)
{
    struct run *run = context;
    if (run->options->trace != NULL)
        fprintf(run->options->trace, "[%6llu] -- %s\n",
            (unsigned long long)(world_now_ns(run->world) - RUN_BEGIN_NS) / 1000, what);
}

/* Packets that beget packets would end only with the memory of the machine. */
static bool run_over(struct world *world, void *context)
{
    struct run *run = context;
    if (net_sim_under_way(world_net(world)) > RUN_UNDER_WAY_MOST)
        run_fail(run, "storm", "more packets are under way than any load explains");
    return !run->result.held;
}

static bool is_busy(const struct wire_frame *frame)
{
    return frame->type == WIRE_FRAME_REPLY &&
           ((const struct wire_reply *)frame)->status == TORC_STATUS_BUSY;
}

/* Every packet that a node sends passes here. */
static uint32_t run_sent(void *context, uint8_t *packet, uint32_t bytes)
{
    struct run *run = context;
    if (((const struct wire_packet *)packet)->type != WIRE_REPLY)
        return strays_slip_in(&run->strays, packet, bytes);
    struct wire_view view = {.frames = packet + WIRE_PACKET_MIN, .end = packet + bytes};
    const uint8_t *cursor = view.frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(&view, &cursor)) != NULL)
        run->busy_told += is_busy(frame);
    return bytes;
}

/* "BUSY is a hint with a delay, never silence" (rule 12). */
static void run_check_busy(struct run *run)
{
    uint64_t meant = 0;
    for (unsigned id = 1; id <= run->plan.world.nodes; id++)
        meant +=
            WORLD_COUNTER(run->world, id, busy_window) + WORLD_COUNTER(run->world, id, busy_log) +
            WORLD_COUNTER(run->world, id, busy_draining) - WORLD_COUNTER(run->world, id, tx_short);
    if ((int64_t)(meant - run->busy_told) > 0)
        run_fail(run, "silence", "requests that met a full window or log were not answered BUSY");
}

/* Lets the world go on, with its weather, for so long or until something breaks. */
static void run_weather(struct run *run, uint64_t ns)
{
    uint64_t end_ns = world_now_ns(run->world) + ns;
    while (run->result.held && world_now_ns(run->world) < end_ns) {
        uint64_t next = weather_next_ns(run->weather);
        uint64_t until = next < end_ns ? next : end_ns;
        if (until > world_now_ns(run->world))
            world_run_until(run->world, run_over, run, until - world_now_ns(run->world));
        run_look(run);
        weather_turn(run->weather);
    }
}

static bool run_idle(struct world *world, void *context)
{
    const struct run *run = context;
    (void)world;
    return crew_pending(run->crew) == 0;
}

static bool run_drained(struct world *world, void *context)
{
    (void)context;
    const struct ring *ring = world_ring(world);
    for (uint16_t i = 0; i < ring->members; i++)
        if (!node_drained(world_node(world, i + 1)))
            return false;
    return true;
}

/* How often chains were found stuck, by the last net that there is for them. */
static uint64_t run_stuck(const struct run *run)
{
    uint64_t sum = 0;
    for (unsigned id = 1; id <= run->plan.world.nodes; id++)
        sum += WORLD_COUNTER(run->world, id, chains_resent);
    return sum;
}

/*
 * Once everything healed, and what waited for a timeout has been sent, links lose nothing: a chain
 * that is still stuck has an entry that was forgotten. Only a large entry that was damaged under
 * way needs the last net.
 */
static void run_settle(struct run *run)
{
    world_run(run->world, RUN_SETTLE_NS);
    run->stuck = run_stuck(run);
}

static void run_check_stuck(struct run *run)
{
    bool damaged = run->plan.large > 0 && run->plan.world.corruption > 0;
    if (run_stuck(run) > run->stuck && !damaged)
        run_fail(run, "forgotten", "a chain was stuck although everything had healed");
}

/*
 * A call that had long enough after everything healed ends with an answer, not at its deadline.
 * Only sessions of clients that crashed may be in its way: they end by themselves, later.
 */
static void run_check_answers(struct run *run)
{
    for (size_t i = 0; i < run->history.count; i++) {
        const struct history_op *op = &run->history.op[i];
        uint64_t deadline_ns = op->start_ns + run->plan.deadline_ns;
        bool at_deadline =
            op->outcome != TORC_DONE && op->end_ns != HISTORY_NEVER && op->end_ns >= deadline_ns;
        if (!at_deadline || op->status == TORC_STATUS_SESSIONS_FULL ||
            deadline_ns < run->healed_ns + RUN_ANSWER_NS)
            continue;
        char why[160];
        snprintf(why, sizeof why,
            "key %u: a call ended without an answer, although for the last %llu us of its time "
            "nothing was wrong",
            op->key, (unsigned long long)(deadline_ns - run->healed_ns) / 1000);
        run_fail(run, "liveness", why);
    }
}

/* The same entries make the same state. */
static void run_check_state(struct run *run)
{
    char why[256];
    const char *key;
    for (unsigned i = 0; (key = crew_key(run->crew, i)) != NULL; i++)
        if (!state_same(run->world, key, why, sizeof why))
            run_fail(run, "state", why);
}

/* Everything heals; then everything must finish: liveness is an invariant too. */
static void run_finish(struct run *run)
{
    crew_stop(run->crew);
    weather_clear(run->weather);
    if (!world_serving(run->world, 30 * S))
        run_fail(run, "liveness", "after everything healed the cluster does not serve");
    run->healed_ns = world_now_ns(run->world);
    run_settle(run);
    if (!world_run_until(run->world, run_idle, run, run->plan.deadline_ns + 5 * S))
        run_fail(run, "liveness", "a call has no outcome although its deadline passed");
    run_look(run);
    /* a key's read may have to wait for what was left over to be committed */
    crew_read_all(run->crew);
    if (!world_run_until(run->world, run_idle, run, run->plan.deadline_ns + 20 * S))
        run_fail(run, "liveness", "a read has no outcome although its deadline passed");
    if (crew_unread(run->crew) > 0)
        run_fail(run, "liveness", "a key cannot be read although everything healed");
    for (unsigned id = 1; id <= run->plan.world.nodes; id++)
        node_drain(world_node(run->world, id));
    if (!world_run_until(run->world, run_drained, run, 30 * S))
        run_fail(run, "liveness", "a node does not drain although everything healed");
    run_look(run);
    invariants_check_quiet(run->invariants);
    run_look(run);
    run_check_stuck(run);
    run_check_answers(run);
    run_check_state(run);
    run_check_busy(run);
}

static void run_check_history(struct run *run)
{
    struct checker_verdict verdict = checker_check(&run->history);
    if (verdict.holds)
        return;
    char why[512];
    const char *key = crew_key(run->crew, verdict.key % run->plan.keys);
    int used = snprintf(why, sizeof why, "%s, partition %u: %s", key,
        crew_partition(run->crew, verdict.key % run->plan.keys), verdict.why);
    for (unsigned i = 0; i < verdict.ops && used < (int)sizeof why - 80; i++) {
        static const char *const kinds[] = {"put", "delete", "cas", "get"};
        const struct history_op *op = &run->history.op[verdict.op[i]];
        used += snprintf(why + used, sizeof why - (size_t)used,
            "\n    client %u %s value %llu version %llu from %llu to %llu us: %s", op->client,
            kinds[op->kind], (unsigned long long)op->value, (unsigned long long)op->version,
            (unsigned long long)(op->start_ns - RUN_BEGIN_NS) / 1000,
            op->end_ns == HISTORY_NEVER ? 0
                                        : (unsigned long long)(op->end_ns - RUN_BEGIN_NS) / 1000,
            op->outcome == 0 ? "never ended" : torc_status_name(op->status));
    }
    bool first = run->result.held;
    run_fail(run, "linearizability", why);
    for (unsigned i = 0; first && i < verdict.ops; i++) {
        uint64_t end_ns = run->history.op[verdict.op[i]].end_ns;
        if (end_ns != HISTORY_NEVER && (i == 0 || end_ns > run->result.failed_ns))
            run->result.failed_ns = end_ns;
    }
}

static uint64_t hash_add(uint64_t hash, uint64_t value)
{
    hash ^= value;
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static void run_count(struct run *run)
{
    struct run_result *result = &run->result;
    uint64_t hash = world_hash(run->world);
    for (size_t i = 0; i < run->history.count; i++) {
        const struct history_op *op = &run->history.op[i];
        result->done += op->outcome == TORC_DONE;
        result->refused += op->outcome == TORC_REFUSED;
        result->unknown += op->outcome == TORC_OUTCOME_UNKNOWN;
        result->never += op->outcome == 0;
        hash = hash_add(hash, op->start_ns ^ op->end_ns << 1);
        hash = hash_add(hash, op->value + op->version * 31 + op->outcome + op->status * 7u);
    }
    result->calls = run->history.count;
    result->hash = hash;
    result->packets = net_sim_counters(world_net(run->world))->sent;
    result->entries = invariants_entries(run->invariants);
    result->virtual_ns = world_now_ns(run->world);
}

struct run_result run_seed(uint64_t seed, const struct run_options *options)
{
    struct run run = {.options = options, .plan = plan_draw(seed, &options->plan)};
    run.result.held = true;
    history_init(&run.history);
    run.world = world_create(&run.plan.world);
    run.invariants = invariants_create(run.world, run.plan.world.nodes, run.plan.world.workers);
    world_started(run.world, run_started, &run);
    if (options->trace != NULL)
        world_story_to(run.world, options->trace);
    run.strays = (struct strays){.prng = {seed ^ 0x57a95ull}, .of_1000 = run.plan.strays};
    world_rewrite(run.world, run_sent, &run);
    if (!options->no_checks)
        world_watch(run.world, run_watch, &run);
    run.crew = crew_create(run.world, &run.plan, &run.history);
    run.weather = weather_create(run.world, &run.plan, run.crew, run_story, &run);
    run_weather(&run, run.plan.length_ns);
    if (run.result.held)
        run_finish(&run);
    if (!options->no_checks)
        run_check_history(&run);
    run_count(&run);
    weather_destroy(run.weather);
    crew_destroy(run.crew);
    invariants_destroy(run.invariants);
    world_destroy(run.world);
    history_free(&run.history);
    return run.result;
}
