/* SPDX-License-Identifier: BSD-3-Clause */

/* The one-shot and EVP forms of SHA-1 allocate at each call; these, deprecated, do not. */
#define OPENSSL_SUPPRESS_DEPRECATED
#define XXH_INLINE_ALL
#include <openssl/sha.h>
#include <xxhash.h>

#include "engine/ring/ring.h"

uint64_t ring_hash_quick(const void *key, size_t bytes)
{
    return XXH3_64bits(key, bytes);
}

static struct ring_hash hash_xxh3(const void *key, size_t bytes)
{
    uint64_t top = XXH3_64bits(key, bytes);
    return (struct ring_hash){.word = {(uint32_t)(top >> 32), (uint32_t)top, 0, 0, 0}};
}

/* Apart, so that XXH3 does not pay for this one's stack frame. */
__attribute__((noinline)) static struct ring_hash hash_sha1(const void *key, size_t bytes)
{
    SHA_CTX context;
    uint8_t digest[SHA_DIGEST_LENGTH];
    SHA1_Init(&context);
    SHA1_Update(&context, key, bytes);
    SHA1_Final(digest, &context);

    struct ring_hash hash;
    for (unsigned i = 0; i < 5; i++) {
        const uint8_t *from = digest + (size_t)i * 4;
        hash.word[i] =
            (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
    }
    return hash;
}

struct ring_hash ring_hash_key(enum torc_hash hash, const void *key, size_t bytes)
{
    if (TORC_LIKELY(hash == TORC_HASH_XXH3))
        return hash_xxh3(key, bytes);
    TORC_ASSERT(hash == TORC_HASH_SHA1);
    return hash_sha1(key, bytes);
}
