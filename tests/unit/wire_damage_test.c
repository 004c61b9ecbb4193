/* SPDX-License-Identifier: BSD-3-Clause
 *
 * No damaged packet is taken: every single bit of every sample, every shorter and longer length,
 * another cluster's packets, pairs of bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire_samples.h"

static enum wire_drop open_bytes(const uint8_t *packet, size_t bytes)
{
    struct wire_view view;
    return wire_open(packet, bytes, SAMPLE_CLUSTER, &view);
}

static void undamaged_samples_are_taken(void **state)
{
    (void)state;
    for (enum sample sample = 0; sample < SAMPLES; sample++) {
        uint8_t packet[WIRE_PACKET_BYTES];
        const size_t bytes = sample_build(sample, packet);
        if (open_bytes(packet, bytes) != WIRE_TAKEN)
            fail_msg("%s: %s", sample_name(sample), wire_drop_name(open_bytes(packet, bytes)));
    }
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    for (enum sample sample = 0; sample < SAMPLES; sample++) {
        uint8_t packet[WIRE_PACKET_BYTES];
        const size_t bytes = sample_build(sample, packet);
        for (size_t bit = 0; bit < bytes * 8; bit++) {
            packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (open_bytes(packet, bytes) == WIRE_TAKEN)
                fail_msg("%s: byte %zu bit %zu", sample_name(sample), bit / 8, bit % 8);
            packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void every_flipped_pair_of_near_bits_is_refused(void **state)
{
    (void)state;
    for (enum sample sample = 0; sample < SAMPLES; sample++) {
        uint8_t packet[WIRE_PACKET_BYTES];
        const size_t bytes = sample_build(sample, packet);
        for (size_t bit = 0; bit + 1 < bytes * 8; bit++) {
            const size_t other = bit + 1 + bit % 67;
            if (other >= bytes * 8)
                continue;
            packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
            packet[other / 8] ^= (uint8_t)(1u << other % 8);
            assert_int_not_equal(open_bytes(packet, bytes), WIRE_TAKEN);
            packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
            packet[other / 8] ^= (uint8_t)(1u << other % 8);
        }
    }
}

/* In a block of exactly its size, so that a sanitizer sees a byte read too far. */
static enum wire_drop open_exact(const uint8_t *packet, size_t bytes)
{
    uint8_t *exact = malloc(bytes + 1);
    assert_non_null(exact);
    memcpy(exact + 1, packet, bytes); /* and at an odd address */
    const enum wire_drop drop = open_bytes(exact + 1, bytes);
    free(exact);
    return drop;
}

static void every_truncation_is_short(void **state)
{
    (void)state;
    for (enum sample sample = 0; sample < SAMPLES; sample++) {
        uint8_t packet[WIRE_PACKET_BYTES];
        const size_t bytes = sample_build(sample, packet);
        for (size_t cut = 0; cut < bytes; cut++)
            assert_int_equal(open_exact(packet, cut), WIRE_DROP_short_packet);
    }
}

/* The length field tells the truth about what is left, and the CRC is right where it can be. */
static void every_truncation_that_hides_itself_is_refused(void **state)
{
    (void)state;
    for (enum sample sample = 0; sample < SAMPLES; sample++) {
        uint8_t packet[WIRE_PACKET_BYTES];
        const size_t bytes = sample_build(sample, packet);
        struct wire_packet *header = (struct wire_packet *)packet;
        for (size_t cut = WIRE_PACKET_MIN; cut < bytes; cut++) {
            header->length = (uint16_t)cut;
            sample_reseal(packet, cut);
            assert_int_not_equal(open_exact(packet, cut), WIRE_TAKEN);
        }
    }
}

static void every_extension_is_long(void **state)
{
    (void)state;
    for (enum sample sample = 0; sample < SAMPLES; sample++) {
        uint8_t packet[4096] = {0};
        const size_t bytes = sample_build(sample, packet);
        for (size_t more = bytes + 1; more <= sizeof packet; more++)
            assert_int_equal(open_bytes(packet, more), WIRE_DROP_long_packet);
    }
}

static void every_extension_that_hides_itself_is_refused(void **state)
{
    (void)state;
    for (enum sample sample = 0; sample < SAMPLES; sample++) {
        uint8_t packet[4096] = {0};
        const size_t bytes = sample_build(sample, packet);
        struct wire_packet *header = (struct wire_packet *)packet;
        for (size_t more = bytes + 1; more <= sizeof packet; more++) {
            header->length = (uint16_t)more;
            sample_reseal(packet, more);
            assert_int_not_equal(open_bytes(packet, more), WIRE_TAKEN);
        }
    }
}

static void another_clusters_packets_are_refused(void **state)
{
    (void)state;
    for (enum sample sample = 0; sample < SAMPLES; sample++) {
        uint8_t packet[WIRE_PACKET_BYTES];
        struct wire_view view;
        const size_t bytes = sample_build(sample, packet);
        const bool of_no_cluster = wire_seed(packet, bytes, SAMPLE_CLUSTER) == 0;
        assert_int_equal(wire_open(packet, bytes, SAMPLE_CLUSTER + 1, &view),
            of_no_cluster ? WIRE_TAKEN : WIRE_DROP_bad_packet_crc);
        assert_int_equal(wire_open(packet, bytes, 0, &view),
            of_no_cluster ? WIRE_TAKEN : WIRE_DROP_bad_packet_crc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undamaged_samples_are_taken),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_flipped_pair_of_near_bits_is_refused),
        cmocka_unit_test(every_truncation_is_short),
        cmocka_unit_test(every_truncation_that_hides_itself_is_refused),
        cmocka_unit_test(every_extension_is_long),
        cmocka_unit_test(every_extension_that_hides_itself_is_refused),
        cmocka_unit_test(another_clusters_packets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
