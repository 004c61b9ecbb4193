/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Values that fit no packet: parts, what is sent again, and what is told when.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/client_fake.h"

#define BIG    (100u * 1024u)
#define WINDOW 32u

static uint8_t big[TORC_VALUE_BYTES_MAX];

static int setup(void **state)
{
    struct fake *fake = fake_new();
    fake_start(fake);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7 + i / 251);
    *state = fake;
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

static void put_big(struct fake *fake, const char *key, struct fake_result *result)
{
    assert_int_equal(fake_submit(fake, WIRE_OP_PUT, key, big, BIG, 0, 10000 * MS, result), 0);
}

static uint32_t parts_of(const struct fake_frame *part)
{
    return (part->part.total + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES;
}

static void acknowledge(struct fake *fake, const struct fake_frame *part, uint32_t parts,
    uint64_t bitmap, uint32_t delay_us)
{
    const struct wire_part_ack ack = {.frame = {.type = WIRE_FRAME_PART_ACK,
                                          .class = part->frame.class,
                                          .partition = part->frame.partition,
                                          .epoch = 1},
        .session = part->part.session,
        .number = part->part.number,
        .parts = parts,
        .bitmap = bitmap,
        .delay_us = delay_us};
    fake_part_ack(fake, part->member, &ack);
    fake_step(fake);
}

static void a_large_put_is_whole_when_all_parts_are_there(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    put_big(fake, "key", &result);
    fake_settle(fake);
    const struct fake_frame first = fake->frame[0];
    assert_int_equal(first.frame.type, WIRE_FRAME_WRITE_PART);
    assert_int_equal(fake->frames, WINDOW);
    const uint32_t parts = parts_of(&first);
    assert_int_equal(parts, (48 + 3 + BIG + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES);
    for (uint32_t have = 1; have <= parts; have++)
        acknowledge(fake, &first, have, 0, 0);
    assert_int_equal(fake->frames, parts); /* each once */
    uint8_t *request = calloc(1, first.part.total);
    for (uint32_t i = 0; i < parts; i++) {
        const struct fake_frame *part = &fake->frame[i];
        assert_int_equal(part->part.offset, i * WIRE_PART_BYTES);
        memcpy(request + part->part.offset, part->value, part->value_bytes);
    }
    /* What the client signed over its pieces is what the parts make. */
    const struct wire_request *whole = (const struct wire_request *)request;
    assert_int_equal(wire_request_check(whole, first.part.total), WIRE_TAKEN);
    assert_int_equal(whole->number, first.part.number);
    assert_memory_equal(wire_request_key(whole), "key", 3);
    assert_int_equal(wire_request_value_bytes(whole), BIG);
    assert_memory_equal(wire_request_value(whole), big, BIG);
    free(request);
    assert_false(result.ended);
    const struct wire_reply reply = fake_answer(&first, TORC_STATUS_OK);
    fake_reply(fake, first.member, &reply, NULL);
    fake_step(fake);
    assert_int_equal(result.outcome, TORC_DONE);
}

static void only_missing_parts_are_sent_again(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    put_big(fake, "key", &result);
    fake_settle(fake);
    const struct fake_frame first = fake->frame[0];
    fake_forget(fake);
    fake->now_ns += MS;
    /* 0 to 4 and 6 to 15 arrived. */
    acknowledge(fake, &first, 5, (1ull << 10) - 1, 0);
    uint32_t again = 0;
    for (uint32_t i = 0; i < fake->frames; i++) {
        const uint32_t part = fake->frame[i].part.offset / WIRE_PART_BYTES;
        assert_true(part == 5 || part >= WINDOW);
        again += part == 5;
    }
    assert_int_equal(again, 1);
    fake_forget(fake);
    fake_run(fake, 10 * MS, 0); /* silence: the rest of the window, too */
    for (uint32_t i = 0; i < fake->frames; i++) {
        const uint32_t part = fake->frame[i].part.offset / WIRE_PART_BYTES;
        assert_true(part == 5 || part >= 16);
    }
}

static void no_room_for_parts_asks_with_one_until_there_is(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    put_big(fake, "key", &result);
    fake_settle(fake);
    const struct fake_frame first = fake->frame[0];
    fake_forget(fake);
    acknowledge(fake, &first, 0, 0, 20000);
    assert_int_equal(fake->frames, 0);
    fake_run(fake, 26 * MS, 0);
    assert_true(fake->frames >= 1);
    for (uint32_t i = 0; i < fake->frames; i++)
        assert_int_equal(fake->frame[i].part.offset, 0);
    fake_forget(fake);
    acknowledge(fake, &first, 1, 0, 0);
    assert_int_equal(fake->frames, WINDOW);
}

static void parts_dropped_by_the_head_are_sent_again(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    put_big(fake, "key", &result);
    fake_settle(fake);
    const struct fake_frame first = fake->frame[0];
    const uint32_t parts = parts_of(&first);
    for (uint32_t have = 16; have < parts + 16; have += 16)
        acknowledge(fake, &first, have < parts ? have : parts, 0, 0);
    fake_forget(fake);
    fake_run(fake, 10 * MS, 0); /* no answer: what has it? */
    assert_true(fake->frames > 0);
    assert_int_equal(fake->frame[0].part.offset, 0);
    fake_forget(fake);
    acknowledge(fake, &first, 1, 0, 0); /* only that one, now */
    assert_int_equal(fake->frames, WINDOW);
    assert_int_equal(fake->frame[0].part.offset, WIRE_PART_BYTES);
}

static void large_values_wait_for_a_slot(void **state)
{
    struct fake *fake = *state;
    struct fake_result result[4], small;
    for (uint32_t i = 0; i < 4; i++) /* two slots */
        put_big(fake, fake_key(fake, i, 0), &result[i]);
    fake_settle(fake);
    bool seen[12] = {false};
    for (uint32_t i = 0; i < fake->frames; i++)
        seen[fake->frame[i].frame.partition] = true;
    assert_true(seen[0] && seen[1] && !seen[2] && !seen[3]);
    assert_int_equal(fake_put(fake, fake_key(fake, 0, 1), "v", &small), 0);
    fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_PUT), 1); /* small ones go on */
    const struct wire_reply reply = fake_answer(&fake->frame[0], TORC_STATUS_FULL);
    fake_forget(fake);
    fake_reply(fake, 0, &reply, NULL);
    for (unsigned i = 0; i < 3; i++)
        fake_step(fake);
    assert_int_equal(result[0].outcome, TORC_REFUSED);
    assert_int_equal(fake_count(fake, WIRE_OP_SESSION_OPEN), 1); /* the third's */
}

