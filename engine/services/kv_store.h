/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the key-value store share: its memory, items (kv_item.c) and index
 * (kv_index.c).
 *
 *   index   home buckets, chosen by hash ──► overflow bucket ──► ...     per vnode
 *             slot: 16-bit tag, block ─┐
 *   item    first block ◄──────────────┘──► block ──► block ──► ...      from the worker's pool
 *             version, lengths, then the bytes of the key and of the value, on through the blocks
 *
 * Two cache misses a command, both of which the prefetches take away: the home bucket, and the
 * first block, which holds a small item whole.
 */
#ifndef SERVICES_KV_STORE_H
#define SERVICES_KV_STORE_H

#include <assert.h>
#include <string.h>

#include "engine/base/assert.h"
#include "engine/services/kv.h"

/*
 * A block. `next` is the one after it, `jump` one further on, by which kv_item_seek reaches any
 * block of n in O(log n) steps (kv_item.c says where it points). 0: none.
 */
struct kv_block {
    uint32_t next;
    uint32_t jump;
    uint8_t bytes[120];
} __attribute__((aligned(128)));
static_assert(sizeof(struct kv_block) == KV_BLOCK_BYTES, "block");
#define KV_BLOCK_PAYLOAD 120u

/* The first block of an item, which is its head too. */
struct kv_item {
    uint32_t next;
    uint32_t jump;
    uint64_t version;
    uint32_t value_bytes;
    uint16_t key_bytes;
    uint16_t reserved;
    uint8_t bytes[104];
} __attribute__((aligned(128)));
static_assert(sizeof(struct kv_item) == KV_BLOCK_BYTES, "item");
#define KV_ITEM_PAYLOAD 104u

/*
 * A cache line of the index. Used slots come first, and only the last bucket of a chain may have
 * an unused one, so that keys that share a home need no more overflow buckets than a tenth of them.
 * Tag 0: unused.
 */
#define KV_BUCKET_SLOTS 10u
struct kv_bucket {
    uint16_t tag[KV_BUCKET_SLOTS];
    uint32_t next; /* overflow bucket, 0: none. Unused overflow buckets: the next unused one */
    uint32_t block[KV_BUCKET_SLOTS];
} __attribute__((aligned(64)));
static_assert(sizeof(struct kv_bucket) == 64, "one cache line");
#define KV_BUCKET_LOAD 7u /* slots used of a home bucket, on average, at most */

/* A pool of things numbered from 1: used again last in first out, before any that is fresh. */
struct kv_pool {
    uint32_t unused; /* the first; each names the next */
    uint32_t fresh;  /* highest number ever taken */
    uint32_t count;
};

struct kv_vnode {
    uint64_t keys;
    uint64_t blocks_used;
};

struct kv_store {
    struct torc_service service;
    struct kv_bucket *home;     /* per vnode: homes */
    struct kv_bucket *overflow; /* numbered from 1 */
    struct kv_block *block;     /* numbered from 1 */
    struct kv_vnode *vnode;
    uint32_t homes;
    uint32_t quota; /* blocks a vnode may use */
    struct kv_pool blocks;
    struct kv_pool overflows;
};

/* ---- items ---- */

static inline struct kv_block *kv_block_at(const struct kv_store *kv, uint32_t number)
{
    return &kv->block[number];
}

static inline struct kv_item *kv_item_at(const struct kv_store *kv, uint32_t number)
{
    return (struct kv_item *)&kv->block[number];
}

/* Blocks that so many bytes of key and value take. */
static inline uint32_t kv_blocks_of(uint32_t bytes)
{
    if (TORC_LIKELY(bytes <= KV_ITEM_PAYLOAD))
        return 1;
    return 1 + (bytes - KV_ITEM_PAYLOAD + KV_BLOCK_PAYLOAD - 1) / KV_BLOCK_PAYLOAD;
}

static inline uint32_t kv_item_blocks(const struct kv_item *item)
{
    return kv_blocks_of(item->key_bytes + item->value_bytes);
}

/* Has the item this key, which is longer than a first block? */
bool kv_item_is_long(const struct kv_store *kv, const struct kv_item *item, const uint8_t *key);

/* Has the item this key? */
static inline bool kv_item_is(
    const struct kv_store *kv, const struct kv_item *item, const uint8_t *key, uint32_t key_bytes)
{
    if (item->key_bytes != key_bytes)
        return false;
    if (TORC_UNLIKELY(key_bytes > KV_ITEM_PAYLOAD))
        return kv_item_is_long(kv, item, key);
    if (key_bytes == sizeof(uint64_t)) /* the most common length, without a call */
        return memcmp(item->bytes, key, sizeof(uint64_t)) == 0;
    return memcmp(item->bytes, key, key_bytes) == 0;
}

/* A new item with a key and value, and its number. The quota has room. */
uint32_t kv_item_create(struct kv_store *kv, const struct torc_command *command);
/* Gives an item the command's value and number. The quota has room. */
void kv_item_set(struct kv_store *kv, struct kv_item *item, const struct torc_command *command);
void kv_item_destroy(struct kv_store *kv, uint32_t number);
/* Copies `bytes` of the value, from byte `from` on; all of them are there. */
void kv_item_read(const struct kv_store *kv, const struct kv_item *item, uint32_t from,
    uint8_t *out, uint32_t bytes);

/* ---- index ---- */

/* A slot of the index. */
struct kv_place {
    struct kv_bucket *bucket;
    uint32_t slot;
};

static inline struct kv_bucket *kv_home(const struct kv_store *kv, uint32_t vnode, uint64_t hash)
{
    /* the upper bits say which partition it is, and so are the same for all keys of a vnode */
    uint64_t mixed = (hash * UINT64_C(0x9E3779B97F4A7C15)) >> 32;
    return &kv->home[(size_t)vnode * kv->homes + (mixed * kv->homes >> 32)];
}

static inline uint16_t kv_tag(uint64_t hash)
{
    uint16_t tag = (uint16_t)(hash ^ hash >> 16);
    return tag == 0 ? 1 : tag;
}

/* The item of a command's key, and its place if `place` is not NULL; NULL if there is none. */
struct kv_item *kv_index_find(const struct kv_store *kv, uint32_t vnode,
    const struct torc_command *command, struct kv_place *place);
void kv_index_add(struct kv_store *kv, uint32_t vnode, uint64_t hash, uint32_t number);
void kv_index_remove(struct kv_store *kv, uint32_t vnode, uint64_t hash, struct kv_place place);
/* The first item that a hash may mean, looking at the home bucket alone; NULL: none. */
const struct kv_item *kv_index_guess(const struct kv_store *kv, uint32_t vnode, uint64_t hash);

#endif
