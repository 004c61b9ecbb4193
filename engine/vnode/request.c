/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Requests from clients that make entries: what the head does with them.
 */
#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"
#include "engine/vnode/internal.h"

bool vnode_owns_key(
    const struct vnode_set *set, const struct wire_request *request, uint16_t partition)
{
    struct ring_hash hash = ring_hash_key(
        (enum torc_hash)set->ring->hash, wire_request_key(request), request->key_bytes);
    return ring_partition(set->ring, &hash) == partition;
}

static void vnode_busy(
    struct vnode_set *set, const struct vnode_caller *caller, const struct wire_request *request)
{
    uint64_t nonce = request->operation == WIRE_OP_SESSION_OPEN ? request->argument : 0;
    if (!MUTANT(busy_silent))
        vnode_reply(set, caller, TORC_STATUS_BUSY, nonce, VNODE_BUSY_DELAY_US);
}

/* Creates the entry of a request that was never seen, if there is room. */
static bool vnode_create(struct vnode_set *set, uint32_t vnode, const struct wire_request *request,
    const struct vnode_caller *caller)
{
    uint32_t bytes = (uint32_t)(sizeof(struct wire_entry) - sizeof *request) + request->length;
    uint64_t *why =
        set->draining ? &set->counters->busy_draining : chain_refuses(&set->chains, vnode, bytes);
    if (why != NULL) {
        COUNT(*why);
        vnode_busy(set, caller, request);
        return false;
    }
    (void)chain_create(&set->chains, vnode, request, caller->address);
    if (MUTANT(reply_before_commit) && request->operation >= WIRE_OP_PUT)
        vnode_reply(set, caller, TORC_STATUS_OK, log_last(set->chains.log, vnode), 0);
    if (request->operation >= WIRE_OP_PUT)
        session_in_flight(set->sessions, vnode, request);
    vnode_advance(set, vnode);
    return true;
}

/* Is an entry that opens a session with that nonce under way? Openings are rare, and so is this
 * walk. */
static bool vnode_open_in_flight(const struct vnode_set *set, uint32_t vnode, uint64_t nonce)
{
    const struct log_stream *log = set->chains.log;
    for (uint64_t i = set->vnode[vnode].applied + 1; i <= log_last(log, vnode); i++) {
        const struct wire_request *request = &log_entry(log, vnode, i)->request;
        if (request->operation == WIRE_OP_SESSION_OPEN && request->argument == nonce)
            return true;
    }
    return false;
}

void vnode_close_idle(struct vnode_set *set, uint32_t vnode)
{
    struct wire_request request = {.length = sizeof request, .operation = WIRE_OP_SESSION_CLOSE};
    uint64_t idle_ns = (uint64_t)set->ring->class.session_idle_ms * 1000000;
    uint64_t now_ns = set->chains.now_ns;
    /* room first: a session that is found is marked, and not found again */
    if (set->draining || now_ns <= idle_ns ||
        chain_refuses(&set->chains, vnode, (uint32_t)sizeof(struct wire_entry)) != NULL ||
        !session_idle(set->sessions, vnode, now_ns - idle_ns, &request.session))
        return;
    wire_request_sign(&request);
    chain_create(&set->chains, vnode, &request, (struct torc_addr){0});
    vnode_advance(set, vnode);
}

/* A client that leaves frees its session for others. If this is lost, idleness ends it. */
static void vnode_leave(struct vnode_set *set, uint32_t vnode, const struct wire_request *request)
{
    if (set->draining || set->vnode[vnode].member_lost ||
        chain_refuses(&set->chains, vnode, (uint32_t)sizeof(struct wire_entry)) != NULL ||
        !session_leave(set->sessions, vnode, &request->session))
        return;
    chain_create(&set->chains, vnode, request, (struct torc_addr){0});
    vnode_advance(set, vnode);
}

static void vnode_open(struct vnode_set *set, uint32_t vnode, const struct wire_request *request,
    struct vnode_caller caller)
{
    struct wire_session session;
    if (session_by_nonce(set->sessions, vnode, request->argument, &session)) {
        COUNT(set->counters->answered_again);
        caller.session = session;
        vnode_reply(set, &caller, TORC_STATUS_OK, request->argument, 0);
        return;
    }
    if (vnode_open_in_flight(set, vnode, request->argument)) {
        COUNT(set->counters->retry_in_flight);
        return;
    }
    if (session_count(set->sessions, vnode) >= set->ring->class.sessions) {
        vnode_close_idle(set, vnode);
        vnode_reply(
            set, &caller, TORC_STATUS_SESSIONS_FULL, request->argument, 100 * VNODE_BUSY_DELAY_US);
        return;
    }
    vnode_create(set, vnode, request, &caller);
}

