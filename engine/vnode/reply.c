/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/vnode/internal.h"

struct wire_reply *vnode_reply_frame(struct vnode_set *set, struct wire_builder *builder,
    const struct vnode_caller *caller, uint32_t value_bytes)
{
    struct wire_reply *reply = (struct wire_reply *)wire_add(
        builder, WIRE_FRAME_REPLY, (uint32_t)sizeof *reply + value_bytes);
    uint32_t vnode = vnode_find(set, caller->class, caller->partition);
    reply->frame.class = caller->class;
    reply->frame.partition = caller->partition;
    reply->frame.epoch = vnode != VNODE_NONE ? set->chains.chain[vnode].epoch
                         : set->ring != NULL ? set->ring->epoch
                                             : 0;
    reply->session = caller->session;
    reply->number = caller->number;
    reply->delay_us = 0;
    reply->version = 0;
    reply->bytes = 0;
    reply->total = 0;
    reply->offset = 0;
    return reply;
}

void vnode_reply(struct vnode_set *set, const struct vnode_caller *caller, uint16_t status,
    uint64_t version, uint32_t delay_us)
{
    struct wire_builder *builder =
        outbox_open(&set->outbox, caller->address, sizeof(struct wire_reply));
    if (builder == NULL)
        return;
    struct wire_reply *reply = vnode_reply_frame(set, builder, caller, 0);
    reply->status = status;
    reply->version = version;
    reply->delay_us = delay_us;
    COUNT(set->counters->client_replies);
}

struct vnode_caller vnode_caller_of(
    const struct wire_frame *frame, const struct wire_request *request, struct torc_addr address)
{
    return (struct vnode_caller){.address = address,
        .class = frame->class,
        .partition = frame->partition,
        .session = request->session,
        .number = request->number};
}

/* Answers one frame of a client's packet, if it is a request. */
static void vnode_refuse_frame(struct vnode_set *set, const struct wire_frame *frame,
    struct torc_addr client, uint16_t status, uint32_t delay_us)
{
    struct vnode_caller caller = {
        .address = client, .class = frame->class, .partition = frame->partition};
    uint64_t version = 0;
    if (frame->type == WIRE_FRAME_WRITE_PART) {
        const struct wire_write_part *part = (const struct wire_write_part *)frame;
        caller.session = part->session;
        caller.number = part->number;
    } else {
        const struct wire_request *request = (const struct wire_request *)(frame + 1);
        caller = vnode_caller_of(frame, request, client);
        if (request->operation == WIRE_OP_SESSION_OPEN)
            version = request->argument;
    }
    vnode_reply(set, &caller, status, version, delay_us);
}

void vnode_refuse_packet(struct vnode_set *set, const struct wire_view *view,
    struct torc_addr client, uint16_t status, uint32_t delay_us)
{
    const uint8_t *cursor = view->frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(view, &cursor)) != NULL)
        vnode_refuse_frame(set, frame, client, status, delay_us);
}
