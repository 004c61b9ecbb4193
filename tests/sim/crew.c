/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/client/client.h"

#define CREW_CALLS    256u        /* of one client at once */
#define CREW_SLACK_NS 20000000ull /* a call may end so long after its deadline: a wheel's tick */

struct call {
    struct crew_client *client;
    size_t op;        /* in the history */
    bool busy, final; /* final: of crew_read_all */
    uint64_t deadline_ns;
    uint8_t *value;
    uint32_t room;
};

struct crew_client {
    struct crew *crew;
    struct client_core *core;
    void *memory;
    size_t bytes;
    unsigned number;
    uint64_t next_ns; /* of its next call */
    struct call call[CREW_CALLS];
};

struct crew_key {
    uint64_t version; /* the last that was seen, so that a cas sometimes matches */
    uint16_t name_bytes;
    char name[22];
};

struct crew {
    struct world *world;
    const struct plan *plan;
    struct history *history;
    struct prng prng;
    struct crew_client client[WORLD_CLIENTS_MAX];
    struct crew_key *key;
    uint64_t values; /* last number given to a value */
    unsigned era;
    unsigned pending, unread;
    uint32_t final_next; /* keys of crew_read_all still to be begun: from here */
    bool stopped, finals;
    char damage[256], broken[256];
};

/* ---- values ---- */

/* A value is its number in 8 bytes, then bytes that follow from it; so is its length. */
static uint32_t value_bytes(const struct plan *plan, uint64_t number)
{
    struct prng prng = {number};
    uint64_t draw = prng_next(&prng);
    uint32_t most = plan->large > draw % 1000 ? plan->large_bytes : plan->value_bytes;
    return 8 + (uint32_t)((draw >> 20) % (most - 7));
}

static void value_make(uint64_t number, uint8_t *out, uint32_t bytes)
{
    memcpy(out, &number, 8);
    uint64_t x = number * 0x9e3779b97f4a7c15u;
    for (uint32_t i = 8; i < bytes; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(x >> 56);
    }
}

/* The number of a value that came back; HISTORY_NOTHING, noted as damage, if it is none. */
static uint64_t value_number(struct crew *crew, const uint8_t *value, uint32_t bytes)
{
    uint64_t number = 0;
    if (bytes >= 8)
        memcpy(&number, value, 8);
    bool right = number > 0 && number <= crew->values && bytes == value_bytes(crew->plan, number);
    uint64_t x = number * 0x9e3779b97f4a7c15u;
    for (uint32_t i = 8; right && i < bytes; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        right = value[i] == (uint8_t)(x >> 56);
    }
    if (right)
        return number;
    if (crew->damage[0] == 0)
        snprintf(crew->damage, sizeof crew->damage,
            "a read answered %u bytes that nobody ever wrote", bytes);
    return HISTORY_NOTHING;
}

/* ---- calls ---- */

static void call_done(void *context, const struct client_result *result)
{
    struct call *call = context;
    struct crew *crew = call->client->crew;
    struct history_op *op = &crew->history->op[call->op];
    uint64_t now_ns = world_now_ns(crew->world);
    if (!call->busy && crew->broken[0] == 0)
        snprintf(crew->broken, sizeof crew->broken, "a call ended twice");
    if (now_ns > call->deadline_ns + CREW_SLACK_NS && crew->broken[0] == 0)
        snprintf(crew->broken, sizeof crew->broken,
            "a call of client %u ended %llu us after its deadline", call->client->number,
            (unsigned long long)(now_ns - call->deadline_ns) / 1000);
    op->end_ns = now_ns;
    op->outcome = (uint8_t)result->outcome;
    op->status = (uint16_t)result->status;
    op->version = result->version;
    if (op->kind == HISTORY_GET && result->outcome == TORC_DONE)
        op->value = result->status == TORC_STATUS_OK
                        ? value_number(crew, result->value, result->value_bytes)
                        : HISTORY_NOTHING;
    if (result->version != 0)
        crew->key[op->key % crew->plan->keys].version = result->version;
    if (call->final && result->outcome != TORC_DONE)
        crew->unread++;
    call->busy = false;
    crew->pending--;
}

