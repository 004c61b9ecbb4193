/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Building in place: room, padding, sealing again, refusing; and peeking for the steering.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/assert.h"
#include "tests/unit/wire_samples.h"

static uint8_t packet[WIRE_PACKET_BYTES];
static jmp_buf broken;

static void note_assert(const char *what, const char *file, int line)
{
    (void)what;
    (void)file;
    (void)line;
    longjmp(broken, 1);
}

static struct wire_builder start(uint32_t packet_bytes)
{
    const struct wire_packet header = {.type = WIRE_DATA, .sender = 1, .number = 1};
    struct wire_builder builder;
    wire_start(&builder, packet, packet_bytes, &header);
    return builder;
}

static void room_leaves_space_for_the_tag(void **state)
{
    (void)state;
    struct wire_builder builder = start(WIRE_PACKET_BYTES);
    assert_int_equal(wire_room(&builder), WIRE_FRAMES_BYTES);
    assert_int_equal(WIRE_FRAMES_BYTES, 1400);
    builder = start(576);
    assert_int_equal(wire_room(&builder), 576 - 48 - 24);
    builder = start(9000); /* a peer with jumbo frames: ours are as long as ever */
    assert_int_equal(wire_room(&builder), WIRE_FRAMES_BYTES);
    for (uint32_t bytes = 0; bytes <= 72; bytes++) {
        builder = start(bytes);
        assert_int_equal(wire_room(&builder), 0);
    }
}

static void padding_is_zero_whatever_lay_there(void **state)
{
    (void)state;
    for (uint32_t bytes = sizeof(struct wire_frame); bytes < 64; bytes++) {
        memset(packet, 0xff, sizeof packet);
        struct wire_builder builder = start(WIRE_PACKET_BYTES);
        const uint8_t *frame = (const uint8_t *)wire_add(&builder, WIRE_FRAME_REPLY, bytes);
        assert_int_equal(((const struct wire_frame *)frame)->length, wire_pad(bytes));
        for (uint32_t i = bytes; i < wire_pad(bytes); i++)
            assert_int_equal(frame[i], 0);
        for (uint32_t i = wire_pad(bytes); i < 80; i++)
            assert_int_equal(frame[i], 0xff);
    }
}

static void frames_follow_each_other_until_the_room_is_gone(void **state)
{
    (void)state;
    struct wire_builder builder = start(WIRE_PACKET_BYTES);
    uint32_t added = 0;
    while (wire_room(&builder) >= sizeof(struct wire_committed)) {
        struct wire_committed *frame = (struct wire_committed *)wire_add(
            &builder, WIRE_FRAME_COMMITTED, sizeof(struct wire_committed));
        frame->sequence = ++added;
    }
    struct wire_view view;
    const uint32_t bytes = wire_seal(&builder, 5);
    assert_int_equal(wire_open(packet, bytes, 5, &view), WIRE_TAKEN);
    assert_int_equal(view.header.frames, 1400 / 24);
    const uint8_t *cursor = view.frames;
    for (uint32_t i = 1; i <= added; i++) {
        const struct wire_committed *frame =
            (const struct wire_committed *)wire_next(&view, &cursor);
        assert_true(frame != NULL && frame->sequence == i);
    }
    assert_null(wire_next(&view, &cursor));
}

static void a_frame_beyond_the_room_is_our_own_fault(void **state)
{
    (void)state;
    struct wire_builder builder = start(100);
    base_assert_handler_set(note_assert);
    if (setjmp(broken) == 0) {
        wire_add(&builder, WIRE_FRAME_COMMITTED, 32);
        fail_msg("took a frame of 32 bytes into a room of %u", wire_room(&builder));
    }
    assert_int_equal(builder.used, WIRE_PACKET_MIN);
}

static void a_packet_without_frames_is_our_own_fault(void **state)
{
    (void)state;
    struct wire_builder builder = start(WIRE_PACKET_BYTES);
    base_assert_handler_set(note_assert);
    if (setjmp(broken) == 0) {
        wire_seal(&builder, 5);
        fail_msg("sealed a packet without frames");
    }
}

