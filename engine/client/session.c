/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A session a partition, opened when the first write needs it (design rule 11).
 *
 *   CLOSED -- a write is its carrier: SESSION_OPEN with a nonce --> OPENING -- the answer --> OPEN
 *     ^                                                                                      |
 *     '---- unknown to a node; or unused for so long that the head may end it soon ----------'
 *
 * While it opens, and while its window is full, writes wait. Numbers are given when a request is
 * first sent, so that what waits was never sent and can be refused. A request that was sent in a
 * session that turns out to be unknown ends as unknown (rule 12), even if sent only once: a copy
 * that the network made may have been taken while the session was open. So that this does not
 * happen to who writes seldom, a session is given up for a new one, before anything is sent in
 * it, once it was unused for half the time after which the head may end it.
 */
#include "engine/base/mutant.h"
#include "engine/client/core.h"

static void ready(struct client_core *core, struct client_session *session)
{
    if (session->ready || client_list_empty(&session->waiting))
        return;
    session->ready = true;
    core->ready_session[core->ready_sessions++] = (uint32_t)(session - core->sessions);
}

void client_session_reset(struct client_session *session)
{
    const bool is_ready = session->ready;
    *session = (struct client_session){.carrier = CLIENT_NONE, .ready = is_ready};
    client_list_init(&session->waiting);
}

static void open_with(struct client_core *core, struct client_session *session, uint32_t index)
{
    if (session->state == CLIENT_SESSION_CLOSED)
        session->nonce = client_random(core);
    session->state = CLIENT_SESSION_OPENING;
    session->carrier = index;
    core->requests[index].opening = true;
}

/* Might the head have ended it, or be about to? */
static bool is_stale(const struct client_core *core, const struct client_session *session)
{
    const uint64_t idle_ns = (uint64_t)core->ring->class.session_idle_ms * 1000000u;
    return idle_ns != 0 && core->now_ns - session->used_ns > idle_ns / 2;
}

/* True if the session takes one more request now. */
static bool has_room(struct client_core *core, struct client_session *session)
{
    if (TORC_UNLIKELY(is_stale(core, session))) {
        if (session->lowest != session->next)
            return false; /* the answers to those in flight will tell */
        session->state = CLIENT_SESSION_CLOSED;
        core->counters.sessions_renewed++;
        return false;
    }
    return session->next - session->lowest <= core->session_mask + MUTANT(window_one_more);
}

bool client_session_admit(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    struct client_session *session = client_session_of(core, request);
    if (request->opening)
        return true;
    if (TORC_LIKELY(session->state == CLIENT_SESSION_OPEN) && has_room(core, session)) {
        request->number = session->next++;
        uint32_t *place = client_number_place(core, request->partition, request->number);
        TORC_ASSERT(*place == CLIENT_NONE);
        *place = index;
        return true;
    }
    if (session->state != CLIENT_SESSION_OPEN && session->carrier == CLIENT_NONE) {
        open_with(core, session, index);
        return true;
    }
    client_park(core, index, CLIENT_SESSION);
    return false;
}

void client_dispatch_sessions(struct client_core *core)
{
    const uint32_t count = core->ready_sessions;
    core->ready_sessions = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct client_session *session = &core->sessions[core->ready_session[i]];
        session->ready = false;
        const uint32_t last = session->waiting.last;
        uint32_t index = CLIENT_NONE;
        while (index != last && !client_list_empty(&session->waiting)) {
            if (session->state == CLIENT_SESSION_OPEN
                    ? !has_room(core, session) && session->state == CLIENT_SESSION_OPEN
                    : session->carrier != CLIENT_NONE)
                break;
            index = client_pop(core, &session->waiting);
            core->requests[index].state = CLIENT_DELAYED;
            client_dispatch(core, index);
        }
    }
    core->waking |= core->ready_sessions != 0;
}

void client_session_release(struct client_core *core, struct client_request *request)
{
    struct client_session *session = client_session_of(core, request);
    uint32_t *place = client_number_place(core, request->partition, request->number);
    TORC_ASSERT(*place == (uint32_t)(request - core->requests));
    *place = CLIENT_NONE;
    while (session->lowest != session->next &&
           *client_number_place(core, request->partition, session->lowest) == CLIENT_NONE)
        session->lowest++;
    ready(core, session);
}

void client_session_carrier_gone(struct client_core *core, uint32_t partition)
{
    struct client_session *session = &core->sessions[partition];
    session->carrier = CLIENT_NONE;
    if (session->state == CLIENT_SESSION_OPENING && client_list_empty(&session->waiting))
        session->state = CLIENT_SESSION_CLOSED;
    ready(core, session);
}

