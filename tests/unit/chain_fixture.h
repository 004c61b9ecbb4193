/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The chains of one worker, fed by hand: frames in one by one, packets out as a list of frames.
 */
#ifndef UNIT_CHAIN_FIXTURE_H
#define UNIT_CHAIN_FIXTURE_H

#include "engine/chain/chain.h"
#include "tests/unit/memory_fixture.h"

#define CHAINS_CLUSTER 0x636861696e73u
#define CHAINS_EPOCH   5u
#define CHAINS_WINDOW  16u
#define CHAINS_PARKED  4u
#define CHAINS_PARTS   3u /* assemblies */
#define CHAINS_TX      64u
#define CHAINS_FRAMES  4096u
#define LINK_DOWN      0u /* to the successor */
#define LINK_UP        1u
#define US             1000ull
#define MS             1000000ull

/* A frame that was sent. */
struct chain_seen {
    uint8_t type;
    uint16_t partition;
    uint32_t link;
    uint64_t packet; /* number */
    uint64_t sequence;
    uint32_t total, offset; /* of a part */
};

struct chain_fixture {
    struct chain_set set;
    struct counters counters;
    struct chain_outlet outlet;
    uint64_t incarnation[3]; /* of members: ourselves, the successor, the predecessor */
    struct torc_burst burst;
    struct torc_tx tx[CHAINS_TX];
    uint8_t (*buffer)[WIRE_PACKET_BYTES];
    struct chain_seen *seen; /* by the last fixture_flush */
    uint32_t seen_count;
    uint32_t tx_count; /* send buffers that a flush gets */
    void *memory;
};

/* Cuts what the worker would; counts with base NULL. */
static inline void fixture_chains_take(
    struct chain_fixture *fixture, struct arena *arena, uint32_t vnodes, uint32_t window)
{
    struct chain_set *set = &fixture->set;
    set->chain = ARENA_ARRAY(arena, struct chain, vnodes);
    set->log = log_create(arena, log_bytes_min(), vnodes, window);
    set->link = link_create(arena, 2);
    park_init(&set->park, arena, CHAINS_PARKED);
    assembly_pool_init(&set->parts, arena, CHAINS_PARTS);
    fixture->buffer = arena_take(arena, CHAINS_TX * sizeof *fixture->buffer);
    fixture->seen = ARENA_ARRAY(arena, struct chain_seen, CHAINS_FRAMES);
}

/* `vnodes` vnodes, of partitions 100, 101, ..., at `position` of chains of `length`. */
static inline void fixture_chains(struct chain_fixture *fixture, uint32_t vnodes, uint8_t position,
    uint8_t length, uint32_t window)
{
    memset(fixture, 0, sizeof *fixture);
    struct arena counting = memory_counting();
    fixture_chains_take(fixture, &counting, vnodes, window);
    struct arena arena = memory_counted(counting);
    fixture_chains_take(fixture, &arena, vnodes, window);
    fixture->memory = arena.base;
    struct chain_set *set = &fixture->set;
    set->vnodes = vnodes;
    set->links = 2;
    set->active = CHAIN_NO_LINK;
    set->stalled = CHAIN_NO_ITEM;
    set->counters = &fixture->counters;
    set->now_ns = 1000 * MS;
    for (uint16_t i = 0; i < 2; i++)
        link_init(&set->link[i], (uint16_t)(i + 1), i,
            (struct torc_addr){.ip = 10u + i, .port = 7400}, 64);
    for (uint32_t i = 0; i < vnodes; i++) {
        struct chain *chain = &set->chain[i];
        chain_init(chain, 0, (uint16_t)(100 + i));
        chain->epoch = CHAINS_EPOCH;
        chain->position = position;
        chain->length = length;
        chain->link[CHAIN_DOWN] = position + 1 < length ? LINK_DOWN : CHAIN_NO_LINK;
        chain->link[CHAIN_UP] = position > 0 ? LINK_UP : CHAIN_NO_LINK;
    }
    for (unsigned i = 0; i < 3; i++)
        fixture->incarnation[i] = 1000 + i;
    fixture->outlet = (struct chain_outlet){.header = {.sender = 1, .sender_incarnation = 1000},
        .incarnation = fixture->incarnation,
        .cluster = CHAINS_CLUSTER,
        .packet_bytes = WIRE_PACKET_BYTES};
    fixture->tx_count = CHAINS_TX;
}

