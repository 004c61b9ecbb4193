/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Key hashes, and from a hash to its partition's chain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/micro.h"
#include "engine/base/prng.h"
#include "engine/ring/ring.h"

#define RING_KEYS 4096u /* of 8 bytes; as many as stay in the first-level cache */

static void micro_hash(struct gbench *bench, enum torc_hash hash, int64_t bytes)
{
    uint8_t key[TORC_KEY_BYTES_MAX];
    memset(key, 0x5a, sizeof key);
    while (gbench_next(bench, MICRO_BATCH))
        for (unsigned i = 0; i < MICRO_BATCH; i++) {
            key[0] = (uint8_t)i;
            struct ring_hash digest = ring_hash_key(hash, key, (size_t)bytes);
            gbench_keep(ring_hash_top(&digest));
        }
    gbench_bytes(bench, (uint64_t)bytes);
}

static void micro_hash_xxh3(struct gbench *bench, int64_t bytes)
{
    micro_hash(bench, TORC_HASH_XXH3, bytes);
}

static void micro_hash_sha1(struct gbench *bench, int64_t bytes)
{
    micro_hash(bench, TORC_HASH_SHA1, bytes);
}

static const struct ring *micro_ring(uint32_t partitions)
{
    struct ring_member member[3];
    memset(member, 0, sizeof member);
    for (unsigned i = 0; i < 3; i++) {
        member[i].id = i + 1;
        member[i].workers = 1;
        member[i].address = (struct torc_addr){.ip = 0x0a000001u + i, .port = 7000};
        (void)snprintf(member[i].name, sizeof member[i].name, "n%u", i + 1);
    }
    const struct ring_spec spec = {.cluster = 1,
        .epoch = 1,
        .partitions = partitions,
        .replicas = 3,
        .members = 3,
        .hash = TORC_HASH_XXH3,
        .claim = TORC_CLAIM_SPREAD,
        .class = {.session_window = 64,
            .sessions = 16,
            .window = 64,
            .kv_blocks = 64,
            .session_idle_ms = 1000},
        .member = member};
    const char *why = "";
    const size_t bytes = ring_bytes(&spec);
    const struct ring *ring = ring_build(&spec, bench_memory(bytes), &why);
    if (ring == NULL) {
        (void)fprintf(stderr, "ring of %u partitions: %s\n", partitions, why);
        exit(1);
    }
    return ring;
}

/* From a key of 8 bytes to the member that heads its chain. */
static void micro_lookup(struct gbench *bench, int64_t partitions)
{
    const struct ring *ring = micro_ring((uint32_t)partitions);
    struct prng prng = {.state = 1};
    static uint64_t key[RING_KEYS];
    for (unsigned i = 0; i < RING_KEYS; i++)
        key[i] = prng_next(&prng);
    unsigned at = 0;
    while (gbench_next(bench, MICRO_BATCH))
        for (unsigned i = 0; i < MICRO_BATCH; i++) {
            const uint64_t *wanted = &key[at++ % RING_KEYS];
            struct ring_hash hash = ring_hash_key(TORC_HASH_XXH3, wanted, sizeof *wanted);
            gbench_keep(ring_chain(ring, ring_partition(ring, &hash))->member);
        }
}

void micro_ring_register(void)
{
    static const int64_t key_bytes[] = {8, 16, 64, 256, 1024};
    static const int64_t partitions[] = {12, 64, 1024, 65536};
    gbench_register("hash/xxh3", micro_hash_xxh3, "bytes", key_bytes, 5);
    gbench_register("hash/sha1", micro_hash_sha1, "bytes", key_bytes, 5);
    gbench_register("ring/lookup", micro_lookup, "partitions", partitions, 4);
}
