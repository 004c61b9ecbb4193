/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The answer to another protocol version. It must not be a tool against third parties: never
 * longer than what asked, and only to what asks, or two nodes of different versions would refuse
 * each other for ever.
 */
#include "engine/wire/wire.h"

static bool asks(uint8_t type)
{
    return type == WIRE_HELLO || type == WIRE_REQUEST || type == WIRE_INFO;
}

uint32_t wire_refuse(void *buffer, const struct wire_packet *asked, size_t asked_bytes,
    const struct wire_packet *header)
{
    if (asked_bytes < WIRE_REFUSE_BYTES || !asks(asked->type))
        return 0;
    const struct wire_packet answer = {.type = WIRE_REFUSE,
        .sender = header->sender,
        .sender_worker = header->sender_worker,
        .sender_incarnation = header->sender_incarnation,
        .number = asked->number};
    struct wire_builder builder;
    wire_start(&builder, buffer, WIRE_PACKET_BYTES, &answer);
    struct wire_refuse *refuse = (struct wire_refuse *)wire_add(
        &builder, WIRE_FRAME_REFUSE, (uint32_t)sizeof(struct wire_refuse));
    *refuse = (struct wire_refuse){
        .frame = refuse->frame, .version_min = WIRE_VERSION, .version_max = WIRE_VERSION};
    return wire_seal(&builder, 0);
}
