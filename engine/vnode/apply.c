/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Applying: what is committed, in log order, with the same result on every member (rule 11).
 */
#include "engine/base/assert.h"
#include "engine/base/mutant.h"
#include "engine/services/kv.h"
#include "engine/vnode/internal.h"

_Static_assert(KV_PUT == (int)WIRE_OP_PUT && KV_DELETE == (int)WIRE_OP_DELETE &&
                   KV_CAS == (int)WIRE_OP_CAS && KV_GET == (int)WIRE_OP_GET,
    "the key-value store's operations have the numbers they have on the wire");

static uint16_t vnode_verdict_status(enum session_verdict verdict)
{
    return verdict == SESSION_UNKNOWN ? TORC_STATUS_UNKNOWN_SESSION : TORC_STATUS_INVALID;
}

static void vnode_apply_operation(struct vnode_set *set, uint32_t vnode,
    const struct wire_entry *entry, struct session_answer *answer)
{
    const struct wire_request *request = &entry->request;
    enum session_verdict verdict = session_apply(set->sessions, vnode, request, answer);
    if (verdict == SESSION_ANSWERED && !MUTANT(dedupe_off) && !MUTANT(dedupe_at_apply_off)) {
        COUNT(set->counters->applied_twice_avoided);
        return;
    }
    if (verdict != SESSION_NEW && verdict != SESSION_ANSWERED) {
        *answer = (struct session_answer){.status = vnode_verdict_status(verdict)};
        return;
    }
    struct torc_command command = vnode_command(request, entry->sequence);
    if (MUTANT(deletes_at_tail_only) && !chain_is_tail(&set->chains.chain[vnode]) &&
        command.operation == KV_DELETE)
        command.operation = WIRE_OP_NOOP;
    struct torc_answer result;
    set->service->ops->apply(set->service, vnode, &command, &result);
    *answer = (struct session_answer){.status = result.status, .version = result.version};
    session_applied(set->sessions, vnode, request, answer);
}

/* What the engine itself does with entries. *session is the one that the entry is about. */
static void vnode_apply_own(struct vnode_set *set, uint32_t vnode, const struct wire_entry *entry,
    struct wire_session *session, struct session_answer *answer)
{
    const struct wire_request *request = &entry->request;
    *answer = (struct session_answer){.status = TORC_STATUS_OK};
    switch (request->operation) {
    case WIRE_OP_SESSION_OPEN:
        *session = (struct wire_session){0, 0};
        answer->status = session_open(
            set->sessions, vnode, entry->epoch, entry->sequence, request->argument, session);
        answer->version = request->argument; /* the nonce: by it the client knows the answer */
        break;
    case WIRE_OP_SESSION_CLOSE:
        session_close(set->sessions, vnode, session);
        break;
    case WIRE_OP_NOOP:
        break;
    default:
        answer->status = TORC_STATUS_NO_SERVICE;
    }
}

static void vnode_answer(struct vnode_set *set, const struct wire_entry *entry,
    const struct wire_session *session, const struct session_answer *answer)
{
    struct vnode_caller caller = {.address = {.ip = entry->client_ip, .port = entry->client_port},
        .class = entry->class,
        .partition = entry->partition,
        .session = *session,
        .number = entry->request.number};
    vnode_reply(set, &caller, answer->status, answer->version, 0);
}

/* Applies one entry; the tail answers its client. */
static void vnode_apply(struct vnode_set *set, uint32_t vnode, const struct wire_entry *entry)
{
    struct wire_session session = entry->request.session;
    struct session_answer answer;
    if (TORC_LIKELY(entry->request.operation >= WIRE_OP_PUT))
        vnode_apply_operation(set, vnode, entry, &answer);
    else
        vnode_apply_own(set, vnode, entry, &session, &answer);
    COUNT(set->counters->entries_applied);
    if (chain_is_tail(&set->chains.chain[vnode]) && entry->client_port != 0)
        vnode_answer(set, entry, &session, &answer);
}

/* Up to where the log is of no use any more: what is committed is on every member. */
static uint64_t vnode_releases(const struct vnode_set *set, uint32_t vnode)
{
    uint64_t committed = set->chains.chain[vnode].committed;
    if (MUTANT(released_early) && committed < log_last(set->chains.log, vnode))
        committed++;
    return committed;
}

void vnode_advance(struct vnode_set *set, uint32_t vnode)
{
    struct vnode *state = &set->vnode[vnode];
    uint64_t committed = MUTANT(apply_uncommitted) ? log_last(set->chains.log, vnode)
                                                   : set->chains.chain[vnode].committed;
    if (state->applied == committed)
        return;
    TORC_ASSERT(committed > state->applied && committed <= log_last(set->chains.log, vnode));
    while (state->applied < committed) {
        vnode_apply(set, vnode, log_entry(set->chains.log, vnode, state->applied + 1));
        state->applied++;
    }
    log_release(set->chains.log, vnode, vnode_releases(set, vnode));
}

static void vnode_prefetch_item(struct vnode_set *set, uint32_t at)
{
    const struct vnode_ahead *ahead = &set->ahead[at % VNODE_AHEAD];
    set->service->ops->prefetch_item(set->service, ahead->vnode, ahead->hash);
}

void vnode_prefetch(struct vnode_set *set, uint32_t vnode, const struct wire_request *request)
{
    const struct torc_service_ops *ops = set->service->ops;
    session_prefetch(set->sessions, vnode, &request->session);
    if (ops->prefetch == NULL || request->key_bytes == 0)
        return;
    uint64_t hash = ring_hash_quick(wire_request_key(request), request->key_bytes);
    ops->prefetch(set->service, vnode, hash);
    if (ops->prefetch_item == NULL)
        return;
    if (set->ahead_count >= VNODE_AHEAD)
        vnode_prefetch_item(set, set->ahead_count);
    set->ahead[set->ahead_count++ % VNODE_AHEAD] =
        (struct vnode_ahead){.vnode = vnode, .hash = hash};
}

void vnode_prefetch_entry(struct vnode_set *set, uint32_t vnode, const struct wire_request *request)
{
    if (chain_is_tail(&set->chains.chain[vnode]))
        vnode_prefetch(set, vnode, request);
    else
        session_prefetch(set->sessions, vnode, &request->session);
}

void vnode_prefetch_committed(struct vnode_set *set, uint32_t vnode, uint64_t committed)
{
    uint64_t sequence = set->vnode[vnode].applied;
    uint64_t last = log_last(set->chains.log, vnode);
    uint64_t end = committed < last ? committed : last;
    if (end > sequence + VNODE_PREFETCH_MOST)
        end = sequence + VNODE_PREFETCH_MOST;
    while (sequence < end)
        vnode_prefetch(set, vnode, &log_entry(set->chains.log, vnode, ++sequence)->request);
}

void vnode_prefetch_end(struct vnode_set *set)
{
    uint32_t last = set->ahead_count < VNODE_AHEAD ? set->ahead_count : VNODE_AHEAD;
    for (uint32_t i = set->ahead_count - last; i != set->ahead_count; i++)
        vnode_prefetch_item(set, i);
    set->ahead_count = 0;
}
