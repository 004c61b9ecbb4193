/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The key-value store with `keys` keys of 8 bytes and values of 64, in 64 vnodes, hit at random:
 * one after the other, and as a worker does, with the prefetches of a burst first.
 */
#include <string.h>

#include "bench/micro.h"
#include "engine/base/prng.h"
#include "engine/ring/ring.h"
#include "engine/services/kv.h"

#define KV_VNODES 64u
#define KV_VALUE  64u
#define KV_BURST  32u

struct micro_kv {
    struct torc_service *service;
    struct prng prng;
    uint64_t keys;
    uint64_t sequence;
    uint64_t key[KV_BURST];
    uint64_t hash[KV_BURST];
    uint32_t vnode[KV_BURST];
};

static uint8_t micro_kv_value[KV_VALUE];

static void micro_kv_draw(struct micro_kv *kv, unsigned at, uint64_t key)
{
    kv->key[at] = key;
    struct ring_hash hash = ring_hash_key(TORC_HASH_XXH3, &kv->key[at], sizeof kv->key[at]);
    kv->hash[at] = ring_hash_top(&hash);
    kv->vnode[at] = (uint32_t)(((kv->hash[at] >> 32) * KV_VNODES) >> 32);
}

static struct torc_command micro_kv_command(struct micro_kv *kv, unsigned at, uint16_t operation)
{
    return (struct torc_command){.operation = operation,
        .key_bytes = sizeof kv->key[at],
        .value_bytes = operation == KV_PUT ? KV_VALUE : 0,
        .key = (const uint8_t *)&kv->key[at],
        .value = micro_kv_value,
        .hash = kv->hash[at],
        .sequence = operation == KV_PUT ? ++kv->sequence : 0};
}

static uint16_t micro_kv_run(struct micro_kv *kv, unsigned at, uint16_t operation)
{
    struct torc_command command = micro_kv_command(kv, at, operation);
    struct torc_answer answer;
    uint8_t out[KV_VALUE];
    if (operation == KV_PUT)
        kv->service->ops->apply(kv->service, kv->vnode[at], &command, &answer);
    else
        kv->service->ops->read(kv->service, kv->vnode[at], &command, out, sizeof out, &answer);
    return answer.status;
}

/* The store, made and filled once for each number of keys. NULL: it does not hold them. */
static struct micro_kv *micro_kv_filled(int64_t keys)
{
    static struct micro_kv made;
    if (made.keys == (uint64_t)keys)
        return &made;
    const uint32_t blocks = (uint32_t)keys / KV_VNODES + (uint32_t)keys / KV_VNODES / 4 + 64;
    struct arena counting = micro_counting();
    kv_create(&counting, KV_VNODES, blocks);
    struct arena arena = micro_arena(&counting);
    made = (struct micro_kv){.service = kv_service(kv_create(&arena, KV_VNODES, blocks)),
        .prng = {.state = 3},
        .keys = (uint64_t)keys};
    for (uint64_t key = 1; key <= made.keys; key++) {
        micro_kv_draw(&made, 0, key);
        if (micro_kv_run(&made, 0, KV_PUT) != TORC_STATUS_OK)
            return NULL;
    }
    return &made;
}

static void micro_kv_burst(
    struct gbench *bench, struct micro_kv *kv, uint16_t operation, bool prefetched)
{
    while (gbench_next(bench, KV_BURST)) {
        for (unsigned i = 0; i < KV_BURST; i++)
            micro_kv_draw(kv, i, 1 + prng_below(&kv->prng, (uint32_t)kv->keys));
        for (unsigned i = 0; prefetched && i < KV_BURST; i++)
            kv->service->ops->prefetch(kv->service, kv->vnode[i], kv->hash[i]);
        for (unsigned i = 0; prefetched && i < KV_BURST; i++)
            kv->service->ops->prefetch_item(kv->service, kv->vnode[i], kv->hash[i]);
        for (unsigned i = 0; i < KV_BURST; i++)
            gbench_keep(micro_kv_run(kv, i, operation));
    }
}

static void micro_kv_measure(
    struct gbench *bench, int64_t keys, uint16_t operation, bool prefetched)
{
    struct micro_kv *kv = micro_kv_filled(keys);
    if (kv == NULL)
        gbench_skip(bench, "the store does not hold the keys");
    else
        micro_kv_burst(bench, kv, operation, prefetched);
}

static void micro_put(struct gbench *bench, int64_t keys)
{
    micro_kv_measure(bench, keys, KV_PUT, false);
}

static void micro_get(struct gbench *bench, int64_t keys)
{
    micro_kv_measure(bench, keys, KV_GET, false);
}

static void micro_put_prefetched(struct gbench *bench, int64_t keys)
{
    micro_kv_measure(bench, keys, KV_PUT, true);
}

static void micro_get_prefetched(struct gbench *bench, int64_t keys)
{
    micro_kv_measure(bench, keys, KV_GET, true);
}

void micro_kv_register(void)
{
    static const int64_t keys[] = {1000000};
    gbench_register("kv/put", micro_put, "keys", keys, 1);
    gbench_register("kv/put_prefetched", micro_put_prefetched, "keys", keys, 1);
    gbench_register("kv/get", micro_get, "keys", keys, 1);
    gbench_register("kv/get_prefetched", micro_get_prefetched, "keys", keys, 1);
}
