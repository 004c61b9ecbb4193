/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sessions: opened once, windowed, never trusted after they are gone (design rules 11 and 12).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/client_fake.h"

static int setup(void **state)
{
    struct fake *fake = fake_new();
    fake_start(fake);
    *state = fake;
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

static void answer(struct fake *fake, const struct fake_frame *frame, uint16_t status)
{
    const struct wire_reply reply = fake_answer(frame, status);
    fake_reply(fake, frame->member, &reply, NULL);
    fake_step(fake);
}

static void writes_wait_until_their_session_is_open(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[3];
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(fake_put(fake, fake_key(fake, 1, i), "v", &result[i]), 0);
    for (unsigned i = 0; i < 4; i++)
        fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_SESSION_OPEN), 1);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 0);
    const struct fake_frame *open = fake_last(fake, WIRE_OP_SESSION_OPEN);
    assert_int_equal(open->request.session.epoch | open->request.session.number, 0);
    assert_int_equal(open->request.number, 0);
    fake_open_sessions(fake);
    fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 3);
    /* In the order of the calls. */
    for (uint32_t i = 0; i < 3; i++) {
        const struct fake_frame *put = &fake->frame[1 + i];
        assert_int_equal(put->request.number, i + 1);
        assert_string_equal((const char *)put->key, fake_key(fake, 1, i));
    }
}

static void an_answer_with_another_nonce_opens_nothing(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    for (unsigned i = 0; i < 4; i++)
        fake_step(fake);
    const struct fake_frame *open = fake_last(fake, WIRE_OP_SESSION_OPEN);
    struct wire_reply reply = fake_answer(open, TORC_STATUS_OK);
    reply.session = (struct wire_session){.epoch = 1, .number = 5};
    reply.version ^= 1;
    fake_reply(fake, open->member, &reply, NULL);
    fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 0);
    assert_int_equal(client_core_counters(fake->core)->drop_unasked, 1);
}

static void a_lost_opening_is_asked_again_with_the_same_nonce(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_run(fake, 100 * MS, 0);
    const uint32_t opens = fake_count(fake, WIRE_OP_SESSION_OPEN);
    assert_true(opens >= 2);
    for (uint32_t i = 1; i < opens; i++)
        assert_int_equal(fake->frame[i].request.argument, fake->frame[0].request.argument);
    fake_open_sessions(fake); /* more than one answer */
    fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 1);
}

static void what_waits_for_a_session_at_the_deadline_was_never_sent(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[2];
    assert_int_equal(fake_put(fake, "key", "v", &result[0]), 0);
    assert_int_equal(fake_put(fake, "key", "v", &result[1]), 0);
    fake_run(fake, 1100 * MS, 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(result[i].ended);
        assert_int_equal(result[i].outcome, TORC_REFUSED);
        assert_int_equal(result[i].status, TORC_STATUS_TIMED_OUT);
    }
}

static void another_write_takes_over_the_opening(void **state)
{
    struct fake *fake = *state;
    struct fake_result first, second;
    assert_int_equal(fake_submit(fake, WIRE_OP_PUT, "key", "1", 1, 0, 30 * MS, &first), 0);
    assert_int_equal(fake_submit(fake, WIRE_OP_PUT, "key", "2", 1, 0, 900 * MS, &second), 0);
    fake_run(fake, 50 * MS, 0);
    assert_true(first.ended);
    assert_int_equal(first.outcome, TORC_REFUSED);
    fake_forget(fake);
    fake_run(fake, 200 * MS, 0);
    assert_true(fake_count(fake, WIRE_OP_SESSION_OPEN) > 0);
    fake_open_sessions(fake);
    fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 1);
    assert_false(second.ended);
}

static void a_full_table_of_sessions_refuses_what_waits(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[2];
    assert_int_equal(fake_put(fake, "key", "v", &result[0]), 0);
    assert_int_equal(fake_put(fake, "key", "v", &result[1]), 0);
    for (unsigned i = 0; i < 4; i++)
        fake_step(fake);
    answer(fake, fake_last(fake, WIRE_OP_SESSION_OPEN), TORC_STATUS_SESSIONS_FULL);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(result[i].ended);
        assert_int_equal(result[i].outcome, TORC_REFUSED);
        assert_int_equal(result[i].status, TORC_STATUS_SESSIONS_FULL);
    }
    /* The next call tries again, as another session. */
    const uint64_t nonce = fake_last(fake, WIRE_OP_SESSION_OPEN)->request.argument;
    assert_int_equal(fake_put(fake, "key", "v", &result[0]), 0);
    fake_step(fake);
    assert_int_not_equal(fake_last(fake, WIRE_OP_SESSION_OPEN)->request.argument, nonce);
}

