/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reads: answered by the tail from what is committed; they make no entry.
 */
#include "engine/base/mutant.h"
#include "engine/vnode/internal.h"

/* Why this vnode does not answer a read; OK if it does. */
static uint16_t vnode_read_refusal(const struct vnode_set *set, uint32_t vnode,
    const struct wire_frame *frame, const struct wire_request *request)
{
    if (vnode == VNODE_NONE)
        return TORC_STATUS_WRONG_NODE;
    const struct chain *chain = &set->chains.chain[vnode];
    if (frame->epoch != chain->epoch)
        return TORC_STATUS_WRONG_EPOCH;
    if (set->vnode[vnode].tail_lost)
        return TORC_STATUS_MEMBER_LOST;
    if (!chain_is_tail(chain) && !MUTANT(read_anywhere))
        return TORC_STATUS_WRONG_NODE;
    if (!vnode_lease_in_force(set))
        return TORC_STATUS_NOT_READY;
    if (!WIRE_OP_IS_READ(request->operation) || request->argument > UINT32_MAX)
        return TORC_STATUS_INVALID;
    if (!vnode_owns_key(set, request, frame->partition))
        return TORC_STATUS_WRONG_PARTITION;
    return TORC_STATUS_OK;
}

/* One try to answer in a packet that has `room` left for the reply. False: the value needs more
 * room than is left. */
static bool vnode_read_into(struct vnode_set *set, uint32_t vnode, struct wire_builder *builder,
    const struct vnode_caller *caller, const struct torc_command *command)
{
    bool first = builder->frames == 0;
    uint32_t room = wire_room(builder) - (uint32_t)sizeof(struct wire_reply);
    struct wire_reply *reply = vnode_reply_frame(set, builder, caller, room);
    struct torc_answer answer = {0};
    set->service->ops->read(set->service, vnode, command, (uint8_t *)(reply + 1), room, &answer);
    uint32_t offset = (uint32_t)command->argument;
    if (!first && answer.total > offset && answer.bytes < answer.total - offset) {
        outbox_take_back(builder, &reply->frame);
        return false;
    }
    reply->status = answer.status;
    reply->version = answer.version;
    reply->total = answer.total;
    reply->offset = offset;
    reply->bytes = (uint16_t)answer.bytes;
    outbox_trim(builder, &reply->frame, (uint32_t)sizeof *reply + answer.bytes);
    COUNT(set->counters->reads);
    COUNT(set->counters->client_replies);
    return true;
}

void vnode_read(struct vnode_set *set, const struct wire_frame *frame, struct torc_addr client)
{
    const struct wire_request *request = (const struct wire_request *)(frame + 1);
    struct vnode_caller caller = vnode_caller_of(frame, request, client);
    uint32_t vnode = vnode_find(set, frame->class, frame->partition);
    COUNT(set->counters->client_requests);
    uint16_t refusal = vnode_read_refusal(set, vnode, frame, request);
    if (refusal != TORC_STATUS_OK) {
        vnode_reply(
            set, &caller, refusal, 0, refusal == TORC_STATUS_NOT_READY ? VNODE_BUSY_DELAY_US : 0);
        return;
    }
    struct torc_command command = vnode_command(request, 0);
    struct wire_builder *builder = outbox_open(&set->outbox, client, sizeof(struct wire_reply));
    if (builder == NULL || vnode_read_into(set, vnode, builder, &caller, &command))
        return;
    builder = outbox_open(&set->outbox, client, WIRE_FRAMES_BYTES);
    if (builder != NULL)
        vnode_read_into(set, vnode, builder, &caller, &command);
}
