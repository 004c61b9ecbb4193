/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sessions of a whole cluster: how they begin and end, and what they answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/cluster/forge.h"
#include "tests/cluster/tale.h"

#define MS TALE_MS

static struct world *idle_world(void)
{
    struct world_config config = {.seed = 1, .nodes = 3, .class = {.session_idle_ms = 50}};
    struct world *world = world_create(&config);
    assert_true(world_serving(world, 100 * MS));
    return world;
}

static void a_session_opened_after_a_long_silence_is_not_idle(void **state)
{
    (void)state;
    struct world *world = idle_world();
    world_run(world, 500 * MS);
    struct hand hand = hand_new(world, 0);
    char key[16];
    hand_key(world, 0, 0, key);
    assert_true(hand_open(&hand, 0, 77));
    world_run(world, 30 * MS);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    world_destroy(world);
}

static void a_session_that_nobody_uses_ends(void **state)
{
    (void)state;
    struct world *world = idle_world();
    struct hand hand = hand_new(world, 0);
    char key[16];
    hand_key(world, 0, 0, key);
    assert_true(hand_open(&hand, 0, 77));
    for (int i = 0; i < 10; i++) {
        world_run(world, 20 * MS);
        assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    }
    world_run(world, 300 * MS);
    assert_int_equal(
        hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_UNKNOWN_SESSION);
    world_destroy(world);
}

/* ---- exactly once ---- */

static void a_retry_gets_the_first_answer(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    hand.awaited = 1;
    hand_send(&hand, 0, 0, WIRE_OP_CAS, 1, key, "v", 0); /* only if there is no such key */
    world_run(world, MS);
    assert_int_equal(hand_wait(&hand, 1, 0).status, TORC_STATUS_OK);
    hand_send(&hand, 0, 0, WIRE_OP_DELETE, 2, key, NULL, 0);
    world_run(world, MS);
    assert_int_equal(hand_wait(&hand, 2, 0).status, TORC_STATUS_OK);
    world_story(world, false);
    hand_send(&hand, 0, 0, WIRE_OP_CAS, 1, key, "v", 0); /* it would succeed again */
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 cas k3 r1\n"
                   "[     5] 1 > c0  reply p0 r1 ok\n");
    struct hand_reply reply = hand_wait(&hand, 1, 0);
    assert_int_equal(reply.status, TORC_STATUS_OK);
    assert_int_equal(reply.version, 2);
    hand_send(&hand, 0, 0, WIRE_OP_DELETE, 2, key, NULL, 0); /* there is no such key any more */
    reply = hand_wait(&hand, 2, MS);
    assert_int_equal(reply.status, TORC_STATUS_OK);
    assert_int_equal(reply.version, 3);
    hand.number = 900;
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_GET, key, NULL, 0).status, TORC_STATUS_NOT_FOUND);
    world_destroy(world);
}

static void a_request_that_is_not_awaited_any_more_is_dropped(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "1", 0).status, TORC_STATUS_OK);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "2", 0).status, TORC_STATUS_OK);
    world_run(world, MS);
    world_story(world, false);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "1", 0);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 put k3 r1\n");
    assert_int_equal(WORLD_COUNTER(world, 1, drop_stale_request), 1);
    world_destroy(world);
}

static void a_request_beyond_the_window_is_told_to_wait(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    hand.awaited = 1;
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 17, key, "v", 0); /* the window is 16 */
    struct hand_reply reply = hand_wait(&hand, 17, MS);
    assert_int_equal(reply.status, TORC_STATUS_BUSY);
    assert_true(reply.delay_us > 0);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 16, key, "v", 0);
    assert_int_equal(hand_wait(&hand, 16, MS).status, TORC_STATUS_OK);
    hand.awaited = 2;
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 17, key, "v", 0);
    assert_int_equal(hand_wait(&hand, 17, MS).status, TORC_STATUS_OK);
    world_destroy(world);
}

