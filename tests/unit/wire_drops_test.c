/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Each rule of the protocol, broken alone: one field of a sample is changed, every CRC that the
 * change spoils is made right again, and the packet must be refused for the reason named and
 * for no other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire_samples.h"

enum mend {
    MEND_NOTHING,
    MEND_PACKET,
    MEND_REQUEST, /* of a WRITE or READ; and the packet */
    MEND_ENTRY,   /* of a FORWARD, and its request; and the packet */
};

struct breach {
    const char *what;
    enum sample sample;
    uint32_t at; /* byte of the packet */
    uint32_t bytes;
    uint64_t value;
    enum mend mend;
    enum wire_drop drop;
};

#define HEAD(field)       offsetof(struct wire_packet, field), sizeof(((struct wire_packet *)0)->field)
#define BODY(type, field) 48 + offsetof(struct type, field), sizeof(((struct type *)0)->field)
#define FRAME(field)      BODY(wire_frame, field)
#define ENTRY(field)                                                                               \
    64 + offsetof(struct wire_entry, field), sizeof(((struct wire_entry *)0)->field)
#define REQUEST(field)                                                                             \
    64 + offsetof(struct wire_request, field), sizeof(((struct wire_request *)0)->field)
#define BECAUSE(reason)  WIRE_DROP_##reason
#define TOO_LONG_REQUEST (WIRE_REQUEST_BYTES_MAX + 1)
#define TOO_LONG_ENTRY   (WIRE_ENTRY_BYTES_MAX + 1)

