/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The partition of a hash, its points and decimal strings, against libcrypto's big integers.
 */
#include <openssl/bn.h>

#include "tests/unit/ring_fixture.h"

struct big {
    BN_CTX *context;
    BIGNUM *space; /* 2^160 */
    BIGNUM *step;
    BIGNUM *point;
    BIGNUM *hash;
    BIGNUM *quotient;
};

static int big_open(void **state)
{
    static struct big big;
    big.context = BN_CTX_new();
    BIGNUM **all[] = {&big.space, &big.step, &big.point, &big.hash, &big.quotient};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        *all[i] = BN_new();
    BN_set_bit(big.space, 160);
    *state = &big;
    return 0;
}

static int big_close(void **state)
{
    struct big *big = *state;
    BN_free(big->space);
    BN_free(big->step);
    BN_free(big->point);
    BN_free(big->hash);
    BN_free(big->quotient);
    BN_CTX_free(big->context);
    return 0;
}

static void big_step(struct big *big, uint32_t partitions)
{
    BN_set_word(big->quotient, partitions);
    assert_true(BN_div(big->step, NULL, big->space, big->quotient, big->context));
}

static struct ring_hash hash_of(const BIGNUM *value)
{
    uint8_t bytes[20];
    struct ring_hash hash = {{0}};
    assert_int_equal(BN_bn2binpad(value, bytes, sizeof bytes), sizeof bytes);
    for (unsigned i = 0; i < sizeof bytes; i++)
        hash.word[i / 4] = hash.word[i / 4] << 8 | bytes[i];
    return hash;
}

/* A ring with what ring_partition reads and no more. */
static struct ring ring_of(struct big *big, uint32_t partitions)
{
    uint8_t bytes[24];
    struct ring ring = {.partitions = partitions};
    big_step(big, partitions);
    assert_int_equal(BN_bn2binpad(big->step, bytes, sizeof bytes), sizeof bytes);
    for (unsigned i = 0; i < sizeof bytes; i++)
        ring.step[i / 4] = ring.step[i / 4] << 8 | bytes[i];
    return ring;
}

/* big->hash, if it is one, falls where division says. */
static void check_hash(struct big *big, const struct ring *ring)
{
    if (BN_is_negative(big->hash) || BN_cmp(big->hash, big->space) >= 0)
        return;
    assert_true(BN_div(big->quotient, NULL, big->hash, big->step, big->context));
    uint32_t expected = (uint32_t)BN_get_word(big->quotient) % ring->partitions;
    struct ring_hash hash = hash_of(big->hash);
    if (ring_partition(ring, &hash) != expected)
        fail_msg(
            "Q %u: partition %u, not %u", ring->partitions, ring_partition(ring, &hash), expected);
}

