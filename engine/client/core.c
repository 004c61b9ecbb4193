/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Calls: taken, kept on lists, ended; and the step that moves them.
 */
#include <torc/error.h>

#include "engine/base/mutant.h"
#include "engine/client/core.h"

/* ---- lists ---- */

void client_push(struct client_core *core, struct client_list *list, uint32_t index)
{
    core->requests[index].link = (struct client_link){.next = CLIENT_NONE, .prev = list->last};
    if (list->last == CLIENT_NONE)
        list->first = index;
    else
        core->requests[list->last].link.next = index;
    list->last = index;
}

void client_remove(struct client_core *core, struct client_list *list, uint32_t index)
{
    const struct client_link *link = &core->requests[index].link;
    if (link->prev == CLIENT_NONE)
        list->first = link->next;
    else
        core->requests[link->prev].link.next = link->next;
    if (link->next == CLIENT_NONE)
        list->last = link->prev;
    else
        core->requests[link->next].link.prev = link->prev;
}

uint32_t client_pop(struct client_core *core, struct client_list *list)
{
    const uint32_t index = list->first;
    if (index != CLIENT_NONE)
        client_remove(core, list, index);
    return index;
}

static struct client_list *list_of(struct client_core *core, const struct client_request *request)
{
    switch ((enum client_state)request->state) {
    case CLIENT_UNROUTED:
        return &core->unrouted;
    case CLIENT_LARGE:
        return &core->large_waiting;
    case CLIENT_SESSION:
        return &core->sessions[request->partition].waiting;
    case CLIENT_PENDING:
        return &core->destinations[request->destination].pending;
    case CLIENT_FREE:
    case CLIENT_SUBMITTED:
    case CLIENT_SENT:
    case CLIENT_DELAYED:
        break;
    }
    return NULL;
}

void client_unlist(struct client_core *core, uint32_t index)
{
    struct client_list *list = list_of(core, &core->requests[index]);
    if (list != NULL)
        client_remove(core, list, index);
}

void client_arm(struct client_core *core, uint32_t index)
{
    const struct client_request *request = &core->requests[index];
    const uint64_t when =
        request->due_ns < request->deadline_ns ? request->due_ns : request->deadline_ns;
    client_wheel_disarm(&core->wheel, index);
    client_wheel_arm(&core->wheel, index, when);
}

void client_park(struct client_core *core, uint32_t index, enum client_state state)
{
    struct client_request *request = &core->requests[index];
    request->state = (uint8_t)state;
    request->due_ns = request->deadline_ns;
    struct client_list *list = list_of(core, request);
    TORC_ASSERT(list != NULL); /* states that one parks in have one */
    client_push(core, list, index);
    client_arm(core, index);
}

/* ---- the end of a call ---- */

static void count_outcome(struct client_core *core, enum torc_outcome outcome)
{
    if (outcome == TORC_DONE)
        core->counters.done++;
    else if (outcome == TORC_REFUSED)
        core->counters.refused++;
    else
        core->counters.unknown++;
}

void client_finish(struct client_core *core, uint32_t index, struct client_result *result)
{
    struct client_request *request = &core->requests[index];
    TORC_ASSERT(request->state != CLIENT_FREE);
    result->retries = request->retries;
    const client_done done = request->done;
    void *context = request->context;

    client_wheel_disarm(&core->wheel, index);
    if (TORC_UNLIKELY(request->state < CLIENT_SENT))
        client_unlist(core, index);
    else if (request->packet != 0)
        client_packet_release(core, request);
    if (TORC_UNLIKELY(request->large != CLIENT_NO_LARGE))
        client_large_release(core, request);
    request->state = CLIENT_FREE;
    if (request->opening)
        client_session_carrier_gone(core, request->partition);
    else if (request->number != 0 && !client_is_read(request))
        client_session_release(core, request);
    core->free_request[core->free_requests++] = index;

    count_outcome(core, result->outcome);
    done(context, result);
}

void client_end(
    struct client_core *core, uint32_t index, enum torc_outcome outcome, enum torc_status status)
{
    if (outcome == 0)
        outcome = core->requests[index].sent && !MUTANT(refused_although_sent)
                      ? TORC_OUTCOME_UNKNOWN
                      : TORC_REFUSED;
    struct client_result result = {.outcome = outcome, .status = status};
    client_finish(core, index, &result);
}

/* ---- calls ---- */