/* clang-format off */
static const struct breach breaches[] = {
    {"magic",                  SAMPLE_WRITE,     HEAD(magic),    0x544f5243,     MEND_PACKET,  BECAUSE(bad_magic)},
    {"older version",          SAMPLE_WRITE,     HEAD(version),  0,              MEND_PACKET,  BECAUSE(bad_version)},
    {"newer version",          SAMPLE_WRITE,     HEAD(version),  2,              MEND_PACKET,  BECAUSE(bad_version)},
    {"version before length",  SAMPLE_WRITE,     HEAD(version),  2,              MEND_NOTHING, BECAUSE(bad_version)},
    {"no type",                SAMPLE_WRITE,     HEAD(type),     0,              MEND_PACKET,  BECAUSE(bad_type)},
    {"type to come",           SAMPLE_WRITE,     HEAD(type),     8,              MEND_PACKET,  BECAUSE(bad_type)},
    {"type far out",           SAMPLE_WRITE,     HEAD(type),     255,            MEND_PACKET,  BECAUSE(bad_type)},
    {"says longer",            SAMPLE_WRITE,     HEAD(length),   1448,           MEND_PACKET,  BECAUSE(short_packet)},
    {"says shorter",           SAMPLE_WRITE,     HEAD(length),   48,             MEND_PACKET,  BECAUSE(long_packet)},
    {"says less than a header", SAMPLE_WRITE,    HEAD(length),   47,             MEND_PACKET,  BECAUSE(short_packet)},
    {"more frames",            SAMPLE_WRITE,     HEAD(frames),   2,              MEND_NOTHING, BECAUSE(bad_frame_count)},
    {"fewer frames",           SAMPLE_DATA_MANY, HEAD(frames),   5,              MEND_NOTHING, BECAUSE(bad_frame_count)},
    {"no frames",              SAMPLE_WRITE,     HEAD(frames),   0,              MEND_NOTHING, BECAUSE(bad_frame_count)},
    {"packet flags",           SAMPLE_WRITE,     HEAD(flags),    1,              MEND_PACKET,  BECAUSE(bad_flags)},
    {"packet flags, high",     SAMPLE_WRITE,     HEAD(flags),    0x8000,         MEND_PACKET,  BECAUSE(bad_flags)},
    {"packet CRC",             SAMPLE_WRITE,     HEAD(crc),      0,              MEND_NOTHING, BECAUSE(bad_packet_crc)},
    {"number, unsealed",       SAMPLE_WRITE,     HEAD(number),   0,              MEND_NOTHING, BECAUSE(bad_packet_crc)},
    {"receiver, unsealed",     SAMPLE_WRITE,     HEAD(receiver_incarnation), 1,  MEND_NOTHING, BECAUSE(bad_packet_crc)},

    {"frame shorter than head", SAMPLE_COMMITTED, FRAME(length), 8,              MEND_NOTHING, BECAUSE(bad_frame_length)},
    {"frame of no length",     SAMPLE_COMMITTED, FRAME(length),  0,              MEND_NOTHING, BECAUSE(bad_frame_length)},
    {"frame unaligned",        SAMPLE_COMMITTED, FRAME(length),  20,             MEND_NOTHING, BECAUSE(bad_frame_length)},
    {"frame beyond the packet", SAMPLE_COMMITTED, FRAME(length), 32,             MEND_NOTHING, BECAUSE(bad_frame_length)},
    {"frame longest",          SAMPLE_COMMITTED, FRAME(length),  0xfff8,         MEND_NOTHING, BECAUSE(bad_frame_length)},
    {"frame short of its type", SAMPLE_COMMITTED, FRAME(type),   WIRE_FRAME_LINK_ACK, MEND_PACKET, BECAUSE(bad_frame_length)},
    {"frame beyond its type",  SAMPLE_COMMITTED, FRAME(type),    WIRE_FRAME_EPOCH, MEND_PACKET, BECAUSE(bad_frame_length)},
    {"no frame type",          SAMPLE_COMMITTED, FRAME(type),    0,              MEND_PACKET,  BECAUSE(bad_frame_type)},
    {"frame type to come",     SAMPLE_COMMITTED, FRAME(type),    15,             MEND_PACKET,  BECAUSE(bad_frame_type)},
    {"frame type far out",     SAMPLE_COMMITTED, FRAME(type),    255,            MEND_PACKET,  BECAUSE(bad_frame_type)},
    {"frame of another packet", SAMPLE_COMMITTED, FRAME(type),   WIRE_FRAME_REPLY, MEND_PACKET, BECAUSE(bad_frame_type)},
    {"client forwards",        SAMPLE_FORWARD,   HEAD(type),     WIRE_REQUEST,   MEND_PACKET,  BECAUSE(bad_frame_type)},
    {"member writes",          SAMPLE_WRITE,     HEAD(type),     WIRE_DATA,      MEND_PACKET,  BECAUSE(bad_frame_type)},
    {"frame flags",            SAMPLE_COMMITTED, FRAME(flags),   1,              MEND_PACKET,  BECAUSE(bad_flags)},

    {"two in one HELLO",       SAMPLE_DATA_MANY, HEAD(type),     WIRE_HELLO,     MEND_PACKET,  BECAUSE(bad_frame_count)},
    {"two in one INFO",        SAMPLE_DATA_MANY, HEAD(type),     WIRE_INFO,      MEND_PACKET,  BECAUSE(bad_frame_count)},
    {"two in one CHUNK",       SAMPLE_DATA_MANY, HEAD(type),     WIRE_CHUNK,     MEND_PACKET,  BECAUSE(bad_frame_count)},
    {"two in one REFUSE",      SAMPLE_DATA_MANY, HEAD(type),     WIRE_REFUSE,    MEND_PACKET,  BECAUSE(bad_frame_count)},

    {"hello of a class",       SAMPLE_HELLO,     FRAME(class),   1,              MEND_PACKET,  BECAUSE(bad_flags)},
    {"hello of a partition",   SAMPLE_HELLO,     FRAME(partition), 1,            MEND_PACKET,  BECAUSE(bad_flags)},
    {"hello of an epoch",      SAMPLE_HELLO,     FRAME(epoch),   1,              MEND_PACKET,  BECAUSE(bad_flags)},
    {"info of a class",        SAMPLE_INFO_RING, FRAME(class),   1,              MEND_PACKET,  BECAUSE(bad_flags)},
    {"chunk of a partition",   SAMPLE_CHUNK_RING, FRAME(partition), 1,           MEND_PACKET,  BECAUSE(bad_flags)},
    {"refusal of an epoch",    SAMPLE_REFUSE,    FRAME(epoch),   1,              MEND_PACKET,  BECAUSE(bad_flags)},
    {"link ack of an epoch",   SAMPLE_LINK_ACK,  FRAME(epoch),   1ull << 63,     MEND_PACKET,  BECAUSE(bad_flags)},
    {"link ack reserved",      SAMPLE_LINK_ACK,  BODY(wire_link_ack, reserved), 1, MEND_PACKET, BECAUSE(bad_flags)},
    {"refusal reserved",       SAMPLE_REFUSE,    48 + 23, 1,     1,              MEND_PACKET,  BECAUSE(bad_flags)},
    {"refusal of nothing",     SAMPLE_REFUSE,    BODY(wire_refuse, version_min), 9, MEND_PACKET, BECAUSE(bad_request)},
    {"info padding",           SAMPLE_INFO_RING, 48 + 127, 1,    1,              MEND_PACKET,  BECAUSE(bad_padding)},
    {"info padding, first",    SAMPLE_INFO_RING, 48 + 32, 1,     1,              MEND_PACKET,  BECAUSE(bad_padding)},

    {"part between parts",     SAMPLE_FORWARD_PART, BODY(wire_forward_part, offset), 8, MEND_PACKET, BECAUSE(bad_request)},
    {"part behind the end",    SAMPLE_FORWARD_PART, BODY(wire_forward_part, total), 1344, MEND_PACKET, BECAUSE(bad_request)},
    {"entry of parts too long", SAMPLE_FORWARD_PART, BODY(wire_forward_part, total), TOO_LONG_ENTRY, MEND_PACKET, BECAUSE(bad_request)},
    {"entry of parts too short", SAMPLE_FORWARD_PART_LAST, BODY(wire_forward_part, total), 79, MEND_PACKET, BECAUSE(bad_request)},
    {"last part that is full", SAMPLE_FORWARD_PART, BODY(wire_forward_part, total), 2687, MEND_PACKET, BECAUSE(bad_padding)},
    {"last part far shorter",  SAMPLE_FORWARD_PART, BODY(wire_forward_part, total), 2000, MEND_PACKET, BECAUSE(bad_frame_length)},
    {"short part in the middle", SAMPLE_FORWARD_PART_LAST, BODY(wire_forward_part, offset), 1344, MEND_PACKET, BECAUSE(bad_frame_length)},
    {"part padding",           SAMPLE_FORWARD_PART_LAST, 48 + 61, 1, 1,          MEND_PACKET,  BECAUSE(bad_padding)},
    {"write part between",     SAMPLE_WRITE_PART, BODY(wire_write_part, offset), 1345, MEND_PACKET, BECAUSE(bad_request)},
    {"request of parts too long", SAMPLE_WRITE_PART, BODY(wire_write_part, total), TOO_LONG_REQUEST, MEND_PACKET, BECAUSE(bad_request)},
    {"request of parts too short", SAMPLE_WRITE_PART, BODY(wire_write_part, total), 47, MEND_PACKET, BECAUSE(bad_request)},
    {"write part length",      SAMPLE_WRITE_PART, BODY(wire_write_part, total), 2 * 1344 + 30, MEND_PACKET, BECAUSE(bad_frame_length)},
    {"write part padding",     SAMPLE_WRITE_PART, 48 + 71, 1,    0x80,           MEND_PACKET,  BECAUSE(bad_padding)},

    {"more value than said",   SAMPLE_REPLY,     BODY(wire_reply, bytes), 8,     MEND_PACKET,  BECAUSE(bad_frame_length)},
    {"less value than said",   SAMPLE_REPLY,     BODY(wire_reply, total), 10,    MEND_PACKET,  BECAUSE(bad_request)},
    {"value beyond its total", SAMPLE_REPLY,     BODY(wire_reply, offset), 1,    MEND_PACKET,  BECAUSE(bad_request)},
    {"value offset that wraps", SAMPLE_REPLY,    BODY(wire_reply, offset), 0xfffffff5, MEND_PACKET, BECAUSE(bad_request)},
    {"value over the limit",   SAMPLE_REPLY,     BODY(wire_reply, total), 1048577, MEND_PACKET, BECAUSE(bad_request)},
    {"reply padding",          SAMPLE_REPLY,     48 + 79, 1,     1,              MEND_PACKET,  BECAUSE(bad_padding)},
    {"more chunk than said",   SAMPLE_CHUNK_STATS, BODY(wire_chunk, bytes), 5,   MEND_PACKET,  BECAUSE(bad_frame_length)},
    {"chunk beyond its total", SAMPLE_CHUNK_STATS, BODY(wire_chunk, total), 76,  MEND_PACKET,  BECAUSE(bad_request)},
    {"chunk offset that wraps", SAMPLE_CHUNK_RING, BODY(wire_chunk, offset), 0xfffffff3, MEND_PACKET, BECAUSE(bad_request)},
    {"chunk padding",          SAMPLE_CHUNK_RING, 48 + 55, 1,    1,              MEND_PACKET,  BECAUSE(bad_padding)},
    {"hello name unterminated", SAMPLE_HELLO,    0, 0,           0,              MEND_PACKET,  BECAUSE(bad_request)},

    {"request shorter",        SAMPLE_WRITE,     REQUEST(length), 56,            MEND_NOTHING, BECAUSE(bad_request)},
    {"request longer",         SAMPLE_WRITE,     REQUEST(length), 65,            MEND_NOTHING, BECAUSE(bad_request)},
    {"request without header", SAMPLE_WRITE,     REQUEST(length), 47,            MEND_NOTHING, BECAUSE(bad_request)},
    {"request length that wraps", SAMPLE_WRITE,  REQUEST(length), 0xffffffff,    MEND_NOTHING, BECAUSE(bad_request)},
    {"request padding",        SAMPLE_WRITE,     64 + 63, 1,     1,              MEND_NOTHING, BECAUSE(bad_padding)},
    {"request CRC",            SAMPLE_WRITE,     REQUEST(crc),   0,              MEND_NOTHING, BECAUSE(bad_request_crc)},
    {"number, unsigned",       SAMPLE_WRITE,     REQUEST(number), 41,            MEND_PACKET,  BECAUSE(bad_request_crc)},
    {"value, unsigned",        SAMPLE_WRITE,     64 + 60, 1,     0,              MEND_PACKET,  BECAUSE(bad_request_crc)},
    {"read CRC",               SAMPLE_READ,      REQUEST(crc),   0,              MEND_NOTHING, BECAUSE(bad_request_crc)},
    {"no key",                 SAMPLE_WRITE,     REQUEST(key_bytes), 0,          MEND_REQUEST, BECAUSE(bad_request)},
    {"key beyond the request", SAMPLE_WRITE,     REQUEST(key_bytes), 14,         MEND_REQUEST, BECAUSE(bad_request)},
    {"key beyond, far",        SAMPLE_WRITE,     REQUEST(key_bytes), 0xffff,     MEND_REQUEST, BECAUSE(bad_request)},
    {"number 0",               SAMPLE_WRITE,     REQUEST(number), 0,             MEND_REQUEST, BECAUSE(bad_request)},
    {"awaited below 1",        SAMPLE_WRITE,     REQUEST(awaited_behind), 42,    MEND_REQUEST, BECAUSE(bad_request)},
    {"read as a write",        SAMPLE_WRITE,     REQUEST(operation), WIRE_OP_GET, MEND_REQUEST, BECAUSE(bad_request)},
    {"write as a read",        SAMPLE_READ,      REQUEST(operation), WIRE_OP_PUT, MEND_REQUEST, BECAUSE(bad_request)},
    {"read in a session",      SAMPLE_READ,      64 + 16, 1,     1,              MEND_REQUEST, BECAUSE(bad_request)},
    {"operation 0",            SAMPLE_WRITE_OPEN, REQUEST(operation), 0,         MEND_REQUEST, BECAUSE(bad_request)},
    {"engine operation to come", SAMPLE_WRITE_OPEN, REQUEST(operation), 15,      MEND_REQUEST, BECAUSE(bad_request)},
    {"open in a session",      SAMPLE_WRITE_OPEN, 64 + 8, 1,     1,              MEND_REQUEST, BECAUSE(bad_request)},
    {"open with a number",     SAMPLE_WRITE_OPEN, REQUEST(number), 1,            MEND_REQUEST, BECAUSE(bad_request)},
    {"open that awaits",       SAMPLE_WRITE_OPEN, REQUEST(awaited_behind), 1,    MEND_REQUEST, BECAUSE(bad_request)},
    {"open with a key",        SAMPLE_WRITE,     REQUEST(operation), WIRE_OP_SESSION_OPEN, MEND_REQUEST, BECAUSE(bad_request)},
    {"close of no session",    SAMPLE_WRITE_OPEN, REQUEST(operation), WIRE_OP_SESSION_CLOSE, MEND_REQUEST, BECAUSE(bad_request)},
    {"put without a key",      SAMPLE_WRITE_OPEN, REQUEST(operation), WIRE_OP_PUT, MEND_REQUEST, BECAUSE(bad_request)},

    {"entry CRC",              SAMPLE_FORWARD,   ENTRY(crc),     0,              MEND_NOTHING, BECAUSE(bad_entry_crc)},
    {"sequence, unsigned",     SAMPLE_FORWARD,   ENTRY(sequence), 78,            MEND_PACKET,  BECAUSE(bad_entry_crc)},
    {"client's CRC, unsigned", SAMPLE_FORWARD,   64 + 32, 4,     0,              MEND_PACKET,  BECAUSE(bad_entry_crc)},
    {"entry value, unsigned",  SAMPLE_FORWARD,   64 + 80, 1,     0,              MEND_PACKET,  BECAUSE(bad_request_crc)},
    {"entry length",           SAMPLE_FORWARD,   64 + 36, 4,     48,             MEND_NOTHING, BECAUSE(bad_request)},
    {"entry length that wraps", SAMPLE_FORWARD,  64 + 36, 4,     0xfffffff0,     MEND_NOTHING, BECAUSE(bad_request)},
    {"entry padding",          SAMPLE_FORWARD,   64 + 95, 1,     1,              MEND_NOTHING, BECAUSE(bad_padding)},
    {"entry of no kind",       SAMPLE_FORWARD,   ENTRY(kind),    0,              MEND_ENTRY,   BECAUSE(bad_request)},
    {"entry kind to come",     SAMPLE_FORWARD,   ENTRY(kind),    2,              MEND_ENTRY,   BECAUSE(bad_request)},
    {"entry flags",            SAMPLE_FORWARD,   ENTRY(flags),   1,              MEND_ENTRY,   BECAUSE(bad_flags)},
    {"entry of another class", SAMPLE_FORWARD,   ENTRY(class),   3,              MEND_ENTRY,   BECAUSE(bad_request)},
    {"entry of another vnode", SAMPLE_FORWARD,   ENTRY(partition), 0,            MEND_ENTRY,   BECAUSE(bad_request)},
    {"frame of another vnode", SAMPLE_FORWARD,   FRAME(partition), 0,            MEND_PACKET,  BECAUSE(bad_request)},
    {"read in an entry",       SAMPLE_FORWARD,   64 + 32 + 36, 2, WIRE_OP_GET,   MEND_ENTRY,   BECAUSE(bad_request)},
};
/* clang-format on */
#define BREACHES (sizeof breaches / sizeof breaches[0])

