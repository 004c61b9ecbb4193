/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The answer to another protocol version. It must not be a tool against third parties: never
 * longer than what asked, never to another REFUSE (two nodes of different versions would refuse
 * each other for ever).
 */
#include "engine/wire/wire.h"

uint32_t wire_refuse(void *buffer, const struct wire_packet *asked, size_t asked_bytes,
    uint32_t sender, uint64_t incarnation)
{
    if (asked_bytes < WIRE_REFUSE_BYTES || asked->type == WIRE_REFUSE)
        return 0;
    const struct wire_packet header = {.type = WIRE_REFUSE,
        .sender = sender,
        .sender_incarnation = incarnation,
        .number = asked->number};
    struct wire_builder builder;
    wire_start(&builder, buffer, WIRE_PACKET_BYTES, &header);
    struct wire_refuse *refuse = (struct wire_refuse *)wire_add(
        &builder, WIRE_FRAME_REFUSE, (uint32_t)sizeof(struct wire_refuse));
    *refuse = (struct wire_refuse){
        .frame = refuse->frame, .version_min = WIRE_VERSION, .version_max = WIRE_VERSION};
    return wire_seal(&builder, 0);
}
