/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packets that come twice, late, out of order or damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/tale.h"

#define MS TALE_MS

/* ---- twice ---- */

static void every_packet_twice_changes_nothing(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_faults(world, 0, 1000, 0, 0);
    world_story(world, false);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).version, 2 + i);
    world_run(world, 5 * MS);
    assert_int_equal(tale_told(world, "forward"), 20);
    assert_true(WORLD_COUNTER(world, 2, drop_duplicate_packet) >= 10);
    assert_true(WORLD_COUNTER(world, 3, drop_duplicate_packet) >= 10);
    assert_int_equal(WORLD_COUNTER(world, 3, entries_applied), 11);
    tale_at_rest(world);
    world_destroy(world);
}

static void a_late_copy_of_a_put_gets_the_first_answer(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_kept kept = {.which = {.to = 1, .type = WIRE_FRAME_WRITE, .count = 1}};
    world_lose_if(world, tale_keep, &kept);
    world_story(world, false);
    hand.awaited = 1;
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "old", 0);
    tale_deliver(world, &kept);
    world_run(world, MS);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 2, key, "new", 0);
    world_run(world, MS);
    tale_deliver(world, &kept);
    world_run(world, MS);
    hand_send(&hand, 0, 0, WIRE_OP_GET, 900, key, NULL, 0);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1  (lost)\n"
                   "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[    10] 2 > 3  forward p0 #2 put k3 r1\n"
                   "[    15] 3 > c0  reply p0 r1 ok\n"
                   "[    15] 3 > 2  committed p0 #2\n"
                   "[    20] 2 > 1  committed p0 #2\n"
                   "[  1000] c0 > 1  write p0 put k3 r2\n"
                   "[  1005] 1 > 2  forward p0 #3 put k3 r2\n"
                   "[  1010] 2 > 3  forward p0 #3 put k3 r2\n"
                   "[  1015] 3 > c0  reply p0 r2 ok\n"
                   "[  1015] 3 > 2  committed p0 #3\n"
                   "[  1020] 2 > 1  committed p0 #3\n"
                   "[  2000] c0 > 1  write p0 put k3 r1\n"
                   "[  2005] 1 > c0  reply p0 r1 ok\n"
                   "[  3000] c0 > 3  read p0 get k3 r900\n"
                   "[  3005] 3 > c0  reply p0 r900 ok \"new\"\n");
    world_destroy(world);
}

static void a_late_copy_of_a_forward_changes_nothing(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_kept kept = {.which = {.from = 1, .to = 2, .type = WIRE_FRAME_FORWARD, .count = 1}};
    world_lose_if(world, tale_keep, &kept);
    world_story(world, false);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0); /* it was sent again in another packet */
    world_run(world, 5 * MS);
    tale_deliver(world, &kept);
    world_run(world, 5 * MS);
    assert_int_equal(WORLD_COUNTER(world, 2, drop_duplicate_entry), 1);
    tale_deliver(world, &kept);
    world_run(world, 5 * MS);
    assert_int_equal(WORLD_COUNTER(world, 2, drop_duplicate_packet), 1);
    assert_int_equal(tale_told(world, "2 > 3  forward"), 1);
    tale_at_rest(world);
    world_destroy(world);
}

/* ---- out of order ---- */

static void an_entry_that_comes_early_waits_for_the_one_before_it(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_kept kept = {.which = {.from = 1, .to = 2, .type = WIRE_FRAME_FORWARD, .count = 1}};
    world_lose_if(world, tale_keep, &kept);
    world_story(world, false);
    hand.awaited = 1;
    for (uint64_t number = 1; number <= 3; number++) {
        hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
        world_run(world, 10000);
    }
    tale_deliver(world, &kept);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1  (lost)\n"
                   "[    10] c0 > 1  write p0 put k3 r2\n"
                   "[    15] 1 > 2  forward p0 #3 put k3 r2\n"
                   "[    20] c0 > 1  write p0 put k3 r3\n"
                   "[    25] 1 > 2  forward p0 #4 put k3 r3\n"
                   "[    30] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[    35] 2 > 3  forward p0 #2 put k3 r1\n"
                   "[    35] 2 > 3  forward p0 #3 put k3 r2\n"
                   "[    35] 2 > 3  forward p0 #4 put k3 r3\n"
                   "[    40] 3 > c0  reply p0 r1 ok\n"
                   "[    40] 3 > c0  reply p0 r2 ok\n"
                   "[    40] 3 > c0  reply p0 r3 ok\n"
                   "[    40] 3 > 2  committed p0 #4\n"
                   "[    45] 2 > 1  committed p0 #4\n");
    assert_int_equal(WORLD_COUNTER(world, 2, parked), 2);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_resent), 0);
    world_destroy(world);
}

static void commit_numbers_out_of_order_never_go_back(void **state)
{
    (void)state;
    struct world *world = tale_chain(2);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_kept kept = {
        .which = {.from = 2, .to = 1, .type = WIRE_FRAME_COMMITTED, .count = 1}};
    world_lose_if(world, tale_keep, &kept);
    hand.awaited = 1;
    for (uint64_t number = 1; number <= 2; number++) {
        hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
        world_run(world, 20000);
    }
    assert_int_equal(WORLD_COUNTER(world, 1, entries_applied), 3);
    tale_deliver(world, &kept);
    world_run(world, MS);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_applied), 3);
    tale_at_rest(world);
    world_destroy(world);
}

