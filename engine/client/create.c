/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The core's memory: one block, cut by the same code that counts it.
 */
#include <string.h>

#include "engine/base/mutant.h"
#include "engine/client/core.h"

#define DEFAULT(field, value)                                                                      \
    do {                                                                                           \
        if ((field) == 0)                                                                          \
            (field) = (value);                                                                     \
    } while (0)

void client_config_defaults(struct client_config *config)
{
    DEFAULT(config->requests, 4096);
    DEFAULT(config->partitions_max, TORC_PARTITIONS_MAX);
    DEFAULT(config->members_max, TORC_NODES_MAX);
    DEFAULT(config->destinations_max, 4096);
    DEFAULT(config->session_window, CLIENT_SESSION_MAX);
    DEFAULT(config->large, 8);
    DEFAULT(config->packet_window, CLIENT_WINDOW_MAX);
    DEFAULT(config->packet_requests, UINT16_MAX);
    DEFAULT(config->part_window, 32);
    DEFAULT(config->packet_bytes, WIRE_PACKET_BYTES);
    DEFAULT(config->rto_initial_ns, 20000000);
    DEFAULT(config->rto_min_ns, 2000000);
    DEFAULT(config->rto_max_ns, 500000000);
    DEFAULT(config->fetch_retry_ns, 50000000);
}

static bool within(uint64_t value, uint64_t low, uint64_t high)
{
    return value >= low && value <= high;
}

static bool config_is_sound(const struct client_config *config)
{
    return within(config->seeds, 1, CLIENT_SEEDS_MAX) && within(config->requests, 1, 1u << 20) &&
           within(config->partitions_max, 1, TORC_PARTITIONS_MAX) &&
           within(config->members_max, 1, TORC_NODES_MAX) &&
           within(config->destinations_max, 1, TORC_NODES_MAX * TORC_WORKERS_MAX) &&
           within(config->session_window, 1, CLIENT_SESSION_MAX) &&
           (config->session_window & (config->session_window - 1)) == 0 &&
           within(config->large, 1, 1024) && within(config->packet_window, 1, CLIENT_WINDOW_MAX) &&
           within(config->part_window, 1, 64) &&
           within(config->packet_bytes, WIRE_PACKET_BYTES, UINT16_MAX) &&
           within(config->rto_min_ns, 1, config->rto_max_ns) && config->rto_initial_ns > 0 &&
           config->fetch_retry_ns > 0;
}

/* Of the largest ring that the configuration allows. */
static size_t ring_block_bytes(const struct client_config *config)
{
    const struct ring_spec spec = {.cluster = 1,
        .epoch = 1,
        .partitions = config->partitions_max,
        .replicas = config->members_max < TORC_REPLICAS_MAX ? (uint16_t)config->members_max
                                                            : (uint16_t)TORC_REPLICAS_MAX,
        .members = (uint16_t)config->members_max,
        .hash = TORC_HASH_XXH3,
        .claim = TORC_CLAIM_SPREAD,
        .class = {.session_window = 1, .sessions = 1, .window = 1}};
    return ring_bytes(&spec);
}

static void cut_large(struct client_core *core, struct arena *arena, uint32_t count)
{
    struct client_large *large = ARENA_ARRAY(arena, struct client_large, count);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *value = arena_take(arena, TORC_VALUE_BYTES_MAX);
        if (large == NULL)
            continue;
        large[i].request = CLIENT_NONE;
        large[i].value = value;
    }
    if (core != NULL)
        core->large = large;
}

static void cut_fetch(struct client_fetch *fetch, struct arena *arena, size_t capacity)
{
    uint8_t *buffer = arena_take(arena, capacity);
    uint8_t *got = arena_take(arena, capacity / CLIENT_PIECE_MIN + 1);
    if (fetch == NULL)
        return;
    fetch->buffer = buffer;
    fetch->got = got;
    fetch->capacity = (uint32_t)capacity;
}

/* core is NULL when the arena only counts. */
#define TAKE(field, type, count)                                                                   \
    do {                                                                                           \
        type *taken_ = ARENA_ARRAY(arena, type, count);                                            \
        if (core != NULL)                                                                          \
            core->field = taken_;                                                                  \
    } while (0)