static void mend(uint8_t *packet, size_t bytes, enum mend how)
{
    struct wire_entry *entry = (struct wire_entry *)(packet + 64);
    if (how == MEND_REQUEST)
        wire_request_sign((struct wire_request *)(packet + 64));
    if (how == MEND_ENTRY) {
        wire_request_sign(&entry->request);
        wire_entry_sign(entry);
    }
    if (how != MEND_NOTHING)
        sample_reseal(packet, bytes);
}

static enum wire_drop open_breach(const struct breach *breach)
{
    uint8_t packet[WIRE_PACKET_BYTES];
    const size_t bytes = sample_build(breach->sample, packet);
    if (breach->bytes == 0) /* the only breach of several bytes */
        memset(packet + 48 + offsetof(struct wire_hello, name), 0x78, 32);
    memcpy(packet + breach->at, &breach->value, breach->bytes);
    mend(packet, bytes, breach->mend);
    struct wire_view view;
    return wire_open(packet, bytes, SAMPLE_CLUSTER, &view);
}

static void each_broken_rule_has_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < BREACHES; i++) {
        const enum wire_drop drop = open_breach(&breaches[i]);
        if (drop != breaches[i].drop)
            fail_msg("%s: %s, not %s", breaches[i].what, wire_drop_name(drop),
                wire_drop_name(breaches[i].drop));
    }
}