static void entries_in_any_order_are_applied_in_theirs(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct world_config config = {.seed = seed, .nodes = 3, .partitions = 3};
        struct world *world = tale_world(&config);
        char key[16];
        struct hand hand = tale_hand(world, 0, key);
        world_faults(world, 0, 200, 0, 200000);
        hand.awaited = 1;
        for (uint64_t number = 1; number <= 16; number++) {
            char value[8];
            snprintf(value, sizeof value, "%u", (unsigned)number);
            hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, value, 0);
            world_run(world, 3000);
        }
        world_run(world, 50 * MS);
        /* the client's packets came in any order too: what was last is what the versions say */
        hand.number = 900;
        struct hand_reply reply = hand_do(&hand, 0, WIRE_OP_GET, key, NULL, 0);
        assert_int_equal(reply.version, 17);
        for (unsigned id = 1; id <= 3; id++)
            assert_int_equal(WORLD_COUNTER(world, id, entries_applied), 17);
        tale_at_rest(world);
        world_destroy(world);
    }
}

/* ---- damaged ---- */

static uint64_t all_drops(struct world *world, unsigned id)
{
    uint64_t sum = 0;
    for (int drop = 1; drop < WIRE_DROP_COUNT; drop++)
        sum += world_drops(world, id, (enum wire_drop)drop);
    return sum;
}

static void a_packet_with_any_bit_flipped_is_counted_and_changes_nothing(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_kept kept = {.which = {.from = 1, .to = 2, .type = WIRE_FRAME_FORWARD, .count = 1}};
    world_lose_if(world, tale_keep, &kept);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 20000);
    world_cut(world, 1, 2, true); /* so that it does not come by itself */
    uint64_t drops = all_drops(world, 2);
    for (uint32_t bit = 0; bit < kept.bytes * 8; bit++) {
        struct tale_kept damaged = kept;
        damaged.packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        damaged.from = world_client_address(0); /* the cut is between the nodes alone */
        tale_deliver(world, &damaged);
        world_run(world, 6000);
        assert_int_equal(all_drops(world, 2), ++drops);
    }
    assert_int_equal(WORLD_COUNTER(world, 2, entries_received), 1);
    kept.from = world_client_address(0);
    tale_deliver(world, &kept);
    world_run(world, 20000);
    assert_int_equal(WORLD_COUNTER(world, 2, entries_received), 2);
    world_destroy(world);
}

static void damage_on_every_line_is_counted_by_its_name_and_mended(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_faults(world, 0, 0, 300, 0);
    hand.awaited = 1;
    for (uint64_t number = 1; number <= 200; number++) {
        hand.awaited = number;
        struct hand_reply reply = {0};
        while (!reply.came) {
            hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
            reply = hand_wait(&hand, number, 5 * MS);
        }
        assert_int_equal(reply.status, TORC_STATUS_OK);
        assert_int_equal(reply.version, number + 1);
    }
    world_faults(world, 0, 0, 0, 0);
    assert_true(world_drops(world, 2, WIRE_DROP_bad_packet_crc) > 0);
    assert_true(world_drops(world, 2, WIRE_DROP_bad_entry_crc) +
                    world_drops(world, 2, WIRE_DROP_bad_request_crc) >
                0);
    tale_at_rest(world);
    world_destroy(world);
}

/* ---- from before a restart ---- */

static void packets_from_before_a_restart_are_dropped(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_kept forward = {
        .which = {.from = 1, .to = 2, .type = WIRE_FRAME_FORWARD, .count = 1}};
    world_lose_if(world, tale_keep, &forward);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    struct tale_kept write = {.which = {.to = 1, .type = WIRE_FRAME_WRITE, .count = 1}};
    world_lose_if(world, tale_keep, &write);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 2, key, "w", 0);
    for (unsigned id = 1; id <= 3; id++)
        world_kill(world, id);
    for (unsigned id = 1; id <= 3; id++)
        world_start(world, id);
    assert_true(world_serving(world, 1000 * MS));

    world_story(world, false);
    tale_deliver(world, &forward);
    tale_deliver(world, &write);
    world_run(world, MS);
    tale_is(world, "[     0] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[     0] c0 > 1  write p0 put k3 r2\n"
                   "[     5] 1 > c0  reply p0 r2 the ring has changed; fetch it again\n");
    assert_int_equal(WORLD_COUNTER(world, 2, drop_stale_sender), 1);
    assert_int_equal(WORLD_COUNTER(world, 2, entries_received), 0);
    assert_int_equal(WORLD_COUNTER(world, 1, drop_stale_receiver), 1);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packet_twice_changes_nothing),
        cmocka_unit_test(a_late_copy_of_a_put_gets_the_first_answer),
        cmocka_unit_test(a_late_copy_of_a_forward_changes_nothing),
        cmocka_unit_test(an_entry_that_comes_early_waits_for_the_one_before_it),
        cmocka_unit_test(commit_numbers_out_of_order_never_go_back),
        cmocka_unit_test(entries_in_any_order_are_applied_in_theirs),
        cmocka_unit_test(a_packet_with_any_bit_flipped_is_counted_and_changes_nothing),
        cmocka_unit_test(damage_on_every_line_is_counted_by_its_name_and_mended),
        cmocka_unit_test(packets_from_before_a_restart_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
