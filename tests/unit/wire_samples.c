/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/wire_samples.h"

#include <string.h>

#include "engine/wire/frames.h"

struct request_plan {
    uint16_t operation;
    uint16_t key_bytes;
    uint32_t value_bytes;
    uint64_t argument;
    bool session;
};

static const struct request_plan plan_put = {WIRE_OP_PUT, 3, 10, 0, true};
static const struct request_plan plan_empty = {WIRE_OP_PUT, 8, 0, 0, true};
static const struct request_plan plan_open = {WIRE_OP_SESSION_OPEN, 0, 0, 0xfeed, false};
static const struct request_plan plan_close = {WIRE_OP_SESSION_CLOSE, 0, 0, 0, true};
static const struct request_plan plan_get = {WIRE_OP_GET, 5, 0, 0, false};

static const struct wire_session session = {.epoch = 7, .number = 1001};

static void fill(uint8_t *bytes, size_t count, uint8_t first)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(first + i);
}

static uint32_t request_bytes(const struct request_plan *plan)
{
    return (uint32_t)sizeof(struct wire_request) + plan->key_bytes + plan->value_bytes;
}

static void put_request(struct wire_request *request, const struct request_plan *plan)
{
    *request = (struct wire_request){.length = request_bytes(plan),
        .operation = plan->operation,
        .key_bytes = plan->key_bytes,
        .argument = plan->argument};
    if (plan->session)
        request->session = session;
    if (plan->operation != WIRE_OP_SESSION_OPEN)
        request->number = 42;
    if (plan->session && plan->operation >= WIRE_OP_PUT)
        request->awaited_behind = 3;
    fill((uint8_t *)(request + 1), plan->key_bytes, 'a');
    fill((uint8_t *)(request + 1) + plan->key_bytes, plan->value_bytes, 0x80);
    wire_request_sign(request);
}

/* A frame of the one vnode that all samples speak of. */
static void *add(struct wire_builder *builder, enum wire_frame_type type, uint32_t bytes)
{
    struct wire_frame *frame = wire_add(builder, type, bytes);
    frame->class = 2;
    frame->partition = 0x0304;
    frame->epoch = 9;
    return frame;
}

static void add_hello(struct wire_builder *builder)
{
    struct wire_hello *hello =
        (struct wire_hello *)wire_add(builder, WIRE_FRAME_HELLO, sizeof *hello);
    hello->cluster = SAMPLE_CLUSTER;
    hello->config_hash = 0xabcdef;
    hello->workers = 2;
    hello->packet_bytes = WIRE_PACKET_BYTES;
    hello->credits = 64;
    hello->version_max = WIRE_VERSION;
    memset(hello->name, 0, sizeof hello->name);
    memcpy(hello->name, "node-1", 6);
}

static void add_link_ack(struct wire_builder *builder)
{
    struct wire_link_ack *ack =
        (struct wire_link_ack *)wire_add(builder, WIRE_FRAME_LINK_ACK, sizeof *ack);
    ack->largest = 500;
    ack->bitmap[0] = 0xfffffffffffffff7;
    ack->bitmap[1] = 1;
    ack->credit = 64;
    ack->delay_us = 12;
    ack->reserved = 0;
}

static void add_forward(struct wire_builder *builder, const struct request_plan *plan)
{
    const uint32_t bytes = (uint32_t)(sizeof(struct wire_frame) + sizeof(struct wire_entry)) -
                           (uint32_t)sizeof(struct wire_request) + request_bytes(plan);
    struct wire_frame *frame = add(builder, WIRE_FRAME_FORWARD, bytes);
    struct wire_entry *entry = (struct wire_entry *)(frame + 1);
    *entry = (struct wire_entry){.kind = WIRE_ENTRY_REQUEST,
        .client_port = 40000,
        .class = frame->class,
        .partition = frame->partition,
        .client_ip = 0x0a000001,
        .epoch = 8,
        .sequence = 77};
    put_request(&entry->request, plan);
    wire_entry_sign(entry);
}

static void add_request(
    struct wire_builder *builder, enum wire_frame_type type, const struct request_plan *plan)
{
    struct wire_frame *frame =
        add(builder, type, (uint32_t)sizeof(struct wire_frame) + request_bytes(plan));
    put_request((struct wire_request *)(frame + 1), plan);
}

