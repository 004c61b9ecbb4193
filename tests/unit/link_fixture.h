/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Links for tests, on the heap, and packets of frames that count up.
 */
#ifndef UNIT_LINK_FIXTURE_H
#define UNIT_LINK_FIXTURE_H

#include "engine/link/link.h"
#include "tests/unit/memory_fixture.h"

#define LINK_CLUSTER 0x6c696e6bu
#define US           1000ull
#define MS           1000000ull

struct link_fixture {
    struct link *link;
    struct counters counters;
    struct wire_builder builder; /* of the last packet */
    uint64_t now_ns;
    uint64_t frames; /* noted so far; each has its own sequence */
    void *memory;
    uint8_t packet[WIRE_PACKET_BYTES];
};

static inline void fixture_link(struct link_fixture *fixture, uint32_t credit)
{
    struct arena counting = memory_counting();
    assert_null(link_create(&counting, 1));
    struct arena arena = memory_counted(counting);
    memset(fixture, 0, sizeof *fixture);
    fixture->link = link_create(&arena, 1);
    assert_int_equal(arena.used, counting.used);
    fixture->memory = arena.base;
    fixture->now_ns = 1000 * MS;
    link_init(fixture->link, 1, 2, (struct torc_addr){.ip = 1, .port = 2}, credit);
}

/* A packet with `frames` frames that must arrive; returns its number. 0 frames: an ack alone. */
static inline uint64_t fixture_send(struct link_fixture *fixture, uint32_t frames)
{
    struct wire_packet header = {0};
    struct link *link = fixture->link;
    uint64_t number = link->next_number;
    assert_true(frames == 0 || link_may_send(link));
    link_packet_start(
        link, &fixture->builder, fixture->packet, WIRE_PACKET_BYTES, &header, fixture->now_ns);
    assert_true(header.number == number);
    for (uint32_t i = 0; i < frames; i++) {
        struct link_frame frame = {.kind = LINK_FRAME_ENTRY, .sequence = ++fixture->frames};
        link_packet_note(link, &frame);
    }
    link_packet_sent(link, fixture->now_ns);
    return number;
}

/* The peer's word: `largest`, and what else it has. */
static inline void fixture_ack(
    struct link_fixture *fixture, uint64_t largest, uint64_t low, uint64_t high)
{
    struct wire_link_ack ack = {.largest = largest, .bitmap = {low, high}, .credit = 1000};
    link_acknowledged(fixture->link, &ack, fixture->now_ns, &fixture->counters);
}

/* Frames waiting to be sent again; takes them, the sequence of the first into *first. */
static inline uint32_t fixture_resent(struct link_fixture *fixture, uint64_t *first)
{
    struct link_frame frame;
    uint32_t count = 0;
    while (link_resend_take(fixture->link, &frame)) {
        if (count++ == 0 && first != NULL)
            *first = frame.sequence;
    }
    return count;
}

#endif
