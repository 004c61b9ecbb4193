/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Calls to the right core, in shared packets, and what the answers make of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <torc/error.h>

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

static const struct ring_replica *replica(const struct fake *fake, uint32_t partition, bool tail)
{
    return &ring_chain(fake->ring, partition)[tail ? fake->ring->replicas - 1 : 0];
}

static void a_write_goes_to_the_head_and_a_read_to_the_tail(void **state)
{
    struct fake *fake = *state;
    for (uint32_t partition = 0; partition < 12; partition++) {
        struct fake_result put, get;
        const char *key = fake_key(fake, partition, 0);
        assert_int_equal(fake_put(fake, key, "v", &put), 0);
        assert_int_equal(fake_get(fake, key, &get), 0);
        fake_settle(fake);
        const struct fake_frame *write = fake_last(fake, WIRE_OP_PUT);
        assert_non_null(write);
        assert_int_equal(write->member, replica(fake, partition, false)->member);
        assert_int_equal(write->worker, replica(fake, partition, false)->worker);
        assert_int_equal(
            write->header.receiver_incarnation, fake->member[write->member].incarnation);
        assert_int_equal(write->frame.partition, partition);
        assert_int_equal(write->frame.epoch, 1);
        assert_memory_equal(write->key, key, strlen(key));
        assert_memory_equal(write->value, "v", 1);
        assert_int_equal(write->request.session.number, 100 + partition);
        assert_int_equal(write->request.number, 1);
        struct wire_reply reply = fake_answer(write, TORC_STATUS_OK);
        reply.version = 9;
        fake_reply(fake, replica(fake, partition, true)->member, &reply, NULL);
        fake_forget(fake);

        struct fake_result again;
        assert_int_equal(fake_get(fake, key, &again), 0);
        fake_step(fake);
        assert_true(put.ended);
        assert_int_equal(put.outcome, TORC_DONE);
        assert_int_equal(put.version, 9);
        const struct fake_frame *read = fake_last(fake, WIRE_OP_GET);
        assert_non_null(read);
        assert_int_equal(read->member, replica(fake, partition, true)->member);
        assert_int_equal(read->worker, replica(fake, partition, true)->worker);
        reply = fake_answer(read, TORC_STATUS_OK);
        reply.bytes = 3;
        fake_reply(fake, read->member, &reply, "abc");
        fake_step(fake);
        assert_true(again.ended);
        assert_int_equal(again.outcome, TORC_DONE);
        assert_int_equal(again.value_bytes, 3);
        assert_memory_equal(again.value, "abc", 3);
        fake_result_free(&again);
        fake_forget(fake);
    }
}

static void calls_of_one_step_to_one_core_share_a_packet(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[64];
    assert_int_equal(fake_put(fake, fake_key(fake, 3, 0), "first", &result[0]), 0);
    fake_settle(fake);
    fake_forget(fake);
    for (uint32_t i = 1; i <= 8; i++)
        assert_int_equal(fake_put(fake, fake_key(fake, 3, i), "value", &result[i]), 0);
    fake_step(fake);
    assert_int_equal(fake->frames, 8);
    assert_int_equal(fake->packets, 1);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(fake->frame[i].request.number, i + 2);
        assert_int_equal(fake->frame[i].request.awaited_behind, i + 1);
    }
}

static void a_full_packet_is_followed_by_another(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[8];
    char value[601];
    memset(value, 'x', 600);
    value[600] = 0;
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(fake_put(fake, fake_key(fake, 0, i), value, &result[i]), 0);
    fake_settle(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 5);
    assert_int_equal(fake->packets, 3);
}

static void what_the_answers_say_is_what_the_calls_end_as(void **state)
{
    struct fake *fake = *state;
    static const struct {
        uint16_t operation, status;
        enum torc_outcome outcome;
    } cases[] = {{WIRE_OP_PUT, TORC_STATUS_OK, TORC_DONE},
        {WIRE_OP_PUT, TORC_STATUS_FULL, TORC_REFUSED},
        {WIRE_OP_PUT, TORC_STATUS_INVALID, TORC_REFUSED},
        {WIRE_OP_PUT, TORC_STATUS_NO_SERVICE, TORC_REFUSED},
        {WIRE_OP_PUT, TORC_STATUS_WRONG_PARTITION, TORC_REFUSED},
        {WIRE_OP_PUT, TORC_STATUS_MEMBER_LOST, TORC_OUTCOME_UNKNOWN},
        {WIRE_OP_PUT, 999, TORC_OUTCOME_UNKNOWN}, {WIRE_OP_CAS, TORC_STATUS_OK, TORC_DONE},
        {WIRE_OP_CAS, TORC_STATUS_MISMATCH, TORC_REFUSED},
        {WIRE_OP_DELETE, TORC_STATUS_OK, TORC_DONE},
        {WIRE_OP_DELETE, TORC_STATUS_NOT_FOUND, TORC_DONE},
        {WIRE_OP_GET, TORC_STATUS_NOT_FOUND, TORC_DONE},
        {WIRE_OP_GET, TORC_STATUS_MEMBER_LOST, TORC_OUTCOME_UNKNOWN}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake_result result;
        fake_forget(fake);
        assert_int_equal(
            fake_submit(fake, cases[i].operation, "key", NULL, 0, 0, 1000 * MS, &result), 0);
        fake_step(fake);
        if (i == 0)
            fake_settle(fake);
        const struct fake_frame *frame = fake_last(fake, cases[i].operation);
        assert_non_null(frame);
        const struct wire_reply reply = fake_answer(frame, cases[i].status);
        fake_reply(fake, frame->member, &reply, NULL);
        fake_step(fake);
        assert_true(result.ended);
        assert_int_equal(result.outcome, cases[i].outcome);
        assert_int_equal(result.status, cases[i].status);
    }
    assert_int_equal(client_core_pending(fake->core), 0);
}

