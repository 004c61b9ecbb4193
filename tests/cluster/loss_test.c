/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lost packets: whichever it is, the put is applied once on every member and answered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/tale.h"

#define MS TALE_MS

/* ---- stories ---- */

static void a_lost_forward_is_built_again_after_the_timeout(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_loss loss = {.from = 1, .to = 2, .type = WIRE_FRAME_FORWARD, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    world_story(world, false);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1  (lost)\n"
                   "[  1005] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[  1010] 2 > 3  forward p0 #2 put k3 r1\n"
                   "[  1015] 3 > c0  reply p0 r1 ok\n"
                   "[  1015] 3 > 2  committed p0 #2\n"
                   "[  1020] 2 > 1  committed p0 #2\n");
    world_destroy(world);
}

static void three_later_packets_tell_of_a_loss_before_the_timeout(void **state)
{
    (void)state;
    struct world *world = tale_chain(2);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_loss loss = {.from = 1, .to = 2, .type = WIRE_FRAME_FORWARD, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    world_story(world, true);
    hand.awaited = 1;
    for (uint64_t number = 1; number <= 4; number++) {
        hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
        world_run(world, 20000);
    }
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1  (lost)\n"
                   "[    20] c0 > 1  write p0 put k3 r2\n"
                   "[    25] 1 > 2  forward p0 #3 put k3 r2\n"
                   "[    40] c0 > 1  write p0 put k3 r3\n"
                   "[    45] 1 > 2  forward p0 #4 put k3 r3\n"
                   "[    60] c0 > 1  write p0 put k3 r4\n"
                   "[    65] 1 > 2  forward p0 #5 put k3 r4\n"
                   "[   230] 2 > 1  ack 6\n"
                   "[   235] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[   240] 2 > c0  reply p0 r1 ok\n"
                   "[   240] 2 > c0  reply p0 r2 ok\n"
                   "[   240] 2 > c0  reply p0 r3 ok\n"
                   "[   240] 2 > c0  reply p0 r4 ok\n"
                   "[   240] 2 > 1  ack 7\n"
                   "[   240] 2 > 1  committed p0 #5\n"
                   "[   445] 1 > 2  ack 3\n");
    world_destroy(world);
}

static void a_lost_answer_is_given_again_by_the_head(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_loss loss = {.from = 3, .type = WIRE_FRAME_REPLY, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    world_story(world, false);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, MS);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[    10] 2 > 3  forward p0 #2 put k3 r1\n"
                   "[    15] 3 > c0  reply p0 r1 ok  (lost)\n"
                   "[    15] 3 > 2  committed p0 #2\n"
                   "[    20] 2 > 1  committed p0 #2\n"
                   "[  1000] c0 > 1  write p0 put k3 r1\n"
                   "[  1005] 1 > c0  reply p0 r1 ok\n");
    world_destroy(world);
}

static void a_retry_of_what_is_under_way_adds_nothing(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_loss loss = {.from = 2, .to = 3, .type = WIRE_FRAME_FORWARD, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    world_story(world, false);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 100000);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 2 * MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[    10] 2 > 3  forward p0 #2 put k3 r1  (lost)\n"
                   "[   100] c0 > 1  write p0 put k3 r1\n"
                   "[  1010] 2 > 3  forward p0 #2 put k3 r1\n"
                   "[  1015] 3 > c0  reply p0 r1 ok\n"
                   "[  1015] 3 > 2  committed p0 #2\n"
                   "[  1020] 2 > 1  committed p0 #2\n");
    assert_int_equal(WORLD_COUNTER(world, 1, retry_in_flight), 1);
    world_destroy(world);
}

