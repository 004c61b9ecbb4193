/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Without room: windows, the log, the store, a node that is draining. Whoever asks is told, nothing
 * breaks, and it goes on once there is room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/log/log.h"
#include "engine/node/internal.h"
#include "tests/cluster/parts.h"
#include "tests/cluster/tale.h"

#define MS TALE_MS

static void a_full_window_says_busy_and_empties(void **state)
{
    (void)state;
    struct world *world =
        tale_world(&(struct world_config){.nodes = 3, .partitions = 3, .class = {.window = 2}});
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_loss loss = {.from = 2, .to = 3, .type = WIRE_FRAME_FORWARD, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    world_story(world, false);
    hand.awaited = 1;
    for (uint64_t number = 1; number <= 3; number++)
        hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
    world_run(world, 2 * MS);
    struct hand_reply reply = hand_wait(&hand, 3, 0);
    assert_int_equal(reply.status, TORC_STATUS_BUSY);
    assert_true(reply.delay_us > 0);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 3, key, "v", 0);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     0] c0 > 1  write p0 put k3 r2\n"
                   "[     0] c0 > 1  write p0 put k3 r3\n"
                   "[     5] 1 > c0  reply p0 r3 no room right now; try again after the delay\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #3 put k3 r2\n"
                   "[    10] 2 > 3  forward p0 #2 put k3 r1  (lost)\n"
                   "[    10] 2 > 3  forward p0 #3 put k3 r2  (lost)\n"
                   "[  1010] 2 > 3  forward p0 #2 put k3 r1\n"
                   "[  1010] 2 > 3  forward p0 #3 put k3 r2\n"
                   "[  1015] 3 > c0  reply p0 r1 ok\n"
                   "[  1015] 3 > c0  reply p0 r2 ok\n"
                   "[  1015] 3 > 2  committed p0 #3\n"
                   "[  1020] 2 > 1  committed p0 #3\n"
                   "[  2000] c0 > 1  write p0 put k3 r3\n"
                   "[  2005] 1 > 2  forward p0 #4 put k3 r3\n"
                   "[  2010] 2 > 3  forward p0 #4 put k3 r3\n"
                   "[  2015] 3 > c0  reply p0 r3 ok\n"
                   "[  2015] 3 > 2  committed p0 #4\n"
                   "[  2020] 2 > 1  committed p0 #4\n");
    assert_int_equal(WORLD_COUNTER(world, 1, busy_window), 1);
    tale_at_rest(world);
    world_destroy(world);
}

/* Puts of 1,200 bytes to fill partition 0's log while node 2 does not hear node 1. */
static unsigned fill_log(struct world *world, struct hand *hand, const char *key, unsigned puts)
{
    char value[1201];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = 0;
    for (unsigned i = 0; i < puts; i++) {
        hand_send(hand, 0, 0, WIRE_OP_PUT, ++hand->number, key, value, 0);
        if (i % 64 == 63)
            world_run(world, 10000);
    }
    world_run(world, 50000);
    return (unsigned)WORLD_COUNTER(world, 1, busy_log);
}

static void a_full_log_says_busy_and_empties(void **state)
{
    (void)state;
    struct world *world = tale_world(&(struct world_config){.nodes = 3,
        .partitions = 3,
        .log_bytes = log_bytes_min(),
        .class = {.window = 2048, .session_window = 2048}});
    char key[16], other_key[16];
    struct hand hand = tale_hand(world, 0, key), other = hand_new(world, 1);
    hand_key(world, 2, 0, other_key);
    assert_true(hand_open(&other, 2, 99));
    hand.awaited = 1;
    world_cut(world, 1, 2, true);
    unsigned refused = fill_log(world, &hand, key, 1000);
    /* to the last byte of a head's share: it took what fits, and nothing that does not */
    const struct log_stream *log = world_node(world, 1)->worker[0]->vnodes.chains.log;
    uint32_t wanted = log_record_bytes((uint32_t)(sizeof(struct wire_entry) + strlen(key) + 1200));
    uint64_t share_bytes = log->limit[2];
    assert_int_equal(log->used, (1000 - refused) * (uint64_t)wanted);
    assert_true(log->used <= share_bytes && share_bytes < log->used + wanted);
    /* 1 is in the middle of the chain of partition 2: nearer the tail, it still has room there */
    uint64_t received = WORLD_COUNTER(world, 1, entries_received);
    hand_send(&other, 0, 2, WIRE_OP_PUT, 1, other_key, "v", 0);
    world_run(world, MS);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_received), received + 1);
    world_heal(world);
    world_run(world, 1000 * MS);
    assert_int_equal(WORLD_COUNTER(world, 3, entries_applied), 1000 - refused + 3);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    tale_at_rest(world);
    world_destroy(world);
}

