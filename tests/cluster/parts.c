/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/cluster/parts.h"

#include <stdlib.h>
#include <string.h>

#define PARTS_AHEAD 64u

struct parts parts_put(
    struct hand *hand, uint32_t partition, const char *key, uint32_t value_bytes, uint8_t seed)
{
    uint32_t key_bytes = (uint32_t)strnlen(key, TORC_KEY_BYTES_MAX);
    uint32_t total = (uint32_t)sizeof(struct wire_request) + key_bytes + value_bytes;
    struct parts parts = {.hand = hand,
        .partition = partition,
        .number = ++hand->number,
        .request = calloc(1, total),
        .total = total,
        .count = (total + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES};
    *parts.request = (struct wire_request){.length = total,
        .session = hand->session,
        .number = parts.number,
        .awaited_behind = hand->awaited > 0 ? (uint32_t)(parts.number - hand->awaited) : 0,
        .operation = WIRE_OP_PUT,
        .key_bytes = (uint16_t)key_bytes};
    uint8_t *value = (uint8_t *)(parts.request + 1) + key_bytes;
    memcpy(parts.request + 1, key, key_bytes);
    for (uint32_t i = 0; i < value_bytes; i++)
        value[i] = (uint8_t)(i * 31 + (i >> 8) + seed);
    wire_request_sign(parts.request);
    return parts;
}

void parts_free(struct parts *parts)
{
    free(parts->request);
}

void parts_send(struct parts *parts, uint32_t part)
{
    struct world *world = parts->hand->world;
    struct ring_replica head = ring_chain(world_ring(world), parts->partition)[0];
    unsigned node = world_ring(world)->member[head.member].id;
    uint8_t packet[WIRE_PACKET_BYTES];
    struct wire_builder builder;
    struct wire_packet header = {.type = WIRE_REQUEST,
        .receiver_worker = head.worker,
        .receiver_incarnation = world_incarnation(world, node)};
    uint32_t offset = part * WIRE_PART_BYTES;
    uint32_t rest = parts->total - offset;
    uint32_t bytes = rest < WIRE_PART_BYTES ? rest : WIRE_PART_BYTES;
    wire_start(&builder, packet, sizeof packet, &header);
    struct wire_write_part *frame = (struct wire_write_part *)wire_add(
        &builder, WIRE_FRAME_WRITE_PART, (uint32_t)sizeof *frame + bytes);
    frame->frame.partition = (uint16_t)parts->partition;
    frame->frame.epoch = 1;
    frame->session = parts->hand->session;
    frame->number = parts->number;
    frame->total = parts->total;
    frame->offset = offset;
    memcpy(frame + 1, (const uint8_t *)parts->request + offset, bytes);
    world_send(world, world_client_address(parts->hand->client), world_address(node, head.worker),
        packet, wire_seal(&builder, WORLD_CLUSTER));
}

static void parts_take(struct parts *parts, const struct wire_frame *frame)
{
    const struct wire_part_ack *ack = (const struct wire_part_ack *)frame;
    const struct wire_reply *reply = (const struct wire_reply *)frame;
    if (frame->type == WIRE_FRAME_PART_ACK && ack->number == parts->number) {
        parts->acks++;
        parts->gapless = ack->parts;
        parts->bitmap = ack->bitmap;
        parts->delay_us = ack->delay_us;
    }
    if (frame->type == WIRE_FRAME_REPLY && reply->number == parts->number)
        parts->reply =
            (struct hand_reply){.came = true, .status = reply->status, .version = reply->version};
}

void parts_listen(struct parts *parts)
{
    static struct world_mail mail[64];
    unsigned count;
    while ((count = world_mail(parts->hand->world, parts->hand->client, mail, 64)) > 0)
        for (unsigned i = 0; i < count; i++) {
            struct wire_view view;
            if (wire_open(mail[i].data, mail[i].bytes, WORLD_CLUSTER, &view) != WIRE_TAKEN)
                continue;
            const uint8_t *cursor = view.frames;
            const struct wire_frame *frame;
            while ((frame = wire_next(&view, &cursor)) != NULL)
                parts_take(parts, frame);
        }
}

/* Is the part among those that the last acknowledgement says have come? */
static bool parts_came(const struct parts *parts, uint32_t part)
{
    if (part <= parts->gapless)
        return part < parts->gapless;
    uint32_t bit = part - parts->gapless - 1;
    return bit < 64 && (parts->bitmap >> bit & 1) != 0;
}

bool parts_persist(struct parts *parts, uint64_t ns)
{
    uint64_t end_ns = world_now_ns(parts->hand->world) + ns;
    while (!parts->reply.came && world_now_ns(parts->hand->world) < end_ns) {
        uint32_t from = parts->gapless < parts->count ? parts->gapless : parts->count - 1;
        for (uint32_t i = from; i < parts->count && i < from + PARTS_AHEAD; i++)
            if (!parts_came(parts, i) || i + 1 == parts->count)
                parts_send(parts, i);
        world_run(parts->hand->world, 200000);
        parts_listen(parts);
    }
    return parts->reply.came;
}

bool parts_are_there(struct parts *parts, const char *key, uint64_t ns)
{
    uint32_t key_bytes = (uint32_t)strlen(key);
    uint32_t value_bytes = wire_request_value_bytes(parts->request), offset = 0;
    const uint8_t *value = (const uint8_t *)(parts->request + 1) + key_bytes;
    uint64_t end_ns = world_now_ns(parts->hand->world) + ns;
    uint64_t number = 1000000;
    while (offset < value_bytes && world_now_ns(parts->hand->world) < end_ns) {
        hand_send(parts->hand, 0, parts->partition, WIRE_OP_GET, ++number, key, NULL, offset);
        struct hand_reply reply = hand_wait(parts->hand, number, 50000);
        if (!reply.came)
            continue;
        if (reply.status != TORC_STATUS_OK || reply.total != value_bytes || reply.bytes == 0 ||
            memcmp(reply.value, value + offset, reply.bytes) != 0)
            return false;
        offset += reply.bytes;
    }
    return offset == value_bytes;
}