static void a_lost_commit_number_is_said_again(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_loss loss = {.from = 3, .to = 2, .type = WIRE_FRAME_COMMITTED, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    world_story(world, false);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    world_run(world, 2 * MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[    10] 2 > 3  forward p0 #2 put k3 r1\n"
                   "[    15] 3 > c0  reply p0 r1 ok\n"
                   "[    15] 3 > 2  committed p0 #2  (lost)\n"
                   "[  1010] 2 > 3  forward p0 #2 put k3 r1\n"
                   "[  1015] 3 > 2  committed p0 #2\n"
                   "[  1020] 2 > 1  committed p0 #2\n");
    world_destroy(world);
}

static void a_lost_acknowledgement_costs_a_duplicate(void **state)
{
    (void)state;
    struct world *world = tale_chain(2);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_loss loss = {.from = 2, .to = 1, .type = WIRE_FRAME_LINK_ACK, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    world_story(world, true);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    world_run(world, 3 * MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[    10] 2 > c0  reply p0 r1 ok\n"
                   "[    10] 2 > 1  ack 3  (lost)\n"
                   "[    10] 2 > 1  committed p0 #2  (lost)\n"
                   "[  1005] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[  1010] 2 > 1  ack 4\n"
                   "[  1010] 2 > 1  committed p0 #2\n"
                   "[  1215] 1 > 2  ack 3\n");
    assert_int_equal(WORLD_COUNTER(world, 2, drop_duplicate_entry), 1);
    world_destroy(world);
}

static void nobody_learns_of_a_commit_before_the_tail_has_it(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_loss loss = {.from = 2, .to = 3, .type = WIRE_FRAME_FORWARD, .skip = 1, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    world_story(world, false);
    hand.awaited = 1;
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 8000);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 2, key, "w", 0);
    world_run(world, 100000);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 2, key, "w", 0);
    world_run(world, 100000);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[     8] c0 > 1  write p0 put k3 r2\n"
                   "[    10] 2 > 3  forward p0 #2 put k3 r1\n"
                   "[    13] 1 > 2  forward p0 #3 put k3 r2\n"
                   "[    15] 3 > c0  reply p0 r1 ok\n"
                   "[    15] 3 > 2  committed p0 #2\n"
                   "[    18] 2 > 3  forward p0 #3 put k3 r2  (lost)\n"
                   "[    20] 2 > 1  committed p0 #2\n"
                   "[   108] c0 > 1  write p0 put k3 r2\n");
    world_run(world, 5 * MS);
    assert_int_equal(tale_told(world, "reply p0 r2 ok"), 1);
    tale_at_rest(world);
    world_destroy(world);
}

/* ---- each hop of chains of 1, 2, 3 and 5 ---- */

/* A put whose first packet on one hop is lost; the client asks again every 30 ms. */
static void put_with_loss(unsigned members, struct tale_loss loss)
{
    struct world *world = tale_chain(members);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_lose_if(world, tale_lose, &loss);
    world_story(world, false);
    struct hand_reply reply = {0};
    for (unsigned i = 0; i < 3 && !reply.came; i++) {
        hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
        reply = hand_wait(&hand, 1, 30 * MS);
    }
    assert_true(reply.came);
    assert_int_equal(reply.status, TORC_STATUS_OK);
    assert_int_equal(reply.version, 2); /* the second entry of its vnode, after the session's */
    world_run(world, 30 * MS);
    assert_int_equal(loss.count, 0);
    assert_int_equal(tale_told(world, "reply p0 r1 ok"), 1);
    reply = hand_do(&hand, 0, WIRE_OP_GET, key, NULL, 0);
    assert_int_equal(reply.bytes, 1);
    assert_int_equal(reply.version, 2);
    for (unsigned id = 1; id <= members; id++)
        assert_int_equal(WORLD_COUNTER(world, id, entries_applied), 2);
    tale_at_rest(world);
    world_destroy(world);
}

