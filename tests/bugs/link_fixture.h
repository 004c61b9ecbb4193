/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One link by itself: packets are numbers and the frames noted of them.
 */
#ifndef BUGS_LINK_FIXTURE_H
#define BUGS_LINK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/link/link.h"

struct link_fixture {
    struct link *link;
    void *memory;
    struct counters counters;
    uint64_t now_ns;
    uint64_t frames; /* noted so far: frame i has sequence i, from 1 */
};

static inline struct link_fixture link_fixture_create(uint32_t credit)
{
    struct link_fixture fixture = {.now_ns = 1000000000};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    link_create(&arena, 1);
    size_t bytes = arena.used;
    fixture.memory = aligned_alloc(64, bytes);
    memset(fixture.memory, 0, bytes);
    arena_init(&arena, fixture.memory, bytes);
    fixture.link = link_create(&arena, 1);
    link_init(fixture.link, 1, 0, (struct torc_addr){.ip = 1, .port = 1}, credit);
    return fixture;
}

static inline void link_fixture_destroy(struct link_fixture *fixture)
{
    free(fixture->memory);
}

static inline void link_fixture_start(struct link_fixture *fixture)
{
    static uint8_t buffer[WIRE_PACKET_BYTES];
    struct wire_builder builder;
    struct wire_packet header = {0};
    link_packet_start(fixture->link, &builder, buffer, sizeof buffer, &header, fixture->now_ns);
}

/* A packet of new frames; without any it is an acknowledgement. */
static inline void link_fixture_send(struct link_fixture *fixture, uint32_t frames)
{
    link_fixture_start(fixture);
    for (uint32_t i = 0; i < frames; i++) {
        struct link_frame frame = {.kind = LINK_FRAME_ENTRY, .sequence = ++fixture->frames};
        link_packet_note(fixture->link, &frame);
    }
    link_packet_sent(fixture->link, fixture->now_ns);
}

/* The peer says: `largest` came, and those that bitmap says. */
static inline void link_fixture_ack(struct link_fixture *fixture, uint64_t largest, uint64_t bitmap)
{
    struct wire_link_ack ack = {.largest = largest, .bitmap = {bitmap, 0}, .credit = 256};
    link_acknowledged(fixture->link, &ack, fixture->now_ns, &fixture->counters);
}

#endif