static void an_unknown_session_is_refused_and_not_created(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key), other = hand;
    other.session.number += 1;
    for (unsigned i = 0; i < 2; i++) {
        struct hand_reply reply = hand_do(&other, 0, WIRE_OP_PUT, key, "v", 0);
        assert_int_equal(reply.status, TORC_STATUS_UNKNOWN_SESSION);
    }
    other = hand;
    other.session.epoch += 1;
    assert_int_equal(
        hand_do(&other, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_UNKNOWN_SESSION);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_created), 1);
    world_destroy(world);
}

/* ---- opening ---- */

static void an_opening_that_is_repeated_opens_one_session(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    struct hand hand = hand_new(world, 0);
    world_story(world, false);
    hand_send(&hand, 0, 0, WIRE_OP_SESSION_OPEN, 0, NULL, NULL, 77);
    hand_send(&hand, 0, 0, WIRE_OP_SESSION_OPEN, 0, NULL, NULL, 77);
    world_run(world, MS);
    struct hand_reply first = hand_wait(&hand, 0, 0);
    hand_send(&hand, 0, 0, WIRE_OP_SESSION_OPEN, 0, NULL, NULL, 77);
    struct hand_reply again = hand_wait(&hand, 0, MS);
    tale_is(world, "[     0] c0 > 1  write p0 open\n"
                   "[     0] c0 > 1  write p0 open\n"
                   "[     5] 1 > 2  forward p0 #1 open\n"
                   "[    10] 2 > 3  forward p0 #1 open\n"
                   "[    15] 3 > c0  reply p0 r0 ok\n"
                   "[    15] 3 > 2  committed p0 #1\n"
                   "[    20] 2 > 1  committed p0 #1\n"
                   "[  1000] c0 > 1  write p0 open\n"
                   "[  1005] 1 > c0  reply p0 r0 ok\n");
    assert_memory_equal(&first.session, &again.session, sizeof first.session);
    assert_int_equal(first.session.number, 1);
    assert_int_equal(again.version, 77);
    world_destroy(world);
}

static void send_bare(struct world *world, uint16_t operation, const struct wire_session *session)
{
    struct forge forge;
    forge_request(&forge, world, 0, 1);
    struct wire_frame *frame =
        forge_frame(&forge, WIRE_FRAME_WRITE, 0, sizeof *frame + sizeof(struct wire_request));
    struct wire_request *request = (struct wire_request *)(frame + 1);
    *request = (struct wire_request){
        .length = sizeof *request, .session = *session, .operation = operation};
    wire_request_sign(request);
    forge_send(&forge);
    world_run(world, MS);
}

static void a_client_that_leaves_frees_its_session_once(void **state)
{
    (void)state;
    struct world *world =
        tale_world(&(struct world_config){.nodes = 3, .partitions = 3, .class = {.sessions = 1}});
    char key[16];
    hand_key(world, 0, 0, key);
    struct hand hand = hand_new(world, 0), next = hand_new(world, 1);
    assert_true(hand_open(&hand, 0, 1));
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    world_story(world, false);
    send_bare(world, WIRE_OP_SESSION_CLOSE, &hand.session);
    send_bare(world, WIRE_OP_SESSION_CLOSE, &hand.session); /* a copy: nothing to close any more */
    send_bare(world, WIRE_OP_SESSION_CLOSE, &(struct wire_session){.epoch = 1, .number = 99});
    assert_int_equal(tale_told(world, "1 > 2  forward p0 #3 close"), 1);
    assert_int_equal(tale_told(world, "#4"), 0);
    assert_int_equal(
        hand_do(&hand, 0, WIRE_OP_PUT, key, "w", 0).status, TORC_STATUS_UNKNOWN_SESSION);
    assert_true(hand_open(&next, 0, 2));
    tale_at_rest(world);
    world_destroy(world);
}

static void a_noop_of_a_client_is_invalid(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    send_bare(world, WIRE_OP_NOOP, &(struct wire_session){0, 0});
    assert_int_equal(hand_wait(&hand, 0, 0).status, TORC_STATUS_INVALID);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_created), 1);
    world_destroy(world);
}