static void put_with_each_hop_lost(unsigned members)
{
    struct tale_loss write = {.from = TALE_CLIENT(0), .type = WIRE_FRAME_WRITE, .count = 1};
    struct tale_loss answer = {.to = TALE_CLIENT(0), .type = WIRE_FRAME_REPLY, .count = 1};
    put_with_loss(members, write);
    put_with_loss(members, answer);
    for (unsigned id = 1; id < members; id++) {
        struct tale_loss down = {.from = id, .to = id + 1, .type = WIRE_FRAME_FORWARD, .count = 1};
        struct tale_loss up = {.from = id + 1, .to = id, .type = WIRE_FRAME_COMMITTED, .count = 1};
        put_with_loss(members, down);
        put_with_loss(members, up);
        down.count = up.count = 4; /* and what replaces it, and again */
        put_with_loss(members, down);
    }
}

static void each_lost_hop_of_a_chain_of_one(void **state)
{
    (void)state;
    put_with_each_hop_lost(1);
}

static void each_lost_hop_of_a_chain_of_two(void **state)
{
    (void)state;
    put_with_each_hop_lost(2);
}

static void each_lost_hop_of_a_chain_of_three(void **state)
{
    (void)state;
    put_with_each_hop_lost(3);
}

static void each_lost_hop_of_a_chain_of_five(void **state)
{
    (void)state;
    put_with_each_hop_lost(5);
}

/* Puts one behind the other, of which any one packet, the nth on any hop, is lost. */
static void any_packet_of_many_puts(void **state)
{
    (void)state;
    for (unsigned nth = 0; nth < 40; nth++) {
        struct world *world = tale_chain(3);
        char key[16];
        struct hand hand = tale_hand(world, 0, key);
        struct tale_loss loss = {.type = nth % 2 == 0 ? WIRE_FRAME_FORWARD : WIRE_FRAME_COMMITTED,
            .skip = nth / 2,
            .count = 1};
        world_lose_if(world, tale_lose, &loss);
        world_story(world, false);
        hand.awaited = 1;
        for (uint64_t number = 1; number <= 12; number++) {
            hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
            world_run(world, 7000);
        }
        world_run(world, 50 * MS);
        assert_int_equal(loss.count, 0);
        assert_int_equal(tale_told(world, "reply p0"), 12);
        assert_int_equal(WORLD_COUNTER(world, 3, entries_applied), 13);
        tale_at_rest(world);
        world_destroy(world);
    }
}

/* ---- outages ---- */

static void an_outage_of_a_second_is_caught_up_with(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_story(world, false);
    world_cut(world, 2, 3, true);
    hand.awaited = 1;
    for (uint64_t number = 1; number <= 12; number++)
        hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
    world_run(world, 1000 * MS);
    assert_int_equal(tale_told(world, "reply"), 0);
    assert_true(WORLD_COUNTER(world, 2, links_timeouts) < 25); /* it backs off */
    world_heal(world);
    world_run(world, 400 * MS);
    assert_int_equal(tale_told(world, "reply"), 12);
    tale_at_rest(world);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_forward_is_built_again_after_the_timeout),
        cmocka_unit_test(three_later_packets_tell_of_a_loss_before_the_timeout),
        cmocka_unit_test(a_lost_answer_is_given_again_by_the_head),
        cmocka_unit_test(a_retry_of_what_is_under_way_adds_nothing),
        cmocka_unit_test(a_lost_commit_number_is_said_again),
        cmocka_unit_test(a_lost_acknowledgement_costs_a_duplicate),
        cmocka_unit_test(nobody_learns_of_a_commit_before_the_tail_has_it),
        cmocka_unit_test(each_lost_hop_of_a_chain_of_one),
        cmocka_unit_test(each_lost_hop_of_a_chain_of_two),
        cmocka_unit_test(each_lost_hop_of_a_chain_of_three),
        cmocka_unit_test(each_lost_hop_of_a_chain_of_five),
        cmocka_unit_test(any_packet_of_many_puts),
        cmocka_unit_test(an_outage_of_a_second_is_caught_up_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
