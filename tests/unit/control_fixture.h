/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Control of one node by itself: packets go into its mailboxes and come out of them by hand.
 */
#ifndef UNIT_CONTROL_FIXTURE_H
#define UNIT_CONTROL_FIXTURE_H

#include "engine/control/control.h"
#include "engine/control/internal.h"
#include "tests/unit/memory_fixture.h"
#include "tests/unit/ring_fixture.h"

#define MS              1000000ull
#define OWN_INCARNATION 0xabcdefull
#define HELLO_INTERVAL  (20 * MS)

struct control_fixture {
    struct ring_fixture ring;
    struct ring *plan;
    struct meeting meeting;
    struct meeting_worker *side;
    struct control *control;
    void *memory;
    uint64_t now_ns;
    /* rings that control gave up and nobody released yet */
    struct ring *retired[CONTROL_RINGS];
    uint32_t retired_count;
    void (*release)(struct ring *ring, void *context);
};

static struct control_fixture *control_fixture_now; /* the one that retires */

static inline void fixture_retire(
    struct ring *ring, void (*release)(struct ring *ring, void *context), void *context)
{
    assert_ptr_equal(context, control_fixture_now->control);
    control_fixture_now->release = release;
    control_fixture_now->retired[control_fixture_now->retired_count++] = ring;
}

static inline void fixture_release(struct control_fixture *fixture)
{
    while (fixture->retired_count > 0)
        fixture->release(fixture->retired[--fixture->retired_count], fixture->control);
}

static inline struct control *fixture_control_take(struct control_fixture *fixture,
    struct arena *arena, const struct control_config *config, uint16_t workers)
{
    struct meeting_worker *side = ARENA_ARRAY(arena, struct meeting_worker, workers);
    mailbox_init(
        side != NULL ? &fixture->meeting.from_control : NULL, arena, MEETING_MAILBOX_SLOTS);
    for (uint16_t i = 0; i < workers; i++)
        mailbox_init(side != NULL ? &side[i].to_control : NULL, arena, MEETING_MAILBOX_SLOTS);
    fixture->side = side;
    return control_create(arena, config, &fixture->meeting);
}

/* Control of member 1 of `members`, whose ids are 1, 2, ... free with fixture_control_end. */
static inline struct control_fixture *fixture_control(uint16_t members, uint16_t workers)
{
    struct control_fixture *fixture = aligned_alloc(64, (sizeof *fixture + 63) & ~(size_t)63);
    assert_non_null(fixture);
    memset(fixture, 0, sizeof *fixture);
    fixture_init(&fixture->ring, 8, members, members < 3 ? members : 3, workers);
    for (uint16_t i = 0; i < members; i++)
        fixture->ring.member[i].incarnation = 0;
    fixture->plan = fixture_build(&fixture->ring);
    struct control_config config = {.plan = fixture->plan,
        .spec = fixture->ring.spec,
        .self = 1,
        .incarnation = OWN_INCARNATION,
        .config_hash = 77,
        .packet_bytes = WIRE_PACKET_BYTES,
        .credits = 100,
        .hello_interval_ns = HELLO_INTERVAL,
        .retire = fixture_retire};
    struct arena counting = memory_counting();
    assert_null(fixture_control_take(fixture, &counting, &config, workers));
    struct arena arena = memory_counted(counting);
    fixture->control = fixture_control_take(fixture, &arena, &config, workers);
    assert_int_equal(arena.used, counting.used);
    fixture->memory = arena.base;
    fixture->meeting.workers = workers;
    fixture->meeting.worker = fixture->side;
    fixture->now_ns = 1000 * MS;
    control_fixture_now = fixture;
    return fixture;
}

static inline void fixture_control_end(struct control_fixture *fixture)
{
    free(fixture->memory);
    free(fixture->plan);
    free(fixture);
}

static inline uint64_t fixture_step(struct control_fixture *fixture)
{
    return control_step(fixture->control, fixture->now_ns);
}

/* All workers take up the published ring. */
static inline void fixture_adopt(struct control_fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->meeting.workers; i++)
        fixture->side[i].adopted = ring_read(&fixture->meeting.ring)->revision;
}

static inline struct torc_addr fixture_address(uint32_t id)
{
    return (struct torc_addr){.ip = 0x0a000000u + id, .port = 7000};
}

/* ---- HELLO ---- */

static inline struct wire_hello fixture_hello_body(
    const struct control_fixture *fixture, uint32_t id)
{
    struct wire_hello hello = {.cluster = fixture->plan->cluster,
        .config_hash = 77,
        .workers = 1,
        .packet_bytes = WIRE_PACKET_BYTES,
        .credits = 100,
        .version_max = WIRE_VERSION};
    (void)snprintf(hello.name, sizeof hello.name, "node%u", id);
    return hello;
}

/* A HELLO from `id` as `incarnation` to our incarnation `to`; `asks`: for an answer. */
static inline void fixture_hello_of(struct control_fixture *fixture, uint32_t id,
    uint64_t incarnation, uint64_t to, bool asks, const struct wire_hello *body)
{
    uint8_t packet[WIRE_PACKET_BYTES];
    struct wire_builder builder;
    struct wire_packet header = {.type = WIRE_HELLO,
        .sender = id,
        .sender_incarnation = incarnation,
        .receiver_incarnation = to,
        .number = asks};
    wire_start(&builder, packet, sizeof packet, &header);
    struct wire_frame *frame = wire_add(&builder, WIRE_FRAME_HELLO, sizeof *body);
    struct wire_frame head = *frame;
    memcpy(frame, body, sizeof *body);
    *frame = head;
    assert_true(mailbox_put(&fixture->side[0].to_control, packet,
        wire_seal(&builder, fixture->plan->cluster), fixture_address(id)));
}

