/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Clusters of every size: one node, nine, two workers, numbers of partitions that are no powers of
 * two, chains of every length. Each partition takes a write at its head's core, answers a read at
 * its tail's, and refuses both elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/tale.h"

#define MS TALE_MS

static void use_partition(struct world *world, uint32_t partition)
{
    struct hand hand = hand_new(world, partition % WORLD_CLIENTS_MAX);
    char key[16], value[16];
    hand_key(world, partition, 0, key);
    snprintf(value, sizeof value, "%u", partition);
    assert_true(hand_open(&hand, partition, 1000 + partition));
    world_run(world, MS); /* until the head has heard of it too */
    assert_int_equal(hand_do(&hand, partition, WIRE_OP_PUT, key, value, 0).status, TORC_STATUS_OK);
    struct hand_reply reply = hand_do(&hand, partition, WIRE_OP_GET, key, NULL, 0);
    assert_int_equal(reply.status, TORC_STATUS_OK);
    assert_int_equal(reply.bytes, strlen(value));
    assert_memory_equal(reply.value, value, reply.bytes);
}

static void use_all(struct world_config config)
{
    struct world *world = tale_world(&config);
    const struct ring *ring = world_ring(world);
    for (uint32_t partition = 0; partition < ring->partitions; partition++)
        use_partition(world, partition);
    uint64_t created = 0;
    for (unsigned id = 1; id <= config.nodes; id++) {
        created += WORLD_COUNTER(world, id, entries_created);
        assert_int_equal(WORLD_COUNTER(world, id, drop_misdirected), 0);
        assert_int_equal(WORLD_COUNTER(world, id, drop_not_a_vnode), 0);
        assert_int_equal(WORLD_COUNTER(world, id, drop_not_neighbour), 0);
    }
    assert_int_equal(created, 2 * ring->partitions);
    tale_at_rest(world);
    world_destroy(world);
}

static void one_node(void **state)
{
    (void)state;
    use_all((struct world_config){.nodes = 1, .partitions = 1});
    use_all((struct world_config){.nodes = 1, .partitions = 5, .workers = 3});
}

static void nine_nodes(void **state)
{
    (void)state;
    use_all((struct world_config){.nodes = 9, .partitions = 27, .replicas = 3});
    use_all((struct world_config){.nodes = 9, .partitions = 31, .claim = TORC_CLAIM_SPREAD});
    use_all((struct world_config){.nodes = 9, .partitions = 9, .replicas = 8});
}

static void partitions_that_are_no_power_of_two(void **state)
{
    (void)state;
    static const uint32_t partitions[] = {1, 2, 3, 5, 7, 12, 37, 100};
    for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
        use_all((struct world_config){.nodes = 3, .partitions = partitions[i]});
        use_all((struct world_config){
            .nodes = 4, .partitions = partitions[i], .claim = TORC_CLAIM_SPREAD});
    }
}

static void two_workers(void **state)
{
    (void)state;
    use_all((struct world_config){.nodes = 3, .partitions = 12, .workers = 2});
    use_all((struct world_config){.nodes = 5, .partitions = 23, .workers = 4, .replicas = 5});
}

static void more_workers_than_partitions(void **state)
{
    (void)state;
    use_all((struct world_config){.nodes = 3, .partitions = 1, .workers = 4});
}

static void the_right_request_at_the_wrong_place_is_refused(void **state)
{
    (void)state;
    struct world *world = tale_world(&(struct world_config){.nodes = 5, .partitions = 5});
    char key[16], other[16];
    struct hand hand = tale_hand(world, 0, key);
    hand_key(world, 1, 0, other);
    /* 1 2 3 is the chain of partition 0 */
    for (unsigned id = 2; id <= 5; id++) {
        hand_send(&hand, id, 0, WIRE_OP_PUT, ++hand.number, key, "v", 0);
        assert_int_equal(hand_wait(&hand, hand.number, MS).status, TORC_STATUS_WRONG_NODE);
    }
    for (unsigned id = 1; id <= 5; id++) {
        hand_send(&hand, id, 0, WIRE_OP_GET, ++hand.number, key, NULL, 0);
        assert_int_equal(hand_wait(&hand, hand.number, MS).status,
            id == 3 ? TORC_STATUS_NOT_FOUND : TORC_STATUS_WRONG_NODE);
    }
    assert_int_equal(
        hand_do(&hand, 0, WIRE_OP_PUT, other, "v", 0).status, TORC_STATUS_WRONG_PARTITION);
    assert_int_equal(
        hand_do(&hand, 0, WIRE_OP_GET, other, NULL, 0).status, TORC_STATUS_WRONG_PARTITION);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_created), 1);
    world_destroy(world);
}

static void the_same_seed_is_the_same_world(void **state)
{
    (void)state;
    uint64_t hash[2];
    for (unsigned i = 0; i < 2; i++) {
        struct world *world = tale_world(&(struct world_config){.seed = 11,
            .nodes = 5,
            .partitions = 7,
            .workers = 2,
            .loss = 100,
            .duplication = 100,
            .jitter_ns = 100000});
        char key[16];
        struct hand hand = tale_hand(world, 0, key);
        for (unsigned n = 0; n < 20; n++)
            hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
        hash[i] = world_hash(world);
        world_destroy(world);
    }
    assert_int_equal(hash[0], hash[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_node),
        cmocka_unit_test(nine_nodes),
        cmocka_unit_test(partitions_that_are_no_power_of_two),
        cmocka_unit_test(two_workers),
        cmocka_unit_test(more_workers_than_partitions),
        cmocka_unit_test(the_right_request_at_the_wrong_place_is_refused),
        cmocka_unit_test(the_same_seed_is_the_same_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