static int check_call(const struct client_call *call)
{
    const uint16_t operation = call->operation;
    if (call->key_bytes == 0 || call->key == NULL || call->done == NULL)
        return -TORC_EINVAL;
    if (operation != WIRE_OP_PUT && operation != WIRE_OP_DELETE && operation != WIRE_OP_CAS &&
        operation != WIRE_OP_GET)
        return -TORC_EINVAL;
    if (call->value_bytes != 0 &&
        (call->value == NULL || operation == WIRE_OP_DELETE || operation == WIRE_OP_GET))
        return -TORC_EINVAL;
    if (call->key_bytes > TORC_KEY_BYTES_MAX || call->value_bytes > TORC_VALUE_BYTES_MAX)
        return -TORC_ETOOBIG;
    return 0;
}

int client_core_submit(struct client_core *core, const struct client_call *call)
{
    const int error = check_call(call);
    if (error != 0)
        return error;
    if (core->stopped)
        return -TORC_ESTOPPED;
    if (core->free_requests == 0)
        return -TORC_EAGAIN;
    const uint32_t index = core->free_request[--core->free_requests];
    struct client_request *request = &core->requests[index];
    TORC_ASSERT(request->state == CLIENT_FREE && request->timer.slot == CLIENT_WHEEL_UNARMED);
    request->key = call->key;
    request->value = call->value;
    request->done = call->done;
    request->context = call->context;
    request->deadline_ns = call->deadline_ns + (MUTANT(deadline_never) ? 3600000000000u : 0);
    request->argument = call->argument;
    request->value_bytes = call->value_bytes;
    request->key_bytes = call->key_bytes;
    request->operation = call->operation;
    request->state = CLIENT_SUBMITTED;
    request->tries = request->retries = request->hint = 0;
    request->number = 0;
    request->large = CLIENT_NO_LARGE;
    request->packet = 0;
    request->sent = request->opening = request->routed = false;
    request->wants_large = (uint32_t)call->key_bytes + call->value_bytes > core->payload_max;
    uint32_t place = core->submitted_first + core->submissions++;
    if (place >= core->config.requests)
        place -= core->config.requests;
    core->submitted[place] = index;
    core->counters.calls++;
    return 0;
}

uint32_t client_core_pending(const struct client_core *core)
{
    return core->config.requests - core->free_requests;
}

const struct ring *client_core_ring(const struct client_core *core)
{
    return core->ring;
}

bool client_core_is_stuck(const struct client_core *core)
{
    return core->ring == NULL && (core->version_refused || core->ring_too_large);
}

const char *client_core_trouble(const struct client_core *core)
{
    return core->trouble;
}

const struct client_counters *client_core_counters(const struct client_core *core)
{
    return &core->counters;
}

/* ---- the step ---- */

static uint64_t wake_at(const struct client_core *core)
{
    if (core->waking || core->submissions != 0)
        return core->now_ns;
    uint64_t wake = client_timers_next(core);
    const struct client_fetch *fetches[] = {&core->ring_fetch, &core->info_fetch};
    for (unsigned i = 0; i < 2; i++)
        if (fetches[i]->active && fetches[i]->due_ns < wake)
            wake = fetches[i]->due_ns;
    if (core->ring_wanted && !core->ring_fetch.active) {
        const uint64_t next = core->ring_asked_ns + core->config.fetch_retry_ns;
        wake = next < wake ? next : wake;
    }
    return wake;
}

void client_core_step(struct client_core *core, struct torc_burst *burst)
{
    core->now_ns = burst->now_ns;
    core->burst = burst;
    core->waking = false;
    burst->tx_used = 0;
    for (uint32_t i = 0; i < burst->rx_count; i++)
        client_receive(core, &burst->rx[i]);
    if (TORC_UNLIKELY(core->ring_whole))
        client_ring_adopt(core);
    client_timers(core);
    client_dispatch_sessions(core);
    if (core->large_freed)
        client_dispatch_large(core);
    client_dispatch_destinations(core);
    client_dispatch_submitted(core);
    if (core->large_active != 0)
        client_pump(core);
    client_seal_all(core);
    client_fetch_step(core);
    burst->wake_ns = wake_at(core);
    core->burst = NULL;
}

void client_core_stop(struct client_core *core)
{
    core->stopped = true;
    for (uint32_t i = 0; i < core->config.requests; i++)
        if (core->requests[i].state != CLIENT_FREE)
            client_end(core, i, 0, TORC_STATUS_STOPPED);
    core->submissions = 0;
    if (core->info_fetch.active) {
        core->info_fetch.active = false;
        core->info_done(core->info_context, TORC_STATUS_STOPPED, 0);
    }
}
