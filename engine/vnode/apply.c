/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Applying: what is committed, in log order, with the same result on every member (rule 11).
 */
#include "engine/base/assert.h"
#include "engine/services/kv.h"
#include "engine/vnode/internal.h"

_Static_assert(KV_PUT == (int)WIRE_OP_PUT && KV_DELETE == (int)WIRE_OP_DELETE &&
                   KV_CAS == (int)WIRE_OP_CAS && KV_GET == (int)WIRE_OP_GET,
    "the key-value store's operations have the numbers they have on the wire");

struct torc_command vnode_command(const struct wire_request *request, uint64_t sequence)
{
    const uint8_t *key = wire_request_key(request);
    struct ring_hash hash = ring_hash_key(TORC_HASH_XXH3, key, request->key_bytes);
    return (struct torc_command){.operation = request->operation,
        .key_bytes = request->key_bytes,
        .value_bytes = wire_request_value_bytes(request),
        .key = key,
        .value = wire_request_value(request),
        .hash = ring_hash_top(&hash),
        .argument = request->argument,
        .sequence = sequence};
}

static void vnode_apply_open(struct vnode_set *set, uint32_t vnode, const struct wire_entry *entry,
    struct vnode_caller *caller, struct session_answer *answer)
{
    struct wire_session session = {0, 0};
    answer->status = session_open(
        set->sessions, vnode, entry->epoch, entry->sequence, entry->request.argument, &session);
    answer->version = entry->request.argument; /* the nonce, by which the client knows the answer */
    caller->session = answer->status == TORC_STATUS_OK ? session : (struct wire_session){0, 0};
}

static uint16_t vnode_verdict_status(enum session_verdict verdict)
{
    return verdict == SESSION_UNKNOWN ? TORC_STATUS_UNKNOWN_SESSION : TORC_STATUS_INVALID;
}

static void vnode_apply_operation(struct vnode_set *set, uint32_t vnode,
    const struct wire_entry *entry, struct session_answer *answer)
{
    const struct wire_request *request = &entry->request;
    enum session_verdict verdict = session_apply(set->sessions, vnode, request, answer);
    if (verdict == SESSION_ANSWERED) {
        COUNT(set->counters->applied_twice_avoided);
        return;
    }
    if (verdict != SESSION_NEW) {
        *answer = (struct session_answer){.status = vnode_verdict_status(verdict)};
        return;
    }
    struct torc_command command = vnode_command(request, entry->sequence);
    struct torc_answer result = {0};
    set->service->ops->apply(set->service, vnode, &command, &result);
    *answer = (struct session_answer){.status = result.status, .version = result.version};
    session_applied(set->sessions, vnode, request, answer);
}

/* Applies one entry; the tail answers its client. */
static void vnode_apply(struct vnode_set *set, uint32_t vnode, const struct wire_entry *entry)
{
    const struct wire_request *request = &entry->request;
    struct vnode_caller caller = {.address = {.ip = entry->client_ip, .port = entry->client_port},
        .class = entry->class,
        .partition = entry->partition,
        .session = request->session,
        .number = request->number};
    struct session_answer answer = {.status = TORC_STATUS_OK};
    switch (request->operation) {
    case WIRE_OP_SESSION_OPEN:
        vnode_apply_open(set, vnode, entry, &caller, &answer);
        break;
    case WIRE_OP_SESSION_CLOSE:
        session_close(set->sessions, vnode, &request->session);
        break;
    case WIRE_OP_NOOP:
        break;
    default:
        vnode_apply_operation(set, vnode, entry, &answer);
    }
    COUNT(set->counters->entries_applied);
    if (chain_is_tail(&set->chains.chain[vnode]) && caller.address.port != 0)
        vnode_reply(set, &caller, answer.status, answer.version, 0);
}

void vnode_advance(struct vnode_set *set, uint32_t vnode)
{
    struct vnode *state = &set->vnode[vnode];
    uint64_t committed = set->chains.chain[vnode].committed;
    if (state->applied == committed)
        return;
    TORC_ASSERT(committed > state->applied && committed <= log_last(set->chains.log, vnode));
    while (state->applied < committed) {
        vnode_apply(set, vnode, log_entry(set->chains.log, vnode, state->applied + 1));
        state->applied++;
    }
    log_release(set->chains.log, vnode, committed);
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
    struct ring_hash hash =
        ring_hash_key(TORC_HASH_XXH3, wire_request_key(request), request->key_bytes);
    ops->prefetch(set->service, vnode, ring_hash_top(&hash));
    if (ops->prefetch_item == NULL)
        return;
    if (set->ahead_count >= VNODE_AHEAD)
        vnode_prefetch_item(set, set->ahead_count);
    set->ahead[set->ahead_count++ % VNODE_AHEAD] =
        (struct vnode_ahead){.vnode = vnode, .hash = ring_hash_top(&hash)};
}

void vnode_prefetch_end(struct vnode_set *set)
{
    uint32_t last = set->ahead_count < VNODE_AHEAD ? set->ahead_count : VNODE_AHEAD;
    for (uint32_t i = set->ahead_count - last; i != set->ahead_count; i++)
        vnode_prefetch_item(set, i);
    set->ahead_count = 0;
}
