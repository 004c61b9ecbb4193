/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Members that restart while the others serve: before there is control, the chains they were in
 * stay down, say so, and nothing that was acknowledged is answered otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/parts.h"
#include "tests/cluster/tale.h"

#define MS TALE_MS

/* Five nodes, chains of three: that of partition i is i + 1, i + 2, i + 3, around the ring. */
static struct world *five(void)
{
    return tale_world(&(struct world_config){.nodes = 5, .partitions = 5});
}

static void restart(struct world *world, unsigned id)
{
    world_kill(world, id);
    world_run(world, 10 * MS);
    world_start(world, id);
    world_run(world, 2000 * MS);
}

static void assert_trouble(struct world *world, unsigned id, const char *part)
{
    char text[512];
    node_trouble(world_node(world, id), text, sizeof text);
    if (strstr(text, part) == NULL)
        print_message("node %u: \"%s\"\n", id, text);
    assert_non_null(strstr(text, part));
}

static uint16_t ask(struct hand *hand, unsigned node, uint32_t partition, uint16_t operation)
{
    char key[16];
    uint64_t number = ++hand->number;
    hand_key(hand->world, partition, 0, key);
    bool open = operation == WIRE_OP_SESSION_OPEN;
    hand_send(hand, node, partition, operation, open ? 0 : number, open ? NULL : key, NULL, number);
    struct hand_reply reply = hand_wait(hand, open ? 0 : number, 100 * MS);
    assert_true(reply.came);
    return reply.status;
}

static void it_is_named_and_its_chains_refuse(void **state)
{
    (void)state;
    struct world *world = five();
    struct hand hand = hand_new(world, 0);
    for (uint32_t partition = 0; partition < 5; partition++) {
        assert_true(hand_open(&hand, partition, 70 + partition));
        char key[16];
        hand_key(world, partition, 0, key);
        assert_int_equal(
            hand_do(&hand, partition, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    }
    restart(world, 3);
    for (unsigned id = 1; id <= 5; id++) {
        if (id == 3)
            continue;
        assert_int_equal(node_state(world_node(world, id)), NODE_DEGRADED);
        assert_trouble(world, id, "member 3 (n3) restarted");
    }
    assert_int_equal(node_state(world_node(world, 3)), NODE_REFUSED);
    hand.number = 1000;
    /* 1 2 3: no writes; its tail was the lost member, which answers for itself */
    assert_int_equal(ask(&hand, 1, 0, WIRE_OP_SESSION_OPEN), TORC_STATUS_MEMBER_LOST);
    assert_int_equal(ask(&hand, 3, 0, WIRE_OP_GET), TORC_STATUS_MEMBER_LOST);
    assert_int_equal(ask(&hand, 2, 0, WIRE_OP_GET), TORC_STATUS_MEMBER_LOST);
    /* 2 3 4: no writes; reads at the tail, which is there */
    assert_int_equal(ask(&hand, 2, 1, WIRE_OP_SESSION_OPEN), TORC_STATUS_MEMBER_LOST);
    assert_int_equal(ask(&hand, 4, 1, WIRE_OP_GET), TORC_STATUS_OK);
    /* 3 4 5: the head is lost */
    assert_int_equal(ask(&hand, 3, 2, WIRE_OP_SESSION_OPEN), TORC_STATUS_MEMBER_LOST);
    assert_int_equal(ask(&hand, 5, 2, WIRE_OP_GET), TORC_STATUS_OK);
    /* 4 5 1 and 5 1 2 go on */
    assert_int_equal(ask(&hand, 4, 3, WIRE_OP_SESSION_OPEN), TORC_STATUS_OK);
    assert_int_equal(ask(&hand, 1, 3, WIRE_OP_GET), TORC_STATUS_OK);
    assert_int_equal(ask(&hand, 5, 4, WIRE_OP_SESSION_OPEN), TORC_STATUS_OK);
    assert_int_equal(ask(&hand, 2, 4, WIRE_OP_GET), TORC_STATUS_OK);
    assert_true(WORLD_COUNTER(world, 1, refused_member_lost) > 0);
    world_destroy(world);
}

static void what_was_answered_is_answered_again(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct hand_reply first = hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    assert_int_equal(first.status, TORC_STATUS_OK);
    world_run(world, MS);
    restart(world, 3);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, hand.number, key, "v", 0);
    struct hand_reply again = hand_wait(&hand, hand.number, 100 * MS);
    assert_int_equal(again.status, TORC_STATUS_OK);
    assert_int_equal(again.version, first.version);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "w", 0).status, TORC_STATUS_MEMBER_LOST);
    world_destroy(world);
}

static void what_was_under_way_is_not_answered_as_refused(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_cut(world, 3, 2, true); /* the tail may have taken it, and answered */
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, MS);
    world_heal(world);
    restart(world, 3);
    world_story(world, false);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 10 * MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n");
    world_destroy(world);
}