/* Room for each to be sent a few times while it counts as recent; without, there are timers. */
static uint32_t recent_places(const struct client_config *config)
{
    uint32_t places = 64;
    while (places < 4 * config->requests && places < CLIENT_RECENT_MAX)
        places *= 2;
    return places;
}

static struct client_core *cut(struct arena *arena, const struct client_config *config)
{
    struct client_core *core = ARENA_ARRAY(arena, struct client_core, 1);
    const size_t block = ring_block_bytes(config);
    TAKE(requests, struct client_request, config->requests);
    TAKE(free_request, uint32_t, config->requests);
    TAKE(submitted, uint32_t, config->requests);
    TAKE(recent, struct client_recent, recent_places(config));
    TAKE(sessions, struct client_session, config->partitions_max);
    TAKE(numbers, uint32_t, (size_t)config->partitions_max * config->session_window);
    TAKE(ready_session, uint32_t, config->partitions_max);
    TAKE(destinations, struct client_destination, config->destinations_max);
    TAKE(member_destination, uint32_t, config->members_max);
    TAKE(ready_destination, uint32_t, config->destinations_max);
    TAKE(open_destination, uint32_t, config->destinations_max);
    for (unsigned i = 0; i < 2; i++) {
        void *memory = arena_take(arena, block);
        if (core != NULL)
            core->ring_memory[i] = memory;
    }
    cut_large(core, arena, config->large);
    /* An image's records are at most so much longer than what they describe. */
    cut_fetch(core == NULL ? NULL : &core->ring_fetch, arena,
        block + 8 * (size_t)config->partitions_max + 4096);
    uint8_t *got = arena_take(arena, CLIENT_INFO_BYTES_MAX / CLIENT_PIECE_MIN + 1);
    if (core != NULL) {
        core->ring_capacity = block;
        core->info_fetch.got = got;
    }
    return core;
}

size_t client_core_bytes(const struct client_config *config)
{
    if (!config_is_sound(config))
        return 0;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    cut(&arena, config);
    return arena.used;
}

static void start(struct client_core *core, const struct client_config *config)
{
    core->config = *config;
    core->prng.state = config->random;
    core->trouble = "";
    client_list_init(&core->unrouted);
    client_list_init(&core->large_waiting);
    /* Not where the last life of this client began, which may have had the same address: a late
     * answer to one of its reads must not name one of ours. */
    const uint32_t generation = MUTANT(read_numbers_restart) ? 0 : (uint32_t)client_random(core);
    for (uint32_t i = 0; i < config->requests; i++) {
        core->requests[i].generation = generation;
        core->requests[i].timer.slot = CLIENT_WHEEL_UNARMED;
        core->requests[i].large = CLIENT_NO_LARGE;
        core->free_request[i] = config->requests - 1 - i;
    }
    core->free_requests = config->requests;
    client_wheel_init(
        &core->wheel, &core->requests[0].timer, (uint32_t)sizeof(struct client_request));
    core->payload_max =
        WIRE_FRAMES_BYTES - (uint32_t)(sizeof(struct wire_frame) + sizeof(struct wire_request));
    TORC_ASSERT(wire_fits_one((uint32_t)sizeof(struct wire_request) + core->payload_max,
                    config->packet_bytes) &&
                !wire_fits_one((uint32_t)sizeof(struct wire_request) + core->payload_max + 1,
                    WIRE_PACKET_BYTES));
    core->recent_mask = recent_places(config) - 1;
    core->session_mask = config->session_window - 1;
    core->packet_number = client_random(core) << 32;
    core->ring_wanted = true;
}

struct client_core *client_core_create(
    const struct client_config *config, void *memory, size_t bytes)
{
    if (!config_is_sound(config) || bytes < client_core_bytes(config))
        return NULL;
    struct arena arena;
    arena_init(&arena, memory, bytes);
    struct client_core *core = cut(&arena, config);
    start(core, config);
    return core;
}
