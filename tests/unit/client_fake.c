/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/client_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- the cluster ---- */

void fake_ring(struct fake *fake)
{
    const char *why = NULL;
    free(fake->ring);
    free(fake->image);
    const size_t bytes = ring_bytes(&fake->spec);
    assert_int_not_equal(bytes, 0);
    fake->ring = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    assert_non_null(ring_build(&fake->spec, fake->ring, &why));
    fake->image_bytes = (uint32_t)ring_image_bytes(fake->ring);
    fake->image = malloc(fake->image_bytes);
    ring_image_write(fake->ring, fake->image);
    fake->generation++;
}

struct fake *fake_new(void)
{
    struct fake *fake = calloc(1, sizeof *fake);
    fake->spec = (struct ring_spec){.cluster = FAKE_CLUSTER,
        .epoch = 1,
        .partitions = 12,
        .replicas = 3,
        .members = FAKE_MEMBERS,
        .hash = TORC_HASH_XXH3,
        .claim = TORC_CLAIM_SPREAD,
        .class = {.session_window = 16, .sessions = 8, .window = 64, .session_idle_ms = 60000},
        .member = fake->member};
    for (uint32_t i = 0; i < FAKE_MEMBERS; i++) {
        fake->member[i] = (struct ring_member){.id = 10 + i,
            .workers = FAKE_WORKERS,
            .address = {.ip = 0x7f000001, .port = (uint16_t)(7000 + 10 * i)},
            .incarnation = 1000 + i};
        fake->config.seed[i] = fake->member[i].address;
    }
    fake->config.seeds = FAKE_MEMBERS;
    fake->config.random = 42;
    fake->config.requests = 256;
    fake->config.partitions_max = 64;
    fake->config.members_max = 8;
    fake->config.destinations_max = 64;
    fake->config.large = 2;
    fake->in = calloc(FAKE_PACKETS, sizeof *fake->in);
    fake->frame = calloc(FAKE_FRAMES, sizeof *fake->frame);
    fake->now_ns = 1000 * MS;
    fake->tx_limit = TORC_TX_BURST;
    fake->prng.state = 7;
    return fake;
}

void fake_start(struct fake *fake)
{
    client_config_defaults(&fake->config);
    const size_t bytes = client_core_bytes(&fake->config);
    assert_int_not_equal(bytes, 0);
    fake->memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    memset(fake->memory, 0, bytes);
    fake->core = client_core_create(&fake->config, fake->memory, bytes);
    assert_non_null(fake->core);
    if (fake->ring == NULL)
        fake_ring(fake);
}

void fake_free(struct fake *fake)
{
    free(fake->memory);
    free(fake->ring);
    free(fake->image);
    free(fake->in);
    free(fake->frame);
    free(fake);
}

/* ---- packets to the core ---- */

void fake_inject(struct fake *fake, const void *packet, uint32_t bytes, struct torc_addr from)
{
    if (fake->in_count == FAKE_PACKETS)
        return; /* lost, as on any network */
    struct fake_packet *in = &fake->in[fake->in_count];
    in->address = from;
    in->bytes = bytes;
    memcpy(in->data, packet, bytes);
    if (fake->harm == NULL || !fake->harm(fake, in))
        fake->in_count++;
}

static void send_frame(struct fake *fake, uint32_t member, const struct wire_packet *header,
    const void *frame, uint32_t head_bytes, const void *payload, uint32_t payload_bytes)
{
    uint8_t data[WIRE_PACKET_BYTES];
    struct wire_builder builder;
    wire_start(&builder, data, WIRE_PACKET_BYTES, header);
    const struct wire_frame *head = frame;
    struct wire_frame *to =
        wire_add(&builder, (enum wire_frame_type)head->type, head_bytes + payload_bytes);
    const uint16_t length = to->length;
    memcpy(to, frame, head_bytes);
    to->length = length;
    if (payload_bytes != 0)
        memcpy((uint8_t *)to + head_bytes, payload, payload_bytes);
    const uint32_t bytes = wire_seal(&builder, fake->spec.cluster);
    fake_inject(fake, data, bytes, fake->member[member].address);
}

