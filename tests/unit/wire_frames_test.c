/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What is built is what is read: every type of packet and frame, field by field.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire_samples.h"

static uint8_t packet[WIRE_PACKET_BYTES];

static struct wire_view open_sample(enum sample sample)
{
    struct wire_view view;
    const size_t bytes = sample_build(sample, packet);
    assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &view), WIRE_TAKEN);
    return view;
}

/* The only frame of a sample, of the vnode that samples speak of unless it speaks of none. */
static const void *open_one(enum sample sample, enum wire_frame_type type, bool of_vnode)
{
    const struct wire_view view = open_sample(sample);
    const uint8_t *cursor = view.frames;
    const struct wire_frame *frame = wire_next(&view, &cursor);
    if (frame == NULL) {
        fail_msg("%s has no frame", sample_name(sample));
        return NULL;
    }
    assert_int_equal(frame->type, type);
    assert_int_equal(frame->flags, 0);
    assert_int_equal(frame->length, view.end - view.frames);
    assert_int_equal(frame->class, of_vnode ? 2 : 0);
    assert_int_equal(frame->partition, of_vnode ? 0x0304 : 0);
    assert_int_equal(frame->epoch, of_vnode ? 9 : 0);
    assert_null(wire_next(&view, &cursor));
    return frame;
}

static void expect_bytes(const uint8_t *bytes, size_t count, uint8_t first)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(bytes[i], (uint8_t)(first + i));
}

static void header(void **state)
{
    (void)state;
    const struct wire_view view = open_sample(SAMPLE_COMMITTED);
    assert_int_equal(view.header.magic, WIRE_MAGIC);
    assert_int_equal(view.header.version, WIRE_VERSION);
    assert_int_equal(view.header.type, WIRE_DATA);
    assert_int_equal(view.header.length, 72);
    assert_int_equal(view.header.frames, 1);
    assert_int_equal(view.header.flags, 0);
    assert_int_equal(view.header.sender, 3);
    assert_int_equal(view.header.sender_worker, 1);
    assert_int_equal(view.header.receiver_worker, 2);
    assert_int_equal(view.header.sender_incarnation, 0x0102030405060708);
    assert_int_equal(view.header.receiver_incarnation, 0x1112131415161718);
    assert_int_equal(view.header.number, 0x2122232425262728);
    assert_ptr_equal(view.frames, packet + 48);
    assert_ptr_equal(view.end, packet + 72);
}

static void hello(void **state)
{
    (void)state;
    const struct wire_hello *frame = open_one(SAMPLE_HELLO, WIRE_FRAME_HELLO, false);
    assert_int_equal(frame->cluster, SAMPLE_CLUSTER);
    assert_int_equal(frame->config_hash, 0xabcdef);
    assert_int_equal(frame->workers, 2);
    assert_int_equal(frame->packet_bytes, WIRE_PACKET_BYTES);
    assert_int_equal(frame->credits, 64);
    assert_int_equal(frame->version_max, 1);
    assert_string_equal(frame->name, "node-1");
}

static void link_ack(void **state)
{
    (void)state;
    const struct wire_link_ack *frame = open_one(SAMPLE_LINK_ACK, WIRE_FRAME_LINK_ACK, false);
    assert_int_equal(frame->largest, 500);
    assert_int_equal(frame->bitmap[0], 0xfffffffffffffff7);
    assert_int_equal(frame->bitmap[1], 1);
    assert_int_equal(frame->credit, 64);
    assert_int_equal(frame->delay_us, 12);
}

static void expect_put(const struct wire_request *request)
{
    assert_int_equal(request->length, 61);
    assert_int_equal(request->session.epoch, 7);
    assert_int_equal(request->session.number, 1001);
    assert_int_equal(request->number, 42);
    assert_int_equal(request->awaited_behind, 3);
    assert_int_equal(request->operation, WIRE_OP_PUT);
    assert_int_equal(request->key_bytes, 3);
    assert_int_equal(request->argument, 0);
    assert_memory_equal(wire_request_key(request), "abc", 3);
    assert_int_equal(wire_request_value_bytes(request), 10);
    expect_bytes(wire_request_value(request), 10, 0x80);
}

