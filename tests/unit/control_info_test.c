/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO: pieces of the ring and of counters, never longer than what asked for them.
 */
#include "tests/unit/control_fixture.h"

#define QUESTION_LEAST  (WIRE_PACKET_MIN + (uint32_t)sizeof(struct wire_info))
#define QUESTION_ANSWER (WIRE_PACKET_MIN + (uint32_t)sizeof(struct wire_chunk))

/* One question, one answer (if any). */
static bool ask(struct control_fixture *fixture, uint32_t kind, uint32_t offset,
    uint64_t generation, uint32_t bytes, struct wire_chunk *chunk)
{
    uint8_t payload[WIRE_CHUNK_BYTES_MAX];
    uint32_t answer_bytes = 0;
    fixture_info(fixture, 0, kind, offset, generation, bytes);
    (void)fixture_step(fixture);
    bool came = fixture_chunk(fixture, chunk, payload, &answer_bytes);
    assert_true(answer_bytes <= bytes);
    return came;
}

static void there_is_no_ring_before_all_were_heard(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(3, 1);
    struct wire_chunk chunk = {0};
    assert_true(ask(fixture, WIRE_INFO_RING, 0, 0, WIRE_LENGTH_MAX, &chunk));
    assert_int_equal(chunk.status, TORC_STATUS_NOT_READY);
    assert_int_equal(chunk.bytes, 0);
    assert_int_equal(chunk.total, 0);
    assert_true(ask(fixture, WIRE_INFO_STATS, 0, 0, WIRE_LENGTH_MAX, &chunk));
    assert_int_equal(chunk.status, TORC_STATUS_OK); /* counters are always there */
    fixture_control_end(fixture);
}

static void the_ring_comes_whole_in_pieces_of_any_size(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(60, 1);
    fixture_serve(fixture);
    const struct ring *ring = ring_read(&fixture->meeting.ring);
    static uint8_t expected[65536], got[65536];
    uint32_t total = (uint32_t)ring_image_bytes(ring);
    assert_true(total > 2 * WIRE_CHUNK_BYTES_MAX && total <= sizeof expected);
    ring_image_write(ring, expected);
    for (uint32_t bytes = QUESTION_ANSWER + 8; bytes <= WIRE_LENGTH_MAX; bytes += 8 * 19) {
        assert_int_equal(fixture_read_all(fixture, WIRE_INFO_RING, bytes, got, sizeof got), total);
        assert_memory_equal(got, expected, total);
    }
    fixture_control_end(fixture);
}

static void the_counters_come_whole_in_pieces(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 4);
    static uint8_t got[65536];
    fixture_serve(fixture);
    uint32_t total = fixture_read_all(fixture, WIRE_INFO_STATS, WIRE_LENGTH_MAX, got, sizeof got);
    assert_true(total > WIRE_CHUNK_BYTES_MAX);
    assert_memory_equal(got, fixture->control->stats, total);
    assert_int_equal(total, strlen(fixture->control->stats));
    fixture_control_end(fixture);
}

static void a_question_without_room_for_the_head_of_an_answer_has_none(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    struct wire_chunk chunk = {0};
    fixture_serve(fixture);
    assert_true(QUESTION_LEAST < QUESTION_ANSWER);
    assert_false(ask(fixture, WIRE_INFO_RING, 0, 0, QUESTION_LEAST, &chunk));
    assert_true(ask(fixture, WIRE_INFO_RING, 0, 0, QUESTION_ANSWER, &chunk));
    assert_int_equal(chunk.status, TORC_STATUS_OK);
    assert_int_equal(chunk.bytes, 0);
    assert_true(chunk.total > 0);
    assert_true(fixture->control->counters.info_received == 2);
    assert_true(fixture->control->counters.info_answered == 1);
    fixture_control_end(fixture);
}

static void an_offset_past_the_end_is_invalid(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    struct wire_chunk chunk = {0};
    fixture_serve(fixture);
    static const uint32_t kinds[] = {WIRE_INFO_RING, WIRE_INFO_STATS};
    for (unsigned i = 0; i < 2; i++) {
        assert_true(ask(fixture, kinds[i], 0, 0, WIRE_LENGTH_MAX, &chunk));
        uint64_t generation = chunk.generation;
        uint32_t total = chunk.total;
        assert_true(ask(fixture, kinds[i], total, generation, WIRE_LENGTH_MAX, &chunk));
        assert_int_equal(chunk.status, TORC_STATUS_OK);
        assert_int_equal(chunk.bytes, 0);
        assert_true(ask(fixture, kinds[i], total + 1, generation, WIRE_LENGTH_MAX, &chunk));
        assert_int_equal(chunk.status, TORC_STATUS_INVALID);
        assert_true(ask(fixture, kinds[i], UINT32_MAX, generation, WIRE_LENGTH_MAX, &chunk));
        assert_int_equal(chunk.status, TORC_STATUS_INVALID);
        assert_int_equal(chunk.bytes, 0);
        assert_int_equal(chunk.offset, UINT32_MAX);
    }
    fixture_control_end(fixture);
}