/* Answers all READs seen, with at most `most` bytes each, from `value`. */
static void serve_reads(struct fake *fake, const uint8_t *value, uint32_t total, uint64_t version,
    uint32_t most, uint32_t skip)
{
    static struct fake_frame frames[256];
    const uint32_t count = fake->frames;
    assert_true(count <= 256);
    memcpy(frames, fake->frame, count * sizeof frames[0]);
    fake_forget(fake);
    for (uint32_t i = 0; i < count; i++) {
        if (skip != 0 && i % skip == skip - 1)
            continue;
        struct wire_reply reply = fake_answer(&frames[i], TORC_STATUS_OK);
        const uint32_t rest = total - reply.offset;
        uint32_t bytes = rest < WIRE_REPLY_VALUE_MAX ? rest : (uint32_t)WIRE_REPLY_VALUE_MAX;
        bytes = bytes < most ? bytes : most;
        reply.bytes = (uint16_t)bytes;
        reply.total = total;
        reply.version = version;
        fake_reply(fake, frames[i].member, &reply, value + reply.offset);
    }
    fake_step(fake);
}

static void get_big(struct fake *fake, struct fake_result *result)
{
    assert_int_equal(fake_submit(fake, WIRE_OP_GET, "key", NULL, 0, 0, 10000 * MS, result), 0);
    for (unsigned i = 0; i < 3; i++)
        fake_step(fake);
}

static void a_large_get_asks_for_ranges_of_one_version(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    get_big(fake, &result);
    assert_int_equal(fake->frames, 1);
    serve_reads(fake, big, BIG, 3, UINT32_MAX, 0);
    /* Many READs share a packet. */
    assert_int_equal(fake->frames, WINDOW);
    assert_true(fake->packets <= 2);
    for (unsigned i = 0; i < 10 && !result.ended; i++)
        serve_reads(fake, big, BIG, 3, UINT32_MAX, 0);
    assert_int_equal(result.outcome, TORC_DONE);
    assert_int_equal(result.version, 3);
    assert_int_equal(result.value_bytes, BIG);
    assert_memory_equal(result.value, big, BIG);
    fake_result_free(&result);
}

