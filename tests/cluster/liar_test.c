/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Liars: genuine packets of a working cluster, changed, signed and sealed again as if a peer or a
 * client had meant it. What they say may be believed, since packets are not authenticated; but no
 * assertion may trip, and nothing may be read or written out of bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/log/log.h"
#include "engine/wire/frames.h"
#include "tests/cluster/forge.h"
#include "tests/cluster/parts.h"
#include "tests/cluster/tale.h"

#define MS TALE_MS

#define LIES_KEPT 64u

struct liar {
    struct world *world;
    struct tale_kept kept[LIES_KEPT]; /* genuine packets, the last ones */
    unsigned count;
    bool lying;
};

static bool liar_listens(
    void *context, struct torc_addr from, struct torc_addr to, const void *packet, uint32_t bytes)
{
    struct liar *liar = context;
    if (liar->lying || ((const struct wire_packet *)packet)->type == WIRE_HELLO)
        return false;
    struct tale_kept *kept = &liar->kept[liar->count++ % LIES_KEPT];
    kept->from = from;
    kept->to = to;
    kept->bytes = bytes;
    memcpy(kept->packet, packet, bytes);
    return false;
}

static uint64_t liar_number(struct world *world, uint64_t truth)
{
    static const uint64_t odd[] = {0, 1, 2, 0xffff, UINT32_MAX, UINT64_MAX, UINT64_MAX / 2, 1344};
    switch (world_random(world, 4)) {
    case 0:
        return odd[world_random(world, sizeof odd / sizeof odd[0])];
    case 1:
        return truth + 1 + world_random(world, 200);
    case 2:
        return truth - world_random(world, 3);
    default:
        return truth ^ (uint64_t)1 << world_random(world, 64);
    }
}

/* Changes one field of 1, 2, 4 or 8 bytes, wherever it is. */
static void liar_change(struct world *world, uint8_t *packet, uint32_t bytes)
{
    uint32_t width = 1u << world_random(world, 4);
    uint32_t from = world_random(world, 8) == 0 ? 10 : WIRE_PACKET_MIN; /* seldom the header */
    uint32_t at = from + (uint32_t)world_random(world, bytes - from);
    at -= at % width;
    if (at + width > bytes)
        return;
    uint64_t field = 0;
    memcpy(&field, packet + at, width);
    field = liar_number(world, field);
    memcpy(packet + at, &field, width);
}

static void liar_sign_frame(struct wire_frame *frame)
{
    uint32_t room = frame->length - (uint32_t)sizeof *frame;
    if (frame->type == WIRE_FRAME_FORWARD && room >= sizeof(struct wire_entry)) {
        struct wire_entry *entry = (struct wire_entry *)(frame + 1);
        if (entry->request.length >= sizeof entry->request && entry->request.length <= room - 32)
            forge_sign(entry);
    }
    if ((frame->type == WIRE_FRAME_WRITE || frame->type == WIRE_FRAME_READ) &&
        room >= sizeof(struct wire_request)) {
        struct wire_request *request = (struct wire_request *)(frame + 1);
        if (request->length >= sizeof *request && request->length <= room)
            wire_request_sign(request);
    }
}

/* Signs all that can be signed. False if the frames are no frames any more. */
static bool liar_sign(uint8_t *packet, uint32_t bytes)
{
    uint32_t at = WIRE_PACKET_MIN;
    while (at + sizeof(struct wire_frame) <= bytes) {
        struct wire_frame *frame = (struct wire_frame *)(packet + at);
        if (frame->length < sizeof *frame || frame->length > bytes - at)
            return false;
        liar_sign_frame(frame);
        at += frame->length;
    }
    uint32_t crc = 0;
    if (wire_packet_crc(packet, bytes, WORLD_CLUSTER, &crc) != WIRE_TAKEN)
        return false;
    ((struct wire_packet *)packet)->crc = crc;
    return true;
}

/* A new number, so that it is no copy for the link. */
static void liar_renumber(struct world *world, uint8_t *packet)
{
    struct wire_packet *header = (struct wire_packet *)packet;
    if (header->type == WIRE_DATA)
        header->number += 1 + world_random(world, 4);
}

static void liar_lies(struct liar *liar, unsigned lies)
{
    liar->lying = true;
    for (unsigned i = 0; i < lies; i++) {
        unsigned kept = liar->count < LIES_KEPT ? liar->count : LIES_KEPT;
        struct tale_kept lie = liar->kept[world_random(liar->world, kept)];
        liar_renumber(liar->world, lie.packet);
        for (uint64_t changes = world_random(liar->world, 4); changes > 0; changes--)
            liar_change(liar->world, lie.packet, lie.bytes);
        if (liar_sign(lie.packet, lie.bytes))
            tale_deliver(liar->world, &lie);
    }
    liar->lying = false;
}

/* Puts, gets, large values: whatever it is that is said of them. */
static void work(struct hand *hand, const char *key, unsigned i)
{
    hand->awaited = hand->number > 8 ? hand->number - 8 : 1;
    hand_send(hand, 0, 0, i % 3 == 0 ? WIRE_OP_DELETE : WIRE_OP_PUT, ++hand->number, key,
        i % 3 == 0 ? NULL : "value", 0);
    hand_send(hand, 0, 0, WIRE_OP_GET, 100000 + i, key, NULL, 0);
    if (i % 4 == 0) {
        struct parts parts = parts_put(hand, 0, key, 4000, (uint8_t)i);
        for (uint32_t part = 0; part < parts.count; part++)
            parts_send(&parts, part);
        parts_free(&parts);
    }
}

static void no_lie_trips_an_assertion(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        static struct liar liar;
        struct world *world = tale_world(&(struct world_config){.seed = seed,
            .nodes = 3,

            .partitions = 3,
            .log_bytes = log_bytes_min(),
            .class = {.window = 16, .sessions = 4, .session_idle_ms = 3000, .kv_blocks = 200}});
        char key[16];
        liar = (struct liar){.world = world};
        world_lose_if(world, liar_listens, &liar);
        struct hand hand = tale_hand(world, 0, key);
        for (unsigned i = 0; i < 60; i++) {
            if (i % 10 == 0) /* lies may have ended the session, and the chain may be stuck */
                hand_open(&hand, 0, 100 + i);
            work(&hand, key, i);
            world_run(world, 10000);
            liar_lies(&liar, (unsigned)world_random(world, 6));
            /* now and then long enough for the last net */
            world_run(world, world_random(world, i % 10 == 9 ? 1500 * MS : 2 * MS));
        }
        world_run(world, 50 * MS);
        world_destroy(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_lie_trips_an_assertion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
