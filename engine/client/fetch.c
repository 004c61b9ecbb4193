/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A text or table from a node's control, in pieces: INFO asks for one, padded to the length of the
 * CHUNK that answers. The first answer says how many pieces there are and of which generation;
 * a window of the others is then asked for. All pieces must be of one generation.
 *
 * The ring comes this way: from the seeds in turn, and, once there is one, its members too.
 */
#include <string.h>
#include <torc/error.h>

#include "engine/client/core.h"

#define TRIES_MAX     4u          /* without an answer, for one that did answer before */
#define STATS_RETRY   50000000u   /* ns */
#define REFUSED_RETRY 1000000000u /* ns, when no seed speaks our version */

/* ---- asking ---- */

static bool send_info(struct client_core *core, const struct client_fetch *fetch, uint32_t offset)
{
    struct torc_tx *tx = client_tx(core);
    if (tx == NULL)
        return false;
    const struct wire_packet header = {.type = WIRE_INFO,
        .receiver_incarnation = fetch->incarnation,
        .number = fetch->nonce + offset / CLIENT_PIECE_MIN};
    struct wire_builder builder;
    wire_start(&builder, tx->data, core->config.packet_bytes, &header);
    const uint32_t bytes =
        wire_room(&builder) < WIRE_FRAMES_BYTES ? wire_room(&builder) : (uint32_t)WIRE_FRAMES_BYTES;
    struct wire_info *info = (struct wire_info *)wire_add(&builder, WIRE_FRAME_INFO, bytes);
    memset(&info->frame + 1, 0, bytes - sizeof info->frame);
    info->kind = fetch->kind;
    info->offset = offset;
    info->generation = fetch->first ? 0 : fetch->generation;
    tx->bytes = wire_seal(&builder, core->ring != NULL ? core->ring->cluster : 0);
    tx->to = fetch->to;
    return true;
}

static void ask(struct client_core *core, struct client_fetch *fetch)
{
    if (fetch->first) {
        send_info(core, fetch, 0);
        return;
    }
    uint32_t sent = 0;
    while (fetch->next < fetch->pieces && sent < CLIENT_FETCH_WINDOW) {
        if (!fetch->got[fetch->next]) {
            if (!send_info(core, fetch, fetch->next * fetch->piece))
                return;
            sent++;
        }
        fetch->next++;
    }
}

/* One more for each that came. */
static void ask_one(struct client_core *core, struct client_fetch *fetch)
{
    while (fetch->next < fetch->pieces && fetch->got[fetch->next])
        fetch->next++;
    if (fetch->next < fetch->pieces && send_info(core, fetch, fetch->next * fetch->piece))
        fetch->next++;
}

static void restart(struct client_core *core, struct client_fetch *fetch)
{
    fetch->first = true;
    fetch->tries = 0;
    fetch->nonce = client_random(core) << 32;
    fetch->due_ns = core->now_ns;
}

/* ---- the ring ---- */

static struct torc_addr candidate(const struct client_core *core, uint32_t number)
{
    const struct client_config *config = &core->config;
    if (number < config->seeds)
        return config->seed[number];
    TORC_ASSERT(core->ring != NULL);
    return core->ring->member[number - config->seeds].address;
}

static uint32_t candidates(const struct client_core *core)
{
    return core->config.seeds + (core->ring != NULL ? core->ring->members : 0);
}

/* Asks the next node, from the beginning. */
static void next_candidate(struct client_core *core)
{
    struct client_fetch *fetch = &core->ring_fetch;
    core->seed_next = (core->seed_next + 1) % candidates(core);
    fetch->to = candidate(core, core->seed_next);
    restart(core, fetch);
}

void client_ring_want(struct client_core *core)
{
    core->ring_wanted = true;
}

static void ring_start(struct client_core *core)
{
    const uint64_t next = core->ring_asked_ns + core->config.fetch_retry_ns;
    if (core->ring_fetch.active || core->ring_whole || !core->ring_wanted ||
        (core->ring_asked_ns != 0 && core->now_ns < next))
        return;
    struct client_fetch *fetch = &core->ring_fetch;
    core->ring_wanted = false;
    core->ring_asked_ns = core->now_ns;
    core->counters.ring_fetches++;
    fetch->active = true;
    fetch->kind = WIRE_INFO_RING;
    fetch->incarnation = 0;
    if (core->seed_next >= candidates(core))
        core->seed_next = 0;
    fetch->to = candidate(core, core->seed_next);
    restart(core, fetch);
}