static void a_cas_carries_the_version_it_expects(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    assert_int_equal(fake_submit(fake, WIRE_OP_CAS, "key", "new", 3, 77, 1000 * MS, &result), 0);
    fake_settle(fake);
    assert_int_equal(fake_last(fake, WIRE_OP_CAS)->request.argument, 77);
}

static void bad_calls_are_refused_at_once(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    static char big[TORC_KEY_BYTES_MAX + 2];
    memset(big, 'k', sizeof big - 1);
    assert_int_equal(fake_put(fake, "", "v", &result), -TORC_EINVAL);
    assert_int_equal(fake_put(fake, big, "v", &result), -TORC_ETOOBIG);
    assert_int_equal(
        fake_submit(fake, WIRE_OP_PUT, "k", big, TORC_VALUE_BYTES_MAX + 1, 0, MS, &result),
        -TORC_ETOOBIG);
    assert_int_equal(fake_submit(fake, WIRE_OP_GET, "k", big, 1, 0, MS, &result), -TORC_EINVAL);
    assert_int_equal(
        fake_submit(fake, WIRE_OP_SESSION_OPEN, "k", NULL, 0, 0, MS, &result), -TORC_EINVAL);
    assert_int_equal(client_core_pending(fake->core), 0);
}

static void a_full_table_says_again(void **state)
{
    struct fake *fake = *state;
    struct fake_result *result = calloc(fake->config.requests + 1, sizeof *result);
    for (uint32_t i = 0; i < fake->config.requests; i++)
        assert_int_equal(fake_put(fake, "key", "v", &result[i]), 0);
    assert_int_equal(fake_put(fake, "key", "v", &result[fake->config.requests]), -TORC_EAGAIN);
    fake_settle(fake);
    const struct fake_frame *frame = fake_last(fake, WIRE_OP_PUT);
    const struct wire_reply reply = fake_answer(frame, TORC_STATUS_OK);
    fake_reply(fake, frame->member, &reply, NULL);
    fake_step(fake);
    assert_int_equal(fake_put(fake, "key", "v", &result[fake->config.requests]), 0);
    free(result);
}

static void few_send_buffers_only_delay(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[12];
    struct fake_result warm;
    assert_int_equal(fake_get(fake, "warm", &warm), 0);
    fake_settle(fake);
    fake_forget(fake);
    fake->tx_limit = 1;
    for (uint32_t i = 0; i < 12; i++)
        assert_int_equal(fake_get(fake, fake_key(fake, i, 0), &result[i]), 0);
    for (uint32_t i = 0; i < 12; i++) {
        fake_step(fake);
        if (fake_count(fake, WIRE_OP_GET) < 12)
            assert_int_equal(fake->wake_ns, fake->now_ns);
    }
    assert_int_equal(fake_count(fake, WIRE_OP_GET), 12);
}

static void packets_in_flight_to_a_core_are_bounded(void **state)
{
    struct fake *fake = *state;
    free(fake->memory);
    fake->config.packet_window = 3;
    fake_start(fake);
    struct fake_result result[10];
    static char value[1200];
    memset(value, 'v', sizeof value - 1);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(fake_put(fake, fake_key(fake, 5, i), value, &result[i]), 0);
    fake_settle(fake);
    assert_int_equal(fake->packets, 3);
    const struct wire_reply reply = fake_answer(&fake->frame[1], TORC_STATUS_OK);
    fake_reply(fake, fake->frame[1].member, &reply, NULL);
    fake_step(fake);
    assert_int_equal(fake->packets, 4);
    assert_true(result[1].ended);
}

static void stopping_tells_what_is_known(void **state)
{
    struct fake *fake = *state;
    struct fake_result sent, waiting;
    assert_int_equal(fake_put(fake, "key", "v", &sent), 0);
    fake_settle(fake);
    assert_int_equal(fake_put(fake, "key", "v", &waiting), 0);
    client_core_stop(fake->core);
    assert_int_equal(sent.outcome, TORC_OUTCOME_UNKNOWN);
    assert_int_equal(sent.status, TORC_STATUS_STOPPED);
    assert_int_equal(waiting.outcome, TORC_REFUSED);
    assert_int_equal(client_core_pending(fake->core), 0);
    assert_int_equal(fake_put(fake, "key", "v", &waiting), -TORC_ESTOPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_write_goes_to_the_head_and_a_read_to_the_tail, setup, teardown),
        cmocka_unit_test_setup_teardown(
            calls_of_one_step_to_one_core_share_a_packet, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_packet_is_followed_by_another, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_the_answers_say_is_what_the_calls_end_as, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cas_carries_the_version_it_expects, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_calls_are_refused_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_table_says_again, setup, teardown),
        cmocka_unit_test_setup_teardown(few_send_buffers_only_delay, setup, teardown),
        cmocka_unit_test_setup_teardown(packets_in_flight_to_a_core_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(stopping_tells_what_is_known, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
