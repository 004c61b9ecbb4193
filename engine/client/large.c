/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What puts and gets of values that fit no packet have in common: a slot, and parts that are
 * wanted, in flight, or here, within a window.
 *
 *   base                base + window           parts
 *    |  here, in flight,  |  not yet              |
 */
#include <string.h>

#include "engine/client/core.h"

bool client_large_take(struct client_core *core, uint32_t index)
{
    if (core->large_active == core->config.large)
        return false;
    for (uint32_t i = 0; i < core->config.large; i++) {
        struct client_large *large = &core->large[i];
        if (large->request != CLIENT_NONE)
            continue;
        large->request = index;
        large->in_flight = large->base = large->parts = large->restarts = 0;
        large->pump = large->active = large->probing = false;
        core->requests[index].large = (uint16_t)i;
        core->large_active++;
        return true;
    }
    return false;
}

static struct client_destination *destination_of(
    struct client_core *core, const struct client_large *large)
{
    return &core->destinations[core->requests[large->request].destination];
}

static void lands(struct client_core *core, struct client_large *large, uint32_t parts)
{
    struct client_destination *destination = destination_of(core, large);
    TORC_ASSERT(large->in_flight >= parts && destination->parts >= parts);
    large->in_flight -= parts;
    destination->parts -= parts;
    client_destination_ready(core, (uint32_t)(destination - core->destinations));
}

void client_large_release(struct client_core *core, struct client_request *request)
{
    struct client_large *large = &core->large[request->large];
    lands(core, large, large->in_flight);
    large->request = CLIENT_NONE;
    large->active = false;
    request->large = CLIENT_NO_LARGE;
    core->large_active--;
    core->large_freed = true;
    core->waking = true;
}

void client_large_begin(struct client_core *core, struct client_large *large, uint32_t parts)
{
    lands(core, large, large->in_flight);
    TORC_ASSERT(parts > 0 && parts <= CLIENT_PARTS_MAX);
    large->parts = parts;
    large->base = large->here = 0;
    large->fewer = false;
    large->active = large->pump = true;
    memset(large->state, CLIENT_PART_WANTED, parts);
    memset(large->sent_us, 0, parts * sizeof large->sent_us[0]);
    memset(large->filled, 0, parts * sizeof large->filled[0]);
}

void client_large_halt(struct client_core *core, struct client_large *large)
{
    lands(core, large, large->in_flight);
    large->active = false;
}

void client_large_part_here(struct client_core *core, struct client_large *large, uint32_t part)
{
    if (large->state[part] == CLIENT_PART_HERE)
        return;
    if (large->state[part] == CLIENT_PART_IN_FLIGHT)
        lands(core, large, 1);
    large->state[part] = CLIENT_PART_HERE;
    large->here++;
    while (large->base < large->parts && large->state[large->base] == CLIENT_PART_HERE)
        large->base++;
    large->pump = true;
}

static uint32_t micro(uint64_t ns)
{
    return (uint32_t)(ns >> 10);
}

static uint32_t window_end(const struct client_core *core, const struct client_large *large)
{
    const uint32_t end = large->base + core->config.part_window;
    return end < large->parts ? end : large->parts;
}

void client_large_want_again(
    struct client_core *core, struct client_large *large, uint32_t end, uint64_t age_ns)
{
    const uint32_t now = micro(core->now_ns);
    const uint32_t limit = window_end(core, large);
    for (uint32_t i = large->base; i < limit && i < end; i++) {
        if (large->state[i] != CLIENT_PART_IN_FLIGHT || now - large->sent_us[i] < micro(age_ns))
            continue;
        large->state[i] = CLIENT_PART_WANTED;
        lands(core, large, 1);
        large->pump = true;
    }
}

uint32_t client_large_next(struct client_core *core, struct client_large *large, uint32_t from)
{
    const struct client_destination *destination = destination_of(core, large);
    const uint32_t in_flight =
        (uint32_t)__builtin_popcountll(destination->busy) + destination->parts;
    if (in_flight >= core->config.packet_window)
        return CLIENT_NONE;
    const uint32_t end = large->probing ? 1 : window_end(core, large);
    for (uint32_t i = from > large->base ? from : large->base; i < end; i++)
        if (large->state[i] == CLIENT_PART_WANTED)
            return i;
    large->pump = false;
    return CLIENT_NONE;
}

void client_large_part_sent(struct client_core *core, struct client_large *large, uint32_t part)
{
    large->state[part] = CLIENT_PART_IN_FLIGHT;
    core->counters.tx_parts++;
    core->counters.retried_parts += large->sent_us[part] != 0;
    large->sent_us[part] = micro(core->now_ns) | 1;
    large->in_flight++;
    destination_of(core, large)->parts++;
}

void client_large_send(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    struct client_large *large = &core->large[request->large];
    if (!client_is_read(request) && !large->active)
        client_put_parts_start(core, large);
    large->pump = true;
    request->state = CLIENT_SENT;
    request->sent = true;
    request->due_ns = core->now_ns + client_rto(core, request);
    client_arm(core, index);
}

void client_large_progress(struct client_core *core, struct client_large *large)
{
    struct client_request *request = &core->requests[large->request];
    request->tries = 0;
    if (request->state == CLIENT_SENT)
        request->due_ns = core->now_ns + client_rto(core, request);
}

/* Nothing was heard of it for long: all that is in flight is taken for lost. */
void client_large_timeout(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    struct client_large *large = &core->large[request->large];
    if (!client_is_read(request) && (large->base == large->parts || large->fewer))
        client_put_parts_probe(core, large);
    else
        client_large_want_again(core, large, large->parts, 0);
    large->pump = true;
    request->due_ns = core->now_ns + client_rto(core, request);
    client_arm(core, index);
}

void client_pump(struct client_core *core)
{
    for (uint32_t i = 0; i < core->config.large; i++) {
        struct client_large *large = &core->large[i];
        if (large->request == CLIENT_NONE || !large->active || !large->pump)
            continue;
        const struct client_request *request = &core->requests[large->request];
        if (request->state != CLIENT_SENT)
            continue; /* delayed */
        if (client_is_read(request))
            client_get_parts_pump(core, large);
        else
            client_put_parts_pump(core, large);
    }
}