static void ring_overdue(struct client_core *core)
{
    struct client_fetch *fetch = &core->ring_fetch;
    if (fetch->tries != 0 && (fetch->first || fetch->tries >= TRIES_MAX))
        next_candidate(core);
    fetch->tries++;
    fetch->next = 0;
    fetch->due_ns =
        core->now_ns + (core->version_refused ? REFUSED_RETRY : core->config.fetch_retry_ns);
    ask(core, fetch);
}

/* ---- statistics ---- */

static void info_end(struct client_core *core, enum torc_status status, uint32_t bytes)
{
    core->info_fetch.active = false;
    core->info_done(core->info_context, status, bytes);
}

int client_core_info(struct client_core *core, uint16_t member, uint8_t *text, uint32_t capacity,
    uint64_t deadline_ns, client_info_done done, void *context)
{
    struct client_fetch *fetch = &core->info_fetch;
    if (core->stopped)
        return -TORC_ESTOPPED;
    if (core->ring == NULL || member >= core->ring->members || text == NULL || done == NULL)
        return -TORC_EINVAL;
    if (fetch->active)
        return -TORC_EAGAIN;
    fetch->active = true;
    fetch->kind = WIRE_INFO_STATS;
    fetch->to = core->ring->member[member].address;
    fetch->incarnation = core->ring->member[member].incarnation;
    fetch->buffer = text;
    fetch->capacity = capacity < CLIENT_INFO_BYTES_MAX ? capacity : CLIENT_INFO_BYTES_MAX;
    fetch->deadline_ns = deadline_ns;
    core->info_done = done;
    core->info_context = context;
    restart(core, fetch);
    return 0;
}

static void info_step(struct client_core *core)
{
    struct client_fetch *fetch = &core->info_fetch;
    if (!fetch->active)
        return;
    if (core->now_ns >= fetch->deadline_ns) {
        info_end(core, TORC_STATUS_TIMED_OUT, 0);
        return;
    }
    if (core->now_ns < fetch->due_ns)
        return;
    fetch->next = 0;
    fetch->due_ns = core->now_ns + STATS_RETRY;
    ask(core, fetch);
}

void client_fetch_step(struct client_core *core)
{
    if (core->ring != NULL && !client_list_empty(&core->unrouted))
        core->ring_wanted = true; /* some of its nodes were not heard of yet */
    if (TORC_UNLIKELY(core->ring_wanted))
        ring_start(core);
    if (TORC_UNLIKELY(core->ring_fetch.active) && core->now_ns >= core->ring_fetch.due_ns)
        ring_overdue(core);
    info_step(core);
}

/* ---- answers ---- */

/* The first piece: how long the whole is. False: it cannot be. */
static bool first_piece(
    struct client_core *core, struct client_fetch *fetch, const struct wire_chunk *chunk)
{
    if (chunk->offset != 0 || chunk->total > fetch->capacity || chunk->total == 0 ||
        (chunk->bytes < CLIENT_PIECE_MIN && chunk->bytes < chunk->total))
        return false;
    fetch->first = false;
    fetch->generation = chunk->generation;
    fetch->total = chunk->total;
    fetch->piece = chunk->bytes;
    fetch->pieces = (chunk->total + chunk->bytes - 1) / chunk->bytes;
    fetch->have = 0;
    fetch->next = 1;
    memset(fetch->got, 0, fetch->pieces);
    ask(core, fetch);
    return true;
}

