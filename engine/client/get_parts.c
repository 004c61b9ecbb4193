/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A get whose value fits no packet: the first answer says how long it is and which version; the
 * rest is asked for by ranges, which must all be of that version. If the value changes meanwhile,
 * all over again, a few times.
 */
#include <string.h>

#include "engine/client/core.h"

#define RESTARTS_MAX 16u

static uint32_t part_bytes(const struct client_large *large, uint32_t part)
{
    const uint32_t rest = large->total - part * CLIENT_GET_PART;
    return rest < CLIENT_GET_PART ? rest : CLIENT_GET_PART;
}

/* Adds a READ for the rest of a part; false: the packet is full. */
static bool add_read(struct client_core *core, const struct client_large *large,
    struct wire_builder *builder, uint32_t part)
{
    const struct client_request *request = &core->requests[large->request];
    const uint32_t bytes = (uint32_t)sizeof(struct wire_request) + request->key_bytes;
    if (wire_room(builder) < wire_pad((uint32_t)sizeof(struct wire_frame) + bytes))
        return false;
    struct wire_frame *frame = wire_add(builder, WIRE_FRAME_READ, (uint32_t)sizeof *frame + bytes);
    frame->class = core->ring->class.number;
    frame->partition = (uint16_t)request->partition;
    frame->epoch = core->ring->chain_epoch[request->partition];
    struct wire_request *wire = (struct wire_request *)(frame + 1);
    client_wire_request(core, request, bytes, wire);
    wire->argument = part * CLIENT_GET_PART + large->filled[part];
    memcpy(wire + 1, request->key, request->key_bytes);
    wire_request_sign(wire);
    return true;
}

/* Fills one packet with READs from `part` on; returns the next part wanted. */
static uint32_t send_packet(struct client_core *core, struct client_large *large, uint32_t part)
{
    const struct client_request *request = &core->requests[large->request];
    const struct client_destination *destination = &core->destinations[request->destination];
    struct torc_tx *tx = client_tx(core);
    if (tx == NULL)
        return CLIENT_NONE;
    const struct wire_packet header = client_packet_header(core, destination);
    struct wire_builder builder;
    wire_start(&builder, tx->data, core->config.packet_bytes, &header);
    while (part != CLIENT_NONE && add_read(core, large, &builder, part)) {
        client_large_part_sent(core, large, part);
        part = client_large_next(core, large, part + 1);
    }
    tx->bytes = wire_seal(&builder, core->ring->cluster);
    tx->to = destination->address;
    return part;
}

void client_get_parts_pump(struct client_core *core, struct client_large *large)
{
    uint32_t part = client_large_next(core, large, 0);
    while (part != CLIENT_NONE)
        part = send_packet(core, large, part);
}

/* ---- answers ---- */

static void begin(
    struct client_core *core, struct client_large *large, const struct wire_reply *reply)
{
    large->total = reply->total;
    large->version = reply->version;
    client_large_begin(core, large, (reply->total + CLIENT_GET_PART - 1) / CLIENT_GET_PART);
}

void client_get_restart(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    core->counters.gets_restarted++;
    if (request->large != CLIENT_NO_LARGE) {
        struct client_large *large = &core->large[request->large];
        if (++large->restarts > RESTARTS_MAX) {
            client_end(core, index, 0, TORC_STATUS_CHANGED);
            return;
        }
        client_large_halt(core, large);
    }
    request->number = 0; /* another: late answers to the old one mean nothing */
    request->tries = 0;
    client_delay(core, index, 0);
}

static void whole(struct client_core *core, uint32_t index, const struct client_large *large)
{
    struct client_result result = {.outcome = TORC_DONE,
        .status = TORC_STATUS_OK,
        .version = large->version,
        .value = large->value,
        .value_bytes = large->total};
    client_finish(core, index, &result);
}

/* Takes the bytes of an answer if they are the next ones of their part. */
static bool take(
    struct client_core *core, struct client_large *large, const struct wire_reply *reply)
{
    const uint32_t part = reply->offset / CLIENT_GET_PART;
    if (part >= large->parts || large->state[part] == CLIENT_PART_HERE ||
        reply->offset != part * CLIENT_GET_PART + large->filled[part] || reply->bytes == 0)
        return false;
    const uint32_t wanted = part_bytes(large, part) - large->filled[part];
    const uint32_t bytes = reply->bytes < wanted ? reply->bytes : wanted;
    memcpy(large->value + reply->offset, reply + 1, bytes);
    large->filled[part] = (uint16_t)(large->filled[part] + bytes);
    client_large_part_here(core, large, part);
    if (bytes < wanted) {
        large->state[part] = CLIENT_PART_WANTED;
        large->base = part < large->base ? part : large->base;
    }
    return true;
}

void client_get_part(struct client_core *core, uint32_t index, const struct wire_reply *reply)
{
    struct client_request *request = &core->requests[index];
    if (request->large == CLIENT_NO_LARGE && !client_large_take(core, index)) {
        client_packet_release(core, request);
        client_unlist(core, index);
        request->number = 0; /* asked again once there is a slot to keep it in */
        request->wants_large = true;
        client_park(core, index, CLIENT_LARGE);
        return;
    }
    struct client_large *large = &core->large[request->large];
    if (!large->active)
        begin(core, large, reply);
    if (reply->version != large->version || reply->total != large->total) {
        client_get_restart(core, index);
        return;
    }
    if (!take(core, large, reply)) {
        core->counters.drop_unasked++;
        return;
    }
    client_large_progress(core, large);
    if (large->base == large->parts)
        whole(core, index, large);
}
