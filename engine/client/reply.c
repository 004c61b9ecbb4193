/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What an answer means for the call (design rule 12).
 *
 *   OK; NOT_FOUND of a get or delete            done
 *   MISMATCH, FULL                              refused: a committed entry says so
 *   INVALID, NO_SERVICE, WRONG_PARTITION, ...   refused: for ever invalid
 *   BUSY, NOT_READY, WRONG_NODE, WRONG_EPOCH    sent again, later, until the deadline
 *   UNKNOWN_SESSION, MEMBER_LOST, anything else unknown: it was sent, and no entry answers for it
 */
#include "engine/base/mutant.h"
#include "engine/client/core.h"

static void end_with(struct client_core *core, uint32_t index, enum torc_outcome outcome,
    const struct wire_reply *reply)
{
    struct client_result result = {
        .outcome = outcome, .status = (enum torc_status)reply->status, .version = reply->version};
    client_finish(core, index, &result);
}

static void later(struct client_core *core, uint32_t index, const struct wire_reply *reply)
{
    struct client_request *request = &core->requests[index];
    core->counters.busy += reply->status == TORC_STATUS_BUSY;
    core->counters.not_ready += reply->status == TORC_STATUS_NOT_READY;
    request->hint = (uint8_t)reply->status;
    if (request->large != CLIENT_NO_LARGE && core->large[request->large].active) {
        struct client_large *large = &core->large[request->large];
        client_large_want_again(core, large, large->parts, 0);
    }
    client_delay(core, index, (uint64_t)reply->delay_us * 1000);
}

static void value(struct client_core *core, uint32_t index, const struct wire_reply *reply)
{
    const struct client_request *request = &core->requests[index];
    const bool in_parts = request->large != CLIENT_NO_LARGE && core->large[request->large].active;
    if (TORC_UNLIKELY(in_parts || reply->bytes != reply->total)) {
        client_get_part(core, index, reply);
        return;
    }
    struct client_result result = {.outcome = TORC_DONE,
        .status = TORC_STATUS_OK,
        .version = reply->version,
        .value = (const uint8_t *)(reply + 1),
        .value_bytes = reply->bytes};
    client_finish(core, index, &result);
}

static void not_found(struct client_core *core, uint32_t index, const struct wire_reply *reply)
{
    const struct client_request *request = &core->requests[index];
    if (request->operation == WIRE_OP_GET && request->large != CLIENT_NO_LARGE &&
        core->large[request->large].active) {
        client_get_restart(core, index); /* deleted while it was read: ask anew */
        return;
    }
    const bool done = request->operation == WIRE_OP_GET || request->operation == WIRE_OP_DELETE;
    end_with(core, index, done ? TORC_DONE : TORC_REFUSED, reply);
}

static void not_ok(struct client_core *core, uint32_t index, const struct wire_reply *reply)
{
    const struct client_request *request = &core->requests[index];
    switch (reply->status) {
    case TORC_STATUS_NOT_FOUND:
        not_found(core, index, reply);
        return;
    case TORC_STATUS_WRONG_NODE:
    case TORC_STATUS_WRONG_EPOCH:
        client_ring_want(core);
        later(core, index, reply);
        return;
    case TORC_STATUS_BUSY:
    case TORC_STATUS_NOT_READY:
        later(core, index, reply);
        return;
    case TORC_STATUS_UNKNOWN_SESSION:
        if (client_is_read(request))
            end_with(core, index, TORC_OUTCOME_UNKNOWN, reply);
        else
            client_session_lost(core, request->partition);
        return;
    case TORC_STATUS_WRONG_PARTITION:
        client_ring_want(core);
        end_with(core, index, TORC_REFUSED, reply);
        return;
    case TORC_STATUS_MISMATCH:
    case TORC_STATUS_FULL:
    case TORC_STATUS_INVALID:
    case TORC_STATUS_NO_SERVICE:
        end_with(core, index, TORC_REFUSED, reply);
        return;
    case TORC_STATUS_CHANGED:
        if (request->operation == WIRE_OP_GET) {
            client_get_restart(core, index);
            return;
        }
        break;
    case TORC_STATUS_MEMBER_LOST:
        client_ring_want(core);
        break;
    default:
        break;
    }
    end_with(core, index, TORC_OUTCOME_UNKNOWN, reply);
}

/* The write that an answer names, or CLIENT_NONE. */
static uint32_t answered_write(struct client_core *core, const struct wire_reply *reply)
{
    const uint32_t partition = reply->frame.partition;
    struct client_session *session = &core->sessions[partition];
    if (session->state != CLIENT_SESSION_OPEN || session->id.number != reply->session.number ||
        session->id.epoch != reply->session.epoch)
        return CLIENT_NONE;
    const uint32_t index = *client_number_place(core, partition, reply->number);
    if (index == CLIENT_NONE ||
        (core->requests[index].number != reply->number && !MUTANT(reply_number_unchecked)))
        return CLIENT_NONE;
    session->used_ns = core->now_ns;
    return index;
}

static uint32_t answered_read(const struct client_core *core, const struct wire_reply *reply)
{
    const uint32_t index = (uint32_t)reply->number;
    if (index >= core->config.requests)
        return CLIENT_NONE;
    const struct client_request *request = &core->requests[index];
    if (request->state == CLIENT_FREE || !client_is_read(request) ||
        (request->number != reply->number && !MUTANT(read_reply_unchecked)) ||
        request->partition != reply->frame.partition)
        return CLIENT_NONE;
    return index;
}

void client_reply(struct client_core *core, const struct wire_reply *reply)
{
    if (reply->number == 0) {
        client_session_opened(core, reply->frame.partition, reply);
        return;
    }
    const bool write = (reply->session.epoch | reply->session.number) != 0;
    const uint32_t index = write ? answered_write(core, reply) : answered_read(core, reply);
    if (index == CLIENT_NONE || !core->requests[index].sent) {
        core->counters.drop_unasked++;
        return;
    }
    struct client_request *request = &core->requests[index];
    client_answered(core, request);
    if (reply->status != TORC_STATUS_OK)
        not_ok(core, index, reply);
    else if (request->operation == WIRE_OP_GET)
        value(core, index, reply);
    else
        end_with(core, index, TORC_DONE, reply);
}
