/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/memory.h"
#include "engine/base/prng.h"
#include "engine/wire/messages.h"

#define LOAD_CALL_NS  10000000000u
#define LOAD_AFTER_NS 2000000u /* for acknowledgements that are still due when all is answered */
#define LOAD_GOLDEN   UINT64_C(0x9E3779B97F4A7C15)
#define LOAD_WORD     ((uint32_t)sizeof(uint64_t))

/* One call: its key and value must live until it is done. */
struct load_call {
    uint64_t key;
    uint64_t number; /* of the put; of a get: the one it must find, 0: any */
    struct load *load;
    uint8_t *value;
    uint32_t next; /* free call */
};

struct load {
    struct cluster *cluster;
    struct load_call *call;
    uint32_t free; /* first free call */
    uint32_t value_bytes;
    uint32_t keys;
    uint64_t sequence; /* puts submitted */
    uint64_t done;
    uint64_t failed;
    uint64_t wrong; /* gets that found another value */
    enum torc_status failure;
};

struct load *load_create(struct cluster *cluster)
{
    const struct cluster_config *config = &cluster->config;
    struct load *load = calloc(1, sizeof *load);
    if (load == NULL)
        return NULL;
    load->cluster = cluster;
    load->value_bytes = config->value_bytes;
    load->keys = config->keys;
    load->call = bench_memory(config->window * sizeof *load->call);
    uint32_t room = (config->value_bytes + LOAD_WORD + 63) & ~63u;
    uint8_t *values = bench_memory((size_t)config->window * room);
    for (uint32_t i = 0; i < config->window; i++)
        load->call[i] = (struct load_call){.load = load,
            .value = values + (size_t)i * room,
            .next = i + 1 < config->window ? i + 1 : UINT32_MAX};
    return load;
}

/* ---- values ---- */

static inline uint64_t load_word(uint64_t key, uint64_t number)
{
    return (key + number * LOAD_GOLDEN) ^ key << 40;
}

/* A word again and again; `value` has room for one word more than `bytes`. */
static inline void load_write(uint8_t *value, uint32_t bytes, uint64_t key, uint64_t number)
{
    const uint64_t word = load_word(key, number);
    for (uint32_t i = 0; i < bytes; i += LOAD_WORD)
        memcpy(value + i, &word, sizeof word);
}

static bool load_is(
    const uint8_t *value, uint32_t bytes, const struct load_call *call, uint32_t wanted)
{
    uint64_t word = load_word(call->key, call->number);
    if (bytes != wanted)
        return false;
    if (call->number == 0 && bytes >= LOAD_WORD) /* any put's, but one and the same throughout */
        memcpy(&word, value, sizeof word);
    for (uint32_t i = 0; i < bytes; i += LOAD_WORD) {
        uint32_t rest = bytes - i < LOAD_WORD ? bytes - i : LOAD_WORD;
        if (memcmp(value + i, &word, rest) != 0)
            return false;
    }
    return true;
}

/* ---- calls ---- */

static inline struct load_call *load_take(struct load *load)
{
    struct load_call *call = &load->call[load->free];
    load->free = call->next;
    return call;
}

static inline void load_give(struct load *load, struct load_call *call)
{
    call->next = load->free;
    load->free = (uint32_t)(call - load->call);
}

static void load_put_done(void *context, const struct client_result *result)
{
    struct load_call *call = context;
    struct load *load = call->load;
    load->done++;
    if (result->outcome != TORC_DONE || result->status != TORC_STATUS_OK) {
        load->failed++;
        load->failure = result->status;
    }
    load_give(load, call);
}

static void load_get_done(void *context, const struct client_result *result)
{
    struct load_call *call = context;
    struct load *load = call->load;
    if (result->outcome != TORC_DONE || result->status != TORC_STATUS_OK) {
        load->failed++;
        load->failure = result->status;
    } else if (!load_is(result->value, result->value_bytes, call, load->value_bytes)) {
        load->wrong++;
    }
    load_give(load, call);
}

static inline void load_submit(struct load *load, struct load_call *call, uint16_t operation)
{
    const bool put = operation == WIRE_OP_PUT;
    const struct client_call wanted = {.key = &call->key,
        .value = put ? call->value : NULL,
        .value_bytes = put ? load->value_bytes : 0,
        .key_bytes = sizeof call->key,
        .operation = operation,
        .deadline_ns = load->cluster->now_ns + LOAD_CALL_NS,
        .done = put ? load_put_done : load_get_done,
        .context = call};
    if (client_core_submit(load->cluster->client, &wanted) != 0) {
        load->failed++;
        load_give(load, call);
    }
}