static void a_full_table_with_a_delay_is_asked_again(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    for (unsigned i = 0; i < 4; i++)
        fake_step(fake);
    struct wire_reply reply =
        fake_answer(fake_last(fake, WIRE_OP_SESSION_OPEN), TORC_STATUS_SESSIONS_FULL);
    reply.delay_us = 20000;
    fake_forget(fake);
    fake_reply(fake, 0, &reply, NULL);
    fake_run(fake, 30 * MS, 0);
    assert_false(result.ended);
    assert_true(fake_count(fake, WIRE_OP_SESSION_OPEN) >= 1);
    fake_run(fake, 1000 * MS, 0);
    assert_int_equal(result.outcome, TORC_REFUSED);
    assert_int_equal(result.status, TORC_STATUS_SESSIONS_FULL);
}

/* Not only the call that asked for the session: all that wait for it were kept by the full table.
 */
static void who_waits_for_a_session_is_told_what_kept_it(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[3];
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(fake_put(fake, "key", "v", &result[i]), 0);
    for (unsigned i = 0; i < 4; i++)
        fake_step(fake);
    struct wire_reply reply =
        fake_answer(fake_last(fake, WIRE_OP_SESSION_OPEN), TORC_STATUS_SESSIONS_FULL);
    reply.delay_us = 20000;
    fake_reply(fake, 0, &reply, NULL);
    fake_run(fake, 1500 * MS, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(result[i].outcome, TORC_REFUSED);
        assert_int_equal(result[i].status, TORC_STATUS_SESSIONS_FULL);
    }
}

static void a_client_that_leaves_gives_its_sessions_up(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[3];
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(fake_put(fake, fake_key(fake, 4 * i, 0), "v", &result[i]), 0);
    fake_settle(fake);
    client_core_stop(fake->core);
    fake_forget(fake);
    fake->tx_limit = 1;
    unsigned calls = 1;
    while (fake_leave(fake))
        calls++;
    assert_true(calls >= 2 && calls <= 4); /* heads are on more than one core */
    assert_int_equal(fake->frames, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct wire_request *request = &fake->frame[i].request;
        assert_int_equal(request->operation, WIRE_OP_SESSION_CLOSE);
        assert_int_equal(request->session.number, 100 + fake->frame[i].frame.partition);
    }
    assert_false(fake_leave(fake));
    assert_int_equal(fake->frames, 3);
}

static void the_window_of_a_session_is_respected(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[40];
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(fake_put(fake, fake_key(fake, 2, i), "v", &result[i]), 0);
    fake_settle(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 16);
    /* An answer in the middle opens nothing: the first is still awaited. */
    answer(fake, &fake->frame[5], TORC_STATUS_OK);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 16);
    answer(fake, &fake->frame[0], TORC_STATUS_OK);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 17);
    assert_int_equal(fake->frame[16].request.number, 17);
    assert_int_equal(fake->frame[16].request.awaited_behind, 15);
    for (uint32_t i = 1; i < 5; i++)
        answer(fake, &fake->frame[i], TORC_STATUS_OK);
    /* 2 to 6 are answered now: the sixth, too, moves the window. */
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 22);
    assert_int_equal(fake_last(fake, WIRE_OP_PUT)->request.awaited_behind, 15);
}

static void what_was_sent_into_an_unknown_session_is_unknown(void **state)
{
    struct fake *fake = *state;
    struct fake_result sent[2], later;
    assert_int_equal(fake_put(fake, "key", "1", &sent[0]), 0);
    assert_int_equal(fake_put(fake, "key", "2", &sent[1]), 0);
    fake_settle(fake);
    answer(fake, &fake->frame[0], TORC_STATUS_UNKNOWN_SESSION);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(sent[i].ended);
        assert_int_equal(sent[i].outcome, TORC_OUTCOME_UNKNOWN);
        assert_int_equal(sent[i].status, TORC_STATUS_UNKNOWN_SESSION);
    }
    /* The next one opens another session and goes on. */
    fake_forget(fake);
    assert_int_equal(fake_put(fake, "key", "3", &later), 0);
    fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_SESSION_OPEN), 1);
    fake_open_sessions(fake);
    fake_step(fake);
    assert_int_equal(fake_last(fake, WIRE_OP_PUT)->request.number, 1);
    answer(fake, fake_last(fake, WIRE_OP_PUT), TORC_STATUS_OK);
    assert_int_equal(later.outcome, TORC_DONE);
}

