/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Requests into packets: all that goes to one core in one step shares them.
 */
#include <string.h>

#include "engine/client/core.h"

/* ---- packets of a destination ---- */

struct torc_tx *client_tx(struct client_core *core)
{
    struct torc_burst *burst = core->burst;
    if (TORC_UNLIKELY(burst->tx_used >= burst->tx_count)) {
        core->counters.no_buffer++;
        core->waking = true;
        return NULL;
    }
    core->counters.tx_packets++;
    return &burst->tx[burst->tx_used++];
}

struct wire_packet client_packet_header(
    struct client_core *core, const struct client_destination *destination)
{
    return (struct wire_packet){.type = WIRE_REQUEST,
        .receiver_worker = destination->worker,
        .receiver_incarnation = destination->incarnation,
        .number = core->packet_number++};
}

void client_destination_ready(struct client_core *core, uint32_t destination)
{
    struct client_destination *at = &core->destinations[destination];
    if (at->ready || client_list_empty(&at->pending))
        return;
    at->ready = true;
    core->ready_destination[core->ready_destinations++] = destination;
}

/* Begins a packet if the window and the buffers allow it. */
static bool open_packet(struct client_core *core, struct client_destination *destination)
{
    const uint32_t in_flight =
        (uint32_t)__builtin_popcountll(destination->busy) + destination->parts;
    if (in_flight >= core->config.packet_window) {
        core->counters.window_closed++;
        return false;
    }
    struct torc_tx *tx = client_tx(core);
    if (tx == NULL) {
        client_destination_ready(core, (uint32_t)(destination - core->destinations));
        return false;
    }
    const struct wire_packet header = client_packet_header(core, destination);
    wire_start(&destination->builder, tx->data, core->config.packet_bytes, &header);
    tx->to = destination->address;
    destination->slot = (uint8_t)__builtin_ctzll(~destination->busy);
    destination->busy |= 1ull << destination->slot;
    if (++core->packet == 0)
        core->packet = 1;
    destination->stamp[destination->slot] = core->packet;
    destination->tx = core->burst->tx_used - 1;
    if (!destination->opened)
        core->open_destination[core->open_destinations++] =
            (uint32_t)(destination - core->destinations);
    destination->opened = true;
    return true;
}

static void seal(struct client_core *core, struct client_destination *destination)
{
    core->burst->tx[destination->tx].bytes = wire_seal(&destination->builder, core->ring->cluster);
    destination->tx = CLIENT_NONE;
}

void client_seal_all(struct client_core *core)
{
    for (uint32_t i = 0; i < core->open_destinations; i++) {
        struct client_destination *destination = &core->destinations[core->open_destination[i]];
        if (destination->tx != CLIENT_NONE)
            seal(core, destination);
        destination->opened = false;
    }
    core->open_destinations = 0;
}

bool client_packet_release(struct client_core *core, struct client_request *request)
{
    struct client_destination *destination = &core->destinations[request->destination];
    const uint64_t bit = 1ull << request->packet_slot;
    const bool news = request->packet != 0 && (destination->busy & bit) != 0 &&
                      destination->stamp[request->packet_slot] == request->packet;
    request->packet = 0;
    if (news) {
        destination->busy &= ~bit;
        client_destination_ready(core, request->destination);
    }
    return news;
}

/* ---- requests ---- */

void client_wire_request(struct client_core *core, const struct client_request *request,
    uint32_t bytes, struct wire_request *wire)
{
    const struct client_session *session = client_session_of(core, request);
    const bool read = client_is_read(request);
    wire->length = bytes;
    wire->session = read ? (struct wire_session){0} : session->id;
    wire->number = request->number;
    wire->awaited_behind = read ? 0 : (uint32_t)(request->number - session->lowest);
    wire->operation = request->operation;
    wire->key_bytes = request->key_bytes;
    wire->argument = request->argument;
}

static uint32_t request_bytes(const struct client_request *request)
{
    const uint32_t header = sizeof(struct wire_request);
    return request->opening ? header : header + request->key_bytes + request->value_bytes;
}

