/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/services/kv.h"
#include "engine/base/mutant.h"

#include "engine/services/kv_store.h"

static struct kv_store *kv_of(struct torc_service *service)
{
    return (struct kv_store *)service; /* its first member */
}

struct torc_service *kv_service(struct kv_store *kv)
{
    return &kv->service;
}

uint64_t kv_keys(const struct kv_store *kv, uint32_t vnode)
{
    return kv->vnode[vnode].keys;
}

uint64_t kv_blocks_used(const struct kv_store *kv, uint32_t vnode)
{
    return kv->vnode[vnode].blocks_used;
}

/* ---- writes ---- */

static struct torc_answer kv_answer(uint16_t status, uint64_t version)
{
    return (struct torc_answer){.status = status, .version = version};
}

/* May a vnode that gives back `before` blocks use `after`? Counted, if so. */
static bool kv_quota(
    const struct kv_store *kv, struct kv_vnode *owner, uint32_t before, uint32_t after)
{
    uint64_t used = owner->blocks_used - before + after;
    if (used > kv->quota)
        return false;
    owner->blocks_used = used;
    return true;
}

static struct torc_answer kv_insert(
    struct kv_store *kv, uint32_t vnode, const struct torc_command *command)
{
    struct kv_vnode *owner = &kv->vnode[vnode];
    if (!kv_quota(kv, owner, 0, kv_blocks_of(command->key_bytes + command->value_bytes)))
        return kv_answer(TORC_STATUS_FULL, 0);
    kv_index_add(kv, vnode, command->hash, kv_item_create(kv, command));
    owner->keys++;
    return kv_answer(TORC_STATUS_OK, command->sequence);
}

static struct torc_answer kv_replace(
    struct kv_store *kv, uint32_t vnode, struct kv_item *item, const struct torc_command *command)
{
    uint32_t after = kv_blocks_of(command->key_bytes + command->value_bytes);
    if (!kv_quota(kv, &kv->vnode[vnode], kv_item_blocks(item), after))
        return kv_answer(TORC_STATUS_FULL, item->version);
    kv_item_set(kv, item, command);
    return kv_answer(TORC_STATUS_OK, command->sequence);
}

static struct torc_answer kv_put(
    struct kv_store *kv, uint32_t vnode, const struct torc_command *command)
{
    struct kv_item *item = kv_index_find(kv, vnode, command, NULL);
    if (item == NULL)
        return kv_insert(kv, vnode, command);
    return kv_replace(kv, vnode, item, command);
}

static struct torc_answer kv_cas(
    struct kv_store *kv, uint32_t vnode, const struct torc_command *command)
{
    struct kv_item *item = kv_index_find(kv, vnode, command, NULL);
    uint64_t version = item == NULL ? 0 : item->version;
    if (version != command->argument && !MUTANT(kv_cas_blind))
        return kv_answer(TORC_STATUS_MISMATCH, version);
    if (item == NULL)
        return kv_insert(kv, vnode, command);
    return kv_replace(kv, vnode, item, command);
}

static struct torc_answer kv_delete(
    struct kv_store *kv, uint32_t vnode, const struct torc_command *command)
{
    struct kv_vnode *owner = &kv->vnode[vnode];
    struct kv_place place;
    const struct kv_item *item = kv_index_find(kv, vnode, command, &place);
    if (item == NULL)
        return kv_answer(TORC_STATUS_NOT_FOUND, 0);
    if (MUTANT(kv_delete_keeps))
        return kv_answer(TORC_STATUS_OK, command->sequence);
    owner->keys--;
    owner->blocks_used -= kv_item_blocks(item);
    kv_item_destroy(kv, place.bucket->block[place.slot]);
    kv_index_remove(kv, vnode, command->hash, place);
    return kv_answer(TORC_STATUS_OK, command->sequence);
}

/* ---- the service ---- */

static bool kv_within_limits(const struct torc_command *command)
{
    return command->key_bytes != 0 && command->key_bytes <= TORC_KEY_BYTES_MAX &&
           command->value_bytes <= TORC_VALUE_BYTES_MAX;
}

