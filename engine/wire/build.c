/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A packet, written in place.
 */
#include <string.h>

#include "engine/base/assert.h"
#include "engine/wire/frames.h"

/* Bytes of a packet that frames may fill. */
static uint32_t build_limit(uint32_t packet_bytes)
{
    if (packet_bytes > WIRE_PACKET_BYTES)
        return WIRE_LENGTH_MAX;
    if (packet_bytes < WIRE_PACKET_MIN + WIRE_AUTH_BYTES)
        return WIRE_PACKET_MIN; /* a peer that takes nothing: no room, and no harm */
    return packet_bytes - WIRE_AUTH_BYTES;
}

void wire_start(struct wire_builder *builder, void *buffer, uint32_t packet_bytes,
    const struct wire_packet *header)
{
    memcpy(buffer, header, sizeof *header);
    *builder = (struct wire_builder){
        .packet = buffer, .used = WIRE_PACKET_MIN, .limit = build_limit(packet_bytes)};
}

uint32_t wire_seal(struct wire_builder *builder, uint64_t cluster)
{
    struct wire_packet *header = (struct wire_packet *)builder->packet;
    header->magic = WIRE_MAGIC;
    header->version = WIRE_VERSION;
    header->length = (uint16_t)builder->used;
    header->frames = builder->frames;
    uint32_t crc = 0;
    const enum wire_drop drop = wire_packet_crc(builder->packet, builder->used, cluster, &crc);
    TORC_ASSERT(drop == WIRE_TAKEN);
    header->crc = crc;
    return builder->used;
}