struct wire_reply fake_answer(const struct fake_frame *to, uint16_t status)
{
    struct wire_reply reply = {.frame = {.type = WIRE_FRAME_REPLY,
                                   .class = to->frame.class,
                                   .partition = to->frame.partition,
                                   .epoch = to->frame.epoch},
        .session = to->request.session,
        .number = to->request.number,
        .status = status};
    if (to->frame.type == WIRE_FRAME_WRITE_PART) {
        reply.session = to->part.session;
        reply.number = to->part.number;
    }
    if (to->request.operation == WIRE_OP_SESSION_OPEN)
        reply.version = to->request.argument;
    if (to->request.operation == WIRE_OP_GET)
        reply.offset = (uint32_t)to->request.argument;
    return reply;
}

void fake_reply(
    struct fake *fake, uint32_t member, const struct wire_reply *reply, const void *value)
{
    const struct wire_packet header = {.type = WIRE_REPLY,
        .sender = fake->member[member].id,
        .sender_incarnation = fake->member[member].incarnation};
    struct wire_reply copy = *reply;
    if (copy.total < copy.offset + copy.bytes)
        copy.total = copy.offset + copy.bytes;
    send_frame(fake, member, &header, &copy, (uint32_t)sizeof copy, value, copy.bytes);
}

void fake_part_ack(struct fake *fake, uint32_t member, const struct wire_part_ack *ack)
{
    const struct wire_packet header = {.type = WIRE_REPLY,
        .sender = fake->member[member].id,
        .sender_incarnation = fake->member[member].incarnation};
    send_frame(fake, member, &header, ack, (uint32_t)sizeof *ack, NULL, 0);
}

void fake_open_sessions(struct fake *fake)
{
    for (uint32_t i = 0; i < fake->frames; i++) {
        const struct fake_frame *frame = &fake->frame[i];
        if (frame->frame.type != WIRE_FRAME_WRITE ||
            frame->request.operation != WIRE_OP_SESSION_OPEN)
            continue;
        struct wire_reply reply = fake_answer(frame, TORC_STATUS_OK);
        reply.session = (struct wire_session){.epoch = 1, .number = 100u + frame->frame.partition};
        fake_reply(fake, frame->member, &reply, NULL);
    }
}

/* ---- packets from the core ---- */

static void answer_info(
    struct fake *fake, const struct wire_view *view, uint32_t room, uint32_t member)
{
    const struct wire_info *info = (const struct wire_info *)view->frames;
    fake->infos++;
    fake->info_to = fake->member[member].address;
    if (fake->silent_about_ring || info->kind != WIRE_INFO_RING)
        return;
    assert_int_equal(view->header.receiver_incarnation, 0);
    const struct wire_packet header = {
        .type = WIRE_CHUNK, .sender = fake->member[member].id, .number = view->header.number};
    struct wire_chunk chunk = {.frame = {.type = WIRE_FRAME_CHUNK},
        .kind = WIRE_INFO_RING,
        .offset = info->offset,
        .generation = fake->generation,
        .total = fake->image_bytes,
        .status = fake->ring_status};
    if (info->offset != 0 && info->generation != fake->generation)
        chunk.status = TORC_STATUS_WRONG_EPOCH;
    if (chunk.status != TORC_STATUS_OK || info->offset >= fake->image_bytes) {
        chunk.total = chunk.offset = 0;
        send_frame(fake, member, &header, &chunk, (uint32_t)sizeof chunk, NULL, 0);
        return;
    }
    const uint32_t rest = fake->image_bytes - info->offset;
    uint32_t bytes = room - (uint32_t)sizeof chunk;
    if (bytes > rest)
        bytes = rest;
    chunk.bytes = (uint16_t)bytes;
    send_frame(
        fake, member, &header, &chunk, (uint32_t)sizeof chunk, fake->image + info->offset, bytes);
}

