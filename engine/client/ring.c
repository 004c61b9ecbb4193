/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A ring taken: checked, put beside the one in use, and all calls placed anew.
 *
 * Sessions live on as long as the cluster does. A member that shows another incarnation at the
 * same epoch means that the whole cluster started again, empty: its sessions are gone, and new
 * ones may get the same names.
 */
#include <string.h>

#include "engine/client/core.h"

/* ---- is it to be taken? ---- */

static uint32_t destinations_needed(const struct ring *ring)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < ring->members; i++)
        sum += ring->member[i].workers;
    return sum;
}

void client_ring_too_large(struct client_core *core)
{
    core->ring_too_large = true;
    core->trouble = "the ring is larger than this client was configured for";
    core->counters.ring_bad++;
}

static bool fits(const struct client_core *core, const struct ring *ring)
{
    const struct client_config *config = &core->config;
    return ring->partitions <= config->partitions_max && ring->members <= config->members_max &&
           destinations_needed(ring) <= config->destinations_max;
}

/* The ring of the image that was fetched, in the memory not in use; NULL: not to be taken. */
static struct ring *read_image(struct client_core *core)
{
    const uint8_t *image = core->ring_fetch.buffer;
    const uint32_t bytes = core->ring_fetch.total;
    const size_t needs = ring_image_needs(image, bytes);
    if (needs > core->ring_capacity) {
        client_ring_too_large(core);
        return NULL;
    }
    struct ring *ring =
        needs == 0 ? NULL : ring_image_read(image, bytes, core->ring_memory[1 - core->ring_used]);
    if (ring == NULL) {
        core->counters.ring_bad++;
        return NULL;
    }
    if (!fits(core, ring)) {
        client_ring_too_large(core);
        return NULL;
    }
    if (core->ring != NULL &&
        (ring->cluster != core->ring->cluster || ring->epoch < core->ring->epoch)) {
        core->counters.ring_old++;
        return NULL;
    }
    return ring;
}

/* Do sessions of the old ring mean nothing in the new one? */
static bool is_another_life(const struct ring *old, const struct ring *new)
{
    if (old->partitions != new->partitions || old->hash != new->hash ||
        old->class.number != new->class.number)
        return true;
    if (old->epoch != new->epoch)
        return false;
    for (uint32_t i = 0; i < old->members; i++) {
        const uint16_t at = ring_member_by_id(new, old->member[i].id);
        if (at != RING_NO_MEMBER && old->member[i].incarnation != 0 &&
            new->member[at].incarnation != 0 &&
            new->member[at].incarnation != old->member[i].incarnation)
            return true;
    }
    return false;
}

/* ---- what was built on the old one ---- */

/* A write that was never sent, when its session ends: as if it had just been submitted. */
static void unnumber(struct client_core *core, struct client_request *request)
{
    if (request->number != 0)
        client_session_release(core, request);
    request->number = 0;
    request->opening = false;
}

/* Off its list and out of its packet; waits to be placed, or, if sent, for its timeout. */
static void uproot(struct client_core *core, uint32_t index, bool session_ends)
{
    struct client_request *request = &core->requests[index];
    const bool in_flight = request->sent || client_is_read(request) || !session_ends;
    const bool stays =
        in_flight && (request->state == CLIENT_SENT || request->state == CLIENT_DELAYED);
    client_unlist(core, index);
    client_packet_release(core, request);
    if (request->large != CLIENT_NO_LARGE && core->large[request->large].active) {
        struct client_large *large = &core->large[request->large];
        client_large_begin(core, large, large->parts);
        large->probing = !client_is_read(request);
    }
    if (session_ends && !client_is_read(request))
        unnumber(core, request);
    request->routed = false;
    if (!stays)
        client_park(core, index, CLIENT_UNROUTED);
}