/* An entry as a head would make it. static: valid until the next one. */
static inline struct wire_entry *fixture_entry(
    uint32_t vnode, uint64_t sequence, uint32_t value_bytes)
{
    static uint64_t room[WIRE_ENTRY_BYTES_MAX / 8 + 1];
    struct wire_entry *entry = (struct wire_entry *)room;
    uint8_t *payload = (uint8_t *)(entry + 1);
    *entry = (struct wire_entry){.kind = WIRE_ENTRY_REQUEST,
        .partition = (uint16_t)(100 + vnode),
        .epoch = CHAINS_EPOCH,
        .sequence = sequence,
        .request = {.length = (uint32_t)sizeof(struct wire_request) + 1 + value_bytes,
            .session = {.epoch = 1, .number = 1},
            .number = sequence,
            .operation = WIRE_OP_PUT,
            .key_bytes = 1}};
    for (uint32_t i = 0; i < 1 + value_bytes; i++)
        payload[i] = (uint8_t)(vnode + sequence * 3 + i * 7 + (i >> 8));
    wire_request_sign(&entry->request);
    wire_entry_sign(entry);
    return entry;
}

/* That the log holds entries 1..last as fixture_entry makes them. */
static inline void fixture_check_entry(
    const struct chain_fixture *fixture, uint32_t vnode, uint64_t sequence, uint32_t value_bytes)
{
    const struct wire_entry *wanted = fixture_entry(vnode, sequence, value_bytes);
    const struct wire_entry *entry = log_entry(fixture->set.log, vnode, sequence);
    assert_memory_equal(entry, wanted, wire_entry_bytes(wanted));
}

/* Entry `sequence` comes in a FORWARD from the predecessor. */
static inline enum chain_result fixture_forward(
    struct chain_fixture *fixture, uint32_t vnode, uint64_t sequence, uint32_t value_bytes)
{
    return chain_forward(
        &fixture->set, vnode, LINK_UP, fixture_entry(vnode, sequence, value_bytes));
}

/* Part `part` of an entry comes from the predecessor. */
static inline enum chain_result fixture_forward_part(
    struct chain_fixture *fixture, uint32_t vnode, const struct wire_entry *entry, uint32_t part)
{
    uint64_t room[(sizeof(struct wire_forward_part) + WIRE_PART_BYTES) / 8] = {0};
    struct wire_forward_part *frame = (struct wire_forward_part *)room;
    uint32_t total = wire_entry_bytes(entry), offset = part * WIRE_PART_BYTES;
    uint32_t bytes = total - offset < WIRE_PART_BYTES ? total - offset : WIRE_PART_BYTES;
    *frame = (struct wire_forward_part){
        .entry_epoch = entry->epoch, .sequence = entry->sequence, .total = total, .offset = offset};
    memcpy(frame + 1, (const uint8_t *)entry + offset, bytes);
    return chain_forward_part(&fixture->set, vnode, LINK_UP, frame);
}

