/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One sealed packet of every kind, always the same bytes: what the tests of the wire look at,
 * damage and compare, and what the fuzz target's corpus starts from.
 */
#ifndef TESTS_UNIT_WIRE_SAMPLES_H
#define TESTS_UNIT_WIRE_SAMPLES_H

#include "engine/wire/wire.h"

#define SAMPLE_CLUSTER 0x1122334455667788u

enum sample {
    SAMPLE_HELLO,
    SAMPLE_LINK_ACK,
    SAMPLE_FORWARD,
    SAMPLE_FORWARD_EMPTY,     /* a value of 0 bytes, no padding */
    SAMPLE_FORWARD_CLOSE,     /* an entry of the engine's own */
    SAMPLE_FORWARD_PART,      /* a full one */
    SAMPLE_FORWARD_PART_LAST, /* a short one */
    SAMPLE_COMMITTED,
    SAMPLE_EPOCH,
    SAMPLE_DATA_MANY, /* many frames, the last without a CRC of its own */
    SAMPLE_DATA_FULL, /* of the greatest length */
    SAMPLE_WRITE,
    SAMPLE_WRITE_OPEN, /* of a session */
    SAMPLE_WRITE_PART,
    SAMPLE_READ,
    SAMPLE_REQUEST_MANY,
    SAMPLE_PART_ACK,
    SAMPLE_REPLY,
    SAMPLE_REPLY_MANY,
    SAMPLE_INFO_RING,
    SAMPLE_INFO_STATS,
    SAMPLE_CHUNK_RING,
    SAMPLE_CHUNK_STATS,
    SAMPLE_REFUSE,
    SAMPLES
};

const char *sample_name(enum sample sample);

/* Writes the packet into `packet` (WIRE_PACKET_BYTES of room); returns its length. */
size_t sample_build(enum sample sample, uint8_t *packet);

/* Recomputes the packet CRC after a change that left the frames walkable. */
void sample_reseal(uint8_t *packet, size_t bytes);

/* CRC32C bit by bit, as the books have it: no table, no instruction; no final inversion. */
uint32_t sample_crc(uint32_t seed, const void *bytes, size_t count);

#endif
