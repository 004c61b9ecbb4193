/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The format of version 1, byte by byte. These lines never change: nodes and clients of this
 * version are out there. A change of the format is a new version, with lines of its own.
 * Eight bytes a group; the packet header is the first six groups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire_samples.h"

struct golden {
    enum sample sample;
    const char *hex;
};

/* clang-format off */
static const struct golden goldens[] = {
    {SAMPLE_HELLO,
        "544f5243d14f009e 0101780001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0100480000000000 0000000000000000 8877665544332211"
        "efcdab0000000000 0200c00540000100 6e6f64652d310000"
        "0000000000000000 0000000000000000 0000000000000000"},
    {SAMPLE_LINK_ACK,
        "544f524370cd217e 0102680001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0200380000000000 0000000000000000 f401000000000000"
        "f7ffffffffffffff 0100000000000000 4000000000000000"
        "0c00000000000000"},
    {SAMPLE_FORWARD,
        "544f52435869762c 0102a00001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0300700002000403 0900000000000000 8d7657680100409c"
        "020004030100000a 0800000000000000 4d00000000000000"
        "f85b01b03d000000 0700000000000000 e903000000000000"
        "2a00000000000000 0300000010000300 0000000000000000"
        "6162638081828384 8586878889000000"},
    {SAMPLE_FORWARD_PART_LAST,
        "544f5243aa41b793 0102700001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0400400002000403 0900000000000000 0800000000000000"
        "4e00000000000000 950a0000800a0000 0102030405060708"
        "090a0b0c0d0e0f10 1112131415000000"},
    {SAMPLE_COMMITTED,
        "544f52430208a1eb 0102480001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0500180002000403 0900000000000000 4c00000000000000"},
    {SAMPLE_EPOCH,
        "544f524384b4097d 0102400001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0600100002000403 0900000000000000"},
    {SAMPLE_WRITE,
        "544f524314178acc 0103800001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0700500002000403 0900000000000000 f85b01b03d000000"
        "0700000000000000 e903000000000000 2a00000000000000"
        "0300000010000300 0000000000000000 6162638081828384"
        "8586878889000000"},
    {SAMPLE_WRITE_OPEN,
        "544f5243179910bc 0103700001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0700400002000403 0900000000000000 315a219130000000"
        "0000000000000000 0000000000000000 0000000000000000"
        "0000000001000000 edfe000000000000"},
    {SAMPLE_WRITE_PART,
        "544f5243b8cf6a2d 0103780001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0800480002000403 0900000000000000 0700000000000000"
        "e903000000000000 2b00000000000000 950a0000800a0000"
        "0102030405060708 090a0b0c0d0e0f10 1112131415000000"},
    {SAMPLE_READ,
        "544f5243bfe572fd 0103780001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0a00480002000403 0900000000000000 cf6aa6ae35000000"
        "0000000000000000 0000000000000000 2a00000000000000"
        "0000000080000500 0000000000000000 6162636465000000"},
    {SAMPLE_PART_ACK,
        "544f52438695fd35 0104680001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0900380002000403 0900000000000000 0700000000000000"
        "e903000000000000 2b00000000000000 0100000000000000"
        "0100000000000000"},
    {SAMPLE_REPLY,
        "544f52432c2c157b 0104800001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0b00500002000403 0900000000000000 0700000000000000"
        "e903000000000000 2a00000000000000 00000b0000000000"
        "0300000000000000 0b00000000000000 4041424344454647"
        "48494a0000000000"},
    {SAMPLE_INFO_RING,
        "544f52435f80fa02 0105b00001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0c00800000000000 0000000000000000 0100000000000000"
        "0000000000000000 0000000000000000 0000000000000000"
        "0000000000000000 0000000000000000 0000000000000000"
        "0000000000000000 0000000000000000 0000000000000000"
        "0000000000000000 0000000000000000 0000000000000000"
        "0000000000000000"},
    {SAMPLE_INFO_STATS,
        "544f524314f7a604 0105b00001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0c00800000000000 0000000000000000 0200000000000000"
        "0000000000000000 0000000000000000 0000000000000000"
        "0000000000000000 0000000000000000 0000000000000000"
        "0000000000000000 0000000000000000 0000000000000000"
        "0000000000000000 0000000000000000 0000000000000000"
        "0000000000000000"},
    {SAMPLE_CHUNK_RING,
        "544f5243669d3813 0106680001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0d00380000000000 0000000000000000 0100000040000000"
        "0500000000000000 6400000000000d00 2021222324252627"
        "28292a2b2c000000"},
    {SAMPLE_REFUSE,
        "544f5243208d249a 0107480001000000 0300000001000200"
        "0807060504030201 1817161514131211 2827262524232221"
        "0e00180000000000 0000000000000000 0101000000000000"},
};
/* clang-format on */
#define GOLDENS (sizeof goldens / sizeof goldens[0])

