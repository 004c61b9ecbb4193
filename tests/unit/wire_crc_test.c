/* SPDX-License-Identifier: BSD-3-Clause
 *
 * CRC32C: the number the books give, whichever way it is computed, and exactly the bytes that the
 * protocol says it covers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire_samples.h"

static void check_value_of_the_books(void **state)
{
    (void)state;
    assert_int_equal(wire_crc(WIRE_CRC_START, "123456789", 9), 0x1cf96d7c);
    assert_int_equal(~wire_crc(WIRE_CRC_START, "123456789", 9), 0xe3069283);
    assert_int_equal(wire_crc(WIRE_CRC_START, "", 0), WIRE_CRC_START);
}

static void every_length_and_place_agrees_with_bit_by_bit(void **state)
{
    (void)state;
    uint8_t bytes[8 + 600];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 131 + 7);
    for (size_t place = 0; place < 8; place++)
        for (size_t count = 0; count <= 600; count++)
            assert_int_equal(wire_crc((uint32_t)count, bytes + place, count),
                sample_crc((uint32_t)count, bytes + place, count));
}

static void pieces_give_what_the_whole_gives(void **state)
{
    (void)state;
    uint8_t bytes[512];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i);
    const uint32_t whole = wire_crc(WIRE_CRC_START, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        const uint32_t first = wire_crc(WIRE_CRC_START, bytes, cut);
        assert_int_equal(wire_crc(first, bytes + cut, sizeof bytes - cut), whole);
    }
}

/* The rule of docs/PROTOCOL.md, written a second time and slowly. */
static uint32_t packet_crc_by_the_rule(const uint8_t *packet, size_t bytes)
{
    const struct wire_packet *header = (const struct wire_packet *)packet;
    uint64_t seed = SAMPLE_CLUSTER;
    uint32_t kind;
    memcpy(&kind, packet + 64, sizeof kind);
    if (header->type == WIRE_HELLO || header->type == WIRE_REFUSE)
        seed = 0;
    if ((header->type == WIRE_INFO || header->type == WIRE_CHUNK) && kind == WIRE_INFO_RING)
        seed = 0;
    uint32_t crc = sample_crc(0xffffffff, &seed, 8);
    crc = sample_crc(crc, packet + 8, 40);
    for (size_t at = 48; at < bytes;) {
        const struct wire_frame *frame = (const struct wire_frame *)(packet + at);
        const bool head_only = frame->type == 3 || frame->type == 7 || frame->type == 10;
        crc = sample_crc(crc, frame, head_only ? 16 : frame->length);
        at += frame->length;
    }
    return crc;
}

static void packet_crc_covers_what_the_rule_says(void **state)
{
    (void)state;
    for (enum sample sample = 0; sample < SAMPLES; sample++) {
        uint8_t packet[WIRE_PACKET_BYTES];
        const size_t bytes = sample_build(sample, packet);
        const struct wire_packet *header = (const struct wire_packet *)packet;
        assert_int_equal(header->crc, packet_crc_by_the_rule(packet, bytes));
    }
}

static void request_and_entry_crc_cover_what_the_rule_says(void **state)
{
    (void)state;
    uint8_t packet[WIRE_PACKET_BYTES];
    sample_build(SAMPLE_FORWARD, packet);
    const struct wire_entry *entry = (const struct wire_entry *)(packet + 64);
    assert_int_equal(entry->crc, sample_crc(0xffffffff, packet + 64 + 4, 36));
    assert_int_equal(
        entry->request.crc, sample_crc(0xffffffff, packet + 64 + 36, entry->request.length - 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_value_of_the_books),
        cmocka_unit_test(every_length_and_place_agrees_with_bit_by_bit),
        cmocka_unit_test(pieces_give_what_the_whole_gives),
        cmocka_unit_test(packet_crc_covers_what_the_rule_says),
        cmocka_unit_test(request_and_entry_crc_cover_what_the_rule_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
