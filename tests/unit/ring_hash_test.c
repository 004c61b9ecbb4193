/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ring_fixture.h"

#include <openssl/evp.h>
#include <xxhash.h>

static void xxh3_fills_the_upper_64_bits(void **state)
{
    (void)state;
    uint8_t key[600];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(i * 7);
    for (size_t bytes = 0; bytes <= sizeof key; bytes++) {
        struct ring_hash hash = ring_hash_key(TORC_HASH_XXH3, key, bytes);
        assert_true(ring_hash_top(&hash) == XXH3_64bits(key, bytes));
        assert_true(ring_hash_quick(key, bytes) == ring_hash_top(&hash));
        assert_int_equal(hash.word[2] | hash.word[3] | hash.word[4], 0);
    }
}

/* The number of XXH3 is fixed for ever: logs and clients rely on it. */
static void xxh3_of_known_keys_never_changes(void **state)
{
    (void)state;
    struct ring_hash empty = ring_hash_key(TORC_HASH_XXH3, "", 0);
    struct ring_hash nothing = ring_hash_key(TORC_HASH_XXH3, NULL, 0);
    assert_true(ring_hash_top(&empty) == 0x2d06800538d394c2u);
    assert_true(ring_hash_top(&nothing) == 0x2d06800538d394c2u);
}

static void sha1_is_a_big_endian_number(void **state)
{
    (void)state;
    uint8_t key[300];
    memset(key, 0x5a, sizeof key);
    for (size_t bytes = 0; bytes <= sizeof key; bytes++) {
        uint8_t digest[20];
        struct ring_hash hash = ring_hash_key(TORC_HASH_SHA1, key, bytes);
        assert_true(EVP_Digest(key, bytes, digest, NULL, EVP_sha1(), NULL));
        for (unsigned i = 0; i < sizeof digest; i++)
            assert_int_equal(digest[i], hash.word[i / 4] >> (24 - 8 * (i % 4)) & 0xff);
    }
}

static void sha1_of_abc_is_the_standards_example(void **state)
{
    (void)state;
    static const uint32_t word[5] = {0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d};
    struct ring_hash hash = ring_hash_key(TORC_HASH_SHA1, "abc", 3);
    assert_memory_equal(hash.word, word, sizeof word);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xxh3_fills_the_upper_64_bits),
        cmocka_unit_test(xxh3_of_known_keys_never_changes),
        cmocka_unit_test(sha1_is_a_big_endian_number),
        cmocka_unit_test(sha1_of_abc_is_the_standards_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