static void each_reason_is_reached(void **state)
{
    (void)state;
    for (enum wire_drop drop = WIRE_TAKEN + 1; drop < WIRE_DROP_COUNT; drop++) {
        bool reached = false;
        for (size_t i = 0; i < BREACHES && !reached; i++)
            reached = open_breach(&breaches[i]) == drop;
        if (!reached)
            fail_msg("nothing reaches %s", wire_drop_name(drop));
    }
}

/* A fault in front hides one behind: what is counted is the first in the documented order. */
static void reasons_are_looked_for_in_order(void **state)
{
    (void)state;
    uint8_t packet[WIRE_PACKET_BYTES];
    struct wire_view view;
    const size_t bytes = sample_build(SAMPLE_WRITE, packet);
    struct wire_packet *header = (struct wire_packet *)packet;
    struct wire_frame *frame = (struct wire_frame *)(packet + 48);
    header->type = 99;
    assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &view), WIRE_DROP_bad_packet_crc);
    header->frames = 9;
    assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &view), WIRE_DROP_bad_frame_count);
    frame->length = 9;
    assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &view), WIRE_DROP_bad_frame_length);
    header->length = 9;
    assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &view), WIRE_DROP_short_packet);
    header->version = 9;
    assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &view), WIRE_DROP_bad_version);
    header->magic = 9;
    assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &view), WIRE_DROP_bad_magic);
    assert_int_equal(wire_open(packet, 47, SAMPLE_CLUSTER, &view), WIRE_DROP_short_packet);
}

