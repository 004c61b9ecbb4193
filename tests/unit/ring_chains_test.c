/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ring_fixture.h"

static uint16_t owner[TORC_PARTITIONS_MAX];
static struct ring_replica chain[TORC_PARTITIONS_MAX * TORC_REPLICAS_MAX];

static void make(enum torc_claim claim, uint32_t partitions, uint16_t members, uint16_t replicas)
{
    ring_claim(claim, partitions, members, replicas, owner);
    ring_chains(claim, owner, partitions, members, replicas, chain);
}

static void check_even(const uint32_t *count, uint32_t sum, uint16_t members)
{
    for (uint16_t member = 0; member < members; member++) {
        if (count[member] < sum / members || count[member] > (sum + members - 1) / members)
            fail_msg("member %u of %u: %u of %u", member, members, count[member], sum);
    }
}

static void check_distinct(const struct ring_replica *row, uint16_t members, uint16_t replicas)
{
    for (uint16_t i = 0; i < replicas; i++) {
        assert_true(row[i].member < members);
        for (uint16_t other = 0; other < i; other++)
            assert_true(row[i].member != row[other].member);
    }
}

static void check_spread(uint32_t partitions, uint16_t members, uint16_t replicas)
{
    uint32_t total[TORC_NODES_MAX] = {0};
    uint32_t heads[TORC_NODES_MAX] = {0};
    uint32_t tails[TORC_NODES_MAX] = {0};
    make(TORC_CLAIM_SPREAD, partitions, members, replicas);
    for (uint32_t i = 0; i < partitions; i++) {
        const struct ring_replica *row = &chain[(size_t)i * replicas];
        check_distinct(row, members, replicas);
        assert_int_equal(row[0].member, owner[i]);
        heads[row[0].member]++;
        tails[row[replicas - 1].member]++;
        for (uint16_t place = 0; place < replicas; place++)
            total[row[place].member]++;
    }
    check_even(heads, partitions, members);
    check_even(tails, partitions, members);
    check_even(total, partitions * replicas, members);
}

static uint16_t replicas_most(uint16_t members)
{
    return members < TORC_REPLICAS_MAX ? members : TORC_REPLICAS_MAX;
}

static void replicas_heads_and_tails_are_even_and_chains_distinct(void **state)
{
    (void)state;
    for (uint16_t members = 1; members <= 20; members++) {
        for (uint32_t partitions = 1; partitions <= 130; partitions++) {
            for (uint16_t replicas = 1; replicas <= replicas_most(members); replicas++)
                check_spread(partitions, members, replicas);
        }
    }
}

static void they_are_for_large_rings_too(void **state)
{
    (void)state;
    static const uint16_t members[] = {3, 7, 9, 10, 64, 100, 1000, 1023, 1024};
    static const uint32_t partitions[] = {1, 5, 1025, 1536, 4096, 10007, 65535, 65536};
    for (size_t m = 0; m < sizeof members / sizeof *members; m++) {
        for (size_t p = 0; p < sizeof partitions / sizeof *partitions; p++)
            check_spread(partitions[p], members[m], replicas_most(members[m]));
    }
}

/* Chains that are not the preference list of their partition. */
static uint32_t exceptions(uint32_t partitions, uint16_t members, uint16_t replicas)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < partitions; i++) {
        uint16_t list[TORC_REPLICAS_MAX];
        bool differs = false;
        ring_preference(owner, partitions, members, replicas, i, list);
        for (uint16_t place = 0; place < replicas; place++)
            differs |= list[place] != chain[(size_t)i * replicas + place].member;
        found += differs;
    }
    return found;
}

static void blocks_are_preference_lists_without_exception(void **state)
{
    (void)state;
    for (uint16_t members = 1; members <= 9; members++) {
        for (uint32_t partitions = 1; partitions <= 40; partitions++) {
            uint16_t replicas = replicas_most(members);
            make(TORC_CLAIM_BLOCKS, partitions, members, replicas);
            assert_int_equal(exceptions(partitions, members, replicas), 0);
        }
    }
}

static void spread_chains_are_preference_lists_where_members_divide_q(void **state)
{
    (void)state;
    for (uint16_t members = 1; members <= 12; members++) {
        for (uint16_t replicas = 1; replicas <= replicas_most(members); replicas++) {
            make(TORC_CLAIM_SPREAD, members * 7u, members, replicas);
            assert_int_equal(exceptions(members * 7u, members, replicas), 0);
        }
    }
}

static void spread_chains_differ_from_preference_lists_only_as_often_as_needed(void **state)
{
    (void)state;
    /* 13,13,13,13,12 owned make 39,39,39,39,36 replicas; even is 39,39,38,38,38: two to move. */
    make(TORC_CLAIM_SPREAD, 64, 5, 3);
    assert_int_equal(exceptions(64, 5, 3), 2);
    /* 1,024 nodes: at most N for each node that owns one partition more. */
    make(TORC_CLAIM_SPREAD, 4096 + 512, 1024, 8);
    assert_true(exceptions(4096 + 512, 1024, 8) <= 512 * 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replicas_heads_and_tails_are_even_and_chains_distinct),
        cmocka_unit_test(they_are_for_large_rings_too),
        cmocka_unit_test(blocks_are_preference_lists_without_exception),
        cmocka_unit_test(spread_chains_are_preference_lists_where_members_divide_q),
        cmocka_unit_test(spread_chains_differ_from_preference_lists_only_as_often_as_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
