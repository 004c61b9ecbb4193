/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/wire/crc.h"

#include "engine/base/assert.h"
#include "engine/wire/frames.h"

uint32_t wire_crc(uint32_t seed, const void *bytes, size_t count)
{
    return wire_crc_run(seed, bytes, count);
}

uint64_t wire_seed(const void *packet, size_t bytes, uint64_t cluster)
{
    const struct wire_packet *header = packet;
    if (TORC_LIKELY(header->type >= WIRE_DATA && header->type <= WIRE_REPLY))
        return cluster;
    if (header->type == WIRE_HELLO || header->type == WIRE_REFUSE)
        return 0;
    if (header->type != WIRE_INFO && header->type != WIRE_CHUNK)
        return cluster;
    static_assert(
        offsetof(struct wire_info, kind) == offsetof(struct wire_chunk, kind), "one place");
    if (bytes < WIRE_PACKET_MIN + sizeof(struct wire_info))
        return cluster;
    const struct wire_info *info = (const struct wire_info *)(header + 1);
    return info->kind == WIRE_INFO_RING ? 0 : cluster;
}

/* The register after the eight bytes of the cluster's id. */
static uint32_t packet_crc_start(const uint8_t *packet, size_t bytes, uint64_t cluster)
{
    const uint64_t seed = wire_seed(packet, bytes, cluster);
    return wire_crc_short(WIRE_CRC_START, (const uint8_t *)&seed, sizeof seed);
}

/* Leading bytes of a frame that the packet CRC covers. */
static inline uint32_t frame_covered(const struct wire_frame *frame)
{
    const uint32_t type = frame->type < WIRE_FRAME_TYPES ? frame->type : 0;
    const uint32_t covered = wire_frame_rules[type].covered;
    return covered < frame->length ? covered : frame->length;
}

/*
 * Covered bytes that touch are taken in one run, so that the header and the head of a first
 * FORWARD or WRITE cost one:
 *
 *   version ... header | head | body              | head | body ...
 *   '------ one run ---------'  own CRCs, no run    '-- next run
 */
enum wire_drop wire_packet_crc(const uint8_t *packet, size_t bytes, uint64_t cluster, uint32_t *crc)
{
    const struct wire_packet *header = (const struct wire_packet *)packet;
    uint32_t sum = packet_crc_start(packet, bytes, cluster);
    size_t run = offsetof(struct wire_packet, version);
    size_t at = WIRE_PACKET_MIN;
    uint32_t frames = 0;
    for (; at < bytes; frames++) {
        const struct wire_frame *frame = (const struct wire_frame *)(packet + at);
        if (bytes - at < sizeof *frame || frame->length < sizeof *frame ||
            frame->length > bytes - at || frame->length % WIRE_ALIGN != 0)
            return WIRE_DROP_bad_frame_length;
        const uint32_t covered = frame_covered(frame);
        if (covered < frame->length) {
            sum = wire_crc_run(sum, packet + run, at + covered - run);
            run = at + frame->length;
        }
        at += frame->length;
    }
    if (frames != header->frames || frames == 0)
        return WIRE_DROP_bad_frame_count;
    *crc = wire_crc_run(sum, packet + run, bytes - run);
    return WIRE_TAKEN;
}
