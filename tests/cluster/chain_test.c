/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Chains of one to five members with nothing in their way, packet by packet: each test is a story.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/tale.h"

#define MS TALE_MS

static void a_put_travels_down_the_chain_and_the_acknowledgement_up(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_story(world, false);
    struct hand_reply reply = hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    assert_true(reply.came);
    assert_int_equal(reply.status, TORC_STATUS_OK);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[    10] 2 > 3  forward p0 #2 put k3 r1\n"
                   "[    15] 3 > c0  reply p0 r1 ok\n"
                   "[    15] 3 > 2  committed p0 #2\n"
                   "[    20] 2 > 1  committed p0 #2\n");
    world_destroy(world);
}

static void a_chain_of_one_answers_at_once(void **state)
{
    (void)state;
    struct world *world = tale_chain(1);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_story(world, true);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    hand_do(&hand, 0, WIRE_OP_GET, key, NULL, 0);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k0 r1\n"
                   "[     5] 1 > c0  reply p0 r1 ok\n"
                   "[    10] c0 > 1  read p0 get k0 r2\n"
                   "[    15] 1 > c0  reply p0 r2 ok \"v\"\n");
    world_destroy(world);
}

static void a_chain_of_five_with_its_acknowledgements(void **state)
{
    (void)state;
    struct world *world = tale_chain(5);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_story(world, true);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 5 * MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k24 r1\n"
                   "[     5] 1 > 2  forward p0 #2 put k24 r1\n"
                   "[    10] 2 > 3  forward p0 #2 put k24 r1\n"
                   "[    15] 3 > 4  forward p0 #2 put k24 r1\n"
                   "[    20] 4 > 5  forward p0 #2 put k24 r1\n"
                   "[    25] 5 > c0  reply p0 r1 ok\n"
                   "[    25] 5 > 4  ack 3\n"
                   "[    25] 5 > 4  committed p0 #2\n"
                   "[    30] 4 > 3  ack 3\n"
                   "[    30] 4 > 3  committed p0 #2\n"
                   "[    35] 3 > 2  ack 3\n"
                   "[    35] 3 > 2  committed p0 #2\n"
                   "[    40] 2 > 1  ack 3\n"
                   "[    40] 2 > 1  committed p0 #2\n"
                   "[   230] 4 > 5  ack 2\n"
                   "[   235] 3 > 4  ack 2\n"
                   "[   240] 2 > 3  ack 2\n"
                   "[   245] 1 > 2  ack 2\n");
    world_destroy(world);
}

static void puts_that_come_together_travel_together(void **state)
{
    (void)state;
    struct world *world = tale_chain(2);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    uint64_t packets = WORLD_COUNTER(world, 1, tx_packets);
    world_story(world, false);
    hand.awaited = 1;
    for (uint64_t number = 1; number <= 4; number++)
        hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                   "[     0] c0 > 1  write p0 put k3 r2\n"
                   "[     0] c0 > 1  write p0 put k3 r3\n"
                   "[     0] c0 > 1  write p0 put k3 r4\n"
                   "[     5] 1 > 2  forward p0 #2 put k3 r1\n"
                   "[     5] 1 > 2  forward p0 #3 put k3 r2\n"
                   "[     5] 1 > 2  forward p0 #4 put k3 r3\n"
                   "[     5] 1 > 2  forward p0 #5 put k3 r4\n"
                   "[    10] 2 > c0  reply p0 r1 ok\n"
                   "[    10] 2 > c0  reply p0 r2 ok\n"
                   "[    10] 2 > c0  reply p0 r3 ok\n"
                   "[    10] 2 > c0  reply p0 r4 ok\n"
                   "[    10] 2 > 1  committed p0 #5\n");
    assert_int_equal(
        WORLD_COUNTER(world, 1, tx_packets) - packets, 2); /* one; an acknowledgement */
    world_destroy(world);
}

static void what_each_operation_answers(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    static const struct {
        uint16_t operation;
        const char *value;
        uint64_t argument;
        uint16_t status;
        uint64_t version;
        const char *read;
    } steps[] = {
        {WIRE_OP_GET, NULL, 0, TORC_STATUS_NOT_FOUND, 0, ""},
        {WIRE_OP_CAS, "a", 7, TORC_STATUS_MISMATCH, 0, ""},
        {WIRE_OP_CAS, "a long one", 0, TORC_STATUS_OK, 3, ""},
        {WIRE_OP_GET, NULL, 0, TORC_STATUS_OK, 3, "a long one"},
        {WIRE_OP_CAS, "b", 0, TORC_STATUS_MISMATCH, 3, ""},
        {WIRE_OP_CAS, "b", 3, TORC_STATUS_OK, 5, ""},
        {WIRE_OP_GET, NULL, 0, TORC_STATUS_OK, 5, "b"},
        {WIRE_OP_GET, NULL, 1, TORC_STATUS_OK, 5, ""},
        {WIRE_OP_PUT, "", 0, TORC_STATUS_OK, 6, ""},
        {WIRE_OP_GET, NULL, 0, TORC_STATUS_OK, 6, ""},
        {WIRE_OP_DELETE, NULL, 0, TORC_STATUS_OK, 7, ""},
        {WIRE_OP_DELETE, NULL, 0, TORC_STATUS_NOT_FOUND, 0, ""},
        {WIRE_OP_GET, NULL, 0, TORC_STATUS_NOT_FOUND, 0, ""},
        {WIRE_OP_PUT, "c", 0, TORC_STATUS_OK, 9, ""},
        {WIRE_OP_GET, NULL, 0, TORC_STATUS_OK, 9, "c"},
        {99, "x", 0, TORC_STATUS_NO_SERVICE, 0, ""},
        {200, NULL, 0, TORC_STATUS_NO_SERVICE, 0, ""},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        bool read = WIRE_OP_IS_READ(steps[i].operation);
        uint64_t number = read ? 1000 + i : ++hand.number;
        hand_send(&hand, 0, 0, steps[i].operation, number, key, steps[i].value, steps[i].argument);
        struct hand_reply reply = hand_wait(&hand, number, MS);
        assert_true(reply.came);
        assert_int_equal(reply.status, steps[i].status);
        assert_int_equal(reply.version, steps[i].version);
        assert_int_equal(reply.bytes, strlen(steps[i].read));
        assert_memory_equal(reply.value, steps[i].read, reply.bytes);
    }
    tale_at_rest(world);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_travels_down_the_chain_and_the_acknowledgement_up),
        cmocka_unit_test(a_chain_of_one_answers_at_once),
        cmocka_unit_test(a_chain_of_five_with_its_acknowledgements),
        cmocka_unit_test(puts_that_come_together_travel_together),
        cmocka_unit_test(what_each_operation_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