/* A frame with room for a request of so many bytes, which is filled in by the caller. */
static struct wire_request *add_request(struct client_core *core, struct wire_builder *builder,
    enum wire_frame_type type, uint32_t partition, uint32_t bytes)
{
    struct wire_frame *frame = wire_add(builder, type, (uint32_t)sizeof *frame + bytes);
    frame->class = core->ring->class.number;
    frame->partition = (uint16_t)partition;
    frame->epoch = core->ring->chain_epoch[partition];
    return (struct wire_request *)(frame + 1);
}

static void write_request(struct client_core *core, const struct client_request *request,
    struct wire_builder *builder, uint32_t bytes)
{
    const enum wire_frame_type type = client_is_read(request) ? WIRE_FRAME_READ : WIRE_FRAME_WRITE;
    struct wire_request *wire = add_request(core, builder, type, request->partition, bytes);
    if (TORC_UNLIKELY(request->opening)) {
        *wire = (struct wire_request){.length = bytes,
            .operation = WIRE_OP_SESSION_OPEN,
            .argument = core->sessions[request->partition].nonce};
    } else {
        client_wire_request(core, request, bytes, wire);
        uint8_t *payload = (uint8_t *)(wire + 1);
        memcpy(payload, request->key, request->key_bytes);
        if (request->value_bytes != 0)
            memcpy(payload + request->key_bytes, request->value, request->value_bytes);
    }
    wire_request_sign(wire);
}

/* Into the packet being filled, or the next one; false: the destination takes none now. */
static bool place(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    struct client_destination *destination = &core->destinations[request->destination];
    const uint32_t bytes = request_bytes(request);
    const uint32_t room = wire_pad((uint32_t)sizeof(struct wire_frame) + bytes);
    if (destination->tx != CLIENT_NONE &&
        (wire_room(&destination->builder) < room ||
            destination->builder.frames >= core->config.packet_requests))
        seal(core, destination);
    if (destination->tx == CLIENT_NONE && !open_packet(core, destination))
        return false;
    write_request(core, request, &destination->builder, bytes);
    request->packet = destination->stamp[destination->slot];
    request->packet_slot = destination->slot;
    client_sent(core, index);
    return true;
}

bool client_send_close(struct client_core *core, uint32_t partition)
{
    const struct client_session *session = &core->sessions[partition];
    struct client_destination *destination = &core->destinations[session->head];
    const uint32_t bytes = sizeof(struct wire_request);
    const uint32_t room = wire_pad((uint32_t)sizeof(struct wire_frame) + bytes);
    if (destination->tx != CLIENT_NONE && wire_room(&destination->builder) < room)
        seal(core, destination);
    if (destination->tx == CLIENT_NONE && !open_packet(core, destination))
        return false;
    struct wire_request *wire =
        add_request(core, &destination->builder, WIRE_FRAME_WRITE, partition, bytes);
    *wire = (struct wire_request){
        .length = bytes, .session = session->id, .operation = WIRE_OP_SESSION_CLOSE};
    wire_request_sign(wire);
    return true;
}

void client_send(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    if (TORC_UNLIKELY(request->large != CLIENT_NO_LARGE) && !request->opening &&
        (!client_is_read(request) || core->large[request->large].active)) {
        client_large_send(core, index);
        return;
    }
    struct client_destination *destination = &core->destinations[request->destination];
    if (client_list_empty(&destination->pending) && place(core, index))
        return;
    client_park(core, index, CLIENT_PENDING);
    if (core->burst->tx_used >= core->burst->tx_count)
        client_destination_ready(core, request->destination);
}

void client_dispatch_destinations(struct client_core *core)
{
    const uint32_t count = core->ready_destinations;
    core->ready_destinations = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct client_destination *destination = &core->destinations[core->ready_destination[i]];
        destination->ready = false;
        while (!client_list_empty(&destination->pending)) {
            const uint32_t index = destination->pending.first;
            if (!place(core, index))
                break;
            client_remove(core, &destination->pending, index);
        }
    }
}
