/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A packet that arrived, to a view that need not be checked again.
 */
#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"
#include "engine/wire/frames.h"

/* The fields that say how to read the rest. */
static enum wire_drop open_header(const void *packet, size_t bytes, struct wire_packet *header)
{
    if (bytes < WIRE_PACKET_MIN)
        return WIRE_DROP_short_packet;
    memcpy(header, packet, sizeof *header);
    if (header->magic != WIRE_MAGIC)
        return WIRE_DROP_bad_magic;
    if (header->version != WIRE_VERSION)
        return WIRE_DROP_bad_version;
    if (bytes < header->length || header->length < WIRE_PACKET_MIN)
        return WIRE_DROP_short_packet;
    if (bytes > header->length || bytes > WIRE_LENGTH_MAX)
        return WIRE_DROP_long_packet;
    return WIRE_TAKEN;
}

/* These stand for themselves: an answer must never be longer than what it answers. */
static bool carries_one_frame(uint8_t type)
{
    return type == WIRE_HELLO || type >= WIRE_INFO;
}

/* What its sender meant, now that it is known to be what was sent. */
static enum wire_drop open_frames(const struct wire_view *view)
{
    const struct wire_packet *header = &view->header;
    if (header->type < WIRE_HELLO || header->type > WIRE_REFUSE)
        return WIRE_DROP_bad_type;
    if (header->flags != 0)
        return WIRE_DROP_bad_flags;
    if (carries_one_frame(header->type) && header->frames != 1)
        return WIRE_DROP_bad_frame_count;
    return wire_frames_check(view);
}

enum wire_drop wire_open(const void *packet, size_t bytes, uint64_t cluster, struct wire_view *view)
{
    enum wire_drop drop = open_header(packet, bytes, &view->header);
    if (TORC_UNLIKELY(drop != WIRE_TAKEN))
        return drop;
    uint32_t crc;
    drop = wire_packet_crc(packet, bytes, cluster, &crc);
    if (TORC_UNLIKELY(drop != WIRE_TAKEN))
        return drop;
    if (TORC_UNLIKELY(crc != view->header.crc && !MUTANT(packet_crc_unchecked)))
        return WIRE_DROP_bad_packet_crc;
    view->frames = (const uint8_t *)packet + WIRE_PACKET_MIN;
    view->end = (const uint8_t *)packet + bytes;
    return open_frames(view);
}

uint16_t wire_peek_worker(const void *packet, size_t bytes)
{
    const struct wire_packet *header = packet;
    if (bytes < WIRE_PACKET_MIN || header->magic != WIRE_MAGIC)
        return 0;
    return header->receiver_worker;
}
