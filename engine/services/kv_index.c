/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "engine/services/kv_store.h"

/* Bit i: slot i has the tag. */
static inline uint32_t kv_bucket_match(const struct kv_bucket *bucket, uint16_t tag)
{
    uint32_t match = 0;
#ifdef __SSE2__
    const __m128i *tags = (const __m128i *)(const void *)bucket->tag;
    __m128i wanted = _mm_set1_epi16((short)tag);
    __m128i low = _mm_cmpeq_epi16(_mm_load_si128(tags), wanted);
    __m128i high = _mm_cmpeq_epi16(_mm_load_si128(tags + 1), wanted); /* two tags, and no tags */
    match = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
    match &= (1u << KV_BUCKET_SLOTS) - 1;
#else
    for (uint32_t i = 0; i < KV_BUCKET_SLOTS; i++)
        match |= (uint32_t)(bucket->tag[i] == tag) << i;
#endif
    return match;
}

static inline struct kv_bucket *kv_bucket_next(
    const struct kv_store *kv, const struct kv_bucket *bucket)
{
    return bucket->next == 0 ? NULL : &kv->overflow[bucket->next];
}

struct kv_item *kv_index_find(const struct kv_store *kv, uint32_t vnode,
    const struct torc_command *command, struct kv_place *place)
{
    uint16_t tag = kv_tag(command->hash);
    struct kv_bucket *bucket = kv_home(kv, vnode, command->hash);
    do {
        for (uint32_t match = kv_bucket_match(bucket, tag); match != 0; match &= match - 1) {
            uint32_t slot = (uint32_t)__builtin_ctz(match);
            struct kv_item *item = kv_item_at(kv, bucket->block[slot]);
            if (bucket->tag[slot] != tag || !kv_item_is(kv, item, command->key, command->key_bytes))
                continue;
            if (place != NULL)
                *place = (struct kv_place){.bucket = bucket, .slot = slot};
            return item;
        }
        bucket = kv_bucket_next(kv, bucket);
    } while (bucket != NULL);
    return NULL;
}

const struct kv_item *kv_index_guess(const struct kv_store *kv, uint32_t vnode, uint64_t hash)
{
    const struct kv_bucket *bucket = kv_home(kv, vnode, hash);
    uint32_t match = kv_bucket_match(bucket, kv_tag(hash));
    return match == 0 ? NULL : kv_item_at(kv, bucket->block[__builtin_ctz(match)]);
}

static uint32_t kv_bucket_used(const struct kv_bucket *bucket)
{
    uint32_t used = 0;
    while (used < KV_BUCKET_SLOTS && bucket->tag[used] != 0)
        used++;
    return used;
}

static struct kv_bucket *kv_overflow_take(struct kv_store *kv, struct kv_bucket *after)
{
    struct kv_pool *pool = &kv->overflows;
    uint32_t number = pool->unused;
    if (number == 0)
        number = ++pool->fresh;
    TORC_ASSERT(number <= pool->count);
    struct kv_bucket *bucket = &kv->overflow[number];
    if (pool->unused != 0)
        pool->unused = bucket->next;
    memset(bucket, 0, sizeof *bucket);
    after->next = number;
    return bucket;
}

static void kv_overflow_give(struct kv_store *kv, struct kv_bucket *after)
{
    uint32_t number = after->next;
    after->next = kv->overflow[number].next;
    kv->overflow[number].next = kv->overflows.unused;
    kv->overflows.unused = number;
}

void kv_index_add(struct kv_store *kv, uint32_t vnode, uint64_t hash, uint32_t number)
{
    struct kv_bucket *bucket = kv_home(kv, vnode, hash);
    while (bucket->next != 0)
        bucket = kv_bucket_next(kv, bucket);
    uint32_t slot = kv_bucket_used(bucket);
    if (slot == KV_BUCKET_SLOTS) {
        bucket = kv_overflow_take(kv, bucket);
        slot = 0;
    }
    bucket->tag[slot] = kv_tag(hash);
    bucket->block[slot] = number;
}

void kv_index_remove(struct kv_store *kv, uint32_t vnode, uint64_t hash, struct kv_place place)
{
    struct kv_bucket *before = NULL;
    struct kv_bucket *last = kv_home(kv, vnode, hash);
    while (last->next != 0) {
        before = last;
        last = kv_bucket_next(kv, last);
    }
    uint32_t slot = kv_bucket_used(last) - 1;
    place.bucket->tag[place.slot] = last->tag[slot];
    place.bucket->block[place.slot] = last->block[slot];
    last->tag[slot] = 0;
    if (slot == 0 && before != NULL)
        kv_overflow_give(kv, before);
}