static uint16_t call_operation(enum history_kind kind)
{
    static const uint16_t operations[] = {WIRE_OP_PUT, WIRE_OP_DELETE, WIRE_OP_CAS, WIRE_OP_GET};
    return operations[kind];
}

static void call_write_value(struct crew *crew, struct call *call, struct history_op *op)
{
    op->value = ++crew->values;
    uint32_t bytes = value_bytes(crew->plan, op->value);
    if (call->room < bytes) {
        call->value = realloc(call->value, bytes);
        call->room = bytes;
    }
    value_make(op->value, call->value, bytes);
}

static bool call_begin(struct crew_client *client, uint32_t key, enum history_kind kind)
{
    struct crew *crew = client->crew;
    struct call *call = client->call;
    while (call < client->call + CREW_CALLS && call->busy)
        call++;
    if (call == client->call + CREW_CALLS)
        return false;
    struct history_op op = {.start_ns = world_now_ns(crew->world),
        .end_ns = HISTORY_NEVER,
        .key = crew->era * crew->plan->keys + key,
        .client = (uint16_t)client->number,
        .kind = (uint8_t)kind,
        .era = (uint16_t)crew->era};
    bool writes = kind == HISTORY_PUT || kind == HISTORY_CAS;
    if (writes)
        call_write_value(crew, call, &op);
    if (kind == HISTORY_CAS)
        op.expected = prng_below(&crew->prng, 4) == 0 ? 0 : crew->key[key].version;
    call->client = client;
    call->deadline_ns = op.start_ns + crew->plan->deadline_ns;
    call->final = crew->finals;
    struct client_call request = {.key = crew->key[key].name,
        .key_bytes = crew->key[key].name_bytes,
        .value = call->value,
        .value_bytes = writes ? value_bytes(crew->plan, op.value) : 0,
        .operation = call_operation(kind),
        .argument = op.expected,
        .deadline_ns = call->deadline_ns,
        .done = call_done,
        .context = call};
    if (client_core_submit(client->core, &request) != 0)
        return false;
    call->busy = true;
    call->op = history_add(crew->history, &op);
    crew->pending++;
    return true;
}

static enum history_kind draw_kind(struct crew *crew)
{
    unsigned draw = prng_below(&crew->prng, 100);
    const struct plan *plan = crew->plan;
    if (draw < plan->reads)
        return HISTORY_GET;
    if (draw < plan->reads + plan->deletes)
        return HISTORY_DELETE;
    return draw < plan->reads + plan->deletes + plan->cas ? HISTORY_CAS : HISTORY_PUT;
}

static uint32_t draw_key(struct crew *crew)
{
    bool hot = prng_below(&crew->prng, 100) < crew->plan->hot_share;
    return prng_below(&crew->prng, hot ? crew->plan->hot_keys : crew->plan->keys);
}

/* Time to the next call: uniform around the mean, cheap, and never 0. */
static uint64_t draw_interval_ns(struct crew *crew)
{
    uint64_t mean = 1000000000ull * crew->plan->clients / crew->plan->calls_per_s;
    return mean / 2 + 1 + prng_next(&crew->prng) % (mean + 1);
}

static void crew_step(void *context, struct torc_burst *burst)
{
    struct crew_client *client = context;
    struct crew *crew = client->crew;
    while (!crew->stopped && client->next_ns <= burst->now_ns) {
        call_begin(client, draw_key(crew), draw_kind(crew));
        client->next_ns += draw_interval_ns(crew);
    }
    while (crew->finals && client->number == 0 && crew->final_next < crew->plan->keys &&
           call_begin(client, crew->final_next, HISTORY_GET))
        crew->final_next++;
    client_core_step(client->core, burst);
    if (!crew->stopped && client->next_ns < burst->wake_ns)
        burst->wake_ns = client->next_ns;
    if (crew->finals && client->number == 0 && crew->final_next < crew->plan->keys)
        burst->wake_ns = burst->now_ns;
}

