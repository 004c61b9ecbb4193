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

#define PACKET_HEAD_RUN (WIRE_PACKET_MIN - offsetof(struct wire_packet, version))

/* Continues over what is covered of a frame: most often its head alone. */
static inline uint32_t packet_crc_frame(uint32_t seed, const uint8_t *frame, size_t covered)
{
    if (covered == sizeof(struct wire_frame))
        return wire_crc_short(seed, frame, sizeof(struct wire_frame));
    return wire_crc_run(seed, frame, covered);
}

/* What is wrong with the lengths of a packet, found while its frames were walked. */
static enum wire_drop packet_bounds(bool in_bounds, uint32_t frames, uint32_t said)
{
    if (!in_bounds)
        return WIRE_DROP_bad_frame_length;
    return frames == said && frames != 0 ? WIRE_TAKEN : WIRE_DROP_bad_frame_count;
}

/*
 *   version ... header | head | body           | head | body ...
 *   '-- first run -----' '-- a run a frame; own CRCs are not covered
 */
enum wire_drop wire_packet_crc(const uint8_t *packet, size_t bytes, uint64_t cluster, uint32_t *crc)
{
    const struct wire_packet *header = (const struct wire_packet *)packet;
    uint32_t sum = wire_crc_short(packet_crc_start(packet, bytes, cluster),
        packet + offsetof(struct wire_packet, version), PACKET_HEAD_RUN);
    const uint8_t *at = packet + WIRE_PACKET_MIN;
    size_t left = bytes - WIRE_PACKET_MIN;
    uint32_t frames = 0;
    while (left >= sizeof(struct wire_frame)) {
        const struct wire_frame *frame = (const struct wire_frame *)at;
        const size_t length = frame->length;
        if (TORC_UNLIKELY(length < sizeof *frame || length > left || length % WIRE_ALIGN != 0))
            break;
        const uint32_t type = frame->type < WIRE_FRAME_TYPES ? frame->type : 0;
        const size_t covered = wire_frame_rules[type].covered;
        sum = packet_crc_frame(sum, at, covered < length ? covered : length);
        at += length;
        left -= length;
        frames++;
    }
    *crc = sum;
    return packet_bounds(left == 0, frames, header->frames);
}