static void uproot_all(struct client_core *core, bool sessions_end)
{
    for (uint32_t i = 0; i < core->config.requests; i++) {
        const struct client_request *request = &core->requests[i];
        if (request->state == CLIENT_FREE || request->state == CLIENT_SUBMITTED)
            continue;
        if (sessions_end && request->sent && !client_is_read(request))
            client_end(core, i, TORC_OUTCOME_UNKNOWN, TORC_STATUS_UNKNOWN_SESSION);
        else
            uproot(core, i, sessions_end);
    }
}

static void reset_sessions(struct client_core *core, const struct ring *ring)
{
    for (uint32_t i = 0; i < core->ready_sessions; i++)
        core->sessions[core->ready_session[i]].ready = false;
    core->ready_sessions = 0;
    for (uint32_t i = 0; i < ring->partitions; i++)
        client_session_reset(&core->sessions[i]);
    memset(core->numbers, 0xff,
        sizeof core->numbers[0] * (size_t)ring->partitions * core->config.session_window);
    uint32_t window = core->config.session_window;
    while (window > ring->class.session_window && window > 1)
        window /= 2;
    core->session_mask = window - 1;
}

/* ---- what is built on the new one ---- */

static void add_member(struct client_core *core, const struct ring *ring, uint16_t index)
{
    const struct ring_member *member = &ring->member[index];
    core->member_destination[index] = core->destinations_used;
    for (uint16_t worker = 0; worker < member->workers; worker++) {
        struct client_destination *destination = &core->destinations[core->destinations_used++];
        *destination = (struct client_destination){.address = member->address,
            .incarnation = member->incarnation,
            .member = index,
            .worker = worker,
            .rto_ns = core->config.rto_initial_ns,
            .tx = CLIENT_NONE};
        destination->address.port = (uint16_t)(member->address.port + worker);
        client_list_init(&destination->pending);
    }
    core->member_lost |= member->state == RING_MEMBER_LOST;
}

static void build_destinations(struct client_core *core, const struct ring *ring)
{
    core->destinations_used = 0;
    core->ready_destinations = 0;
    core->member_lost = false;
    memset(core->sender_member, 0, sizeof core->sender_member);
    for (uint16_t i = 0; i < ring->members; i++)
        add_member(core, ring, i);
    core->trouble =
        core->member_lost ? "a member restarted; the whole cluster must be restarted" : "";
}

/* Where writes and reads of each partition go. */
static void build_routes(struct client_core *core, const struct ring *ring)
{
    for (uint32_t i = 0; i < ring->partitions; i++) {
        const struct ring_replica *head = ring_chain(ring, i);
        const struct ring_replica *tail = head + ring->chain_length[i] - 1;
        core->sessions[i].head = core->member_destination[head->member] + head->worker;
        core->sessions[i].tail = core->member_destination[tail->member] + tail->worker;
    }
}

/* Calls in flight keep their place, on the core that has it now. */
static void replace_in_flight(struct client_core *core)
{
    for (uint32_t i = 0; i < core->config.requests; i++) {
        struct client_request *request = &core->requests[i];
        if (request->state == CLIENT_SENT || request->state == CLIENT_DELAYED)
            client_reroute(core, i);
    }
}

void client_ring_adopt(struct client_core *core)
{
    core->ring_whole = false;
    const uint32_t bytes = core->ring_fetch.total;
    const uint32_t crc = wire_crc(WIRE_CRC_START, core->ring_fetch.buffer, bytes);
    if (core->ring != NULL && bytes == core->ring_image && crc == core->ring_crc)
        return;
    struct ring *ring = read_image(core);
    if (ring == NULL) {
        core->seed_next++; /* another node may have a better one */
        core->ring_wanted = true;
        return;
    }
    const bool sessions_end = core->ring == NULL || is_another_life(core->ring, ring);
    if (core->ring != NULL)
        uproot_all(core, sessions_end);
    if (sessions_end)
        reset_sessions(core, ring);
    build_destinations(core, ring);
    build_routes(core, ring);
    core->ring = ring;
    core->ring_used = 1 - core->ring_used;
    core->ring_image = bytes;
    core->ring_crc = crc;
    core->counters.rings++;
    replace_in_flight(core);
    client_dispatch_unrouted(core);
}
