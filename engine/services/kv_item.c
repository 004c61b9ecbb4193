/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Items: chains of blocks. Depth is a block's distance from the end: 1 for the last one, n for the
 * first of n. Where jumps lead is Myers' applicative random-access stack (1983): write the depth as
 * a sum of terms 2^k - 1, the largest that fits first; the jump goes past the smallest term. From
 * the first block any other is then O(log n) jumps and steps away, with one more word a block.
 */
#include <string.h>

#include "engine/base/mutant.h"
#include "engine/services/kv_store.h"

uint32_t kv_blocks(uint32_t key_bytes, uint32_t value_bytes)
{
    return kv_blocks_of(key_bytes + value_bytes);
}

/* ---- the pool ---- */

static uint32_t kv_block_take(struct kv_store *kv)
{
    struct kv_pool *pool = &kv->blocks;
    uint32_t number = pool->unused;
    if (number == 0) {
        TORC_ASSERT(pool->fresh < pool->count); /* the quotas' sum is the pool */
        return ++pool->fresh;
    }
    pool->unused = kv_block_at(kv, number)->next;
    return number;
}

static void kv_block_give(struct kv_store *kv, uint32_t number)
{
    kv_block_at(kv, number)->next = kv->blocks.unused;
    kv->blocks.unused = number;
}

/* ---- chains ---- */

/* Depth of the block that a jump from depth `depth`, at least 1, leads to. 0: past the end. */
static uint32_t kv_jump_depth(uint32_t depth)
{
    uint32_t rest = depth;
    uint32_t term;
    do {
        term = (UINT32_C(1) << (31 - __builtin_clz(rest + 1))) - 1;
        rest -= term;
    } while (rest != 0);
    return depth - term;
}

/* Where a block of depth `depth` jumps to, with `next` of depth - 1 after it. */
static uint32_t kv_jump(const struct kv_store *kv, uint32_t depth, uint32_t next)
{
    uint32_t to = kv_jump_depth(depth);
    if (to == depth - 1)
        return next;
    if (to == 0)
        return 0;
    return kv_block_at(kv, kv_block_at(kv, next)->jump)->jump;
}

/* Puts depth - 1 new blocks behind the first one of an item, from the end on. */
static void kv_chain_make(struct kv_store *kv, struct kv_item *item, uint32_t depth)
{
    uint32_t next = 0;
    for (uint32_t i = 1; i < depth; i++) {
        uint32_t number = kv_block_take(kv);
        struct kv_block *block = kv_block_at(kv, number);
        block->jump = kv_jump(kv, i, next);
        block->next = next;
        next = number;
    }
    item->jump = kv_jump(kv, depth, next);
    item->next = next;
}

static void kv_chain_free(struct kv_store *kv, uint32_t first)
{
    while (first != 0) {
        uint32_t next = kv_block_at(kv, first)->next;
        kv_block_give(kv, first);
        first = next;
    }
}

/* ---- bytes ---- */

/* A place among the bytes of an item, key and value as one. */
struct kv_cursor {
    uint8_t *at;
    uint32_t left; /* in this block */
    uint32_t next;
};

static struct kv_cursor kv_cursor_first(struct kv_item *item, uint32_t from)
{
    return (struct kv_cursor){
        .at = item->bytes + from, .left = KV_ITEM_PAYLOAD - from, .next = item->next};
}

static void kv_cursor_next(const struct kv_store *kv, struct kv_cursor *cursor)
{
    struct kv_block *block = kv_block_at(kv, cursor->next);
    *cursor = (struct kv_cursor){.at = block->bytes, .left = KV_BLOCK_PAYLOAD, .next = block->next};
    __builtin_prefetch(kv_block_at(kv, block->next));
}

/* The cursor of byte `from`, which the item has. */
static struct kv_cursor kv_item_seek(const struct kv_store *kv, struct kv_item *item, uint32_t from)
{
    if (TORC_LIKELY(from < KV_ITEM_PAYLOAD))
        return kv_cursor_first(item, from);
    uint32_t depth = kv_item_blocks(item);
    uint32_t wanted = depth - 1 - (from - KV_ITEM_PAYLOAD) / KV_BLOCK_PAYLOAD;
    uint32_t within = (from - KV_ITEM_PAYLOAD) % KV_BLOCK_PAYLOAD;
    struct kv_block *block = (struct kv_block *)item;
    while (depth != wanted) {
        uint32_t to = kv_jump_depth(depth);
        bool jump = to >= wanted;
        block = kv_block_at(kv, jump ? block->jump : block->next);
        depth = jump ? to : depth - 1;
    }
    return (struct kv_cursor){
        .at = block->bytes + within, .left = KV_BLOCK_PAYLOAD - within, .next = block->next};
}