static void sealing_again_makes_a_changed_packet_whole(void **state)
{
    (void)state;
    struct wire_builder builder = start(WIRE_PACKET_BYTES);
    wire_add(&builder, WIRE_FRAME_EPOCH, sizeof(struct wire_frame));
    struct wire_view view;
    for (uint64_t number = 1; number < 100; number++) {
        ((struct wire_packet *)packet)->number = number;
        const uint32_t bytes = wire_seal(&builder, 5);
        assert_int_equal(wire_open(packet, bytes, 5, &view), WIRE_TAKEN);
        assert_int_equal(view.header.number, number);
    }
}

static void seeds_follow_the_rule(void **state)
{
    (void)state;
    for (enum sample sample = 0; sample < SAMPLES; sample++) {
        const size_t bytes = sample_build(sample, packet);
        const bool none = sample == SAMPLE_HELLO || sample == SAMPLE_REFUSE ||
                          sample == SAMPLE_INFO_RING || sample == SAMPLE_CHUNK_RING;
        assert_int_equal(wire_seed(packet, bytes, SAMPLE_CLUSTER), none ? 0 : SAMPLE_CLUSTER);
    }
    sample_build(SAMPLE_INFO_RING, packet);
    assert_int_equal(wire_seed(packet, WIRE_PACKET_MIN, 5), 5); /* no kind there to see */
}

static const struct wire_packet refuser = {
    .sender = 3, .sender_worker = 1, .sender_incarnation = 4};

static void another_version_is_refused_by_name_and_number(void **state)
{
    (void)state;
    uint8_t answer[WIRE_REFUSE_BYTES];
    struct wire_view asked;
    struct wire_view view;
    const size_t bytes = sample_build(SAMPLE_WRITE, packet);
    packet[8] = 2;
    assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &asked), WIRE_DROP_bad_version);
    assert_int_equal(asked.header.version, 2);
    const uint32_t length = wire_refuse(answer, &asked.header, bytes, &refuser);
    assert_int_equal(length, WIRE_REFUSE_BYTES);
    assert_int_equal(wire_open(answer, length, 99, &view), WIRE_TAKEN);
    assert_int_equal(view.header.type, WIRE_REFUSE);
    assert_int_equal(view.header.number, asked.header.number);
    assert_int_equal(view.header.sender, 3);
    assert_int_equal(view.header.sender_worker, 1);
    assert_int_equal(view.header.sender_incarnation, 4);
    assert_int_equal(view.header.receiver_incarnation, 0);
    const struct wire_refuse *refuse = (const struct wire_refuse *)view.frames;
    assert_int_equal(refuse->version_min, 1);
    assert_int_equal(refuse->version_max, 1);
}

static void only_questions_are_refused_and_none_shorter_than_the_answer(void **state)
{
    (void)state;
    uint8_t answer[WIRE_REFUSE_BYTES];
    for (unsigned type = 0; type < 256; type++) {
        const struct wire_packet asked = {.type = (uint8_t)type};
        const bool asks = type == WIRE_HELLO || type == WIRE_REQUEST || type == WIRE_INFO;
        assert_int_equal(wire_refuse(answer, &asked, 72, &refuser), asks ? 72 : 0);
        assert_int_equal(wire_refuse(answer, &asked, 71, &refuser), 0);
    }
}

static void peeking_finds_the_worker_of_a_packet_only(void **state)
{
    (void)state;
    const size_t bytes = sample_build(SAMPLE_WRITE, packet);
    assert_int_equal(wire_peek_worker(packet, bytes), 2);
    assert_int_equal(wire_peek_worker(packet, 47), 0);
    assert_int_equal(wire_peek_worker(packet, 0), 0);
    packet[0] ^= 1;
    assert_int_equal(wire_peek_worker(packet, bytes), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_leaves_space_for_the_tag),
        cmocka_unit_test(padding_is_zero_whatever_lay_there),
        cmocka_unit_test(frames_follow_each_other_until_the_room_is_gone),
        cmocka_unit_test(a_frame_beyond_the_room_is_our_own_fault),
        cmocka_unit_test(a_packet_without_frames_is_our_own_fault),
        cmocka_unit_test(sealing_again_makes_a_changed_packet_whole),
        cmocka_unit_test(seeds_follow_the_rule),
        cmocka_unit_test(another_version_is_refused_by_name_and_number),
        cmocka_unit_test(only_questions_are_refused_and_none_shorter_than_the_answer),
        cmocka_unit_test(peeking_finds_the_worker_of_a_packet_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