static void a_full_store_says_full_alike_everywhere_and_stays_healthy(void **state)
{
    (void)state;
    struct world *world =
        tale_world(&(struct world_config){.nodes = 3, .partitions = 3, .class = {.kv_blocks = 10}});
    char key[16], first[16];
    struct hand hand = tale_hand(world, 0, first);
    for (unsigned i = 0; i < 10; i++) {
        hand_key(world, 0, i, key);
        assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    }
    hand_key(world, 0, 10, key);
    struct hand_reply reply = hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    assert_int_equal(reply.status, TORC_STATUS_FULL);
    /* an answer like any other: the first that a retry gets */
    hand_send(&hand, 0, 0, WIRE_OP_PUT, hand.number, key, "v", 0);
    assert_int_equal(hand_wait(&hand, hand.number, MS).status, TORC_STATUS_FULL);
    /* what is there can be read, changed and deleted; other partitions have room of their own */
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_GET, key, NULL, 0).status, TORC_STATUS_NOT_FOUND);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_GET, first, NULL, 0).status, TORC_STATUS_OK);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, first, "w", 0).status, TORC_STATUS_OK);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_DELETE, first, NULL, 0).status, TORC_STATUS_OK);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    tale_at_rest(world);
    world_destroy(world);
}

static void a_draining_node_says_busy_and_ends_what_is_under_way(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_loss loss = {.from = 2, .to = 3, .type = WIRE_FRAME_FORWARD, .count = 3};
    world_lose_if(world, tale_lose, &loss);
    hand.awaited = 1;
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 20000);
    node_drain(world_node(world, 1));
    world_run(world, 20 * MS);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 2, key, "w", 0);
    struct hand_reply reply = hand_wait(&hand, 2, MS);
    assert_int_equal(reply.status, TORC_STATUS_BUSY);
    assert_int_equal(WORLD_COUNTER(world, 1, busy_draining), 1);
    world_run(world, 50 * MS);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_applied), 2);
    world_run(world, 50 * MS);
    assert_true(node_drained(world_node(world, 1)));
    world_destroy(world);
}

/* The first of 300 entries is lost; there are 256 slots for those that come before it again. */
static void what_finds_no_slot_comes_again(void **state)
{
    (void)state;
    struct world *world = tale_world(&(struct world_config){
        .nodes = 3, .partitions = 3, .class = {.window = 512, .session_window = 512}});
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct tale_loss loss = {.from = 1, .to = 2, .type = WIRE_FRAME_FORWARD, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    hand.awaited = 1;
    for (uint64_t number = 1; number <= 300; number++) {
        hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
        if (number == 1)
            world_run(world, 6000); /* alone in its packet */
    }
    world_run(world, 200 * MS);
    assert_true(WORLD_COUNTER(world, 2, drop_withheld) > 0);
    assert_int_equal(WORLD_COUNTER(world, 3, entries_applied), 301);
    tale_at_rest(world);
    for (unsigned id = 1; id <= 3; id++)
        assert_int_equal(WORLD_COUNTER(world, id, chains_resent), 0);
    world_destroy(world);
}

/* 8 packets for peers, of which there are two: 4 for each at once. */
static void no_more_packets_are_under_way_than_there_is_credit(void **state)
{
    (void)state;
    struct world *world =
        tale_world(&(struct world_config){.nodes = 3, .partitions = 3, .receive_packets = 16});
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts = parts_put(&hand, 0, key, 20000, 1);
    world_cut(world, 2, 1, true);
    world_story(world, false);
    for (uint32_t part = 0; part < parts.count; part++)
        parts_send(&parts, part);
    world_run(world, 500000);
    assert_int_equal(tale_told(world, "1 > 2  forward"), 4);
    world_heal(world);
    world_run(world, 50 * MS);
    assert_int_equal(tale_told(world, "3 > c0  reply p0 r1 ok"), 1);
    parts_free(&parts);
    tale_at_rest(world);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_window_says_busy_and_empties),
        cmocka_unit_test(a_full_log_says_busy_and_empties),
        cmocka_unit_test(a_full_store_says_full_alike_everywhere_and_stays_healthy),
        cmocka_unit_test(what_finds_no_slot_comes_again),
        cmocka_unit_test(no_more_packets_are_under_way_than_there_is_credit),
        cmocka_unit_test(a_draining_node_says_busy_and_ends_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
