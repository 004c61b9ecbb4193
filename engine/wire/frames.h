/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the formats say of each frame type. Internal to engine/wire.
 */
#ifndef WIRE_FRAMES_H
#define WIRE_FRAMES_H

#include "engine/wire/wire.h"

#define WIRE_FRAME_TYPES 15u /* 1..14; 0 stands for those that do not exist */

struct wire_frame_rule {
    uint16_t min;     /* bytes, head included */
    uint16_t max;     /* equal to min: of that size always */
    uint16_t covered; /* leading bytes under the packet CRC; the rest has a CRC of its own */
    uint8_t packets;  /* bit t: belongs in packets of type t */
    bool of_no_vnode; /* class, partition and epoch are 0 */
};

extern const struct wire_frame_rule wire_frame_rules[WIRE_FRAME_TYPES];

/*
 * Walks a packet's frames in bounds and computes its CRC: header from `version` on, and of each
 * frame what its rule covers (all of those that do not exist). WIRE_TAKEN, bad_frame_length or
 * bad_frame_count. `bytes` at least WIRE_PACKET_MIN.
 */
enum wire_drop wire_packet_crc(
    const uint8_t *packet, size_t bytes, uint64_t cluster, uint32_t *crc);

/*
 * Checks a packet's frames against their rules and their own CRCs; their lengths stay within the
 * packet and the packet CRC is right.
 */
enum wire_drop wire_frames_check(const struct wire_view *view);

#endif