static void forward(void **state)
{
    (void)state;
    const struct wire_frame *frame = open_one(SAMPLE_FORWARD, WIRE_FRAME_FORWARD, true);
    const struct wire_entry *entry = (const struct wire_entry *)(frame + 1);
    assert_int_equal(entry->kind, WIRE_ENTRY_REQUEST);
    assert_int_equal(entry->client_port, 40000);
    assert_int_equal(entry->client_ip, 0x0a000001);
    assert_int_equal(entry->class, 2);
    assert_int_equal(entry->partition, 0x0304);
    assert_int_equal(entry->epoch, 8);
    assert_int_equal(entry->sequence, 77);
    assert_int_equal(wire_entry_bytes(entry), 93);
    expect_put(&entry->request);
}

static void forward_of_the_greatest_length(void **state)
{
    (void)state;
    const struct wire_frame *frame = open_one(SAMPLE_DATA_FULL, WIRE_FRAME_FORWARD, true);
    const struct wire_entry *entry = (const struct wire_entry *)(frame + 1);
    assert_int_equal(frame->length, WIRE_FRAMES_BYTES);
    assert_int_equal(wire_request_value_bytes(&entry->request), 1400 - 16 - 80 - 16);
    assert_true(wire_fits_one(wire_entry_bytes(entry), WIRE_PACKET_BYTES));
    assert_false(wire_fits_one(wire_entry_bytes(entry) + 1, WIRE_PACKET_BYTES));
}

static void forward_part(void **state)
{
    (void)state;
    const struct wire_forward_part *frame =
        open_one(SAMPLE_FORWARD_PART, WIRE_FRAME_FORWARD_PART, true);
    assert_int_equal(frame->entry_epoch, 8);
    assert_int_equal(frame->sequence, 78);
    assert_int_equal(frame->total, 2709);
    assert_int_equal(frame->offset, WIRE_PART_BYTES);
    expect_bytes((const uint8_t *)(frame + 1), WIRE_PART_BYTES, 1);
    frame = open_one(SAMPLE_FORWARD_PART_LAST, WIRE_FRAME_FORWARD_PART, true);
    assert_int_equal(frame->frame.length, 64);
    expect_bytes((const uint8_t *)(frame + 1), 21, 1);
}

static void committed(void **state)
{
    (void)state;
    const struct wire_committed *frame = open_one(SAMPLE_COMMITTED, WIRE_FRAME_COMMITTED, true);
    assert_int_equal(frame->sequence, 76);
}

static void epoch(void **state)
{
    (void)state;
    open_one(SAMPLE_EPOCH, WIRE_FRAME_EPOCH, true);
}

static void write_and_read(void **state)
{
    (void)state;
    const struct wire_frame *frame = open_one(SAMPLE_WRITE, WIRE_FRAME_WRITE, true);
    expect_put((const struct wire_request *)(frame + 1));
    frame = open_one(SAMPLE_READ, WIRE_FRAME_READ, true);
    const struct wire_request *request = (const struct wire_request *)(frame + 1);
    assert_int_equal(request->operation, WIRE_OP_GET);
    assert_int_equal(request->session.epoch | request->session.number, 0);
    assert_memory_equal(wire_request_key(request), "abcde", 5);
    assert_int_equal(wire_request_value_bytes(request), 0);
}

static void write_part(void **state)
{
    (void)state;
    const struct wire_write_part *frame = open_one(SAMPLE_WRITE_PART, WIRE_FRAME_WRITE_PART, true);
    assert_int_equal(frame->session.number, 1001);
    assert_int_equal(frame->number, 43);
    assert_int_equal(frame->total, 2709);
    assert_int_equal(frame->offset, 2 * WIRE_PART_BYTES);
    expect_bytes((const uint8_t *)(frame + 1), 21, 1);
}

static void part_ack(void **state)
{
    (void)state;
    const struct wire_part_ack *frame = open_one(SAMPLE_PART_ACK, WIRE_FRAME_PART_ACK, true);
    assert_int_equal(frame->session.epoch, 7);
    assert_int_equal(frame->number, 43);
    assert_int_equal(frame->parts, 1);
    assert_int_equal(frame->bitmap, 1);
}

static void reply(void **state)
{
    (void)state;
    const struct wire_reply *frame = open_one(SAMPLE_REPLY, WIRE_FRAME_REPLY, true);
    assert_int_equal(frame->session.number, 1001);
    assert_int_equal(frame->number, 42);
    assert_int_equal(frame->status, TORC_STATUS_OK);
    assert_int_equal(frame->version, 3);
    assert_int_equal(frame->total, 11);
    assert_int_equal(frame->bytes, 11);
    expect_bytes((const uint8_t *)(frame + 1), 11, 0x40);
}

