/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where a request goes: key -> partition -> the head's core for writes, the tail's for reads.
 */
#include "engine/base/mutant.h"
#include "engine/client/core.h"

/* A chain with a member that restarted takes no writes; no reads where that was the tail. */
static bool chain_is_lost(const struct ring *ring, const struct client_request *request)
{
    const struct ring_replica *chain = ring_chain(ring, request->partition);
    const uint32_t length = ring->chain_length[request->partition];
    const uint32_t from = client_is_read(request) ? length - 1 : 0;
    for (uint32_t i = from; i < length; i++)
        if (ring->member[chain[i].member].state == RING_MEMBER_LOST)
            return true;
    return false;
}

static void route(struct client_core *core, struct client_request *request)
{
    const struct ring_hash hash =
        ring_hash_key((enum torc_hash)core->ring->hash, request->key, request->key_bytes);
    request->partition = ring_partition(core->ring, &hash);
    request->routed = true;
}

static uint32_t destination_of(const struct client_core *core, const struct client_request *request)
{
    const struct client_session *session = &core->sessions[request->partition];
    bool read = client_is_read(request);
    if ((MUTANT(read_anywhere) && read) || (MUTANT(two_writers) && !read))
        read = (request->deadline_ns & 1) != 0;
    return read ? session->tail : session->head;
}

void client_reroute(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    route(core, request);
    request->destination = destination_of(core, request);
}

/* A read's number says its slot, and which use of the slot it is. */
static void number_read(struct client_request *request, uint32_t index)
{
    if (++request->generation == 0)
        request->generation = 1;
    request->number = (uint64_t)request->generation << 32 | index;
}

/* Without a ring: waits for one, or is refused because there will be none. */
static void without_ring(struct client_core *core, uint32_t index)
{
    if (core->version_refused) {
        client_end(core, index, 0, TORC_STATUS_VERSION);
        return;
    }
    client_park(core, index, CLIENT_UNROUTED);
    client_ring_want(core);
}

/* What a request needs before it can have a number: true if it has it. */
static bool prepare(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    if (!request->routed)
        route(core, request);
    if (!request->sent && TORC_UNLIKELY(core->member_lost) && chain_is_lost(core->ring, request)) {
        client_ring_want(core);
        client_end(core, index, TORC_REFUSED, TORC_STATUS_MEMBER_LOST);
        return false;
    }
    if (TORC_UNLIKELY(request->wants_large) && request->large == CLIENT_NO_LARGE &&
        !client_large_take(core, index)) {
        client_park(core, index, CLIENT_LARGE);
        return false;
    }
    if (client_is_read(request)) {
        if (request->number == 0)
            number_read(request, index);
        return true;
    }
    return request->number != 0 || client_session_admit(core, index);
}

void client_dispatch(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    if (TORC_UNLIKELY(core->ring == NULL)) {
        without_ring(core, index);
        return;
    }
    if (!prepare(core, index))
        return;
    request->destination = destination_of(core, request);
    if (TORC_UNLIKELY(core->destinations[request->destination].incarnation == 0)) {
        client_park(core, index, CLIENT_UNROUTED);
        client_ring_want(core);
        return;
    }
    client_send(core, index);
}

void client_dispatch_submitted(struct client_core *core)
{
    /* Only what is there now: a callback that submits what is refused at once must not keep the
     * step for ever. */
    for (uint32_t count = core->submissions; count > 0; count--) {
        const uint32_t index = core->submitted[core->submitted_first];
        if (++core->submitted_first == core->config.requests)
            core->submitted_first = 0;
        core->submissions--;
        core->requests[index].state = CLIENT_DELAYED; /* on no list */
        client_dispatch(core, index);
    }
}

/* Takes all that is on the list now through dispatch once; what stays goes to the list's end. */
void client_dispatch_unrouted(struct client_core *core)
{
    const uint32_t last = core->unrouted.last;
    uint32_t index = CLIENT_NONE;
    while (index != last && (index = client_pop(core, &core->unrouted)) != CLIENT_NONE) {
        core->requests[index].state = CLIENT_DELAYED;
        client_dispatch(core, index);
    }
}

void client_dispatch_large(struct client_core *core)
{
    core->large_freed = false;
    while (core->large_active < core->config.large) {
        const uint32_t index = client_pop(core, &core->large_waiting);
        if (index == CLIENT_NONE)
            return;
        core->requests[index].state = CLIENT_DELAYED;
        client_dispatch(core, index);
    }
}