static inline void load_put(struct load *load, uint64_t key)
{
    struct load_call *call = load_take(load);
    call->key = key;
    call->number = ++load->sequence;
    load_write(call->value, load->value_bytes, key, call->number);
    load_submit(load, call, WIRE_OP_PUT);
}

static void load_get(struct load *load, uint64_t key, uint64_t number)
{
    struct load_call *call = load_take(load);
    call->key = key;
    call->number = number;
    load_submit(load, call, WIRE_OP_GET);
}

/* Keys 1..keys in an order without a pattern. */
static inline uint64_t load_random_key(const struct load *load, uint64_t number)
{
    return (((number * LOAD_GOLDEN) >> 32) * load->keys >> 32) + 1;
}

static bool load_complain(const struct load *load, const char *what)
{
    if (load->failed == 0 && load->wrong == 0)
        return true;
    (void)fprintf(stderr, "bench-chain: %s: %llu calls failed (%s), %llu values were wrong\n", what,
        (unsigned long long)load->failed, torc_status_text((int)load->failure),
        (unsigned long long)load->wrong);
    return false;
}

/* Turns until every call has ended, and a little longer. */
static void load_drain(struct load *load)
{
    struct cluster *cluster = load->cluster;
    while (client_core_pending(cluster->client) > 0)
        cluster_turn(cluster);
    const uint64_t until_ns = cluster->now_ns + LOAD_AFTER_NS;
    while (cluster->now_ns < until_ns)
        cluster_turn(cluster);
}

bool load_fill(struct load *load)
{
    for (uint64_t key = 1; key <= load->keys; key++) {
        while (load->free == UINT32_MAX)
            cluster_turn(load->cluster);
        load_put(load, key);
    }
    load_drain(load);
    return load_complain(load, "filling the store");
}

/* ---- the run ---- */

/* One turn with the window full. Not inlined: what callgrind collects under this name is a run. */
static __attribute__((noinline)) void load_turn(struct load *load)
{
    while (load->free != UINT32_MAX)
        load_put(load, load_random_key(load, load->sequence));
    cluster_turn(load->cluster);
}

/* Until the seconds are over, and the turns too. */
static void load_turns(struct load *load, double seconds, uint64_t turns)
{
    const unsigned slice = 64;
    const uint64_t until_ns = bench_cpu_ns() + (uint64_t)(seconds * 1e9);
    uint64_t done = 0;
    do {
        for (unsigned i = 0; i < slice && (turns == 0 || done < turns); i++, done++)
            load_turn(load);
    } while (done < turns || (seconds > 0 && bench_cpu_ns() < until_ns));
}

bool load_run(struct load *load, double seconds, uint64_t turns, struct load_result *result)
{
    const struct client_counters *counters = client_core_counters(load->cluster->client);
    uint64_t lost;
    const struct client_counters before = *counters;
    const uint64_t done = load->done;
    const uint64_t packets = cluster_packets(load->cluster, &lost);
    const uint64_t begun_ns = bench_cpu_ns();
    load_turns(load, seconds, turns);
    result->ns = bench_cpu_ns() - begun_ns;
    result->puts = load->done - done;
    result->packets = cluster_packets(load->cluster, &lost) - packets;
    result->retries = counters->retries - before.retries;
    result->requests_packets = counters->tx_packets - before.tx_packets;
    load_drain(load);
    return load_complain(load, "overwriting");
}

/* ---- reading back ---- */

bool load_verify(struct load *load, uint32_t count)
{
    uint64_t *number = calloc((size_t)load->keys + 1, sizeof *number);
    if (number == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        while (load->free == UINT32_MAX)
            cluster_turn(load->cluster);
        uint64_t key = load_random_key(load, load->sequence * 3 + 1);
        if (number[key] != 0)
            load_drain(load); /* one put of a key at a time */
        number[key] = load->sequence + 1;
        load_put(load, key);
    }
    load_drain(load);
    struct prng prng = {.state = load->sequence};
    for (uint64_t key = 1; key <= load->keys; key++) {
        bool wanted = number[key] != 0 || prng_below(&prng, load->keys) < count;
        if (!wanted)
            continue;
        while (load->free == UINT32_MAX)
            cluster_turn(load->cluster);
        load_get(load, key, number[key]);
    }
    load_drain(load);
    free(number);
    return load_complain(load, "reading back");
}