static void pieces_of_another_generation_are_refused(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(3, 1);
    struct wire_chunk chunk = {0};
    fixture_serve(fixture);
    assert_true(ask(fixture, WIRE_INFO_RING, 0, 0, WIRE_LENGTH_MAX, &chunk));
    uint64_t generation = chunk.generation;
    assert_true(ask(fixture, WIRE_INFO_RING, 8, generation, WIRE_LENGTH_MAX, &chunk));
    assert_int_equal(chunk.status, TORC_STATUS_OK);
    fixture_hello(fixture, 2, 0x2222, OWN_INCARNATION, false); /* a member is lost: a new ring */
    (void)fixture_step(fixture);
    assert_true(ask(fixture, WIRE_INFO_RING, 8, generation, WIRE_LENGTH_MAX, &chunk));
    assert_int_equal(chunk.status, TORC_STATUS_WRONG_EPOCH);
    assert_int_equal(chunk.bytes, 0);
    assert_true(chunk.generation != generation); /* says which there is */
    fixture_control_end(fixture);
}

static void counters_are_made_anew_once_they_are_old(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    struct wire_chunk chunk = {0};
    fixture_serve(fixture);
    assert_true(ask(fixture, WIRE_INFO_STATS, 0, 0, WIRE_LENGTH_MAX, &chunk));
    uint64_t generation = chunk.generation;
    fixture->now_ns += CONTROL_STATS_FRESH_NS - 1;
    assert_true(ask(fixture, WIRE_INFO_STATS, 0, 0, WIRE_LENGTH_MAX, &chunk));
    assert_true(chunk.generation == generation);
    fixture->now_ns += 1;
    assert_true(ask(fixture, WIRE_INFO_STATS, 8, generation, WIRE_LENGTH_MAX, &chunk));
    assert_int_equal(chunk.status, TORC_STATUS_OK); /* who began to read may go on */
    assert_true(ask(fixture, WIRE_INFO_STATS, 0, 0, WIRE_LENGTH_MAX, &chunk));
    assert_true(chunk.generation != generation);
    assert_true(ask(fixture, WIRE_INFO_STATS, 8, generation, WIRE_LENGTH_MAX, &chunk));
    assert_int_equal(chunk.status, TORC_STATUS_WRONG_EPOCH);
    fixture_control_end(fixture);
}

static void questions_at_any_worker_are_answered_and_bounded_a_step(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 2);
    fixture_serve(fixture);
    for (uint32_t i = 0; i < CONTROL_PACKETS_A_STEP; i++)
        fixture_info(fixture, 1, WIRE_INFO_RING, 0, 0, WIRE_LENGTH_MAX);
    fixture_info(fixture, 1, WIRE_INFO_RING, 0, 0, WIRE_LENGTH_MAX);
    assert_true(fixture_step(fixture) == fixture->now_ns); /* more is left */
    assert_int_equal(fixture_drop_sent(fixture), CONTROL_PACKETS_A_STEP);
    assert_true(fixture_step(fixture) > fixture->now_ns);
    assert_int_equal(fixture_drop_sent(fixture), 1);
    fixture_control_end(fixture);
}

static void answers_without_room_are_counted(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 4);
    fixture_serve(fixture);
    for (uint32_t worker = 0; worker < 4; worker++)
        for (uint32_t i = 0; i < CONTROL_PACKETS_A_STEP; i++)
            fixture_info(fixture, worker, WIRE_INFO_RING, 0, 0, WIRE_LENGTH_MAX);
    (void)fixture_step(fixture);
    assert_int_equal(fixture_drop_sent(fixture), MEETING_MAILBOX_SLOTS);
    assert_true(fixture->control->counters.mailbox_full ==
                4 * CONTROL_PACKETS_A_STEP - MEETING_MAILBOX_SLOTS);
    fixture_control_end(fixture);
}

static void what_is_no_packet_is_counted(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    uint8_t junk[100] = {1, 2, 3};
    assert_true(mailbox_put(
        &fixture->side[0].to_control, junk, sizeof junk, (struct torc_addr){.ip = 1, .port = 1}));
    assert_true(
        mailbox_put(&fixture->side[0].to_control, junk, 0, (struct torc_addr){.ip = 1, .port = 1}));
    (void)fixture_step(fixture);
    assert_true(fixture->control->counters.drop_malformed == 2);
    fixture_control_end(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_ring_before_all_were_heard),
        cmocka_unit_test(the_ring_comes_whole_in_pieces_of_any_size),
        cmocka_unit_test(the_counters_come_whole_in_pieces),
        cmocka_unit_test(a_question_without_room_for_the_head_of_an_answer_has_none),
        cmocka_unit_test(an_offset_past_the_end_is_invalid),
        cmocka_unit_test(pieces_of_another_generation_are_refused),
        cmocka_unit_test(counters_are_made_anew_once_they_are_old),
        cmocka_unit_test(questions_at_any_worker_are_answered_and_bounded_a_step),
        cmocka_unit_test(answers_without_room_are_counted),
        cmocka_unit_test(what_is_no_packet_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
