/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What came in: whole, ours, and of the node's incarnation that the ring names.
 */
#include "engine/client/core.h"

/* The member of an id, through a small cache: answers come from the same few nodes. */
static uint16_t member_of(struct client_core *core, uint32_t id)
{
    uint16_t *cached = &core->sender_member[id % CLIENT_SENDERS];
    if (TORC_LIKELY(*cached < core->ring->members && core->ring->member[*cached].id == id))
        return *cached;
    const uint16_t member = ring_member_by_id(core->ring, id);
    if (member != RING_NO_MEMBER)
        *cached = member;
    return member;
}

/*
 * An answer from a life of the node that the ring does not know must not be believed: it may speak
 * of sessions that had the same names. Ask for a newer ring.
 */
static bool sender_is_current(struct client_core *core, const struct wire_packet *header)
{
    const uint16_t member = member_of(core, header->sender);
    if (member != RING_NO_MEMBER &&
        core->ring->member[member].incarnation == header->sender_incarnation)
        return true;
    core->counters.drop_stale_sender++;
    client_ring_want(core);
    return false;
}

static void replies(struct client_core *core, const struct wire_view *view)
{
    if (core->ring == NULL) {
        core->counters.drop_unasked++;
        return;
    }
    if (!sender_is_current(core, &view->header))
        return;
    const uint8_t *cursor = view->frames;
    for (const struct wire_frame *frame; (frame = wire_next(view, &cursor)) != NULL;) {
        if (frame->class != core->ring->class.number || frame->partition >= core->ring->partitions)
            core->counters.drop_bad_reply++;
        else if (frame->type == WIRE_FRAME_REPLY)
            client_reply(core, (const struct wire_reply *)frame);
        else
            client_part_ack(core, (const struct wire_part_ack *)frame);
    }
}

void client_receive(struct client_core *core, const struct torc_rx *rx)
{
    struct wire_view view;
    const uint64_t cluster = core->ring != NULL ? core->ring->cluster : 0;
    core->counters.rx_packets++;
    const enum wire_drop drop = wire_open(rx->data, rx->bytes, cluster, &view);
    if (TORC_UNLIKELY(drop != WIRE_TAKEN)) {
        if (drop == WIRE_DROP_bad_version)
            client_refused_version(core, view.header.number);
        else
            core->counters.drop_malformed++;
        return;
    }
    switch ((enum wire_packet_type)view.header.type) {
    case WIRE_REPLY:
        replies(core, &view);
        break;
    case WIRE_CHUNK:
        client_chunk(core, view.header.number, (const struct wire_chunk *)view.frames);
        break;
    case WIRE_REFUSE:
        client_refused_version(core, view.header.number);
        break;
    default:
        core->counters.drop_unexpected++;
        break;
    }
}