static bool take_piece(
    struct client_core *core, struct client_fetch *fetch, const struct wire_chunk *chunk)
{
    const uint32_t piece = chunk->offset / fetch->piece;
    if (piece >= fetch->pieces || chunk->offset % fetch->piece != 0 || fetch->got[piece] ||
        chunk->generation != fetch->generation || chunk->total != fetch->total) {
        core->counters.drop_unasked++;
        return false;
    }
    const uint32_t rest = fetch->total - chunk->offset;
    const uint32_t wanted = rest < fetch->piece ? rest : fetch->piece;
    if (chunk->bytes != wanted) {
        core->counters.drop_bad_reply++;
        return false;
    }
    memcpy(fetch->buffer + chunk->offset, chunk + 1, chunk->bytes);
    fetch->got[piece] = 1;
    fetch->tries = 0;
    fetch->due_ns = core->now_ns + core->config.fetch_retry_ns;
    return ++fetch->have == fetch->pieces;
}

static enum torc_status chunk_problem(
    struct client_core *core, struct client_fetch *fetch, const struct wire_chunk *chunk)
{
    if (chunk->status == TORC_STATUS_WRONG_EPOCH) {
        restart(core, fetch); /* that generation is gone */
        fetch->due_ns = core->now_ns + core->config.fetch_retry_ns / 8;
        return TORC_STATUS_WRONG_EPOCH;
    }
    return (enum torc_status)chunk->status;
}

/* True: the whole is there. */
static bool take_chunk(
    struct client_core *core, struct client_fetch *fetch, const struct wire_chunk *chunk)
{
    if (fetch->first && !first_piece(core, fetch, chunk)) {
        core->counters.drop_bad_reply++;
        return false;
    }
    if (take_piece(core, fetch, chunk))
        return true;
    ask_one(core, fetch);
    return false;
}

static void ring_chunk(struct client_core *core, const struct wire_chunk *chunk)
{
    struct client_fetch *fetch = &core->ring_fetch;
    if (chunk->status != TORC_STATUS_OK) {
        if (chunk_problem(core, fetch, chunk) == TORC_STATUS_WRONG_EPOCH)
            return;
        core->seed_status = (uint8_t)chunk->status; /* waits its time, then asks the next */
        if (core->ring == NULL && !core->ring_too_large)
            core->trouble = torc_status_text(chunk->status);
        return;
    }
    if (fetch->first && chunk->total > fetch->capacity) {
        client_ring_too_large(core);
        return;
    }
    if (take_chunk(core, fetch, chunk)) {
        fetch->active = false;
        core->ring_whole = true;
    }
}

static void info_chunk(struct client_core *core, const struct wire_chunk *chunk)
{
    struct client_fetch *fetch = &core->info_fetch;
    if (chunk->status != TORC_STATUS_OK) {
        const enum torc_status status = chunk_problem(core, fetch, chunk);
        if (status != TORC_STATUS_WRONG_EPOCH && status != TORC_STATUS_NOT_READY)
            info_end(core, status, 0);
        return;
    }
    if (fetch->first && chunk->total > fetch->capacity) {
        info_end(core, TORC_STATUS_FULL, 0);
        return;
    }
    if (chunk->total == 0 || take_chunk(core, fetch, chunk))
        info_end(core, TORC_STATUS_OK, chunk->total);
}

static bool is_answer(const struct client_fetch *fetch, uint32_t kind, uint64_t number)
{
    return fetch->active && fetch->kind == kind && number >> 32 == fetch->nonce >> 32;
}

void client_chunk(struct client_core *core, uint64_t number, const struct wire_chunk *chunk)
{
    if (is_answer(&core->ring_fetch, chunk->kind, number))
        ring_chunk(core, chunk);
    else if (is_answer(&core->info_fetch, chunk->kind, number))
        info_chunk(core, chunk);
    else
        core->counters.drop_unasked++;
}

/* Refused by all seeds: nothing that waits for a ring will get one. */
static void refuse_unrouted(struct client_core *core)
{
    core->version_refused = true;
    core->trouble = "the cluster speaks another protocol version than this client";
    client_dispatch_unrouted(core);
}

void client_refused_version(struct client_core *core, uint64_t number)
{
    struct client_fetch *fetch = &core->ring_fetch;
    core->counters.version_refusals++;
    if (core->ring != NULL || !is_answer(fetch, WIRE_INFO_RING, number))
        return;
    core->seed_status = TORC_STATUS_VERSION;
    core->seeds_refused |= 1u << core->seed_next;
    if (core->seeds_refused == (1u << core->config.seeds) - 1)
        refuse_unrouted(core);
    else
        next_candidate(core);
}
