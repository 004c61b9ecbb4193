/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Silence, loss, BUSY and their like: what is sent again, when, and how it ends.
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

static void answer(
    struct fake *fake, const struct fake_frame *frame, uint16_t status, uint32_t delay_us)
{
    struct wire_reply reply = fake_answer(frame, status);
    reply.delay_us = delay_us;
    fake_reply(fake, frame->member, &reply, NULL);
    fake_step(fake);
}

static void silence_is_retried_less_and_less_often_until_the_deadline(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_settle(fake);
    const uint64_t begun = fake->now_ns;
    uint64_t gap = 0, last = begun;
    uint32_t sent = 1;
    while (!result.ended) {
        fake_run(fake, MS, 0);
        if (fake_count(fake, WIRE_OP_PUT) == sent)
            continue;
        sent++;
        /* No shorter than before, but for the bound and chance. */
        if (gap != 0 && gap < 100 * MS)
            assert_true(fake->now_ns - last + 2 * MS > gap);
        gap = fake->now_ns - last;
        last = fake->now_ns;
    }
    assert_true(sent >= 4 && sent <= 12);
    assert_int_equal(result.outcome, TORC_OUTCOME_UNKNOWN);
    assert_int_equal(result.status, TORC_STATUS_TIMED_OUT);
    assert_true(fake->now_ns - begun >= 999 * MS && fake->now_ns - begun <= 1002 * MS);
    /* All copies are one request. */
    for (uint32_t i = 0; i < fake->frames; i++)
        assert_int_equal(fake->frame[i].request.number, 1);
    assert_int_equal(client_core_counters(fake->core)->retries, sent - 1);
}

static void a_lost_reply_costs_one_retry(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_settle(fake);
    fake_run(fake, 3 * MS, 0);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 2);
    answer(fake, &fake->frame[1], TORC_STATUS_OK, 0);
    assert_int_equal(result.outcome, TORC_DONE);
    fake_run(fake, 500 * MS, 0);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 2);
}

static void a_second_reply_is_dropped_and_counted(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_settle(fake);
    for (unsigned i = 0; i < 3; i++)
        answer(fake, &fake->frame[0], TORC_STATUS_OK, 0);
    assert_int_equal(result.count, 1);
    assert_int_equal(client_core_counters(fake->core)->drop_unasked, 2);
}

static void a_read_of_a_reused_slot_takes_no_old_answer(void **state)
{
    struct fake *fake = *state;
    struct fake_result first, second;
    assert_int_equal(fake_get(fake, "key", &first), 0);
    for (unsigned i = 0; i < 3; i++) /* INFO, CHUNK */
        fake_step(fake);
    const struct fake_frame old = *fake_last(fake, WIRE_OP_GET);
    answer(fake, &old, TORC_STATUS_NOT_FOUND, 0);
    assert_true(first.ended);
    assert_int_equal(fake_get(fake, "key", &second), 0);
    fake_step(fake);
    answer(fake, &old, TORC_STATUS_NOT_FOUND, 0);
    assert_false(second.ended);
    answer(fake, fake_last(fake, WIRE_OP_GET), TORC_STATUS_NOT_FOUND, 0);
    assert_true(second.ended);
}

static void busy_waits_as_long_as_it_says(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_settle(fake);
    answer(fake, &fake->frame[0], TORC_STATUS_BUSY, 100000);
    fake_run(fake, 99 * MS, 0);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 1);
    fake_run(fake, 30 * MS, 0);
    assert_true(fake_count(fake, WIRE_OP_PUT) >= 2);
    assert_int_equal(fake->frame[1].request.number, 1);
    answer(fake, &fake->frame[1], TORC_STATUS_OK, 0);
    assert_int_equal(result.outcome, TORC_DONE);
    assert_int_equal(client_core_counters(fake->core)->busy, 1);
}

static void not_ready_to_the_end_says_so(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_get(fake, "key", &result), 0);
    while (!result.ended) {
        const struct fake_frame *frame = fake_last(fake, WIRE_OP_GET);
        if (frame != NULL) {
            const struct fake_frame copy = *frame;
            fake_forget(fake);
            answer(fake, &copy, TORC_STATUS_NOT_READY, 1000);
        }
        fake_run(fake, 5 * MS, 0);
    }
    assert_int_equal(result.outcome, TORC_OUTCOME_UNKNOWN);
    assert_int_equal(result.status, TORC_STATUS_NOT_READY);
}

