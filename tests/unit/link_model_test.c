/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Two links over a pipe in memory that loses, repeats, delays and reorders, against a model that
 * remembers everything: each frame that was noted is reported as arrived or handed back to be sent
 * again, none is in flight twice, and in the end all of them are on the other side.
 */
#include "engine/base/prng.h"
#include "tests/unit/link_fixture.h"

#define FRAMES_MOST 60000u
#define PIPE_MOST   4096u
#define PACKET_MOST 12000u
#define IN_PIPE     (PACKET_MOST * LINK_PACKET_FRAMES)

enum frame_state { FRAME_NEW = 0, FRAME_IN_FLIGHT, FRAME_LOST, FRAME_ARRIVED };

struct piped {
    uint64_t at_ns;
    uint64_t number;
    bool has_ack;
    bool eliciting;
    struct wire_link_ack ack;
};

/* What a side sent in a packet: the model's copy of what the link must remember. */
struct model_packet {
    uint32_t first; /* in `frame` */
    uint32_t frames;
    bool settled;
};

struct side {
    struct link_fixture fixture;
    struct model_packet *packet; /* by number */
    uint32_t *frame;             /* of all packets, one after another */
    uint32_t frame_count;
    uint8_t *state;  /* of each frame, enum frame_state, as the link says */
    bool *delivered; /* the other side took it */
    uint32_t created;
    uint32_t wanted; /* frames to bring across in all */
    struct piped *pipe;
    uint32_t piped;
    bool paused; /* takes nothing: what comes is lost */
};

struct run {
    struct prng prng;
    struct side side[2];
    uint64_t now_ns;
    uint32_t loss, duplication; /* of 1000 */
    uint64_t delay_ns, jitter_ns;
    uint32_t withheld; /* of 1000: not taken by the receiver */
    uint32_t frames_of_a_packet;
};

static void side_start(struct side *side, uint32_t credit, uint32_t wanted)
{
    fixture_link(&side->fixture, credit);
    side->packet = calloc(PACKET_MOST, sizeof *side->packet);
    side->frame = calloc(IN_PIPE, sizeof *side->frame);
    side->state = calloc(FRAMES_MOST, 1);
    side->delivered = calloc(FRAMES_MOST, sizeof *side->delivered);
    side->pipe = calloc(PIPE_MOST, sizeof *side->pipe);
    side->frame_count = side->created = side->piped = 0;
    side->wanted = wanted;
    side->paused = false;
}

static void side_end(struct side *side)
{
    free(side->fixture.memory);
    free(side->packet);
    free(side->frame);
    free(side->state);
    free(side->delivered);
    free(side->pipe);
}

/* ---- the pipe ---- */

static void pipe_put(struct run *run, struct side *to, struct piped packet)
{
    uint32_t copies = prng_below(&run->prng, 1000) < run->duplication ? 2 : 1;
    for (uint32_t i = 0; i < copies && to->piped < PIPE_MOST; i++) {
        if (prng_below(&run->prng, 1000) < run->loss)
            continue;
        packet.at_ns =
            run->now_ns + run->delay_ns + prng_below(&run->prng, (uint32_t)run->jitter_ns);
        to->pipe[to->piped++] = packet;
    }
}

/* ---- sending ---- */

static void model_note(struct side *side, const struct link_frame *frame)
{
    uint32_t id = (uint32_t)frame->sequence;
    assert_int_not_equal(side->state[id], FRAME_IN_FLIGHT);
    assert_int_not_equal(side->state[id], FRAME_ARRIVED);
    side->state[id] = FRAME_IN_FLIGHT;
    assert_true(side->frame_count < IN_PIPE);
    side->frame[side->frame_count++] = id;
    link_packet_note(side->fixture.link, frame);
}

static bool side_next_frame(struct side *side, struct link_frame *frame)
{
    if (link_resend_take(side->fixture.link, frame)) {
        assert_int_equal(side->state[frame->sequence], FRAME_LOST);
        return true;
    }
    if (side->created == side->wanted)
        return false;
    *frame = (struct link_frame){.kind = LINK_FRAME_ENTRY, .sequence = side->created++};
    return true;
}

static void side_send(struct run *run, struct side *side, struct side *to, uint32_t most)
{
    struct link_fixture *fixture = &side->fixture;
    struct wire_packet header = {0};
    struct link_frame frame;
    uint32_t first = side->frame_count;
    link_packet_start(
        fixture->link, &fixture->builder, fixture->packet, WIRE_PACKET_BYTES, &header, run->now_ns);
    while (side->frame_count - first < most && side_next_frame(side, &frame))
        model_note(side, &frame);
    struct piped packet = {.number = header.number, .eliciting = side->frame_count != first};
    if (fixture->builder.frames > 0) {
        packet.has_ack = true;
        memcpy(&packet.ack, fixture->packet + WIRE_PACKET_MIN, sizeof packet.ack);
    }
    assert_true(header.number < PACKET_MOST);
    side->packet[header.number] =
        (struct model_packet){.first = first, .frames = side->frame_count - first};
    link_packet_sent(fixture->link, run->now_ns);
    pipe_put(run, to, packet);
}

