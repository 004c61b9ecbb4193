/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The values of the systems whose rings this one reimplements, to the last digit.
 */
#include "tests/unit/ring_fixture.h"

/* An integer as the first system encodes it: 83 61 NN, or 83 62 and four big-endian bytes. */
static size_t encode(uint32_t object, uint8_t out[6])
{
    out[0] = 0x83;
    if (object <= 255) {
        out[1] = 0x61;
        out[2] = (uint8_t)object;
        return 3;
    }
    out[1] = 0x62;
    for (unsigned i = 0; i < 4; i++)
        out[2 + i] = (uint8_t)(object >> (24 - 8 * i));
    return 6;
}

static struct ring_hash hash_object(uint32_t object)
{
    uint8_t key[6];
    return ring_hash_key(TORC_HASH_SHA1, key, encode(object, key));
}

static void the_12_partition_ring_has_the_points_i_step(void **state)
{
    (void)state;
    static const char *point[13] = {
        "0",
        "121791803110908576516973736059690251637994378581",
        "243583606221817153033947472119380503275988757162",
        "365375409332725729550921208179070754913983135743",
        "487167212443634306067894944238761006551977514324",
        "608959015554542882584868680298451258189971892905",
        "730750818665451459101842416358141509827966271486",
        "852542621776360035618816152417831761465960650067",
        "974334424887268612135789888477522013103955028648",
        "1096126227998177188652763624537212264741949407229",
        "1217918031109085765169737360596902516379943785810",
        "1339709834219994341686711096656592768017938164391",
        "1461501637330902918203684832716283019655932542972",
    };
    char text[RING_DECIMAL_BYTES];
    for (uint32_t i = 0; i <= 12; i++) {
        struct ring_hash value = ring_point(12, i);
        assert_string_equal(ring_point_decimal(12, i, text), point[i]);
        assert_string_equal(ring_decimal(&value, text), point[i]);
    }
}

static void the_64_partition_step_is_known(void **state)
{
    (void)state;
    char text[RING_DECIMAL_BYTES];
    assert_string_equal(
        ring_point_decimal(64, 1, text), "22835963083295358096932575511191922182123945984");
}

static void blocks_give_each_of_3_nodes_4_points(void **state)
{
    (void)state;
    struct ring *ring = fixture_reference(12, 3, 3);
    for (uint32_t point = 1; point <= 12; point++)
        assert_int_equal(ring->member[ring->owner[point - 1]].id, (point - 1) / 4 + 1);
    free(ring);
}

static void object_100_falls_on_point_5_node_2_replicas_2_3_1(void **state)
{
    (void)state;
    static const uint32_t word[5] = {0x570ab207, 0x2f2310d7, 0x95a1d27f, 0x03cce15b, 0xa02047ed};
    static const uint32_t replicas[3] = {2, 3, 1};
    struct ring *ring = fixture_reference(12, 3, 3);
    struct ring_hash hash = hash_object(100);
    assert_memory_equal(hash.word, word, sizeof word);

    uint32_t partition = ring_partition(ring, &hash);
    assert_int_equal(partition + 1, 5);
    assert_int_equal(ring->member[ring->owner[partition]].id, 2);
    assert_int_equal(ring->chain_length[partition], 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ring->member[ring_chain(ring, partition)[i].member].id, replicas[i]);
    free(ring);
}

static void objects_1_to_12000_fall_on_points_as_counted(void **state)
{
    (void)state;
    static const uint32_t expected[12] = {
        991, 1022, 1083, 966, 967, 1006, 992, 994, 988, 1019, 977, 995};
    uint32_t count[12] = {0};
    struct ring *ring = fixture_reference(12, 3, 3);
    for (uint32_t object = 1; object <= 12000; object++) {
        struct ring_hash hash = hash_object(object);
        count[ring_partition(ring, &hash)]++;
    }
    assert_memory_equal(count, expected, sizeof expected);
    free(ring);
}

/* Windows of `length` owners, around the seam, in which some member stands twice. */
static uint32_t violations(const struct ring *ring, uint32_t length)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < ring->partitions; i++) {
        bool twice = false;
        for (uint32_t a = 0; a < length; a++) {
            for (uint32_t b = a + 1; b < length; b++)
                twice |= ring->owner[(i + a) % ring->partitions] ==
                         ring->owner[(i + b) % ring->partitions];
        }
        found += twice;
    }
    return found;
}

static void count_owned(const struct ring *ring, uint32_t *owned)
{
    for (uint32_t i = 0; i < ring->partitions; i++)
        owned[ring->owner[i]]++;
}

static void partitions_64_on_3_nodes_have_their_seam_repaired(void **state)
{
    (void)state;
    struct ring *ring = fixture_ring(64, 3, 2, 1);
    uint32_t owned[3] = {0};
    count_owned(ring, owned);
    assert_int_equal(violations(ring, 2), 0);
    assert_int_not_equal(ring->owner[63], ring->owner[0]);
    assert_int_equal(owned[0], 22);
    assert_int_equal(owned[1], 21);
    assert_int_equal(owned[2], 21);
    free(ring);
}

static void partitions_64_on_4_and_5_nodes_are_dealt_round_robin(void **state)
{
    (void)state;
    for (uint16_t members = 4; members <= 5; members++) {
        struct ring *ring = fixture_ring(64, members, 3, 1);
        for (uint32_t i = 0; i < 64; i++)
            assert_int_equal(ring->owner[i], i % members);
        assert_int_equal(violations(ring, 3), 0);
        free(ring);
    }
}

static void partitions_64_on_5_nodes_are_13_13_13_13_12(void **state)
{
    (void)state;
    static const uint32_t expected[5] = {13, 13, 13, 13, 12};
    uint32_t owned[5] = {0};
    struct ring *ring = fixture_ring(64, 5, 3, 1);
    count_owned(ring, owned);
    assert_memory_equal(owned, expected, sizeof owned);
    free(ring);
}

static void partitions_16_on_5_nodes_violate_nothing_at_4_replicas(void **state)
{
    (void)state;
    struct ring *ring = fixture_ring(16, 5, 4, 1);
    assert_int_equal(violations(ring, 4), 0);
    free(ring);
}

static void partitions_32_on_5_nodes_are_7_7_6_6_6(void **state)
{
    (void)state;
    static const uint32_t expected[5] = {7, 7, 6, 6, 6};
    uint32_t owned[5] = {0};
    struct ring *ring = fixture_ring(32, 5, 3, 1);
    count_owned(ring, owned);
    assert_memory_equal(owned, expected, sizeof owned);
    free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_12_partition_ring_has_the_points_i_step),
        cmocka_unit_test(the_64_partition_step_is_known),
        cmocka_unit_test(blocks_give_each_of_3_nodes_4_points),
        cmocka_unit_test(object_100_falls_on_point_5_node_2_replicas_2_3_1),
        cmocka_unit_test(objects_1_to_12000_fall_on_points_as_counted),
        cmocka_unit_test(partitions_64_on_3_nodes_have_their_seam_repaired),
        cmocka_unit_test(partitions_64_on_4_and_5_nodes_are_dealt_round_robin),
        cmocka_unit_test(partitions_64_on_5_nodes_are_13_13_13_13_12),
        cmocka_unit_test(partitions_16_on_5_nodes_violate_nothing_at_4_replicas),
        cmocka_unit_test(partitions_32_on_5_nodes_are_7_7_6_6_6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