/*
 * Is the session's own entry in the log, not yet known here as committed? The client heard of it
 * from the tail, before this member did.
 */
static bool vnode_session_to_come(
    const struct vnode_set *set, uint32_t vnode, const struct wire_session *session)
{
    const struct log_stream *log = set->chains.log;
    if (session->number <= set->vnode[vnode].applied || session->number > log_last(log, vnode))
        return false;
    const struct wire_entry *entry = log_entry(log, vnode, session->number);
    return entry->epoch == session->epoch && entry->request.operation == WIRE_OP_SESSION_OPEN;
}

/* What a session's verdict on a request that is no news means to its client. */
static void vnode_known_request(struct vnode_set *set, uint32_t vnode, enum session_verdict verdict,
    const struct vnode_caller *caller, const struct session_answer *answer)
{
    switch (verdict) {
    case SESSION_IN_FLIGHT: /* the tail will answer, or, once it is applied here, this member */
        COUNT(set->counters->retry_in_flight);
        break;
    case SESSION_ANSWERED:
        COUNT(set->counters->answered_again);
        vnode_reply(set, caller, answer->status, answer->version, 0);
        break;
    case SESSION_STALE:
        COUNT(set->counters->drop_stale_request);
        break;
    case SESSION_AHEAD:
        vnode_reply(set, caller, TORC_STATUS_BUSY, 0, VNODE_BUSY_DELAY_US);
        break;
    default:
        if (vnode_session_to_come(set, vnode, &caller->session))
            vnode_reply(set, caller, TORC_STATUS_BUSY, 0, VNODE_BUSY_DELAY_US);
        else
            vnode_reply(set, caller, TORC_STATUS_UNKNOWN_SESSION, 0, 0);
    }
}

void vnode_request(struct vnode_set *set, uint32_t vnode, const struct wire_request *request,
    const struct vnode_caller *caller)
{
    if (request->operation == WIRE_OP_SESSION_OPEN) {
        if (set->vnode[vnode].member_lost) {
            COUNT(set->counters->refused_member_lost);
            vnode_reply(set, caller, TORC_STATUS_MEMBER_LOST, request->argument, 0);
            return;
        }
        vnode_open(set, vnode, request, *caller);
        return;
    }
    if (request->operation == WIRE_OP_SESSION_CLOSE) {
        vnode_leave(set, vnode, request);
        return;
    }
    if (request->operation < WIRE_OP_PUT || WIRE_OP_IS_READ(request->operation)) {
        vnode_reply(set, caller, TORC_STATUS_INVALID, 0, 0);
        return;
    }
    struct session_answer answer;
    enum session_verdict verdict =
        session_request(set->sessions, vnode, request, set->chains.now_ns, &answer);
    if (verdict != SESSION_NEW) {
        vnode_known_request(set, vnode, verdict, caller, &answer);
    } else if (set->vnode[vnode].member_lost) {
        COUNT(set->counters->refused_member_lost);
        vnode_reply(set, caller, TORC_STATUS_MEMBER_LOST, 0, 0);
    } else if (!vnode_owns_key(set, request, caller->partition)) {
        vnode_reply(set, caller, TORC_STATUS_WRONG_PARTITION, 0, 0);
    } else {
        vnode_create(set, vnode, request, caller);
    }
}

/* Does this node play the head for the frame's vnode, in the frame's epoch? Answers if not. */
static uint32_t vnode_as_head(struct vnode_set *set, const struct wire_frame *frame,
    const struct vnode_caller *caller, uint64_t nonce)
{
    uint32_t vnode = vnode_find(set, frame->class, frame->partition);
    if (vnode == VNODE_NONE ||
        (!chain_is_head(&set->chains.chain[vnode]) && !MUTANT(two_writers))) {
        COUNT(set->counters->drop_not_a_vnode);
        vnode_reply(set, caller, TORC_STATUS_WRONG_NODE, nonce, 0);
        return VNODE_NONE;
    }
    uint64_t epoch = set->chains.chain[vnode].epoch;
    if (frame->epoch != epoch) {
        if (frame->epoch < epoch)
            COUNT(set->counters->drop_old_epoch);
        else
            COUNT(set->counters->drop_new_epoch);
        vnode_reply(set, caller, TORC_STATUS_WRONG_EPOCH, nonce, 0);
        return VNODE_NONE;
    }
    return vnode;
}

void vnode_write(struct vnode_set *set, const struct wire_frame *frame, struct torc_addr client)
{
    const struct wire_request *request = (const struct wire_request *)(frame + 1);
    struct vnode_caller caller = vnode_caller_of(frame, request, client);
    uint64_t nonce = request->operation == WIRE_OP_SESSION_OPEN ? request->argument : 0;
    uint32_t vnode = vnode_as_head(set, frame, &caller, nonce);
    COUNT(set->counters->client_requests);
    if (vnode != VNODE_NONE)
        vnode_request(set, vnode, request, &caller);
}