static void what_was_not_sent_goes_on_in_the_next_session(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[20];
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(fake_put(fake, fake_key(fake, 2, i), "v", &result[i]), 0);
    fake_settle(fake); /* 16 sent, 4 wait for the window */
    const struct fake_frame first = fake->frame[0];
    fake_forget(fake);
    answer(fake, &first, TORC_STATUS_UNKNOWN_SESSION);
    uint32_t unknown = 0;
    for (uint32_t i = 0; i < 20; i++)
        unknown += result[i].ended && result[i].outcome == TORC_OUTCOME_UNKNOWN;
    assert_int_equal(unknown, 16);
    assert_int_equal(fake_count(fake, WIRE_OP_SESSION_OPEN), 1);
    fake_open_sessions(fake);
    fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 4);
}

static void a_late_word_on_an_old_session_changes_nothing(void **state)
{
    struct fake *fake = *state;
    struct fake_result old, new;
    assert_int_equal(fake_put(fake, "key", "1", &old), 0);
    fake_settle(fake);
    const struct fake_frame frame = *fake_last(fake, WIRE_OP_PUT);
    answer(fake, &frame, TORC_STATUS_UNKNOWN_SESSION);
    fake_forget(fake);
    assert_int_equal(fake_put(fake, "key", "2", &new), 0);
    fake_step(fake);
    struct wire_reply opened = fake_answer(fake_last(fake, WIRE_OP_SESSION_OPEN), TORC_STATUS_OK);
    opened.session = (struct wire_session){.epoch = 1, .number = 999};
    fake_reply(fake, frame.member, &opened, NULL);
    fake_step(fake);
    answer(fake, &frame, TORC_STATUS_OK);
    answer(fake, &frame, TORC_STATUS_UNKNOWN_SESSION);
    assert_false(new.ended);
    answer(fake, fake_last(fake, WIRE_OP_PUT), TORC_STATUS_OK);
    assert_int_equal(new.outcome, TORC_DONE);
}

static void a_session_long_unused_is_renewed_before_it_is_used(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "1", &result), 0);
    fake_settle(fake);
    answer(fake, fake_last(fake, WIRE_OP_PUT), TORC_STATUS_OK);
    fake_forget(fake);
    fake->now_ns += 29000 * MS; /* of 60000 */
    assert_int_equal(fake_put(fake, "key", "2", &result), 0);
    fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 1);
    answer(fake, fake_last(fake, WIRE_OP_PUT), TORC_STATUS_OK);
    fake_forget(fake);
    fake->now_ns += 31000 * MS;
    assert_int_equal(fake_put(fake, "key", "3", &result), 0);
    fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 0);
    assert_int_equal(fake_count(fake, WIRE_OP_SESSION_OPEN), 1);
}

static void an_abandoned_number_is_not_awaited_any_more(void **state)
{
    struct fake *fake = *state;
    struct fake_result lost, next;
    assert_int_equal(fake_submit(fake, WIRE_OP_PUT, "key", "1", 1, 0, 50 * MS, &lost), 0);
    fake_settle(fake);
    fake_run(fake, 60 * MS, 0);
    assert_true(lost.ended);
    assert_int_equal(lost.outcome, TORC_OUTCOME_UNKNOWN);
    assert_int_equal(lost.status, TORC_STATUS_TIMED_OUT);
    assert_int_equal(fake_put(fake, "key", "2", &next), 0);
    fake_step(fake);
    assert_int_equal(fake_last(fake, WIRE_OP_PUT)->request.number, 2);
    assert_int_equal(fake_last(fake, WIRE_OP_PUT)->request.awaited_behind, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_wait_until_their_session_is_open, setup, teardown),
        cmocka_unit_test_setup_teardown(
            an_answer_with_another_nonce_opens_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_lost_opening_is_asked_again_with_the_same_nonce, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_waits_for_a_session_at_the_deadline_was_never_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(another_write_takes_over_the_opening, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_full_table_of_sessions_refuses_what_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_table_with_a_delay_is_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(
            who_waits_for_a_session_is_told_what_kept_it, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_client_that_leaves_gives_its_sessions_up, setup, teardown),
        cmocka_unit_test_setup_teardown(the_window_of_a_session_is_respected, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_was_sent_into_an_unknown_session_is_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_was_not_sent_goes_on_in_the_next_session, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_late_word_on_an_old_session_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_session_long_unused_is_renewed_before_it_is_used, setup, teardown),
        cmocka_unit_test_setup_teardown(
            an_abandoned_number_is_not_awaited_any_more, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