static void a_packet_into_the_tags_room_is_long(void **state)
{
    (void)state;
    uint8_t packet[WIRE_PACKET_BYTES + 8] = {0};
    struct wire_view view;
    const size_t bytes = sample_build(SAMPLE_DATA_FULL, packet);
    assert_int_equal(bytes, WIRE_LENGTH_MAX);
    struct wire_packet *header = (struct wire_packet *)packet;
    struct wire_frame *next = (struct wire_frame *)(packet + bytes);
    *next = (struct wire_frame){.type = WIRE_FRAME_EPOCH, .length = sizeof *next};
    header->length = (uint16_t)(bytes + sizeof *next);
    header->frames = 2;
    sample_reseal(packet, header->length);
    assert_int_equal(
        wire_open(packet, header->length, SAMPLE_CLUSTER, &view), WIRE_DROP_long_packet);
}

/* Only an INFO may end anywhere, so only there nothing but the rule itself says no. */
static void a_frame_of_a_length_not_a_multiple_of_8_is_refused(void **state)
{
    (void)state;
    for (uint16_t less = 1; less < 24; less++) {
        uint8_t packet[WIRE_PACKET_BYTES];
        struct wire_view view;
        const uint16_t bytes = (uint16_t)(sample_build(SAMPLE_INFO_STATS, packet) - less);
        ((struct wire_packet *)packet)->length = bytes;
        ((struct wire_frame *)(packet + WIRE_PACKET_MIN))->length =
            (uint16_t)(bytes - WIRE_PACKET_MIN);
        sample_reseal(packet, bytes);
        assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &view),
            less % 8 == 0 ? WIRE_TAKEN : WIRE_DROP_bad_frame_length);
    }
}