/* ---- large requests, in parts ---- */

static void vnode_ack_parts(struct vnode_set *set, const struct vnode_caller *caller,
    uint64_t epoch, uint32_t parts, uint64_t bitmap, uint32_t delay_us)
{
    struct wire_builder *builder =
        outbox_open(&set->outbox, caller->address, sizeof(struct wire_part_ack));
    if (builder == NULL)
        return;
    struct wire_part_ack *ack =
        (struct wire_part_ack *)wire_add(builder, WIRE_FRAME_PART_ACK, sizeof *ack);
    ack->frame.class = caller->class;
    ack->frame.partition = caller->partition;
    ack->frame.epoch = epoch;
    ack->session = caller->session;
    ack->number = caller->number;
    ack->parts = parts;
    ack->delay_us = delay_us;
    ack->bitmap = bitmap;
}

static struct assembly *vnode_assembly(
    struct vnode_set *set, uint32_t vnode, const struct wire_write_part *part)
{
    struct assembly_name name = {.vnode = vnode,
        .major = {part->session.epoch, part->session.number},
        .minor = part->number};
    struct assembly *assembly = assembly_find(&set->requests, &name);
    if (assembly != NULL)
        return assembly;
    return assembly_start(&set->requests, &name, part->total, set->chains.now_ns);
}

/*
 * Should a part of this request be taken at all? Asks the session, by the little that a part says
 * of its request: with awaited_behind 0 it claims nothing about others, but that could make the
 * session forget answers that are still awaited, so it is asked with the widest claim there is.
 */
static enum session_verdict vnode_part_verdict(struct vnode_set *set, uint32_t vnode,
    const struct wire_write_part *part, struct session_answer *answer)
{
    uint64_t widest = set->ring->class.session_window - 1u;
    struct wire_request probe = {.session = part->session,
        .number = part->number,
        .awaited_behind = (uint32_t)(part->number - 1 < widest ? part->number - 1 : widest)};
    return session_request(set->sessions, vnode, &probe, set->chains.now_ns, answer);
}

static void vnode_whole_request(struct vnode_set *set, uint32_t vnode, struct assembly *assembly,
    const struct vnode_caller *caller)
{
    const struct wire_request *request = (const struct wire_request *)assembly->bytes;
    if (wire_request_check(request, assembly->total) != WIRE_TAKEN ||
        request->number != caller->number ||
        memcmp(&request->session, &caller->session, sizeof request->session) != 0) {
        COUNT(set->counters->drop_bad_part);
        assembly_end(&set->requests, assembly);
        vnode_ack_parts(set, caller, set->chains.chain[vnode].epoch, 0, 0, VNODE_BUSY_DELAY_US);
        return;
    }
    vnode_request(set, vnode, request, caller);
    assembly_end(&set->requests, assembly);
}

static void vnode_take_part(struct vnode_set *set, uint32_t vnode,
    const struct wire_write_part *part, const struct vnode_caller *caller)
{
    uint64_t epoch = set->chains.chain[vnode].epoch;
    struct assembly *assembly = vnode_assembly(set, vnode, part);
    if (assembly == NULL) {
        COUNT(set->counters->busy_parts);
        vnode_ack_parts(set, caller, epoch, 0, 0, 10 * VNODE_BUSY_DELAY_US);
        return;
    }
    if (!assembly_add(
            assembly, part->total, part->offset, (const uint8_t *)(part + 1), set->chains.now_ns)) {
        COUNT(set->counters->drop_bad_part);
        return;
    }
    vnode_ack_parts(set, caller, epoch, assembly->gapless, assembly_bitmap(assembly), 0);
    if (assembly_whole(assembly))
        vnode_whole_request(set, vnode, assembly, caller);
}

void vnode_write_part(
    struct vnode_set *set, const struct wire_write_part *part, struct torc_addr client)
{
    struct vnode_caller caller = {.address = client,
        .class = part->frame.class,
        .partition = part->frame.partition,
        .session = part->session,
        .number = part->number};
    COUNT(set->counters->client_requests);
    uint32_t vnode = vnode_as_head(set, &part->frame, &caller, 0);
    if (vnode == VNODE_NONE)
        return;
    struct session_answer answer;
    enum session_verdict verdict = vnode_part_verdict(set, vnode, part, &answer);
    if (verdict == SESSION_NEW) {
        vnode_take_part(set, vnode, part, &caller);
        return;
    }
    if (verdict == SESSION_IN_FLIGHT) /* all parts came: the client need not send them again */
        vnode_ack_parts(set, &caller, part->frame.epoch,
            (part->total + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES, 0, 0);
    vnode_known_request(set, vnode, verdict, &caller, &answer);
}