static inline void fixture_hello(
    struct control_fixture *fixture, uint32_t id, uint64_t incarnation, uint64_t to, bool asks)
{
    struct wire_hello body = fixture_hello_body(fixture, id);
    fixture_hello_of(fixture, id, incarnation, to, asks, &body);
}

/* All members but us say that they have heard us; control publishes, the workers adopt. */
static inline void fixture_serve(struct control_fixture *fixture)
{
    for (uint32_t id = 2; id <= fixture->plan->members; id++) {
        fixture_hello(fixture, id, 0x1000 + id, OWN_INCARNATION, false);
        (void)fixture_step(fixture);
    }
    assert_int_equal(control_state(fixture->control), CONTROL_SERVING);
    fixture_adopt(fixture);
    (void)fixture_step(fixture);
    while (mailbox_peek(&fixture->meeting.from_control) != NULL)
        mailbox_pop(&fixture->meeting.from_control, 1);
}

/* The oldest packet that control wants sent, opened; false if there is none. */
struct control_sent {
    struct torc_addr to;
    uint32_t bytes;
    struct wire_view view;
    uint8_t packet[MAILBOX_PACKET_BYTES];
};

static inline bool fixture_sent(struct control_fixture *fixture, struct control_sent *sent)
{
    const struct mailbox_packet *packet = mailbox_peek(&fixture->meeting.from_control);
    memset(sent, 0, sizeof *sent);
    sent->view.frames = sent->view.end = sent->packet;
    if (packet == NULL)
        return false;
    sent->to = packet->address;
    sent->bytes = packet->bytes;
    memcpy(sent->packet, packet->data, packet->bytes);
    mailbox_pop(&fixture->meeting.from_control, 1);
    assert_int_equal(
        wire_open(sent->packet, sent->bytes, fixture->plan->cluster, &sent->view), WIRE_TAKEN);
    return true;
}

static inline uint32_t fixture_drop_sent(struct control_fixture *fixture)
{
    struct control_sent sent;
    uint32_t count = 0;
    while (fixture_sent(fixture, &sent))
        count++;
    return count;
}

static inline const char *fixture_trouble(struct control_fixture *fixture)
{
    static char text[CONTROL_TROUBLE_BYTES];
    control_trouble(fixture->control, text, sizeof text);
    return text;
}

/* ---- INFO ---- */

/* Asks with a question of `bytes` in all, from worker `worker`'s queue. */
static inline void fixture_info(struct control_fixture *fixture, uint32_t worker, uint32_t kind,
    uint32_t offset, uint64_t generation, uint32_t bytes)
{
    uint8_t packet[WIRE_PACKET_BYTES];
    struct wire_builder builder;
    struct wire_packet header = {.type = WIRE_INFO, .number = 4711, .sender_worker = 3};
    wire_start(&builder, packet, sizeof packet, &header);
    uint32_t frame_bytes = bytes - WIRE_PACKET_MIN;
    struct wire_frame *frame = wire_add(&builder, WIRE_FRAME_INFO, frame_bytes);
    struct wire_frame head = *frame;
    memset(frame, 0, frame_bytes);
    struct wire_info *info = (struct wire_info *)frame;
    *info =
        (struct wire_info){.frame = head, .kind = kind, .offset = offset, .generation = generation};
    uint32_t sealed = wire_seal(&builder, fixture->plan->cluster);
    assert_int_equal(sealed, bytes);
    assert_true(mailbox_put(&fixture->side[worker].to_control, packet, sealed,
        (struct torc_addr){.ip = 99, .port = 9}));
}

/* The answer to it; false if there was none. */
static inline bool fixture_chunk(struct control_fixture *fixture, struct wire_chunk *chunk,
    uint8_t *payload, uint32_t *packet_bytes)
{
    struct control_sent sent;
    while (fixture_sent(fixture, &sent)) {
        if (sent.view.header.type != WIRE_CHUNK)
            continue;
        assert_true(sent.view.header.number == 4711);
        assert_int_equal(sent.view.header.receiver_worker, 3);
        assert_true(sent.to.ip == 99 && sent.to.port == 9);
        memcpy(chunk, sent.view.frames, sizeof *chunk);
        memcpy(payload, sent.view.frames + sizeof *chunk, chunk->bytes);
        *packet_bytes = sent.bytes;
        return true;
    }
    return false;
}

/* Reads all of it, piece by piece, with questions of `bytes`. Returns its length. */
static inline uint32_t fixture_read_all(
    struct control_fixture *fixture, uint32_t kind, uint32_t bytes, uint8_t *all, uint32_t room)
{
    uint32_t at = 0;
    uint64_t generation = 0;
    for (;;) {
        struct wire_chunk chunk = {0};
        uint8_t payload[WIRE_CHUNK_BYTES_MAX];
        uint32_t answer_bytes = 0;
        fixture_info(fixture, 0, kind, at, generation, bytes);
        (void)fixture_step(fixture);
        assert_true(fixture_chunk(fixture, &chunk, payload, &answer_bytes));
        assert_true(answer_bytes <= bytes);
        assert_int_equal(chunk.status, TORC_STATUS_OK);
        assert_int_equal(chunk.kind, kind);
        assert_int_equal(chunk.offset, at);
        assert_true(chunk.total <= room && at + chunk.bytes <= chunk.total);
        assert_true(chunk.generation != 0);
        assert_true(generation == 0 || chunk.generation == generation);
        generation = chunk.generation;
        memcpy(all + at, payload, chunk.bytes);
        at += chunk.bytes;
        if (at == chunk.total)
            return at;
        assert_true(chunk.bytes > 0);
    }
}

#endif