/* A first and only part, so that nothing else about it is wrong. */
static enum wire_drop open_part(uint8_t packet_type, enum wire_frame_type type, uint32_t total)
{
    uint8_t packet[WIRE_PACKET_BYTES];
    const struct wire_packet header = {.type = packet_type};
    struct wire_builder builder;
    wire_start(&builder, packet, WIRE_PACKET_BYTES, &header);
    const bool forward = type == WIRE_FRAME_FORWARD_PART;
    const size_t head = forward ? sizeof(struct wire_forward_part) : sizeof(struct wire_write_part);
    const size_t at = forward ? offsetof(struct wire_forward_part, total)
                              : offsetof(struct wire_write_part, total);
    uint8_t *frame = (uint8_t *)wire_add(&builder, type, (uint32_t)head + total);
    memset(frame + sizeof(struct wire_frame), 0, head + total - sizeof(struct wire_frame));
    memcpy(frame + at, &total, sizeof total);
    struct wire_view view;
    return wire_open(packet, wire_seal(&builder, SAMPLE_CLUSTER), SAMPLE_CLUSTER, &view);
}

static void no_whole_is_shorter_than_its_header(void **state)
{
    (void)state;
    for (uint32_t total = 1; total < 100; total++) {
        assert_int_equal(open_part(WIRE_DATA, WIRE_FRAME_FORWARD_PART, total),
            total < sizeof(struct wire_entry) ? WIRE_DROP_bad_request : WIRE_TAKEN);
        assert_int_equal(open_part(WIRE_REQUEST, WIRE_FRAME_WRITE_PART, total),
            total < sizeof(struct wire_request) ? WIRE_DROP_bad_request : WIRE_TAKEN);
    }
}