static void see_frame(struct fake *fake, const struct wire_view *view,
    const struct wire_frame *frame, uint32_t member, uint32_t worker)
{
    assert_true(fake->frames < FAKE_FRAMES);
    struct fake_frame *seen = &fake->frame[fake->frames];
    memset(seen, 0, sizeof *seen);
    seen->packet = fake->packets;
    seen->member = member;
    seen->worker = worker;
    seen->header = view->header;
    seen->frame = *frame;
    if (frame->type == WIRE_FRAME_WRITE_PART) {
        seen->part = *(const struct wire_write_part *)frame;
        const uint32_t rest = seen->part.total - seen->part.offset;
        seen->value_bytes = rest < WIRE_PART_BYTES ? rest : WIRE_PART_BYTES;
        memcpy(seen->value, (const uint8_t *)frame + sizeof seen->part, seen->value_bytes);
    } else {
        const struct wire_request *request = (const struct wire_request *)(frame + 1);
        seen->request = *request;
        seen->value_bytes = wire_request_value_bytes(request);
        memcpy(seen->key, wire_request_key(request), request->key_bytes);
        memcpy(seen->value, wire_request_value(request), seen->value_bytes);
    }
    if (fake->serve == NULL)
        fake->frames++;
    else
        fake->serve(fake, seen);
}

static uint32_t member_at(const struct fake *fake, struct torc_addr to, uint32_t *worker)
{
    for (uint32_t i = 0; i < FAKE_MEMBERS; i++) {
        const struct torc_addr at = fake->member[i].address;
        if (to.ip == at.ip && to.port >= at.port && to.port < at.port + fake->member[i].workers) {
            *worker = to.port - at.port;
            return i;
        }
    }
    fail_msg("a packet to nobody");
    return 0;
}

static void see_packet(struct fake *fake, struct fake_packet *packet)
{
    struct wire_view view;
    uint32_t worker = 0;
    if (fake->harm != NULL && fake->harm(fake, packet))
        return;
    const uint32_t member = member_at(fake, packet->address, &worker);
    const enum wire_drop drop = wire_open(packet->data, packet->bytes, fake->spec.cluster, &view);
    if (fake->harm != NULL && drop != WIRE_TAKEN)
        return;
    assert_string_equal(wire_drop_name(drop), "taken");
    assert_int_equal(view.header.sender, 0);
    assert_int_equal(view.header.sender_incarnation, 0);
    if (view.header.type == WIRE_INFO) {
        answer_info(fake, &view, packet->bytes - WIRE_PACKET_MIN, member);
        return;
    }
    assert_int_equal(view.header.type, WIRE_REQUEST);
    assert_int_equal(view.header.receiver_worker, worker);
    const uint8_t *cursor = view.frames;
    for (const struct wire_frame *frame; (frame = wire_next(&view, &cursor)) != NULL;)
        see_frame(fake, &view, frame, member, worker);
    fake->packets++;
}

/* ---- steps ---- */

void fake_step(struct fake *fake)
{
    static struct torc_rx rx[FAKE_PACKETS];
    static struct torc_tx tx[TORC_TX_BURST];
    static struct fake_packet out[TORC_TX_BURST];
    static struct fake_packet taken[FAKE_PACKETS];
    const uint32_t count = fake->in_count;
    memcpy(taken, fake->in, count * sizeof *taken);
    fake->in_count = 0;
    for (uint32_t i = 0; i < count; i++)
        rx[i] = (struct torc_rx){
            .data = taken[i].data, .bytes = taken[i].bytes, .from = taken[i].address};
    for (uint32_t i = 0; i < fake->tx_limit; i++)
        tx[i] = (struct torc_tx){.data = out[i].data, .capacity = WIRE_PACKET_BYTES};
    struct torc_burst burst = {
        .rx = rx, .rx_count = count, .tx = tx, .tx_count = fake->tx_limit, .now_ns = fake->now_ns};
    client_core_step(fake->core, &burst);
    assert_true(burst.tx_used <= fake->tx_limit);
    fake->wake_ns = burst.wake_ns;
    for (uint32_t i = 0; i < burst.tx_used; i++) {
        out[i].address = tx[i].to;
        out[i].bytes = tx[i].bytes;
        see_packet(fake, &out[i]);
    }
}

