/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ring_fixture.h"

static uint16_t owner[TORC_PARTITIONS_MAX];

/* Is the distance between any two partitions of a member, around the ring, at least `window`? */
static bool is_spread(uint32_t partitions, uint16_t members, uint32_t window)
{
    uint32_t first[TORC_NODES_MAX];
    uint32_t last[TORC_NODES_MAX];
    bool seen[TORC_NODES_MAX] = {false};
    for (uint32_t i = 0; i < partitions; i++) {
        uint16_t member = owner[i];
        if (seen[member] && i - last[member] < window)
            return false;
        if (!seen[member])
            first[member] = i;
        seen[member] = true;
        last[member] = i;
    }
    for (uint16_t member = 0; member < members; member++) {
        if (seen[member] && first[member] + partitions - last[member] < window)
            return false;
    }
    return true;
}

static void check_balance(uint32_t partitions, uint16_t members)
{
    uint32_t owned[TORC_NODES_MAX] = {0};
    for (uint32_t i = 0; i < partitions; i++) {
        assert_true(owner[i] < members);
        owned[owner[i]]++;
    }
    for (uint16_t member = 0; member < members; member++) {
        assert_true(owned[member] >= partitions / members);
        assert_true(owned[member] <= (partitions + members - 1) / members);
    }
}

/*
 * The widest window that any balanced claim can have: the members that own most, share of them,
 * meet themselves after partitions / share steps at the latest.
 */
static uint32_t best_window(uint32_t partitions, uint16_t members, uint16_t replicas)
{
    uint32_t most = (partitions + members - 1) / members;
    uint32_t window = partitions / most;
    return window < replicas ? window : replicas;
}

static void check_spread(uint32_t partitions, uint16_t members, uint16_t replicas)
{
    ring_claim(TORC_CLAIM_SPREAD, partitions, members, replicas, owner);
    check_balance(partitions, members);
    if (!is_spread(partitions, members, best_window(partitions, members, replicas)))
        fail_msg("Q %u, %u members, N %u", partitions, members, replicas);
}

static uint16_t replicas_most(uint16_t members)
{
    return members < TORC_REPLICAS_MAX ? members : TORC_REPLICAS_MAX;
}

static void spread_is_balanced_and_as_spread_as_can_be(void **state)
{
    (void)state;
    for (uint16_t members = 1; members <= 24; members++) {
        for (uint32_t partitions = 1; partitions <= 200; partitions++) {
            for (uint16_t replicas = 1; replicas <= replicas_most(members); replicas++)
                check_spread(partitions, members, replicas);
        }
    }
}

static void spread_holds_for_large_rings(void **state)
{
    (void)state;
    static const uint16_t members[] = {1, 2, 3, 9, 10, 100, 1000, 1023, 1024};
    static const uint32_t partitions[] = {1023, 1025, 4096, 10007, 65535, 65536};
    for (size_t m = 0; m < sizeof members / sizeof *members; m++) {
        for (size_t p = 0; p < sizeof partitions / sizeof *partitions; p++)
            check_spread(partitions[p], members[m], replicas_most(members[m]));
    }
}

static void no_partition_is_lost_for_node_counts_1_to_64(void **state)
{
    (void)state;
    static const enum torc_claim claims[] = {TORC_CLAIM_SPREAD, TORC_CLAIM_BLOCKS};
    static const uint32_t partitions[] = {1, 12, 64, 100, 1024};
    for (uint16_t members = 1; members <= 64; members++) {
        for (size_t i = 0; i < 10; i++) {
            memset(owner, 0xff, sizeof owner);
            ring_claim(claims[i & 1], partitions[i / 2], members, members < 3 ? members : 3, owner);
            check_balance(partitions[i / 2], members);
            assert_int_equal(owner[partitions[i / 2]], 0xffff); /* nor one too many */
        }
    }
}

static void spread_is_plain_round_robin_where_that_violates_nothing(void **state)
{
    (void)state;
    for (uint16_t members = 1; members <= 16; members++) {
        for (uint32_t partitions = members; partitions <= 100; partitions++) {
            uint16_t replicas = members < 3 ? members : 3;
            uint32_t rest = partitions % members;
            if (rest != 0 && rest < replicas)
                continue;
            ring_claim(TORC_CLAIM_SPREAD, partitions, members, replicas, owner);
            for (uint32_t i = 0; i < partitions; i++)
                assert_int_equal(owner[i], i % members);
        }
    }
}

static void blocks_are_contiguous_and_in_order(void **state)
{
    (void)state;
    for (uint16_t members = 1; members <= 20; members++) {
        for (uint32_t partitions = 1; partitions <= 60; partitions++) {
            ring_claim(TORC_CLAIM_BLOCKS, partitions, members, 1, owner);
            check_balance(partitions, members);
            assert_int_equal(owner[0], 0);
            for (uint32_t i = 1; i < partitions; i++)
                assert_true(owner[i] == owner[i - 1] || owner[i] == owner[i - 1] + 1);
        }
    }
}

static void a_preference_list_walks_the_ring_and_takes_each_member_once(void **state)
{
    (void)state;
    static const uint16_t owners[6] = {0, 0, 1, 0, 2, 1};
    static const uint16_t expected[6][3] = {
        {0, 1, 2}, {0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {1, 0, 2}};
    for (uint32_t partition = 0; partition < 6; partition++) {
        uint16_t list[3];
        ring_preference(owners, 6, 3, 3, partition, list);
        assert_memory_equal(list, expected[partition], sizeof list);
    }
}

static void a_preference_list_that_ends_short_takes_members_by_index(void **state)
{
    (void)state;
    static const uint16_t owners[2] = {3, 1};
    static const uint16_t expected[5] = {1, 3, 0, 2, 4};
    uint16_t list[5];
    ring_preference(owners, 2, 5, 5, 1, list);
    assert_memory_equal(list, expected, sizeof list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spread_is_balanced_and_as_spread_as_can_be),
        cmocka_unit_test(spread_holds_for_large_rings),
        cmocka_unit_test(no_partition_is_lost_for_node_counts_1_to_64),
        cmocka_unit_test(spread_is_plain_round_robin_where_that_violates_nothing),
        cmocka_unit_test(blocks_are_contiguous_and_in_order),
        cmocka_unit_test(a_preference_list_walks_the_ring_and_takes_each_member_once),
        cmocka_unit_test(a_preference_list_that_ends_short_takes_members_by_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