/* ---- what the link reports ---- */

/* Compares what the link holds in flight with the model; what it gave up is arrived or lost. */
static void model_settle(struct side *side, uint64_t number, enum frame_state how)
{
    struct model_packet *packet = &side->packet[number];
    packet->settled = true;
    for (uint32_t i = 0; i < packet->frames; i++) {
        uint32_t id = side->frame[packet->first + i];
        assert_int_equal(side->state[id], FRAME_IN_FLIGHT);
        side->state[id] = (uint8_t)how;
    }
}

static bool ack_names(const struct wire_link_ack *ack, uint64_t number)
{
    if (number >= ack->largest)
        return number == ack->largest;
    uint64_t behind = ack->largest - 1 - number;
    return behind < WIRE_LINK_ACK_BITS && (ack->bitmap[behind / 64] >> behind % 64 & 1) != 0;
}

/* After an acknowledgement (or, NULL, the timer): each packet that left the link's hands did so for
 * a reason. */
static void model_check(
    struct side *side, const struct wire_link_ack *ack, uint32_t lost_before, uint32_t in_flight)
{
    struct link *link = side->fixture.link;
    uint32_t lost = 0, left = 0;
    for (uint64_t number = 1; number < link->next_number; number++) {
        struct model_packet *packet = &side->packet[number];
        if (packet->settled || packet->frames == 0)
            continue;
        if (link->sent[number % LINK_WINDOW].number == number) {
            assert_true(ack == NULL || !ack_names(ack, number));
            left++;
            continue;
        }
        bool arrived = ack != NULL && ack_names(ack, number);
        assert_true(arrived || ack == NULL || number + LINK_REORDER <= link->largest_acked);
        lost += arrived ? 0 : packet->frames;
        model_settle(side, number, arrived ? FRAME_ARRIVED : FRAME_LOST);
    }
    assert_int_equal(left, link->in_flight);
    assert_int_equal(link->resend_put - link->resend_taken, lost_before + lost);
    assert_true(link->in_flight <= in_flight);
    assert_true(link->unresolved + (link->resend_put - link->resend_taken) <= LINK_FRAMES);
}

static void side_acknowledged(struct run *run, struct side *side, const struct wire_link_ack *ack)
{
    struct link *link = side->fixture.link;
    uint32_t lost = link->resend_put - link->resend_taken, in_flight = link->in_flight;
    link_acknowledged(link, ack, run->now_ns, &side->fixture.counters);
    model_check(side, ack, lost, in_flight);
}

static void side_timer(struct run *run, struct side *side)
{
    struct link *link = side->fixture.link;
    uint32_t lost = link->resend_put - link->resend_taken, in_flight = link->in_flight;
    link_timer(link, run->now_ns, &side->fixture.counters);
    model_check(side, NULL, lost, in_flight);
}

/* ---- receiving ---- */

static void side_receive(
    struct run *run, struct side *side, struct side *from, const struct piped *packet)
{
    struct link *link = side->fixture.link;
    if (side->paused || link_seen(link, packet->number) != LINK_NEW)
        return;
    if (packet->has_ack)
        side_acknowledged(run, side, &packet->ack);
    if (packet->eliciting && prng_below(&run->prng, 1000) < run->withheld)
        return;
    const struct model_packet *sent = &from->packet[packet->number];
    for (uint32_t i = 0; i < sent->frames; i++)
        from->delivered[from->frame[sent->first + i]] = true;
    link_received(link, packet->number, packet->eliciting, run->now_ns);
}

static void side_take_due(struct run *run, struct side *side, struct side *from)
{
    for (uint32_t i = 0; i < side->piped;) {
        if (side->pipe[i].at_ns > run->now_ns) {
            i++;
            continue;
        }
        struct piped packet = side->pipe[i];
        side->pipe[i] = side->pipe[--side->piped];
        side_receive(run, side, from, &packet);
    }
}

/* ---- the run ---- */

static void side_step(struct run *run, struct side *side, struct side *peer)
{
    struct link *link = side->fixture.link;
    side_take_due(run, side, peer);
    side_timer(run, side);
    while ((side->created < side->wanted || link_resend_any(link)) && link_may_send(link))
        side_send(run, side, peer, 1 + prng_below(&run->prng, run->frames_of_a_packet));
    if (link_ack_due(link, run->now_ns))
        side_send(run, side, peer, 0);
}