/* The next piece of at most `bytes` within one block, stepped over; its length in *piece. */
static uint8_t *kv_cursor_piece(
    const struct kv_store *kv, struct kv_cursor *cursor, uint32_t bytes, uint32_t *piece)
{
    if (cursor->left == 0)
        kv_cursor_next(kv, cursor);
    uint8_t *at = cursor->at;
    *piece = bytes < cursor->left ? bytes : cursor->left;
    cursor->at += *piece;
    cursor->left -= *piece;
    return at;
}

static void kv_cursor_write(
    const struct kv_store *kv, struct kv_cursor *cursor, const uint8_t *from, uint32_t bytes)
{
    while (bytes != 0) {
        uint32_t piece;
        uint8_t *at = kv_cursor_piece(kv, cursor, bytes, &piece);
        memcpy(at, from, piece);
        from += piece;
        bytes -= piece;
    }
}

/* ---- items ---- */

bool kv_item_is_long(const struct kv_store *kv, const struct kv_item *item, const uint8_t *key)
{
    struct kv_cursor cursor = kv_cursor_first((struct kv_item *)item, 0);
    uint32_t bytes = item->key_bytes;
    while (bytes != 0) {
        uint32_t piece;
        const uint8_t *at = kv_cursor_piece(kv, &cursor, bytes, &piece);
        if (memcmp(at, key, piece) != 0)
            return false;
        key += piece;
        bytes -= piece;
    }
    return true;
}

uint32_t kv_item_create(struct kv_store *kv, const struct torc_command *command)
{
    uint32_t number = kv_block_take(kv);
    struct kv_item *item = kv_item_at(kv, number);
    item->version = command->sequence;
    item->value_bytes = command->value_bytes;
    item->key_bytes = command->key_bytes;
    item->reserved = 0;
    kv_chain_make(kv, item, kv_item_blocks(item));
    struct kv_cursor cursor = kv_cursor_first(item, 0);
    kv_cursor_write(kv, &cursor, command->key, command->key_bytes);
    kv_cursor_write(kv, &cursor, command->value, command->value_bytes);
    return number;
}

/* Writes a value into blocks that are there. */
static void kv_item_overwrite(
    const struct kv_store *kv, struct kv_item *item, const struct torc_command *command)
{
    if (TORC_LIKELY(item->key_bytes + command->value_bytes <= KV_ITEM_PAYLOAD)) {
        memcpy(item->bytes + item->key_bytes, command->value, command->value_bytes);
    } else if (command->value_bytes != 0) {
        struct kv_cursor cursor = kv_item_seek(kv, item, item->key_bytes);
        kv_cursor_write(kv, &cursor, command->value, command->value_bytes);
    }
}

void kv_item_set(struct kv_store *kv, struct kv_item *item, const struct torc_command *command)
{
    uint32_t before = kv_item_blocks(item);
    uint32_t keeps_bytes = MUTANT(kv_keeps_tail) ? item->value_bytes : 0;
    item->version = command->sequence;
    item->value_bytes = command->value_bytes;
    if (keeps_bytes > item->value_bytes && kv_item_blocks(item) == before)
        item->value_bytes = keeps_bytes;
    if (TORC_LIKELY(kv_item_blocks(item) == before)) {
        kv_item_overwrite(kv, item, command);
        return;
    }
    kv_chain_free(kv, item->next);
    kv_chain_make(kv, item, kv_item_blocks(item));
    struct kv_cursor cursor = kv_cursor_first(item, 0);
    kv_cursor_write(kv, &cursor, command->key, command->key_bytes);
    kv_cursor_write(kv, &cursor, command->value, command->value_bytes);
}

void kv_item_destroy(struct kv_store *kv, uint32_t number)
{
    kv_chain_free(kv, kv_item_at(kv, number)->next);
    kv_block_give(kv, number);
}

void kv_item_read(const struct kv_store *kv, const struct kv_item *item, uint32_t from,
    uint8_t *out, uint32_t bytes)
{
    uint32_t first = item->key_bytes + from;
    if (TORC_LIKELY(first + bytes <= KV_ITEM_PAYLOAD)) {
        memcpy(out, item->bytes + first, bytes);
        return;
    }
    if (bytes == 0) /* from behind its end: there is no such block */
        return;
    struct kv_cursor cursor = kv_item_seek(kv, (struct kv_item *)item, first);
    while (bytes != 0) {
        uint32_t piece;
        const uint8_t *at = kv_cursor_piece(kv, &cursor, bytes, &piece);
        memcpy(out, at, piece);
        out += piece;
        bytes -= piece;
    }
}