/* "No such key" to who asked for the middle of a value that is gone. */
static void an_answer_without_bytes_may_echo_any_offset(void **state)
{
    (void)state;
    uint8_t packet[WIRE_PACKET_BYTES];
    struct wire_view view;
    const size_t bytes = sample_build(SAMPLE_REPLY_MANY, packet);
    struct wire_reply *reply = (struct wire_reply *)(packet + WIRE_PACKET_MIN);
    assert_int_equal(reply->bytes, 0);
    reply->total = 0;
    reply->offset = UINT32_MAX;
    sample_reseal(packet, bytes);
    assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER, &view), WIRE_TAKEN);
}

static void names_and_texts_are_there_for_all(void **state)
{
    (void)state;
    assert_string_equal(wire_drop_name(WIRE_DROP_bad_magic), "bad_magic");
    assert_string_equal(wire_drop_text(WIRE_DROP_bad_magic), "not a torc packet");
    for (enum wire_drop drop = WIRE_TAKEN; drop < WIRE_DROP_COUNT; drop++) {
        assert_non_null(wire_drop_name(drop));
        assert_non_null(wire_drop_text(drop));
    }
    assert_string_equal(wire_drop_name(WIRE_DROP_COUNT), "unknown");
    assert_string_equal(wire_drop_text(WIRE_DROP_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_broken_rule_has_its_reason),
        cmocka_unit_test(each_reason_is_reached),
        cmocka_unit_test(reasons_are_looked_for_in_order),
        cmocka_unit_test(a_packet_into_the_tags_room_is_long),
        cmocka_unit_test(a_frame_of_a_length_not_a_multiple_of_8_is_refused),
        cmocka_unit_test(no_whole_is_shorter_than_its_header),
        cmocka_unit_test(an_answer_without_bytes_may_echo_any_offset),
        cmocka_unit_test(names_and_texts_are_there_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