bool client_core_leave(struct client_core *core, struct torc_burst *burst)
{
    TORC_ASSERT(core->stopped);
    burst->tx_used = 0;
    if (core->ring == NULL)
        return false;
    core->now_ns = burst->now_ns;
    core->burst = burst;
    for (; core->left < core->ring->partitions; core->left++) {
        struct client_session *session = &core->sessions[core->left];
        if (session->state != CLIENT_SESSION_OPEN)
            continue;
        if (!client_send_close(core, core->left))
            break;
        session->state = CLIENT_SESSION_CLOSED;
    }
    client_seal_all(core);
    core->burst = NULL;
    return core->left < core->ring->partitions;
}

/* ---- what nodes say ---- */

/* The carrier goes on as the request that it is, the first of those that wait. */
static void drop_carrier(struct client_core *core, struct client_session *session)
{
    const uint32_t carrier = session->carrier;
    if (carrier == CLIENT_NONE)
        return;
    struct client_request *request = &core->requests[carrier];
    if (request->state == CLIENT_SENT)
        client_packet_release(core, request);
    client_unlist(core, carrier);
    request->opening = false;
    request->tries = request->hint = 0;
    session->carrier = CLIENT_NONE;
    const struct client_list behind = session->waiting;
    client_list_init(&session->waiting);
    client_park(core, carrier, CLIENT_SESSION);
    if (client_list_empty(&behind))
        return;
    request->link.next = behind.first;
    core->requests[behind.first].link.prev = carrier;
    session->waiting.last = behind.last;
}

/* Nothing that waits was sent: all is refused. */
static void refuse_all(
    struct client_core *core, struct client_session *session, enum torc_status status)
{
    drop_carrier(core, session);
    session->state = CLIENT_SESSION_CLOSED;
    const uint32_t last = session->waiting.last;
    uint32_t index = CLIENT_NONE;
    while (index != last && (index = session->waiting.first) != CLIENT_NONE)
        client_end(core, index, TORC_REFUSED, status);
}

/* Worth asking again: a full table is, where the head says when it may have room. */
static bool will_pass(const struct wire_reply *reply)
{
    switch (reply->status) {
    case TORC_STATUS_BUSY:
    case TORC_STATUS_NOT_READY:
    case TORC_STATUS_WRONG_EPOCH:
    case TORC_STATUS_WRONG_NODE:
        return true;
    default:
        return reply->status == TORC_STATUS_SESSIONS_FULL && reply->delay_us != 0;
    }
}

/* An answer that does not open it; the carrier is asked to try again, or all are told. */
static void not_opened(
    struct client_core *core, struct client_session *session, const struct wire_reply *reply)
{
    const uint32_t carrier = session->carrier;
    if (reply->status == TORC_STATUS_WRONG_EPOCH || reply->status == TORC_STATUS_WRONG_NODE ||
        reply->status == TORC_STATUS_MEMBER_LOST)
        client_ring_want(core);
    if (!will_pass(reply)) {
        refuse_all(core, session, (enum torc_status)reply->status);
    } else if (carrier != CLIENT_NONE) {
        session->hint = (uint8_t)reply->status;
        client_delay(core, carrier, (uint64_t)reply->delay_us * 1000);
    }
}

void client_session_opened(
    struct client_core *core, uint32_t partition, const struct wire_reply *reply)
{
    struct client_session *session = &core->sessions[partition];
    if (session->state != CLIENT_SESSION_OPENING || reply->version != session->nonce) {
        core->counters.drop_unasked++;
        return;
    }
    if (session->carrier != CLIENT_NONE)
        client_answered(core, &core->requests[session->carrier]);
    const struct wire_session id = reply->session;
    if (reply->status != TORC_STATUS_OK) {
        not_opened(core, session, reply);
        return;
    }
    if ((id.epoch | id.number) == 0) {
        core->counters.drop_bad_reply++;
        return;
    }
    core->counters.sessions_opened++;
    session->hint = 0;
    session->id = id;
    session->next = session->lowest = 1;
    session->used_ns = core->now_ns;
    session->state = CLIENT_SESSION_OPEN;
    drop_carrier(core, session);
    ready(core, session);
}

/* Sent in a session that is gone: unknown. Not sent yet: goes on, in the next session. */
static void leave_session(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    if (request->sent && !MUTANT(resent_in_new_session)) {
        client_end(core, index, TORC_OUTCOME_UNKNOWN, TORC_STATUS_UNKNOWN_SESSION);
        return;
    }
    client_unlist(core, index);
    client_session_release(core, request);
    request->number = 0;
    client_park(core, index, CLIENT_SESSION);
}

void client_session_lost(struct client_core *core, uint32_t partition)
{
    struct client_session *session = &core->sessions[partition];
    core->counters.sessions_unknown++;
    session->state = CLIENT_SESSION_CLOSED;
    const uint64_t end = session->next;
    for (uint64_t number = session->lowest; number != end; number++) {
        const uint32_t index = *client_number_place(core, partition, number);
        if (index != CLIENT_NONE)
            leave_session(core, index);
    }
    ready(core, session);
}