/* ---- clients ---- */

static void client_begin(struct crew *crew, unsigned number)
{
    struct crew_client *client = &crew->client[number];
    const struct world_config *world = &crew->plan->world;
    struct client_config config = {.seeds = 2,
        .random = prng_next(&crew->prng),
        .requests = CREW_CALLS,
        .partitions_max = 256,
        .members_max = 9,
        .destinations_max = 27,
        .large = 8};
    config.seed[0] = world_address(1 + number % world->nodes, 0);
    config.seed[1] = world_address(1 + (number + 1) % world->nodes, 0);
    client_config_defaults(&config);
    client->bytes = client_core_bytes(&config);
    if (client->memory == NULL)
        client->memory = aligned_alloc(64, (client->bytes + 63) & ~(size_t)63);
    memset(client->memory, 0, client->bytes);
    client->core = client_core_create(&config, client->memory, client->bytes);
    client->crew = crew;
    client->number = number;
    client->next_ns = world_now_ns(crew->world) + draw_interval_ns(crew);
    world_client(crew->world, number, crew_step, client);
}

void crew_crash(struct crew *crew, unsigned number)
{
    struct crew_client *client = &crew->client[number];
    for (unsigned i = 0; i < CREW_CALLS; i++) {
        crew->pending -= client->call[i].busy;
        client->call[i].busy = false;
    }
    client_begin(crew, number);
}

void crew_new_era(struct crew *crew)
{
    crew->era++;
    for (unsigned i = 0; i < crew->plan->keys; i++)
        crew->key[i].version = 0;
    for (unsigned i = 0; i < crew->plan->clients; i++)
        crew_crash(crew, i);
}

struct crew *crew_create(struct world *world, const struct plan *plan, struct history *history)
{
    struct crew *crew = calloc(1, sizeof *crew);
    crew->world = world;
    crew->plan = plan;
    crew->history = history;
    crew->prng.state = plan->seed ^ 0xc4e3ull;
    crew->key = calloc(plan->keys, sizeof *crew->key);
    for (unsigned i = 0; i < plan->keys; i++)
        crew->key[i].name_bytes =
            (uint16_t)snprintf(crew->key[i].name, sizeof crew->key[i].name, "key-%u", i);
    for (unsigned i = 0; i < plan->clients; i++)
        client_begin(crew, i);
    return crew;
}

void crew_destroy(struct crew *crew)
{
    for (unsigned i = 0; i < crew->plan->clients; i++) {
        for (unsigned c = 0; c < CREW_CALLS; c++)
            free(crew->client[i].call[c].value);
        free(crew->client[i].memory);
    }
    free(crew->key);
    free(crew);
}

void crew_stop(struct crew *crew)
{
    crew->stopped = true;
}

unsigned crew_pending(const struct crew *crew)
{
    bool more = crew->finals && crew->final_next < crew->plan->keys;
    return crew->pending + more;
}

void crew_read_all(struct crew *crew)
{
    crew->finals = true;
    world_client(crew->world, 0, crew_step, &crew->client[0]);
}

const char *crew_key(const struct crew *crew, unsigned key)
{
    return key < crew->plan->keys ? crew->key[key].name : NULL;
}

unsigned crew_partition(const struct crew *crew, unsigned key)
{
    const struct ring *ring = world_ring(crew->world);
    struct ring_hash hash = ring_hash_key((enum torc_hash)ring->hash,
        (const uint8_t *)crew->key[key].name, crew->key[key].name_bytes);
    return ring_partition(ring, &hash);
}

unsigned crew_unread(const struct crew *crew)
{
    return crew->unread;
}

const char *crew_damage(const struct crew *crew)
{
    return crew->damage[0] != 0 ? crew->damage : NULL;
}

const char *crew_broken(const struct crew *crew)
{
    return crew->broken[0] != 0 ? crew->broken : NULL;
}
