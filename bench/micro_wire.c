/* SPDX-License-Identifier: BSD-3-Clause
 *
 * CRCs, and packets in and out: FORWARD packets with entries of an 8-byte key and a 64-byte value.
 */
#include <string.h>

#include "bench/micro.h"
#include "engine/wire/wire.h"

#define WIRE_KEY     8u
#define WIRE_VALUE   64u
#define WIRE_REQUEST ((uint32_t)sizeof(struct wire_request) + WIRE_KEY + WIRE_VALUE)
#define WIRE_ENTRY                                                                                 \
    ((uint32_t)(sizeof(struct wire_entry) - sizeof(struct wire_request)) + WIRE_REQUEST)
#define WIRE_CLUSTER 7u

static void micro_crc(struct gbench *bench, int64_t bytes)
{
    static uint8_t data[65536];
    memset(data, 0xa5, sizeof data);
    while (gbench_next(bench, MICRO_BATCH))
        for (unsigned i = 0; i < MICRO_BATCH; i++)
            gbench_keep(wire_crc(WIRE_CRC_START, data, (size_t)bytes));
    gbench_bytes(bench, (uint64_t)bytes);
}

/* A request, then the entry around it. */
static void micro_entry(uint8_t place[WIRE_ENTRY])
{
    struct wire_entry *entry = (struct wire_entry *)place;
    memset(place, 0x33, WIRE_ENTRY);
    *entry = (struct wire_entry){.kind = WIRE_ENTRY_REQUEST,
        .client_port = 9,
        .client_ip = 0x0a000009,
        .epoch = 1,
        .sequence = 77,
        .request = {.length = WIRE_REQUEST,
            .session = {1, 5},
            .number = 60,
            .operation = WIRE_OP_PUT,
            .key_bytes = WIRE_KEY}};
    wire_request_sign(&entry->request);
    wire_entry_sign(entry);
}

static uint32_t micro_packet(uint8_t *buffer, const uint8_t *entry, int64_t entries)
{
    const struct wire_packet header = {.type = WIRE_DATA,
        .sender = 1,
        .sender_incarnation = 11,
        .receiver_incarnation = 12,
        .number = 1};
    struct wire_builder builder;
    wire_start(&builder, buffer, WIRE_PACKET_BYTES, &header);
    for (int64_t i = 0; i < entries; i++) {
        struct wire_frame *frame =
            wire_add(&builder, WIRE_FRAME_FORWARD, sizeof *frame + WIRE_ENTRY);
        frame->epoch = 1;
        memcpy(frame + 1, entry, WIRE_ENTRY);
    }
    return wire_seal(&builder, WIRE_CLUSTER);
}

static void micro_encode(struct gbench *bench, int64_t entries)
{
    uint8_t buffer[WIRE_PACKET_BYTES];
    uint8_t entry[WIRE_ENTRY];
    micro_entry(entry);
    while (gbench_next(bench, MICRO_BATCH))
        for (unsigned i = 0; i < MICRO_BATCH; i++)
            gbench_keep(micro_packet(buffer, entry, entries));
}

static void micro_decode(struct gbench *bench, int64_t entries)
{
    uint8_t buffer[WIRE_PACKET_BYTES];
    uint8_t entry[WIRE_ENTRY];
    micro_entry(entry);
    const uint32_t bytes = micro_packet(buffer, entry, entries);
    struct wire_view view;
    if (wire_open(buffer, bytes, WIRE_CLUSTER, &view) != WIRE_TAKEN) {
        gbench_skip(bench, "the packet is not taken");
        return;
    }
    while (gbench_next(bench, MICRO_BATCH))
        for (unsigned i = 0; i < MICRO_BATCH; i++) {
            gbench_keep(wire_open(buffer, bytes, WIRE_CLUSTER, &view));
            const uint8_t *cursor = view.frames;
            const struct wire_frame *frame;
            while ((frame = wire_next(&view, &cursor)) != NULL)
                gbench_keep(frame->partition);
        }
}

/* What a client does for each request. */
static void micro_sign_request(struct gbench *bench, int64_t unused)
{
    uint8_t place[WIRE_ENTRY];
    (void)unused;
    micro_entry(place);
    struct wire_entry *entry = (struct wire_entry *)place;
    while (gbench_next(bench, MICRO_BATCH))
        for (unsigned i = 0; i < MICRO_BATCH; i++) {
            entry->request.number = i;
            wire_request_sign(&entry->request);
            gbench_keep(entry->request.crc);
        }
}

void micro_wire_register(void)
{
    static const int64_t bytes[] = {16, 32, 64, 128, 256, 512, 1024, 1472, 65536};
    static const int64_t entries[] = {1, 8};
    gbench_register("wire/crc", micro_crc, "bytes", bytes, 9);
    gbench_register("wire/sign_request", micro_sign_request, NULL, NULL, 0);
    gbench_register("wire/encode", micro_encode, "entries", entries, 2);
    gbench_register("wire/decode", micro_decode, "entries", entries, 2);
}