static uint64_t side_next_ns(const struct side *side)
{
    uint64_t next = link_wake(side->fixture.link);
    for (uint32_t i = 0; i < side->piped; i++)
        next = side->pipe[i].at_ns < next ? side->pipe[i].at_ns : next;
    return next;
}

static bool side_done(const struct side *side)
{
    return side->created == side->wanted && link_idle(side->fixture.link);
}

/* The end of time for a link that works: never reached, as there is always a next event. */
static void run_until_done(struct run *run)
{
    uint64_t end_ns = run->now_ns + 600ull * 1000 * MS;
    while (!side_done(&run->side[0]) || !side_done(&run->side[1])) {
        side_step(run, &run->side[0], &run->side[1]);
        side_step(run, &run->side[1], &run->side[0]);
        uint64_t a = side_next_ns(&run->side[0]), b = side_next_ns(&run->side[1]);
        uint64_t next = a < b ? a : b;
        if (next == UINT64_MAX) /* nothing will ever happen again */
            assert_true(side_done(&run->side[0]) && side_done(&run->side[1]));
        else
            run->now_ns = next > run->now_ns ? next : run->now_ns;
        assert_true(run->now_ns < end_ns);
    }
}

static void check_all_delivered(const struct side *side)
{
    for (uint32_t id = 0; id < side->wanted; id++) {
        assert_int_equal(side->state[id], FRAME_ARRIVED);
        assert_true(side->delivered[id]);
    }
}

static void drawn(uint64_t seed)
{
    struct run *run = calloc(1, sizeof *run);
    run->prng.state = seed;
    run->now_ns = 1000 * MS;
    run->loss = prng_below(&run->prng, 4) == 0 ? 0 : prng_below(&run->prng, 500);
    run->duplication = prng_below(&run->prng, 300);
    run->withheld = prng_below(&run->prng, 3) == 0 ? prng_below(&run->prng, 300) : 0;
    run->delay_ns = 1000 + prng_below(&run->prng, 2000000);
    run->jitter_ns = prng_below(&run->prng, 2) == 0 ? 1 : prng_below(&run->prng, 3000000);
    run->frames_of_a_packet = 1 + prng_below(&run->prng, LINK_PACKET_FRAMES);
    uint32_t credit = 1 + prng_below(&run->prng, 300);
    uint32_t packets = 300 + prng_below(&run->prng, 900);
    side_start(&run->side[0], credit, packets * run->frames_of_a_packet / 2);
    side_start(&run->side[1], credit,
        prng_below(&run->prng, 2) == 0 ? 0 : packets * run->frames_of_a_packet / 4);
    run_until_done(run);
    check_all_delivered(&run->side[0]);
    check_all_delivered(&run->side[1]);
    side_end(&run->side[0]);
    side_end(&run->side[1]);
    free(run);
}

static void every_frame_arrives_over_any_network(void **state)
{
    (void)state;
    const char *first = getenv("TORC_SEED_FIRST"), *count = getenv("TORC_SEED_COUNT");
    uint64_t seed = first == NULL ? 1 : strtoull(first, NULL, 10);
    uint64_t end = seed + (count == NULL ? 40 : strtoull(count, NULL, 10));
    for (; seed < end; seed++)
        drawn(seed);
}

/* Full packets, the most that a link can hold, and a peer that hears nothing for a while. */
static void an_outage_with_all_frames_in_flight_ends(void **state)
{
    (void)state;
    struct run *run = calloc(1, sizeof *run);
    *run = (struct run){.prng = {99},
        .now_ns = 1000 * MS,
        .delay_ns = 50000,
        .jitter_ns = 1,
        .frames_of_a_packet = 1};
    side_start(&run->side[0], LINK_WINDOW, 3 * LINK_FRAMES);
    side_start(&run->side[1], LINK_WINDOW, 0);
    struct link *link = run->side[0].fixture.link;
    run->side[1].paused = true;
    for (unsigned outage = 0; outage < 20; outage++) {
        while (link_may_send(link))
            side_send(run, &run->side[0], &run->side[1], LINK_PACKET_FRAMES);
        assert_int_equal(link->unresolved, LINK_FRAMES);
        run->now_ns = link_wake(link);
        side_take_due(run, &run->side[1], &run->side[0]);
        side_timer(run, &run->side[0]);
        assert_int_equal(link->in_flight, 0);
    }
    run->side[1].paused = false;
    run->frames_of_a_packet = LINK_PACKET_FRAMES;
    run_until_done(run);
    check_all_delivered(&run->side[0]);
    side_end(&run->side[0]);
    side_end(&run->side[1]);
    free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_arrives_over_any_network),
        cmocka_unit_test(an_outage_with_all_frames_in_flight_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