static void a_full_table_refuses_until_one_is_idle(void **state)
{
    (void)state;
    struct world *world = tale_world(&(struct world_config){
        .nodes = 3, .partitions = 3, .class = {.sessions = 2, .session_idle_ms = 100}});
    char key[16];
    hand_key(world, 0, 0, key);
    struct hand busy = hand_new(world, 0), idle = hand_new(world, 1), late = hand_new(world, 2);
    assert_true(hand_open(&busy, 0, 1));
    assert_true(hand_open(&idle, 0, 2));
    world_story(world, false);
    hand_send(&late, 0, 0, WIRE_OP_SESSION_OPEN, 0, NULL, NULL, 3);
    struct hand_reply reply = hand_wait(&late, 0, MS);
    assert_int_equal(reply.status, TORC_STATUS_SESSIONS_FULL);
    assert_true(reply.delay_us > 0);
    world_run(world, 80 * MS);
    assert_int_equal(hand_do(&busy, 0, WIRE_OP_PUT, key, "1", 0).status, TORC_STATUS_OK);
    world_run(world, 60 * MS);
    assert_true(hand_open(&late, 0, 3));
    assert_int_equal(tale_told(world, "1 > 2  forward p0 #4 close"), 1);
    assert_int_equal(hand_do(&late, 0, WIRE_OP_PUT, key, "2", 0).status, TORC_STATUS_OK);
    assert_int_equal(hand_do(&busy, 0, WIRE_OP_PUT, key, "3", 0).status, TORC_STATUS_OK);
    assert_int_equal(
        hand_do(&idle, 0, WIRE_OP_PUT, key, "4", 0).status, TORC_STATUS_UNKNOWN_SESSION);
    tale_at_rest(world);
    world_destroy(world);
}

static void two_who_want_the_last_place_are_both_answered(void **state)
{
    (void)state;
    struct world *world =
        tale_world(&(struct world_config){.nodes = 3, .partitions = 3, .class = {.sessions = 1}});
    struct hand first = hand_new(world, 0), second = hand_new(world, 1);
    world_story(world, false);
    hand_send(&first, 0, 0, WIRE_OP_SESSION_OPEN, 0, NULL, NULL, 1);
    hand_send(&second, 0, 0, WIRE_OP_SESSION_OPEN, 0, NULL, NULL, 2);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 open\n"
                   "[     0] c1 > 1  write p0 open\n"
                   "[     5] 1 > 2  forward p0 #1 open\n"
                   "[     5] 1 > 2  forward p0 #2 open\n"
                   "[    10] 2 > 3  forward p0 #1 open\n"
                   "[    10] 2 > 3  forward p0 #2 open\n"
                   "[    15] 3 > c0  reply p0 r0 ok\n"
                   "[    15] 3 > c1  reply p0 r0 the partition has no free session\n"
                   "[    15] 3 > 2  committed p0 #2\n"
                   "[    20] 2 > 1  committed p0 #2\n");
    assert_int_equal(hand_wait(&first, 0, 0).status, TORC_STATUS_OK);
    assert_int_equal(hand_wait(&second, 0, 0).status, TORC_STATUS_SESSIONS_FULL);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_gets_the_first_answer),
        cmocka_unit_test(a_request_that_is_not_awaited_any_more_is_dropped),
        cmocka_unit_test(a_request_beyond_the_window_is_told_to_wait),
        cmocka_unit_test(an_unknown_session_is_refused_and_not_created),
        cmocka_unit_test(an_opening_that_is_repeated_opens_one_session),
        cmocka_unit_test(a_client_that_leaves_frees_its_session_once),
        cmocka_unit_test(a_noop_of_a_client_is_invalid),
        cmocka_unit_test(a_full_table_refuses_until_one_is_idle),
        cmocka_unit_test(two_who_want_the_last_place_are_both_answered),
        cmocka_unit_test(a_session_opened_after_a_long_silence_is_not_idle),
        cmocka_unit_test(a_session_that_nobody_uses_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