/* Bytes of a golden line; blanks do not count. */
static size_t from_hex(const char *hex, uint8_t *bytes, size_t room)
{
    size_t digits = 0;
    for (; *hex != 0; hex++) {
        if (*hex == ' ')
            continue;
        const uint8_t digit = (uint8_t)(*hex <= '9' ? *hex - '0' : *hex - 'a' + 10);
        assert_true(digits / 2 < room);
        bytes[digits / 2] = (uint8_t)(digits % 2 == 0 ? digit << 4 : bytes[digits / 2] | digit);
        digits++;
    }
    assert_int_equal(digits % 2, 0);
    return digits / 2;
}

static void what_is_built_has_not_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDENS; i++) {
        uint8_t built[WIRE_PACKET_BYTES];
        uint8_t golden[WIRE_PACKET_BYTES];
        const size_t bytes = sample_build(goldens[i].sample, built);
        if (from_hex(goldens[i].hex, golden, sizeof golden) != bytes ||
            memcmp(built, golden, bytes) != 0)
            fail_msg("%s is built in another way than it was", sample_name(goldens[i].sample));
    }
}

static void what_was_built_once_is_still_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDENS; i++) {
        uint8_t golden[WIRE_PACKET_BYTES];
        struct wire_view view;
        const size_t bytes = from_hex(goldens[i].hex, golden, sizeof golden);
        assert_int_equal(wire_open(golden, bytes, SAMPLE_CLUSTER, &view), WIRE_TAKEN);
    }
}

/* Every frame type has its line: one that is added is not forgotten here. */
static void every_frame_type_has_a_golden_packet(void **state)
{
    (void)state;
    for (unsigned type = WIRE_FRAME_HELLO; type <= WIRE_FRAME_REFUSE; type++) {
        bool found = false;
        for (size_t i = 0; i < GOLDENS && !found; i++) {
            uint8_t golden[WIRE_PACKET_BYTES] = {0};
            from_hex(goldens[i].hex, golden, sizeof golden);
            found = golden[WIRE_PACKET_MIN] == type;
        }
        if (!found)
            fail_msg("frame type %u", type);
    }
}

static void numbers_that_travel_have_not_changed(void **state)
{
    (void)state;
    assert_int_equal(WIRE_OP_SESSION_OPEN, 1);
    assert_int_equal(WIRE_OP_SESSION_CLOSE, 2);
    assert_int_equal(WIRE_OP_NOOP, 3);
    assert_int_equal(WIRE_OP_PUT, 16);
    assert_int_equal(WIRE_OP_DELETE, 17);
    assert_int_equal(WIRE_OP_CAS, 18);
    assert_int_equal(WIRE_OP_GET, 128);
    assert_int_equal(WIRE_INFO_RING, 1);
    assert_int_equal(WIRE_INFO_STATS, 2);
    assert_int_equal(WIRE_PART_BYTES, 1344);
    assert_int_equal(WIRE_LENGTH_MAX, 1448);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_built_has_not_changed),
        cmocka_unit_test(what_was_built_once_is_still_taken),
        cmocka_unit_test(every_frame_type_has_a_golden_packet),
        cmocka_unit_test(numbers_that_travel_have_not_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