static void a_large_request_is_refused_once_it_is_whole(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    restart(world, 2);
    struct parts parts = parts_put(&hand, 0, key, 3000, 1);
    assert_true(parts_persist(&parts, 100 * MS));
    assert_int_equal(parts.reply.status, TORC_STATUS_MEMBER_LOST);
    parts_free(&parts);
    world_destroy(world);
}

static void nothing_is_sent_to_it_and_nothing_of_it_is_believed(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_kept kept = {
        .which = {.from = 2, .to = 1, .type = WIRE_FRAME_COMMITTED, .count = 1}};
    world_lose_if(world, tale_keep, &kept);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 30000);
    world_lose_if(world, NULL, NULL);
    restart(world, 2);
    world_story(world, false);
    tale_deliver(world, &kept); /* in the name of the one that was */
    world_run(world, 1000 * MS);
    assert_int_equal(tale_told(world, "1 > 2  forward"), 0);
    assert_int_equal(WORLD_COUNTER(world, 1, drop_stale_sender), 1);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_applied), 1);
    world_destroy(world);
}

static void the_whole_cluster_starts_anew(void **state)
{
    (void)state;
    struct world *world = five();
    char key[16];
    restart(world, 3);
    for (unsigned id = 1; id <= 5; id++) {
        assert_int_not_equal(node_state(world_node(world, 3)), NODE_SERVING);
        if (id != 3)
            restart(world, id);
    }
    assert_true(world_serving(world, 2000 * MS));
    assert_trouble(world, 3, "");
    struct hand hand = tale_hand(world, 0, key);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    tale_at_rest(world);
    world_destroy(world);
}

/* ---- while the cluster starts ---- */

static void one_that_restarts_before_anybody_serves_is_welcome(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){.nodes = 3, .partitions = 3});
    world_kill(world, 3);
    world_run(world, 100 * MS); /* 1 and 2 have met */
    world_kill(world, 1);
    world_start(world, 1);
    world_run(world, 100 * MS);
    world_start(world, 3);
    assert_true(world_serving(world, 2000 * MS));
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    world_destroy(world);
}

static void where_only_some_served_nothing_is_acknowledged(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){.nodes = 3, .partitions = 3});
    world_cut(world, 1, 2, true); /* 3 has met both, who have not met each other, and serves */
    world_cut(world, 2, 1, true);
    world_run(world, 100 * MS);
    assert_int_equal(node_state(world_node(world, 1)), NODE_STARTING);
    assert_int_equal(node_state(world_node(world, 3)), NODE_SERVING);
    world_kill(world, 1);
    world_start(world, 1);
    world_heal(world);
    world_run(world, 3000 * MS);
    /* 2 met the new 1 first and knows no better; but 1 never serves, and all chains hold it */
    assert_int_equal(node_state(world_node(world, 1)), NODE_REFUSED);
    assert_int_equal(node_state(world_node(world, 3)), NODE_DEGRADED);
    for (uint32_t partition = 0; partition < 3; partition++) {
        struct hand hand = hand_new(world, partition);
        assert_false(hand_open(&hand, partition, 77));
    }
    world_destroy(world);
}

static void restarts_at_random_while_it_starts_end_in_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct world *world = world_create(&(struct world_config){
            .seed = seed, .nodes = 4, .partitions = 4, .loss = 300, .jitter_ns = 5 * MS});
        for (unsigned i = 0; i < 10; i++) {
            unsigned id = 1 + (unsigned)world_random(world, 4);
            world_run(world, world_random(world, 40 * MS));
            world_kill(world, id);
            world_start(world, id);
        }
        /* whoever serves has bound those who are there, or knows that one returned, or is known */
        world_run(world, 5000 * MS);
        world_faults(world, 0, 0, 0, 0);
        unsigned serving = 0;
        for (unsigned id = 1; id <= 4; id++)
            serving += node_state(world_node(world, id)) == NODE_SERVING;
        if (serving < 4)
            for (unsigned id = 1; id <= 4; id++) {
                world_kill(world, id);
                world_run(world, 10 * MS);
            }
        for (unsigned id = 1; id <= 4 && serving < 4; id++)
            world_start(world, id);
        assert_true(world_serving(world, 2000 * MS));
        char key[16];
        struct hand hand = tale_hand(world, 0, key);
        assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
        tale_at_rest(world);
        world_destroy(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_named_and_its_chains_refuse),
        cmocka_unit_test(what_was_answered_is_answered_again),
        cmocka_unit_test(what_was_under_way_is_not_answered_as_refused),
        cmocka_unit_test(a_large_request_is_refused_once_it_is_whole),
        cmocka_unit_test(nothing_is_sent_to_it_and_nothing_of_it_is_believed),
        cmocka_unit_test(the_whole_cluster_starts_anew),
        cmocka_unit_test(one_that_restarts_before_anybody_serves_is_welcome),
        cmocka_unit_test(where_only_some_served_nothing_is_acknowledged),
        cmocka_unit_test(restarts_at_random_while_it_starts_end_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
