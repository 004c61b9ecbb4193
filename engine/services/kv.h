/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The key-value store: put, delete, compare-and-set, get; a version per key.
 *
 * Memory is blocks of KV_BLOCK_BYTES from one pool per worker. An item is a chain of blocks; a
 * vnode may hold `blocks` of them (its quota, alike on every member), and its index has room for
 * as many keys, so that neither runs out before the quota does: FULL is a function of the
 * commands alone. A key's version is the number of the entry that last wrote it: never reused,
 * not even after a delete, which answers with its own number; 0 where there is no key.
 *
 * Answers: put OK or FULL (then the old value stays, and the version is its); delete OK or
 * NOT_FOUND; cas OK, MISMATCH or FULL; get OK or NOT_FOUND. INVALID for a key or value outside the
 * limits, NO_SERVICE for an operation that is none of these.
 *
 * Context: the worker that owns the vnodes.
 */
#ifndef SERVICES_KV_H
#define SERVICES_KV_H

#include <torc/service.h>

#include "engine/base/arena.h"

#define KV_BLOCK_BYTES 128u

struct kv_store;

/*
 * A store for `vnodes` vnodes of `blocks` each, cut from the arena; NULL when the arena only
 * counts. The sum: 128 bytes a block, 64 for each seven blocks of a vnode (the index), and 64 for
 * each ten (its overflow: enough even if all keys had one hash).
 */
struct kv_store *kv_create(struct arena *arena, uint32_t vnodes, uint32_t blocks);

struct torc_service *kv_service(struct kv_store *kv);

/* Blocks that a key and value of these lengths take. */
uint32_t kv_blocks(uint32_t key_bytes, uint32_t value_bytes);

/* Of one vnode: keys, and blocks in use. */
uint64_t kv_keys(const struct kv_store *kv, uint32_t vnode);
uint64_t kv_blocks_used(const struct kv_store *kv, uint32_t vnode);

/* The operations, by the numbers they have on the wire (asserted equal in the vnode). */
enum kv_operation { KV_PUT = 16, KV_DELETE = 17, KV_CAS = 18, KV_GET = 128 };

#endif