/* point +- up to 2 units at each of these places of the hash. */
static void check_around(struct big *big, const struct ring *ring, uint32_t number)
{
    static const int place[] = {0, 31, 64, 95, 96, 97, 112, 128};
    BN_copy(big->point, big->step);
    BN_mul_word(big->point, number);
    for (size_t i = 0; i < sizeof place / sizeof *place; i++) {
        for (int units = -2; units <= 2; units++) {
            BN_set_word(big->hash, (BN_ULONG)(units < 0 ? -units : units));
            BN_lshift(big->hash, big->hash, place[i]);
            BN_set_negative(big->hash, units < 0);
            BN_add(big->hash, big->hash, big->point);
            check_hash(big, ring);
        }
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void lookup_is_exact_around_every_point(void **state)
{
    static const uint32_t counts[] = {1, 2, 3, 5, 7, 12, 16, 31, 64, 100, 127, 641, 1000, 4095};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct ring ring = ring_of(*state, counts[i]);
        for (uint32_t number = 0; number <= counts[i]; number++)
            check_around(*state, &ring, number);
    }
}

static void lookup_is_exact_for_every_number_of_partitions(void **state)
{
    struct big *big = *state;
    uint32_t seed = 7;
    for (uint32_t partitions = 1; partitions <= TORC_PARTITIONS_MAX; partitions++) {
        struct ring ring = ring_of(big, partitions);
        const uint32_t number[] = {next_random(&seed) % (partitions + 1), partitions};
        for (size_t i = 0; i < 2; i++) {
            BN_copy(big->hash, big->step);
            BN_mul_word(big->hash, number[i]);
            check_hash(big, &ring);
            BN_sub_word(big->hash, 1);
            check_hash(big, &ring);
        }
        BN_copy(big->hash, big->space); /* the very last hash: beyond the last point, it wraps */
        BN_sub_word(big->hash, 1);
        check_hash(big, &ring);
    }
}

static void lookup_is_exact_for_random_hashes(void **state)
{
    struct big *big = *state;
    uint32_t seed = 99;
    for (unsigned round = 0; round < 200; round++) {
        struct ring ring = ring_of(big, next_random(&seed) % TORC_PARTITIONS_MAX + 1);
        for (unsigned i = 0; i < 200; i++) {
            uint8_t bytes[20];
            for (size_t at = 0; at < sizeof bytes; at++)
                bytes[at] = (uint8_t)next_random(&seed);
            BN_bin2bn(bytes, sizeof bytes, big->hash);
            check_hash(big, &ring);
        }
    }
}

static void hashes_past_the_last_point_wrap_to_partition_0(void **state)
{
    struct ring ring = ring_of(*state, 12);
    const struct ring_hash last = {{~0u, ~0u, ~0u, ~0u, ~0u}};
    struct ring_hash point = ring_point(12, 12);
    assert_int_equal(ring_partition(&ring, &last), 0);
    assert_int_equal(ring_partition(&ring, &point), 0);
    point.word[4]--;
    assert_int_equal(ring_partition(&ring, &point), 11);
}

static void a_built_ring_has_the_step_of_its_partitions(void **state)
{
    for (uint32_t partitions = 1; partitions <= TORC_PARTITIONS_MAX; partitions = partitions * 3) {
        struct ring *ring = fixture_ring(partitions, 1, 1, 1);
        struct ring expected = ring_of(*state, partitions);
        assert_memory_equal(ring->step, expected.step, sizeof ring->step);
        free(ring);
    }
}

static void points_in_decimal_are_what_big_integers_say(void **state)
{
    struct big *big = *state;
    char text[RING_DECIMAL_BYTES];
    for (uint32_t partitions = 1; partitions <= TORC_PARTITIONS_MAX; partitions += 1 + partitions) {
        big_step(big, partitions);
        for (uint32_t part = 0; part <= 4; part++) {
            uint32_t number = (uint32_t)((uint64_t)partitions * part / 4);
            BN_copy(big->point, big->step);
            BN_mul_word(big->point, number);
            char *expected = BN_bn2dec(big->point);
            assert_string_equal(ring_point_decimal(partitions, number, text), expected);
            OPENSSL_free(expected);
        }
    }
}

static void the_last_point_of_a_power_of_two_is_the_whole_space(void **state)
{
    (void)state;
    char text[RING_DECIMAL_BYTES];
    struct ring_hash wrapped = ring_point(64, 64);
    const struct ring_hash largest = {{~0u, ~0u, ~0u, ~0u, ~0u}};
    assert_string_equal(
        ring_point_decimal(64, 64, text), "1461501637330902918203684832716283019655932542976");
    assert_string_equal(ring_decimal(&wrapped, text), "0");
    assert_string_equal(
        ring_decimal(&largest, text), "1461501637330902918203684832716283019655932542975");
    assert_string_equal(
        ring_point_decimal(1, 1, text), "1461501637330902918203684832716283019655932542976");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookup_is_exact_around_every_point),
        cmocka_unit_test(lookup_is_exact_for_every_number_of_partitions),
        cmocka_unit_test(lookup_is_exact_for_random_hashes),
        cmocka_unit_test(hashes_past_the_last_point_wrap_to_partition_0),
        cmocka_unit_test(a_built_ring_has_the_step_of_its_partitions),
        cmocka_unit_test(points_in_decimal_are_what_big_integers_say),
        cmocka_unit_test(the_last_point_of_a_power_of_two_is_the_whole_space),
    };
    return cmocka_run_group_tests(tests, big_open, big_close);
}
