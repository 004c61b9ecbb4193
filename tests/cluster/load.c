/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/cluster/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a key may hold: after a write of unknown outcome, either. */
#define LOAD_MAYBE 8u

struct load_value {
    uint64_t seed; /* of its bytes; 0: no such key */
    uint32_t bytes;
};

struct load_key {
    struct load_client *client;
    char name[24];
    bool busy, reading;
    uint16_t operation;
    struct load_value known[LOAD_MAYBE];
    unsigned maybes; /* known[0..maybes): what it may hold */
    struct load_value writing;
    uint8_t *value;
    uint64_t version;
    bool version_known;
};

struct load_client {
    struct load *load;
    struct client_core *core;
    void *memory;
    struct load_key *key;
    unsigned number, in_flight, begun, ended;
};

struct load {
    struct world *world;
    struct load_config config;
    struct load_client client[WORLD_CLIENTS_MAX];
    struct load_result result;
    bool verifying;
};

static void load_fill(uint8_t *out, struct load_value value)
{
    uint64_t x = value.seed;
    for (uint32_t i = 0; i < value.bytes; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(x >> 56);
    }
}

static bool load_is(const struct load_value *value, const uint8_t *bytes, uint32_t count)
{
    if (value->seed == 0 || value->bytes != count)
        return false;
    uint8_t *expected = malloc(count + 1);
    load_fill(expected, *value);
    bool same = memcmp(expected, bytes, count) == 0;
    free(expected);
    return same;
}

static void load_mismatch(struct load_key *key, const char *what)
{
    if (key->client->load->result.mismatches++ == 0)
        fprintf(stderr, "client %u, key %s, at %llu us: %s\n", key->client->number, key->name,
            (unsigned long long)world_now_ns(key->client->load->world) / 1000, what);
}

/* What the key holds is known from now on. */
static void load_settle(struct load_key *key, struct load_value value)
{
    key->known[0] = value;
    key->maybes = 1;
}

/*
 * The key was seen to hold known[i]. What it held before is gone; but a write of unknown outcome
 * that was not seen yet may still take effect, until a later write of the session ends.
 */
static void load_seen(struct load_key *key, unsigned i)
{
    struct load_value now = key->known[i];
    if (i > 0)
        key->known[i] = key->known[--key->maybes];
    key->known[0] = now;
}

static void load_maybe(struct load_key *key, struct load_value value)
{
    if (key->maybes < LOAD_MAYBE)
        key->known[key->maybes++] = value;
}

static void load_check_read(struct load_key *key, const struct client_result *result)
{
    struct load *load = key->client->load;
    for (unsigned i = 0; i < key->maybes; i++) {
        bool same = result->status == TORC_STATUS_NOT_FOUND
                        ? key->known[i].seed == 0
                        : load_is(&key->known[i], result->value, result->value_bytes);
        if (!same)
            continue;
        load->result.hits += result->status == TORC_STATUS_OK;
        load_seen(key, i);
        key->version = result->version;
        key->version_known = result->status == TORC_STATUS_OK;
        return;
    }
    load_mismatch(key, "a read answered what was never, or is no longer, there");
}

static void load_check_write(struct load_key *key, const struct client_result *result)
{
    bool was_cas = key->operation == WIRE_OP_CAS;
    if (result->outcome == TORC_DONE && result->status == TORC_STATUS_OK) {
        load_settle(key, key->writing);
        key->version = result->version;
        key->version_known = key->operation != WIRE_OP_DELETE;
    } else if (result->outcome == TORC_DONE && key->operation == WIRE_OP_DELETE) {
        bool may = false;
        for (unsigned i = 0; i < key->maybes; i++)
            may |= key->known[i].seed == 0;
        if (!may)
            load_mismatch(key, "a delete did not find what was there");
        load_settle(key, key->writing);
        key->version_known = false;
    } else if (result->outcome == TORC_OUTCOME_UNKNOWN) {
        load_maybe(key, key->writing);
        key->version_known = false;
    } else if (was_cas && result->status == TORC_STATUS_MISMATCH) {
        if (key->maybes == 1)
            load_mismatch(key, "a cas with the right version did not match");
        key->version_known = false;
    }
}

static void load_done(void *context, const struct client_result *result)
{
    struct load_key *key = context;
    struct load *load = key->client->load;
    load->result.done += result->outcome == TORC_DONE;
    load->result.refused += result->outcome == TORC_REFUSED;
    load->result.unknown += result->outcome == TORC_OUTCOME_UNKNOWN;
    if (result->outcome != TORC_DONE)
        load->result.statuses[result->status]++;
    if (key->operation == WIRE_OP_GET) {
        if (result->outcome == TORC_DONE)
            load_check_read(key, result);
    } else {
        load_check_write(key, result);
    }
    free(key->value);
    key->value = NULL;
    key->busy = false;
    key->client->in_flight--;
    key->client->ended++;
}