static void add_forward_part(struct wire_builder *builder, uint32_t part, uint32_t bytes)
{
    struct wire_forward_part *frame =
        add(builder, WIRE_FRAME_FORWARD_PART, (uint32_t)sizeof *frame + bytes);
    frame->entry_epoch = 8;
    frame->sequence = 78;
    frame->total = 2 * WIRE_PART_BYTES + 21;
    frame->offset = part * WIRE_PART_BYTES;
    fill((uint8_t *)(frame + 1), bytes, 1);
}

static void add_write_part(struct wire_builder *builder)
{
    struct wire_write_part *frame =
        add(builder, WIRE_FRAME_WRITE_PART, (uint32_t)sizeof *frame + 21);
    frame->session = session;
    frame->number = 43;
    frame->total = 2 * WIRE_PART_BYTES + 21;
    frame->offset = 2 * WIRE_PART_BYTES;
    fill((uint8_t *)(frame + 1), 21, 1);
}

static void add_committed(struct wire_builder *builder)
{
    struct wire_committed *frame = add(builder, WIRE_FRAME_COMMITTED, sizeof *frame);
    frame->sequence = 76;
}

static void add_part_ack(struct wire_builder *builder)
{
    struct wire_part_ack *frame = add(builder, WIRE_FRAME_PART_ACK, sizeof *frame);
    frame->session = session;
    frame->number = 43;
    frame->parts = 1;
    frame->delay_us = 0;
    frame->bitmap = 1;
}

static void add_reply(struct wire_builder *builder, uint16_t bytes)
{
    struct wire_reply *frame = add(builder, WIRE_FRAME_REPLY, (uint32_t)sizeof *frame + bytes);
    frame->session = session;
    frame->number = 42;
    frame->status = TORC_STATUS_OK;
    frame->bytes = bytes;
    frame->delay_us = 0;
    frame->version = 3;
    frame->total = bytes;
    frame->offset = 0;
    fill((uint8_t *)(frame + 1), bytes, 0x40);
}

static void add_info(struct wire_builder *builder, enum wire_info_kind kind)
{
    const uint32_t bytes = 128;
    struct wire_info *info = (struct wire_info *)wire_add(builder, WIRE_FRAME_INFO, bytes);
    memset(info + 1, 0, bytes - sizeof *info);
    info->kind = kind;
    info->offset = 0;
    info->generation = 0;
}

static void add_chunk(struct wire_builder *builder, enum wire_info_kind kind)
{
    const uint16_t bytes = 13;
    struct wire_chunk *chunk =
        (struct wire_chunk *)wire_add(builder, WIRE_FRAME_CHUNK, (uint32_t)sizeof *chunk + bytes);
    chunk->kind = kind;
    chunk->offset = 64;
    chunk->generation = 5;
    chunk->total = 100;
    chunk->status = TORC_STATUS_OK;
    chunk->bytes = bytes;
    fill((uint8_t *)(chunk + 1), bytes, 0x20);
}

static void add_refuse(struct wire_builder *builder)
{
    struct wire_refuse *refuse =
        (struct wire_refuse *)wire_add(builder, WIRE_FRAME_REFUSE, sizeof *refuse);
    refuse->version_min = 1;
    refuse->version_max = 1;
    memset(refuse->reserved, 0, sizeof refuse->reserved);
}

static void add_data_many(struct wire_builder *builder)
{
    add_link_ack(builder);
    add_forward(builder, &plan_put);
    add_committed(builder);
    add_forward(builder, &plan_empty);
    add(builder, WIRE_FRAME_EPOCH, sizeof(struct wire_frame));
    add_forward(builder, &plan_put);
}

static void add_data_full(struct wire_builder *builder)
{
    const uint32_t entry = sizeof(struct wire_frame) + sizeof(struct wire_entry);
    const struct request_plan plan = {WIRE_OP_PUT, 16, wire_room(builder) - entry - 16, 0, true};
    add_forward(builder, &plan);
}

static void add_request_many(struct wire_builder *builder)
{
    add_request(builder, WIRE_FRAME_WRITE, &plan_put);
    add_request(builder, WIRE_FRAME_READ, &plan_get);
    add_write_part(builder);
    add_request(builder, WIRE_FRAME_WRITE, &plan_empty);
}

static void add_reply_many(struct wire_builder *builder)
{
    add_reply(builder, 0);
    add_part_ack(builder);
    add_reply(builder, 64);
}