bool fake_leave(struct fake *fake)
{
    static struct torc_tx tx[TORC_TX_BURST];
    static struct fake_packet out[TORC_TX_BURST];
    for (uint32_t i = 0; i < fake->tx_limit; i++)
        tx[i] = (struct torc_tx){.data = out[i].data, .capacity = WIRE_PACKET_BYTES};
    struct torc_burst burst = {.tx = tx, .tx_count = fake->tx_limit, .now_ns = fake->now_ns};
    const bool more = client_core_leave(fake->core, &burst);
    for (uint32_t i = 0; i < burst.tx_used; i++) {
        out[i].address = tx[i].to;
        out[i].bytes = tx[i].bytes;
        see_packet(fake, &out[i]);
    }
    return more;
}

void fake_run(struct fake *fake, uint64_t ns, uint64_t every_ns)
{
    const uint64_t end = fake->now_ns + ns;
    for (;;) {
        fake_step(fake);
        if (fake->now_ns >= end)
            return;
        uint64_t next = every_ns != 0 ? fake->now_ns + every_ns : fake->wake_ns;
        if (fake->in_count != 0 && every_ns == 0)
            next = fake->now_ns + 10000;
        if (next <= fake->now_ns)
            next = fake->now_ns + 1000;
        fake->now_ns = next < end ? next : end;
    }
}

void fake_forget(struct fake *fake)
{
    fake->frames = fake->packets = 0;
}

void fake_settle(struct fake *fake)
{
    for (unsigned i = 0; i < 4; i++) /* INFO, CHUNK, SESSION_OPEN, the answer */
        fake_step(fake);
    fake_open_sessions(fake);
    fake_forget(fake);
    fake_step(fake);
}

/* ---- calls ---- */

static void done(void *context, const struct client_result *from)
{
    struct fake_result *result = context;
    result->ended = true;
    result->count++;
    assert_int_equal(result->count, 1);
    result->outcome = from->outcome;
    result->status = from->status;
    result->version = from->version;
    result->value_bytes = from->value_bytes;
    if (from->value != NULL) {
        result->value = malloc(from->value_bytes + 1);
        memcpy(result->value, from->value, from->value_bytes);
        result->value[from->value_bytes] = 0;
    }
}

int fake_submit(struct fake *fake, uint16_t operation, const char *key, const void *value,
    uint32_t value_bytes, uint64_t argument, uint64_t timeout_ns, struct fake_result *result)
{
    *result = (struct fake_result){0};
    const struct client_call call = {.key = key,
        .key_bytes = (uint16_t)strlen(key),
        .value = value,
        .value_bytes = value_bytes,
        .operation = operation,
        .argument = argument,
        .deadline_ns = fake->now_ns + timeout_ns,
        .done = done,
        .context = result};
    return client_core_submit(fake->core, &call);
}

int fake_put(struct fake *fake, const char *key, const char *value, struct fake_result *result)
{
    return fake_submit(
        fake, WIRE_OP_PUT, key, value, (uint32_t)strlen(value), 0, 1000 * MS, result);
}

int fake_get(struct fake *fake, const char *key, struct fake_result *result)
{
    return fake_submit(fake, WIRE_OP_GET, key, NULL, 0, 0, 1000 * MS, result);
}

void fake_result_free(struct fake_result *result)
{
    free(result->value);
    result->value = NULL;
}

uint32_t fake_partition(const struct fake *fake, const char *key)
{
    const struct ring_hash hash = ring_hash_key((enum torc_hash)fake->ring->hash, key, strlen(key));
    return ring_partition(fake->ring, &hash);
}

const char *fake_key(const struct fake *fake, uint32_t partition, uint32_t index)
{
    static char keys[512][16];
    static unsigned next;
    char *key = keys[next++ % 512];
    for (uint32_t i = 0;; i++) {
        snprintf(key, sizeof keys[0], "k%u", i);
        if (fake_partition(fake, key) == partition && index-- == 0)
            return key;
    }
}

const struct fake_frame *fake_last(const struct fake *fake, uint16_t operation)
{
    for (uint32_t i = fake->frames; i-- > 0;)
        if (fake->frame[i].frame.type != WIRE_FRAME_WRITE_PART &&
            fake->frame[i].request.operation == operation)
            return &fake->frame[i];
    return NULL;
}

uint32_t fake_count(const struct fake *fake, uint16_t operation)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fake->frames; i++)
        count += fake->frame[i].frame.type != WIRE_FRAME_WRITE_PART &&
                 fake->frame[i].request.operation == operation;
    return count;
}