static void short_and_lost_answers_only_cost_more_of_them(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    get_big(fake, &result);
    for (unsigned i = 0; i < 400 && !result.ended; i++) {
        serve_reads(fake, big, BIG, 3, i % 2 == 0 ? 1000 : UINT32_MAX, 5);
        fake_run(fake, MS, 0);
    }
    assert_true(result.ended);
    assert_int_equal(result.outcome, TORC_DONE);
    assert_memory_equal(result.value, big, BIG);
    fake_result_free(&result);
}

static void a_value_that_changes_meanwhile_is_read_anew(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    get_big(fake, &result);
    serve_reads(fake, big, BIG, 3, UINT32_MAX, 0);
    serve_reads(fake, big + 1, BIG - 1, 4, UINT32_MAX, 0); /* changed: from the start */
    for (unsigned i = 0; i < 30 && !result.ended; i++) {
        serve_reads(fake, big + 1, BIG - 1, 4, UINT32_MAX, 0);
        fake_run(fake, MS, 0);
    }
    assert_int_equal(result.outcome, TORC_DONE);
    assert_int_equal(result.version, 4);
    assert_int_equal(result.value_bytes, BIG - 1);
    assert_memory_equal(result.value, big + 1, BIG - 1);
    assert_int_equal(client_core_counters(fake->core)->gets_restarted, 1);
    fake_result_free(&result);
}

static void a_value_that_always_changes_is_given_up(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    get_big(fake, &result);
    for (uint64_t version = 1; version < 200 && !result.ended; version++) {
        serve_reads(fake, big, BIG, version, UINT32_MAX, 0);
        fake_run(fake, 2 * MS, 0);
    }
    assert_true(result.ended);
    assert_int_equal(result.outcome, TORC_OUTCOME_UNKNOWN);
    assert_int_equal(result.status, TORC_STATUS_CHANGED);
}

static void the_longest_value_goes_both_ways(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    get_big(fake, &result);
    for (unsigned i = 0; i < 100 && !result.ended; i++)
        serve_reads(fake, big, TORC_VALUE_BYTES_MAX, 1, UINT32_MAX, 0);
    assert_int_equal(result.outcome, TORC_DONE);
    assert_int_equal(result.value_bytes, TORC_VALUE_BYTES_MAX);
    assert_memory_equal(result.value, big, TORC_VALUE_BYTES_MAX);
    fake_result_free(&result);
    fake_forget(fake);
    assert_int_equal(
        fake_submit(fake, WIRE_OP_PUT, "key", big, TORC_VALUE_BYTES_MAX, 0, 10000 * MS, &result),
        0);
    fake_settle(fake);
    const struct fake_frame first = fake->frame[0];
    assert_int_equal(first.part.total, 48 + 3 + TORC_VALUE_BYTES_MAX);
    for (uint32_t have = 16; have < parts_of(&first) + 16; have += 16)
        acknowledge(fake, &first, have < parts_of(&first) ? have : parts_of(&first), 0, 0);
    assert_int_equal(fake->frames, parts_of(&first));
    assert_int_equal(
        fake->frame[fake->frames - 1].part.offset + fake->frame[fake->frames - 1].value_bytes,
        first.part.total);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_large_put_is_whole_when_all_parts_are_there, setup, teardown),
        cmocka_unit_test_setup_teardown(only_missing_parts_are_sent_again, setup, teardown),
        cmocka_unit_test_setup_teardown(
            no_room_for_parts_asks_with_one_until_there_is, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_dropped_by_the_head_are_sent_again, setup, teardown),
        cmocka_unit_test_setup_teardown(large_values_wait_for_a_slot, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_large_get_asks_for_ranges_of_one_version, setup, teardown),
        cmocka_unit_test_setup_teardown(
            short_and_lost_answers_only_cost_more_of_them, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_value_that_changes_meanwhile_is_read_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_that_always_changes_is_given_up, setup, teardown),
        cmocka_unit_test_setup_teardown(the_longest_value_goes_both_ways, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