/* X(name, packet type, how) */
#define SAMPLE_LIST(X)                                                                             \
    X(HELLO, HELLO, add_hello(b))                                                                  \
    X(LINK_ACK, DATA, add_link_ack(b))                                                             \
    X(FORWARD, DATA, add_forward(b, &plan_put))                                                    \
    X(FORWARD_EMPTY, DATA, add_forward(b, &plan_empty))                                            \
    X(FORWARD_CLOSE, DATA, add_forward(b, &plan_close))                                            \
    X(FORWARD_PART, DATA, add_forward_part(b, 1, WIRE_PART_BYTES))                                 \
    X(FORWARD_PART_LAST, DATA, add_forward_part(b, 2, 21))                                         \
    X(COMMITTED, DATA, add_committed(b))                                                           \
    X(EPOCH, DATA, add(b, WIRE_FRAME_EPOCH, sizeof(struct wire_frame)))                            \
    X(DATA_MANY, DATA, add_data_many(b))                                                           \
    X(DATA_FULL, DATA, add_data_full(b))                                                           \
    X(WRITE, REQUEST, add_request(b, WIRE_FRAME_WRITE, &plan_put))                                 \
    X(WRITE_OPEN, REQUEST, add_request(b, WIRE_FRAME_WRITE, &plan_open))                           \
    X(WRITE_PART, REQUEST, add_write_part(b))                                                      \
    X(READ, REQUEST, add_request(b, WIRE_FRAME_READ, &plan_get))                                   \
    X(REQUEST_MANY, REQUEST, add_request_many(b))                                                  \
    X(PART_ACK, REPLY, add_part_ack(b))                                                            \
    X(REPLY, REPLY, add_reply(b, 11))                                                              \
    X(REPLY_MANY, REPLY, add_reply_many(b))                                                        \
    X(INFO_RING, INFO, add_info(b, WIRE_INFO_RING))                                                \
    X(INFO_STATS, INFO, add_info(b, WIRE_INFO_STATS))                                              \
    X(CHUNK_RING, CHUNK, add_chunk(b, WIRE_INFO_RING))                                             \
    X(CHUNK_STATS, CHUNK, add_chunk(b, WIRE_INFO_STATS))                                           \
    X(REFUSE, REFUSE, add_refuse(b))

const char *sample_name(enum sample sample)
{
    static const char *const names[SAMPLES] = {
#define SAMPLE_NAME(name, type, how) [SAMPLE_##name] = #name,
        SAMPLE_LIST(SAMPLE_NAME)
#undef SAMPLE_NAME
    };
    return names[sample];
}

static void add_frames(struct wire_builder *b, enum sample sample)
{
    switch (sample) {
#define SAMPLE_ADD(name, type, how)                                                                \
    case SAMPLE_##name:                                                                            \
        (void)(how);                                                                               \
        break;
        SAMPLE_LIST(SAMPLE_ADD)
#undef SAMPLE_ADD
    case SAMPLES:
        break;
    }
}

size_t sample_build(enum sample sample, uint8_t *packet)
{
    static const uint8_t types[SAMPLES] = {
#define SAMPLE_TYPE(name, type, how) [SAMPLE_##name] = WIRE_##type,
        SAMPLE_LIST(SAMPLE_TYPE)
#undef SAMPLE_TYPE
    };
    const struct wire_packet header = {.type = types[sample],
        .sender = 3,
        .sender_worker = 1,
        .receiver_worker = 2,
        .sender_incarnation = 0x0102030405060708,
        .receiver_incarnation = 0x1112131415161718,
        .number = 0x2122232425262728};
    struct wire_builder builder;
    wire_start(&builder, packet, WIRE_PACKET_BYTES, &header);
    add_frames(&builder, sample);
    return wire_seal(&builder, SAMPLE_CLUSTER);
}

void sample_reseal(uint8_t *packet, size_t bytes)
{
    uint32_t crc = 0;
    if (wire_packet_crc(packet, bytes, SAMPLE_CLUSTER, &crc) == WIRE_TAKEN)
        memcpy(packet + offsetof(struct wire_packet, crc), &crc, sizeof crc);
}

uint32_t sample_crc(uint32_t seed, const void *bytes, size_t count)
{
    const uint8_t *byte = bytes;
    uint32_t crc = seed;
    for (size_t i = 0; i < count; i++) {
        crc ^= byte[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0x82f63b78u & (0 - (crc & 1)));
    }
    return crc;
}