static inline uint32_t fixture_parts(const struct wire_entry *entry)
{
    return (wire_entry_bytes(entry) + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES;
}

static inline enum chain_result fixture_committed(
    struct chain_fixture *fixture, uint32_t vnode, uint64_t sequence)
{
    struct wire_committed frame = {.sequence = sequence};
    return chain_committed(&fixture->set, vnode, LINK_DOWN, &frame);
}

/* The head creates an entry. */
static inline const struct wire_entry *fixture_create(
    struct chain_fixture *fixture, uint32_t vnode, uint32_t value_bytes)
{
    struct wire_entry *entry =
        fixture_entry(vnode, log_last(fixture->set.log, vnode) + 1, value_bytes);
    assert_null(chain_refuses(&fixture->set, vnode, wire_entry_bytes(entry)));
    return chain_create(
        &fixture->set, vnode, &entry->request, (struct torc_addr){.ip = 0x7f000001, .port = 9});
}

static inline void fixture_see(struct chain_fixture *fixture, const struct torc_tx *tx,
    const struct wire_frame *frame, uint64_t packet)
{
    assert_true(fixture->seen_count < CHAINS_FRAMES);
    struct chain_seen *seen = &fixture->seen[fixture->seen_count++];
    *seen = (struct chain_seen){.type = frame->type,
        .partition = frame->partition,
        .link = tx->to.ip == 10 ? LINK_DOWN : LINK_UP,
        .packet = packet};
    if (frame->type == WIRE_FRAME_LINK_ACK) {
        seen->sequence = ((const struct wire_link_ack *)frame)->largest;
        return;
    }
    assert_true(frame->epoch == CHAINS_EPOCH);
    if (frame->type == WIRE_FRAME_FORWARD) {
        seen->sequence = ((const struct wire_entry *)(frame + 1))->sequence;
    } else if (frame->type == WIRE_FRAME_FORWARD_PART) {
        const struct wire_forward_part *part = (const struct wire_forward_part *)frame;
        seen->sequence = part->sequence;
        seen->total = part->total;
        seen->offset = part->offset;
    } else {
        assert_int_equal(frame->type, WIRE_FRAME_COMMITTED);
        seen->sequence = ((const struct wire_committed *)frame)->sequence;
    }
}

/* The end of a loop: what is sent, into fixture->seen. Returns how many packets. */
static inline uint32_t fixture_flush(struct chain_fixture *fixture)
{
    for (uint32_t i = 0; i < CHAINS_TX; i++)
        fixture->tx[i] =
            (struct torc_tx){.data = fixture->buffer[i], .capacity = WIRE_PACKET_BYTES};
    fixture->burst = (struct torc_burst){.tx = fixture->tx,
        .tx_count = fixture->tx_count,
        .now_ns = fixture->set.now_ns,
        .wake_ns = UINT64_MAX};
    fixture->seen_count = 0;
    chain_flush(&fixture->set, &fixture->burst, &fixture->outlet);
    for (uint32_t i = 0; i < fixture->burst.tx_used; i++) {
        const struct torc_tx *tx = &fixture->tx[i];
        struct wire_view view;
        assert_int_equal(wire_open(tx->data, tx->bytes, CHAINS_CLUSTER, &view), WIRE_TAKEN);
        assert_int_equal(view.header.type, WIRE_DATA);
        assert_true(view.header.receiver_incarnation == (tx->to.ip == 10 ? 1001 : 1002));
        const uint8_t *cursor = view.frames;
        const struct wire_frame *frame;
        while ((frame = wire_next(&view, &cursor)) != NULL)
            fixture_see(fixture, tx, frame, view.header.number);
    }
    return fixture->burst.tx_used;
}

/* The peer of a link has all that was sent to it. */
static inline void fixture_ack_all(struct chain_fixture *fixture, uint32_t link)
{
    struct wire_link_ack ack = {.largest = fixture->set.link[link].next_number - 1,
        .bitmap = {UINT64_MAX, UINT64_MAX},
        .credit = 64};
    link_acknowledged(&fixture->set.link[link], &ack, fixture->set.now_ns, &fixture->counters);
}

/* Nothing of what is in flight on a link arrived. */
static inline void fixture_lose_all(struct chain_fixture *fixture, uint32_t link)
{
    fixture->set.now_ns += LINK_RTO_MAX_NS;
    link_timer(&fixture->set.link[link], fixture->set.now_ns, &fixture->counters);
    assert_int_equal(fixture->set.link[link].in_flight, 0);
}

#endif
