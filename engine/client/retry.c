/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Time: round trips, retransmission, deadlines.
 *
 * The timeout of a destination follows RFC 6298 (smoothed round trip and its variation, Karn's
 * rule: what was sent twice measures nothing), with a floor of our own, and doubles with each try
 * of a request up to a bound. From the second try on a bit of chance keeps clients apart.
 */
#include "engine/client/core.h"

#define LOST_AFTER_TIMEOUTS 3u /* in a row: ask whether the ring has changed */

uint64_t client_rto(struct client_core *core, const struct client_request *request)
{
    uint64_t rto = core->destinations[request->destination].rto_ns;
    if (TORC_LIKELY(request->tries == 0))
        return rto;
    rto <<= request->tries < 16 ? request->tries : 16;
    if (rto > core->config.rto_max_ns)
        rto = core->config.rto_max_ns;
    return rto + client_random(core) % (rto / 4 + 1);
}

/* No timeout is shorter than rto_min: until then a place among the recent ones will do. */
static void watch(struct client_core *core, uint32_t index)
{
    const struct client_request *request = &core->requests[index];
    if (TORC_UNLIKELY(request->deadline_ns < core->now_ns + core->config.rto_min_ns ||
                      core->recent_put - core->recent_taken > core->recent_mask)) {
        client_arm(core, index);
        return;
    }
    client_wheel_disarm(&core->wheel, index);
    core->recent[core->recent_put++ & core->recent_mask] =
        (struct client_recent){.sent_ns = request->sent_ns, .index = index};
}

void client_sent(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    if (!request->opening) {
        if (request->sent) {
            core->counters.retries++;
            request->retries += request->retries < UINT8_MAX;
        }
        request->sent = true;
    }
    core->counters.tx_requests++;
    request->state = CLIENT_SENT;
    request->sent_ns = core->now_ns;
    request->due_ns = core->now_ns + client_rto(core, request);
    watch(core, index);
}

static void measure(
    struct client_core *core, struct client_destination *destination, uint64_t rtt_ns)
{
    if (destination->srtt_ns == 0) {
        destination->srtt_ns = rtt_ns + 1;
        destination->rttvar_ns = rtt_ns / 2;
    } else {
        const uint64_t srtt = destination->srtt_ns;
        const uint64_t off = rtt_ns > srtt ? rtt_ns - srtt : srtt - rtt_ns;
        destination->rttvar_ns += off / 4 - destination->rttvar_ns / 4;
        destination->srtt_ns += rtt_ns / 8 - srtt / 8;
    }
    uint64_t rto = destination->srtt_ns + 4 * destination->rttvar_ns;
    if (rto < core->config.rto_min_ns)
        rto = core->config.rto_min_ns;
    if (rto > core->config.rto_max_ns)
        rto = core->config.rto_max_ns;
    destination->rto_ns = rto;
}

void client_answered(struct client_core *core, struct client_request *request)
{
    struct client_destination *destination = &core->destinations[request->destination];
    destination->timeouts = 0;
    if (client_packet_release(core, request) && request->tries == 0)
        measure(core, destination, core->now_ns - request->sent_ns);
    request->tries = 0;
}

void client_delay(struct client_core *core, uint32_t index, uint64_t delay_ns)
{
    struct client_request *request = &core->requests[index];
    if (request->state == CLIENT_SENT)
        client_packet_release(core, request);
    client_unlist(core, index);
    request->state = CLIENT_DELAYED;
    const uint64_t floor_ns = core->config.rto_min_ns / 2 + 1;
    if (delay_ns < floor_ns)
        delay_ns = floor_ns;
    if (request->tries < UINT8_MAX)
        request->tries++; /* what is sent again measures no round trip */
    request->due_ns = core->now_ns + delay_ns + client_random(core) % (delay_ns / 4 + 1);
    client_arm(core, index);
}

static void timed_out(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    core->counters.timeouts++;
    if (++core->destinations[request->destination].timeouts >= LOST_AFTER_TIMEOUTS)
        client_ring_want(core);
    if (request->tries < UINT8_MAX)
        request->tries++;
    client_packet_release(core, request);
}

/* The last that a node said of the call itself or, while it waits for its session, of that. 0:
 * none. */
static uint8_t last_word(const struct client_core *core, const struct client_request *request)
{
    if (request->opening || request->state == CLIENT_SESSION)
        return core->sessions[request->partition].hint;
    return request->hint;
}

static void over(struct client_core *core, uint32_t index)
{
    const struct client_request *request = &core->requests[index];
    enum torc_status status = TORC_STATUS_TIMED_OUT;
    const uint8_t word = last_word(core, request);
    if (word != 0)
        status = (enum torc_status)word;
    else if (core->ring == NULL && core->seed_status != 0)
        status = (enum torc_status)core->seed_status;
    client_end(core, index, 0, status);
}

static void fire(struct client_core *core, uint32_t index)
{
    struct client_request *request = &core->requests[index];
    if (core->now_ns >= request->deadline_ns) {
        over(core, index);
        return;
    }
    if (core->now_ns < request->due_ns) {
        client_arm(core, index);
        return;
    }
    const bool sent = request->state == CLIENT_SENT;
    TORC_ASSERT(sent || request->state == CLIENT_DELAYED);
    if (sent)
        timed_out(core, index);
    if (sent && request->large != CLIENT_NO_LARGE && !request->opening &&
        core->large[request->large].active) {
        client_large_timeout(core, index);
        return;
    }
    request->state = CLIENT_DELAYED; /* on no list */
    client_dispatch(core, index);
}

/* Takes off what was answered; what was not for long enough has a timer from now on. */
static void grow_old(struct client_core *core)
{
    while (core->recent_taken != core->recent_put) {
        const struct client_recent *oldest = &core->recent[core->recent_taken & core->recent_mask];
        const uint32_t index = oldest->index;
        const struct client_request *request = &core->requests[index];
        const bool awaited = request->state == CLIENT_SENT && request->sent_ns == oldest->sent_ns &&
                             request->timer.slot == CLIENT_WHEEL_UNARMED;
        if (awaited && core->now_ns - oldest->sent_ns < core->config.rto_min_ns)
            return;
        core->recent_taken++;
        if (awaited && core->now_ns >= request->due_ns)
            fire(core, index);
        else if (awaited)
            client_arm(core, index);
    }
}

uint64_t client_timers_next(const struct client_core *core)
{
    const uint64_t wheel = client_wheel_next(&core->wheel);
    if (core->recent_taken == core->recent_put)
        return wheel;
    const uint64_t recent =
        core->recent[core->recent_taken & core->recent_mask].sent_ns + core->config.rto_min_ns;
    return recent < wheel ? recent : wheel;
}

void client_timers(struct client_core *core)
{
    uint32_t index;
    grow_old(core);
    while ((index = client_wheel_expired(&core->wheel, core->now_ns)) != CLIENT_NONE)
        fire(core, index);
}