static void a_damaged_answer_is_no_answer(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_settle(fake);
    const struct wire_reply reply = fake_answer(&fake->frame[0], TORC_STATUS_OK);
    fake_reply(fake, 0, &reply, NULL);
    fake->in[fake->in_count - 1].data[WIRE_PACKET_MIN + 20] ^= 1;
    fake_reply(fake, 0, &reply, NULL);
    fake->in[fake->in_count - 1].bytes -= 8;
    fake_step(fake);
    assert_false(result.ended);
    assert_int_equal(client_core_counters(fake->core)->drop_malformed, 2);
    fake_reply(fake, 0, &reply, NULL);
    fake_step(fake);
    assert_true(result.ended);
}

static void another_incarnation_answers_nothing(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_settle(fake);
    const uint32_t infos = fake->infos;
    fake->member[0].incarnation++;
    const struct wire_reply reply = fake_answer(&fake->frame[0], TORC_STATUS_OK);
    fake_reply(fake, 0, &reply, NULL);
    fake->member[0].incarnation--;
    fake_run(fake, 60 * MS, MS);
    assert_false(result.ended);
    assert_int_equal(client_core_counters(fake->core)->drop_stale_sender, 1);
    assert_true(fake->infos > infos); /* it may be the ring that is old */
}

static void an_answer_of_no_partition_is_dropped(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_settle(fake);
    struct wire_reply reply = fake_answer(&fake->frame[0], TORC_STATUS_OK);
    reply.frame.partition = 12;
    fake_reply(fake, 0, &reply, NULL);
    reply.frame.partition = 0;
    reply.frame.class = 1;
    fake_reply(fake, 0, &reply, NULL);
    reply = fake_answer(&fake->frame[0], TORC_STATUS_OK);
    reply.number = 2; /* never given */
    fake_reply(fake, 0, &reply, NULL);
    reply.session.number = 0; /* a read's number beyond the table */
    reply.session.epoch = 0;
    reply.number = UINT64_MAX;
    fake_reply(fake, 0, &reply, NULL);
    fake_step(fake);
    assert_false(result.ended);
    assert_int_equal(client_core_counters(fake->core)->drop_bad_reply, 2);
    assert_int_equal(client_core_counters(fake->core)->drop_unasked, 2);
}

static void round_trips_set_the_timeout(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    for (unsigned i = 0; i < 50; i++) { /* 3 ms each */
        assert_int_equal(fake_put(fake, "key", "v", &result), 0);
        if (i == 0)
            fake_settle(fake);
        else
            fake_step(fake);
        const struct fake_frame frame = *fake_last(fake, WIRE_OP_PUT);
        fake->now_ns += 3 * MS;
        answer(fake, &frame, TORC_STATUS_OK, 0);
        assert_true(result.ended);
        fake_forget(fake);
    }
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_step(fake);
    const uint64_t sent = fake->now_ns;
    while (fake_count(fake, WIRE_OP_PUT) < 2)
        fake_run(fake, MS / 10, 0);
    assert_true(fake->now_ns - sent >= 3 * MS); /* not before the measured round trip */
    assert_true(fake->now_ns - sent <= 8 * MS); /* nor as late as without a measurement */
}

static void a_deadline_that_has_passed_is_refused_unsent(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    fake->silent_about_ring = true;
    assert_int_equal(fake_submit(fake, WIRE_OP_GET, "key", NULL, 0, 0, 0, &result), 0);
    fake_run(fake, MS, 0);
    assert_true(result.ended);
    assert_int_equal(result.outcome, TORC_REFUSED);
    assert_int_equal(result.status, TORC_STATUS_TIMED_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            silence_is_retried_less_and_less_often_until_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_reply_costs_one_retry, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_reply_is_dropped_and_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_read_of_a_reused_slot_takes_no_old_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(busy_waits_as_long_as_it_says, setup, teardown),
        cmocka_unit_test_setup_teardown(not_ready_to_the_end_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_answer_is_no_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(another_incarnation_answers_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_of_no_partition_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(round_trips_set_the_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_deadline_that_has_passed_is_refused_unsent, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