static void info_and_chunk(void **state)
{
    (void)state;
    const struct wire_info *info = open_one(SAMPLE_INFO_RING, WIRE_FRAME_INFO, false);
    assert_int_equal(info->kind, WIRE_INFO_RING);
    assert_int_equal(info->frame.length, 128);
    info = open_one(SAMPLE_INFO_STATS, WIRE_FRAME_INFO, false);
    assert_int_equal(info->kind, WIRE_INFO_STATS);
    const struct wire_chunk *chunk = open_one(SAMPLE_CHUNK_RING, WIRE_FRAME_CHUNK, false);
    assert_int_equal(chunk->offset, 64);
    assert_int_equal(chunk->generation, 5);
    assert_int_equal(chunk->total, 100);
    assert_int_equal(chunk->bytes, 13);
    expect_bytes((const uint8_t *)(chunk + 1), 13, 0x20);
}

static void refuse(void **state)
{
    (void)state;
    const struct wire_refuse *frame = open_one(SAMPLE_REFUSE, WIRE_FRAME_REFUSE, false);
    assert_int_equal(frame->version_min, 1);
    assert_int_equal(frame->version_max, 1);
}

static void many_frames_come_in_order(void **state)
{
    (void)state;
    static const uint8_t types[] = {WIRE_FRAME_LINK_ACK, WIRE_FRAME_FORWARD, WIRE_FRAME_COMMITTED,
        WIRE_FRAME_FORWARD, WIRE_FRAME_EPOCH, WIRE_FRAME_FORWARD};
    const struct wire_view view = open_sample(SAMPLE_DATA_MANY);
    const uint8_t *cursor = view.frames;
    for (size_t i = 0; i < sizeof types; i++) {
        const struct wire_frame *frame = wire_next(&view, &cursor);
        assert_true(frame != NULL && frame->type == types[i]);
    }
    assert_null(wire_next(&view, &cursor));
    assert_int_equal(view.header.frames, sizeof types);
}

/* Every pair (packet type, frame type) that the table of docs/PROTOCOL.md leaves out. */
static void frames_belong_in_the_packets_that_the_protocol_names(void **state)
{
    (void)state;
    static const uint8_t home[SAMPLES] = {[SAMPLE_HELLO] = WIRE_HELLO,
        [SAMPLE_LINK_ACK] = WIRE_DATA,
        [SAMPLE_FORWARD] = WIRE_DATA,
        [SAMPLE_FORWARD_PART] = WIRE_DATA,
        [SAMPLE_COMMITTED] = WIRE_DATA,
        [SAMPLE_EPOCH] = WIRE_DATA,
        [SAMPLE_WRITE] = WIRE_REQUEST,
        [SAMPLE_WRITE_PART] = WIRE_REQUEST,
        [SAMPLE_READ] = WIRE_REQUEST,
        [SAMPLE_PART_ACK] = WIRE_REPLY,
        [SAMPLE_REPLY] = WIRE_REPLY,
        [SAMPLE_INFO_STATS] = WIRE_INFO,
        [SAMPLE_CHUNK_STATS] = WIRE_CHUNK,
        [SAMPLE_REFUSE] = WIRE_REFUSE};
    for (enum sample sample = 0; sample < SAMPLES; sample++)
        for (uint8_t type = WIRE_HELLO; home[sample] != 0 && type <= WIRE_REFUSE; type++) {
            struct wire_view view;
            const size_t bytes = sample_build(sample, packet);
            ((struct wire_packet *)packet)->type = type;
            sample_reseal(packet, bytes);
            assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &view),
                type == home[sample] ? WIRE_TAKEN : WIRE_DROP_bad_frame_type);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header),
        cmocka_unit_test(hello),
        cmocka_unit_test(link_ack),
        cmocka_unit_test(forward),
        cmocka_unit_test(forward_of_the_greatest_length),
        cmocka_unit_test(forward_part),
        cmocka_unit_test(committed),
        cmocka_unit_test(epoch),
        cmocka_unit_test(write_and_read),
        cmocka_unit_test(write_part),
        cmocka_unit_test(part_ack),
        cmocka_unit_test(reply),
        cmocka_unit_test(info_and_chunk),
        cmocka_unit_test(refuse),
        cmocka_unit_test(many_frames_come_in_order),
        cmocka_unit_test(frames_belong_in_the_packets_that_the_protocol_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