static struct load_value load_draw_value(struct load *load)
{
    bool large = load->config.large > world_random(load->world, 1000);
    uint32_t most = large ? load->config.large_bytes : load->config.value_bytes;
    return (struct load_value){.seed = world_random(load->world, 0) | 1,
        .bytes = (uint32_t)world_random(load->world, most + 1)};
}

static uint16_t load_draw_operation(struct load_key *key)
{
    struct load *load = key->client->load;
    uint64_t draw = world_random(load->world, 100);
    if (key->maybes == LOAD_MAYBE || load->verifying || draw < 40)
        return WIRE_OP_GET;
    if (load->config.quiet_deletes || draw < 80)
        return WIRE_OP_PUT;
    return draw < 90 || !key->version_known ? WIRE_OP_DELETE : WIRE_OP_CAS;
}

static void load_begin(struct load_key *key)
{
    struct load *load = key->client->load;
    key->operation = load_draw_operation(key);
    key->writing = (struct load_value){0};
    if (key->operation == WIRE_OP_PUT || key->operation == WIRE_OP_CAS) {
        key->writing = load_draw_value(load);
        key->value = malloc(key->writing.bytes + 1);
        load_fill(key->value, key->writing);
    }
    struct client_call call = {.key = key->name,
        .key_bytes = (uint16_t)strlen(key->name),
        .value = key->value,
        .value_bytes = key->writing.bytes,
        .operation = key->operation,
        .argument = key->operation == WIRE_OP_CAS ? key->version : 0,
        .deadline_ns = world_now_ns(load->world) + load->config.deadline_ns,
        .done = load_done,
        .context = key};
    if (client_core_submit(key->client->core, &call) != 0) {
        free(key->value);
        key->value = NULL;
        return;
    }
    key->busy = true;
    key->client->in_flight++;
    key->client->begun++;
}

static void load_step(void *context, struct torc_burst *burst)
{
    struct load_client *client = context;
    struct load *load = client->load;
    client_core_step(client->core, burst);
    for (unsigned tries = 0;
         !load->verifying && tries < 4 && client->in_flight < load->config.in_flight &&
         client->begun < load->config.operations;
         tries++) {
        struct load_key *key = &client->key[world_random(load->world, load->config.keys)];
        if (!key->busy)
            load_begin(key);
    }
    if (client->begun < load->config.operations && burst->wake_ns > burst->now_ns + 20000)
        burst->wake_ns = burst->now_ns + 20000;
}

static void load_client_create(struct load *load, unsigned number)
{
    struct load_client *client = &load->client[number];
    struct client_config config = {.seeds = 1,
        .random = world_random(load->world, 0),
        .requests = 256,
        .partitions_max = 4096,
        .members_max = 16,
        .destinations_max = 64};
    config.seed[0] = world_address(1, 0);
    client_config_defaults(&config);
    size_t bytes = client_core_bytes(&config);
    client->memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    memset(client->memory, 0, bytes);
    client->core = client_core_create(&config, client->memory, bytes);
    client->load = load;
    client->number = number;
    client->key = calloc(load->config.keys, sizeof *client->key);
    for (unsigned i = 0; i < load->config.keys; i++) {
        client->key[i].client = client;
        client->key[i].maybes = 1;
        snprintf(client->key[i].name, sizeof client->key[i].name, "c%u-%u", number, i);
    }
    world_client(load->world, number, load_step, client);
}

struct load *load_create(struct world *world, const struct load_config *config)
{
    struct load *load = calloc(1, sizeof *load);
    load->world = world;
    load->config = *config;
    for (unsigned i = 0; i < config->clients; i++)
        load_client_create(load, i);
    return load;
}

void load_destroy(struct load *load)
{
    for (unsigned c = 0; c < load->config.clients; c++) {
        for (unsigned i = 0; i < load->config.keys; i++)
            free(load->client[c].key[i].value);
        free(load->client[c].key);
        free(load->client[c].memory);
    }
    free(load);
}

static bool load_over(struct world *world, void *context)
{
    (void)world;
    struct load *load = context;
    for (unsigned c = 0; c < load->config.clients; c++)
        if (load->client[c].in_flight > 0 ||
            (!load->verifying && load->client[c].begun < load->config.operations))
            return false;
    return true;
}

bool load_run(struct load *load, uint64_t ns)
{
    return world_run_until(load->world, load_over, load, ns);
}

bool load_verify(struct load *load, uint64_t ns)
{
    load->verifying = true;
    for (unsigned i = 0; i < load->config.keys; i++) {
        for (unsigned c = 0; c < load->config.clients; c++) {
            load_begin(&load->client[c].key[i]);
            world_client(load->world, c, load_step, &load->client[c]);
        }
        if (!world_run_until(load->world, load_over, load, ns))
            return false;
    }
    return true;
}

struct load_result load_result(const struct load *load)
{
    return load->result;
}

const struct client_counters *load_counters(const struct load *load, unsigned client)
{
    return client_core_counters(load->client[client].core);
}