static void kv_apply(struct torc_service *service, uint32_t vnode,
    const struct torc_command *command, struct torc_answer *answer)
{
    struct kv_store *kv = kv_of(service);
    if (TORC_UNLIKELY(!kv_within_limits(command)))
        *answer = kv_answer(TORC_STATUS_INVALID, 0);
    else if (TORC_LIKELY(command->operation == KV_PUT))
        *answer = kv_put(kv, vnode, command);
    else if (command->operation == KV_DELETE)
        *answer = kv_delete(kv, vnode, command);
    else if (command->operation == KV_CAS)
        *answer = kv_cas(kv, vnode, command);
    else
        *answer = kv_answer(TORC_STATUS_NO_SERVICE, 0);
}

static void kv_read(struct torc_service *service, uint32_t vnode,
    const struct torc_command *command, uint8_t *out, uint32_t out_bytes,
    struct torc_answer *answer)
{
    const struct kv_store *kv = kv_of(service);
    *answer = kv_answer(TORC_STATUS_NO_SERVICE, 0);
    if (command->operation != KV_GET)
        return;
    const struct kv_item *item = kv_index_find(kv, vnode, command, NULL);
    if (item == NULL) {
        answer->status = TORC_STATUS_NOT_FOUND;
        return;
    }
    uint32_t from = (uint32_t)command->argument;
    uint32_t rest = from < item->value_bytes ? item->value_bytes - from : 0;
    answer->status = TORC_STATUS_OK;
    answer->version = item->version;
    answer->total = item->value_bytes;
    answer->bytes = rest < out_bytes ? rest : out_bytes;
    kv_item_read(kv, item, from, out, answer->bytes);
}

static void kv_prefetch(struct torc_service *service, uint32_t vnode, uint64_t hash)
{
    __builtin_prefetch(kv_home(kv_of(service), vnode, hash), 1);
}

static void kv_prefetch_item(struct torc_service *service, uint32_t vnode, uint64_t hash)
{
    const struct kv_item *item = kv_index_guess(kv_of(service), vnode, hash);
    if (item == NULL)
        return;
    __builtin_prefetch(item, 1);
    __builtin_prefetch((const uint8_t *)item + 64, 1);
}

static const struct torc_service_ops kv_ops = {
    .name = "kv",
    .prefetch = kv_prefetch,
    .prefetch_item = kv_prefetch_item,
    .apply = kv_apply,
    .read = kv_read,
};

struct kv_store *kv_create(struct arena *arena, uint32_t vnodes, uint32_t blocks)
{
    uint32_t homes = blocks / KV_BUCKET_LOAD + 1;
    uint64_t all_blocks = (uint64_t)vnodes * blocks;
    uint64_t all_overflows = (uint64_t)vnodes * (blocks / KV_BUCKET_SLOTS);
    TORC_ASSERT(all_blocks < UINT32_MAX);
    struct kv_store *kv = ARENA_ARRAY(arena, struct kv_store, 1);
    struct kv_bucket *home = ARENA_ARRAY(arena, struct kv_bucket, (uint64_t)vnodes * homes);
    struct kv_bucket *overflow = ARENA_ARRAY(arena, struct kv_bucket, all_overflows + 1);
    struct kv_vnode *vnode = ARENA_ARRAY(arena, struct kv_vnode, vnodes);
    /* Arenas align to 64: one block more than is used, to begin at a multiple of 128. */
    uint8_t *block = ARENA_ARRAY(arena, uint8_t, (all_blocks + 2) * KV_BLOCK_BYTES);
    if (kv == NULL)
        return NULL;
    block += -(uintptr_t)block % KV_BLOCK_BYTES;
    *kv = (struct kv_store){
        .service = {.ops = &kv_ops},
        .home = home,
        .overflow = overflow,
        .block = (struct kv_block *)block,
        .vnode = vnode,
        .homes = homes,
        .quota = blocks,
        .blocks = {.count = (uint32_t)all_blocks},
        .overflows = {.count = (uint32_t)all_overflows},
    };
    return kv;
}
