/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/cluster/hand.h"

#include <stdio.h>
#include <string.h>

struct hand hand_new(struct world *world, unsigned client)
{
    return (struct hand){.world = world, .client = client};
}

void hand_key(const struct world *world, uint32_t partition, unsigned nth, char key[16])
{
    const struct ring *ring = world_ring(world);
    for (unsigned i = 0;; i++) {
        snprintf(key, 16, "k%u", i);
        struct ring_hash hash = ring_hash_key((enum torc_hash)ring->hash, key, strlen(key));
        if (ring_partition(ring, &hash) == partition && nth-- == 0)
            return;
    }
}

static struct ring_replica hand_replica(const struct hand *hand, uint32_t partition, bool tail)
{
    const struct ring *ring = world_ring(hand->world);
    return ring_chain(ring, partition)[tail ? ring->chain_length[partition] - 1 : 0];
}

void hand_send(struct hand *hand, unsigned node, uint32_t partition, uint16_t operation,
    uint64_t number, const char *key, const char *value, uint64_t argument)
{
    const struct ring *ring = world_ring(hand->world);
    bool read = WIRE_OP_IS_READ(operation);
    struct ring_replica replica = hand_replica(hand, partition, read);
    unsigned worker = replica.worker;
    if (node == 0)
        node = ring->member[replica.member].id;
    uint8_t packet[WIRE_PACKET_BYTES];
    struct wire_builder builder;
    struct wire_packet header = {.type = WIRE_REQUEST,
        .receiver_worker = (uint16_t)worker,
        .receiver_incarnation = world_incarnation(hand->world, node)};
    size_t key_bytes = key == NULL ? 0 : strlen(key),
           value_bytes = value == NULL ? 0 : strlen(value);
    wire_start(&builder, packet, sizeof packet, &header);
    struct wire_frame *frame = wire_add(&builder, read ? WIRE_FRAME_READ : WIRE_FRAME_WRITE,
        (uint32_t)(sizeof *frame + sizeof(struct wire_request) + key_bytes + value_bytes));
    frame->partition = (uint16_t)partition;
    frame->epoch = 1;
    struct wire_request *request = (struct wire_request *)(frame + 1);
    bool in_session = !read && operation >= WIRE_OP_PUT;
    uint64_t awaited = hand->awaited > 0 ? hand->awaited : number;
    *request =
        (struct wire_request){.length = (uint32_t)(sizeof *request + key_bytes + value_bytes),
            .session = in_session ? hand->session : (struct wire_session){0, 0},
            .number = number,
            .awaited_behind = in_session ? (uint32_t)(number - awaited) : 0,
            .operation = operation,
            .key_bytes = (uint16_t)key_bytes,
            .argument = argument};
    if (key != NULL)
        memcpy(request + 1, key, key_bytes);
    if (value != NULL)
        memcpy((char *)(request + 1) + key_bytes, value, value_bytes);
    wire_request_sign(request);
    world_send(hand->world, world_client_address(hand->client), world_address(node, worker), packet,
        wire_seal(&builder, WORLD_CLUSTER));
}

static struct hand_reply hand_read(const struct wire_reply *reply)
{
    struct hand_reply result = {.came = true,
        .status = reply->status,
        .delay_us = reply->delay_us,
        .number = reply->number,
        .version = reply->version,
        .total = reply->total,
        .bytes = reply->bytes,
        .session = reply->session};
    memcpy(result.value, reply + 1, reply->bytes);
    return result;
}

/* Looks through what came for an answer to that number. */
static struct hand_reply hand_look(struct hand *hand, uint64_t number)
{
    static struct world_mail mail[64];
    struct hand_reply result = {0};
    unsigned count = world_mail(hand->world, hand->client, mail, 64);
    for (unsigned i = 0; i < count; i++) {
        struct wire_view view;
        if (wire_open(mail[i].data, mail[i].bytes, WORLD_CLUSTER, &view) != WIRE_TAKEN)
            continue;
        const uint8_t *cursor = view.frames;
        const struct wire_frame *frame;
        while ((frame = wire_next(&view, &cursor)) != NULL)
            if (frame->type == WIRE_FRAME_REPLY &&
                ((const struct wire_reply *)frame)->number == number && !result.came)
                result = hand_read((const struct wire_reply *)frame);
    }
    return result;
}

struct hand_reply hand_wait(struct hand *hand, uint64_t number, uint64_t ns)
{
    struct hand_reply reply = hand_look(hand, number);
    for (uint64_t waited = 0; !reply.came && waited < ns; waited += 10000) {
        world_run(hand->world, 10000);
        reply = hand_look(hand, number);
    }
    return reply;
}

bool hand_open(struct hand *hand, uint32_t partition, uint64_t nonce)
{
    hand_send(hand, 0, partition, WIRE_OP_SESSION_OPEN, 0, NULL, NULL, nonce);
    struct hand_reply reply = hand_wait(hand, 0, 100000000);
    if (!reply.came || reply.status != TORC_STATUS_OK || reply.version != nonce)
        return false;
    hand->session = reply.session;
    hand->number = 0;
    return true;
}

struct hand_reply hand_do(struct hand *hand, uint32_t partition, uint16_t operation,
    const char *key, const char *value, uint64_t argument)
{
    uint64_t number = ++hand->number;
    hand_send(hand, 0, partition, operation, number, key, value, argument);
    return hand_wait(hand, number, 100000000);
}
