/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/cluster/forge.h"

#include <stdio.h>
#include <string.h>

static void forge_start(struct forge *forge, struct world *world, struct torc_addr from,
    struct torc_addr to, const struct wire_packet *header)
{
    *forge = (struct forge){.world = world, .from = from, .to = to};
    wire_start(&forge->builder, forge->packet, sizeof forge->packet, header);
    forge->header = (struct wire_packet *)forge->packet;
}

void forge_data(
    struct forge *forge, struct world *world, unsigned from, unsigned to, uint64_t number)
{
    struct wire_packet header = {.type = WIRE_DATA,
        .sender = from,
        .sender_incarnation = world_incarnation(world, from),
        .receiver_incarnation = world_incarnation(world, to),
        .number = number};
    forge_start(forge, world, world_address(from, 0), world_address(to, 0), &header);
}

void forge_request(struct forge *forge, struct world *world, unsigned client, unsigned to)
{
    struct wire_packet header = {
        .type = WIRE_REQUEST, .receiver_incarnation = world_incarnation(world, to)};
    forge_start(forge, world, world_client_address(client), world_address(to, 0), &header);
}

struct wire_hello *forge_hello(struct forge *forge, struct world *world, unsigned from, unsigned to)
{
    forge_data(forge, world, from, to, 0);
    forge->header->type = WIRE_HELLO;
    struct wire_hello *hello = forge_frame(forge, WIRE_FRAME_HELLO, 0, sizeof *hello);
    hello->frame.epoch = 0;
    hello->cluster = WORLD_CLUSTER;
    hello->config_hash = 42;
    hello->workers = 1;
    hello->packet_bytes = WIRE_PACKET_BYTES;
    hello->credits = 64;
    hello->version_max = WIRE_VERSION;
    snprintf(hello->name, sizeof hello->name, "n%u", from);
    return hello;
}

struct wire_info *forge_info(
    struct forge *forge, struct world *world, unsigned client, unsigned to, uint32_t bytes)
{
    forge_request(forge, world, client, to);
    forge->header->type = WIRE_INFO;
    struct wire_info *info =
        forge_frame(forge, WIRE_FRAME_INFO, 0, bytes - (uint32_t)sizeof *forge->header);
    info->frame.epoch = 0;
    info->kind = WIRE_INFO_RING;
    return info;
}

void *forge_frame(
    struct forge *forge, enum wire_frame_type type, uint32_t partition, uint32_t bytes)
{
    struct wire_frame *frame = wire_add(&forge->builder, type, bytes);
    memset(frame + 1, 0, bytes - sizeof *frame);
    frame->partition = (uint16_t)partition;
    frame->epoch = 1;
    return frame;
}

static void forge_put(struct wire_request *request, const char *key)
{
    request->length = (uint32_t)(sizeof *request + strlen(key));
    request->operation = WIRE_OP_PUT;
    request->key_bytes = (uint16_t)strlen(key);
    memcpy(request + 1, key, strlen(key));
    wire_request_sign(request);
}

struct wire_entry *forge_forward(
    struct forge *forge, uint32_t partition, uint64_t sequence, const char *key)
{
    struct wire_frame *frame = forge_frame(forge, WIRE_FRAME_FORWARD, partition,
        (uint32_t)(sizeof *frame + sizeof(struct wire_entry) + strlen(key)));
    struct wire_entry *entry = (struct wire_entry *)(frame + 1);
    entry->kind = WIRE_ENTRY_REQUEST;
    entry->partition = (uint16_t)partition;
    entry->epoch = 1;
    entry->sequence = sequence;
    entry->request.session = (struct wire_session){1, 1000000};
    entry->request.number = 1;
    forge_put(&entry->request, key);
    wire_entry_sign(entry);
    return entry;
}

void forge_sign(struct wire_entry *entry)
{
    wire_request_sign(&entry->request);
    wire_entry_sign(entry);
}

struct wire_request *forge_write(struct forge *forge, uint32_t partition,
    struct wire_session session, uint64_t number, const char *key)
{
    struct wire_frame *frame = forge_frame(forge, WIRE_FRAME_WRITE, partition,
        (uint32_t)(sizeof *frame + sizeof(struct wire_request) + strlen(key)));
    struct wire_request *request = (struct wire_request *)(frame + 1);
    request->session = session;
    request->number = number;
    forge_put(request, key);
    return request;
}

void forge_send(struct forge *forge)
{
    forge_send_raw(forge, wire_seal(&forge->builder, WORLD_CLUSTER));
}

void forge_send_raw(struct forge *forge, uint32_t bytes)
{
    world_send(forge->world, forge->from, forge->to, forge->packet, bytes);
}
