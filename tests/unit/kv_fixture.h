/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Stores for tests, on the heap, and calls that read like what they do.
 */
#ifndef UNIT_KV_FIXTURE_H
#define UNIT_KV_FIXTURE_H

#include "engine/services/kv.h"
#include "tests/unit/memory_fixture.h"

struct kv_fixture {
    struct kv_store *kv;
    struct torc_service *service;
    void *memory;
    uint8_t *value; /* TORC_VALUE_BYTES_MAX, for what is written */
    uint8_t *out;   /* and for what is read */
    uint64_t sequence;
};

static inline struct kv_fixture fixture_kv(uint32_t vnodes, uint32_t blocks)
{
    struct arena counting = memory_counting();
    assert_null(kv_create(&counting, vnodes, blocks));
    struct arena arena = memory_counted(counting);
    struct kv_fixture fixture = {.kv = kv_create(&arena, vnodes, blocks),
        .memory = arena.base,
        .value = malloc(TORC_VALUE_BYTES_MAX),
        .out = malloc(TORC_VALUE_BYTES_MAX)};
    assert_non_null(fixture.kv);
    assert_int_equal(arena.used, counting.used);
    fixture.service = kv_service(fixture.kv);
    return fixture;
}

static inline void fixture_kv_free(struct kv_fixture *fixture)
{
    free(fixture->memory);
    free(fixture->value);
    free(fixture->out);
}

/* A hash as the ring makes them: the top bits are those of one partition. */
static inline uint64_t fixture_hash(const uint8_t *key, uint32_t bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 0; i < bytes; i++)
        hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
    return UINT64_C(0x2a5) << 54 | (hash ^ hash >> 32) >> 10;
}

/* The value that the entry `sequence` writes: `bytes` that depend on it and on their place. */
static inline void fixture_value(uint8_t *value, uint64_t sequence, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        value[i] = (uint8_t)(sequence * 37 + i * 11 + (i >> 8) * 3);
}

/* A write with the next number. */
static inline struct torc_answer fixture_write(struct kv_fixture *fixture, uint32_t vnode,
    uint16_t operation, const void *key, uint32_t key_bytes, uint64_t hash, uint32_t value_bytes,
    uint64_t argument)
{
    struct torc_answer answer;
    memset(&answer, 0xa5, sizeof answer);
    struct torc_command command = {.operation = operation,
        .key_bytes = (uint16_t)key_bytes,
        .value_bytes = value_bytes,
        .key = key,
        .value = fixture->value,
        .hash = hash,
        .argument = argument,
        .sequence = ++fixture->sequence};
    fixture_value(fixture->value, command.sequence, value_bytes);
    fixture->service->ops->prefetch(fixture->service, vnode, hash);
    fixture->service->ops->prefetch_item(fixture->service, vnode, hash);
    fixture->service->ops->apply(fixture->service, vnode, &command, &answer);
    return answer;
}

static inline struct torc_answer fixture_get(struct kv_fixture *fixture, uint32_t vnode,
    const void *key, uint32_t key_bytes, uint64_t hash, uint32_t from, uint32_t bytes)
{
    struct torc_answer answer;
    memset(&answer, 0xa5, sizeof answer);
    struct torc_command command = {.operation = KV_GET,
        .key_bytes = (uint16_t)key_bytes,
        .key = key,
        .hash = hash,
        .argument = from};
    fixture->service->ops->read(fixture->service, vnode, &command, fixture->out, bytes, &answer);
    return answer;
}

/* The same by a text key, on vnode 0. */
static inline struct torc_answer fixture_put_text(
    struct kv_fixture *fixture, const char *key, uint32_t value_bytes)
{
    uint32_t bytes = (uint32_t)strlen(key);
    return fixture_write(
        fixture, 0, KV_PUT, key, bytes, fixture_hash((const uint8_t *)key, bytes), value_bytes, 0);
}

static inline struct torc_answer fixture_cas_text(
    struct kv_fixture *fixture, const char *key, uint64_t expected, uint32_t value_bytes)
{
    uint32_t bytes = (uint32_t)strlen(key);
    return fixture_write(fixture, 0, KV_CAS, key, bytes, fixture_hash((const uint8_t *)key, bytes),
        value_bytes, expected);
}

static inline struct torc_answer fixture_delete_text(struct kv_fixture *fixture, const char *key)
{
    uint32_t bytes = (uint32_t)strlen(key);
    return fixture_write(
        fixture, 0, KV_DELETE, key, bytes, fixture_hash((const uint8_t *)key, bytes), 0, 0);
}

static inline struct torc_answer fixture_get_text(struct kv_fixture *fixture, const char *key)
{
    uint32_t bytes = (uint32_t)strlen(key);
    return fixture_get(
        fixture, 0, key, bytes, fixture_hash((const uint8_t *)key, bytes), 0, TORC_VALUE_BYTES_MAX);
}

/* What was read is what the entry `sequence` wrote, from byte `from` on. */
static inline void fixture_check_out(
    struct kv_fixture *fixture, uint64_t sequence, uint32_t from, uint32_t bytes)
{
    fixture_value(fixture->value, sequence, from + bytes);
    assert_memory_equal(fixture->out, fixture->value + from, bytes);
}

#endif
