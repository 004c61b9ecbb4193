/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A put whose request fits no packet: WRITE_PARTs, acknowledged by the head one by one until it
 * has them all and the answer comes.
 *
 *   request   header | key | value ......................
 *   parts     |  0   |  1  |  2  | ...  WIRE_PART_BYTES each, the last one shorter
 *
 * The request is signed once, over the pieces where they lie, so that the parts of all retries fit
 * together. When the head has everything and does not answer, or has no room, only the first part
 * is sent until it says what it has: it may have answered already, or have dropped the parts.
 */
#include <string.h>

#include "engine/client/core.h"

#define REORDERED 3u /* parts that may overtake one before it is taken for lost */

static void sign(struct wire_request *header, const struct client_request *request)
{
    uint32_t crc = wire_crc(WIRE_CRC_START, (const uint8_t *)header + WIRE_REQUEST_CRC_START,
        sizeof *header - WIRE_REQUEST_CRC_START);
    crc = wire_crc(crc, request->key, request->key_bytes);
    header->crc = wire_crc(crc, request->value, request->value_bytes);
}

void client_put_parts_start(struct client_core *core, struct client_large *large)
{
    const struct client_request *request = &core->requests[large->request];
    client_wire_request(core, request,
        (uint32_t)sizeof large->header + request->key_bytes + request->value_bytes, &large->header);
    sign(&large->header, request);
    large->total = large->header.length;
    large->probing = false;
    client_large_begin(core, large, (large->total + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES);
}

void client_put_parts_probe(struct client_core *core, struct client_large *large)
{
    client_large_begin(core, large, large->parts);
    large->probing = true;
}

/* Copies [offset, offset + bytes) of header | key | value. */
static void copy_range(uint8_t *out, const struct client_large *large,
    const struct client_request *request, uint32_t offset, uint32_t bytes)
{
    const struct {
        const void *at;
        uint32_t bytes;
    } piece[] = {{&large->header, sizeof large->header}, {request->key, request->key_bytes},
        {request->value, request->value_bytes}};
    for (unsigned i = 0; i < 3 && bytes > 0; i++) {
        if (offset >= piece[i].bytes) {
            offset -= piece[i].bytes;
            continue;
        }
        const uint32_t rest = piece[i].bytes - offset;
        const uint32_t now = rest < bytes ? rest : bytes;
        memcpy(out, (const uint8_t *)piece[i].at + offset, now);
        out += now;
        bytes -= now;
        offset = 0;
    }
}

static bool send_part(struct client_core *core, struct client_large *large, uint32_t part)
{
    const struct client_request *request = &core->requests[large->request];
    const struct client_destination *destination = &core->destinations[request->destination];
    struct torc_tx *tx = client_tx(core);
    if (tx == NULL)
        return false;
    const uint32_t offset = part * WIRE_PART_BYTES;
    const uint32_t rest = large->total - offset;
    const uint32_t bytes = rest < WIRE_PART_BYTES ? rest : WIRE_PART_BYTES;
    const struct wire_packet header = client_packet_header(core, destination);
    struct wire_builder builder;
    wire_start(&builder, tx->data, core->config.packet_bytes, &header);
    struct wire_write_part *frame = (struct wire_write_part *)wire_add(
        &builder, WIRE_FRAME_WRITE_PART, (uint32_t)sizeof *frame + bytes);
    frame->frame.class = core->ring->class.number;
    frame->frame.partition = (uint16_t)request->partition;
    frame->frame.epoch = core->ring->chain_epoch[request->partition];
    frame->session = large->header.session;
    frame->number = large->header.number;
    frame->total = large->total;
    frame->offset = offset;
    copy_range((uint8_t *)(frame + 1), large, request, offset, bytes);
    tx->bytes = wire_seal(&builder, core->ring->cluster);
    tx->to = destination->address;
    client_large_part_sent(core, large, part);
    return true;
}

void client_put_parts_pump(struct client_core *core, struct client_large *large)
{
    uint32_t part = client_large_next(core, large, 0);
    while (part != CLIENT_NONE && send_part(core, large, part))
        part = client_large_next(core, large, part + 1);
}

/* The request that an acknowledgement speaks of, or CLIENT_NONE. */
static uint32_t acknowledged(struct client_core *core, const struct wire_part_ack *ack)
{
    const uint32_t partition = ack->frame.partition;
    if (partition >= core->ring->partitions)
        return CLIENT_NONE;
    const struct client_session *session = &core->sessions[partition];
    if (session->state != CLIENT_SESSION_OPEN || session->id.epoch != ack->session.epoch ||
        session->id.number != ack->session.number)
        return CLIENT_NONE;
    const uint32_t index = *client_number_place(core, partition, ack->number);
    if (index == CLIENT_NONE || core->requests[index].number != ack->number ||
        core->requests[index].large == CLIENT_NO_LARGE ||
        !core->large[core->requests[index].large].active)
        return CLIENT_NONE;
    return index;
}

static void no_room(struct client_core *core, uint32_t index, uint32_t delay_us)
{
    struct client_request *request = &core->requests[index];
    core->counters.busy++;
    request->hint = TORC_STATUS_BUSY;
    client_put_parts_probe(core, &core->large[request->large]);
    client_delay(core, index, (uint64_t)delay_us * 1000);
}

void client_part_ack(struct client_core *core, const struct wire_part_ack *ack)
{
    const uint32_t index = acknowledged(core, ack);
    if (index == CLIENT_NONE) {
        core->counters.drop_unasked++;
        return;
    }
    struct client_large *large = &core->large[core->requests[index].large];
    core->destinations[core->requests[index].destination].timeouts = 0;
    if (ack->delay_us != 0) {
        no_room(core, index, ack->delay_us);
        return;
    }
    if (ack->parts > large->parts) {
        core->counters.drop_bad_reply++;
        return;
    }
    uint32_t highest = ack->parts;
    const uint32_t here = large->here;
    for (uint32_t i = large->base; i < ack->parts; i++)
        client_large_part_here(core, large, i);
    for (uint64_t bits = ack->bitmap; bits != 0; bits &= bits - 1) {
        const uint64_t part = (uint64_t)ack->parts + 1 + (unsigned)__builtin_ctzll(bits);
        if (part >= large->parts)
            break;
        client_large_part_here(core, large, (uint32_t)part);
        highest = (uint32_t)part;
    }
    large->probing = false;
    large->pump = true;
    /* What it says of fewer parts than before is late, or the head has dropped those it had. Then
     * nothing new comes, and the timeout begins from the first part again. */
    large->fewer = large->here == here && ack->parts < large->base;
    if (!large->fewer)
        client_large_progress(core, large);
    const struct client_destination *destination =
        &core->destinations[core->requests[index].destination];
    if (highest > REORDERED)
        client_large_want_again(core, large, highest - REORDERED, destination->srtt_ns);
}
