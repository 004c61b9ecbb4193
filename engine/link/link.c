/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/link/link.h"

#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"

struct link *link_create(struct arena *arena, uint32_t links)
{
    struct link *link = ARENA_ARRAY(arena, struct link, links);
    for (uint32_t i = 0; i < links; i++) {
        struct link_sent *sent = ARENA_ARRAY(arena, struct link_sent, LINK_WINDOW);
        struct link_frame *frames = ARENA_ARRAY(arena, struct link_frame, LINK_FRAMES);
        struct link_frame *resend = ARENA_ARRAY(arena, struct link_frame, LINK_FRAMES);
        if (link == NULL)
            continue;
        link[i].sent = sent;
        link[i].frames = frames;
        link[i].resend = resend;
    }
    return link;
}

void link_init(struct link *link, uint16_t member, uint16_t peer_worker, struct torc_addr address,
    uint32_t credit)
{
    TORC_ASSERT(credit > 0);
    link->member = member;
    link->peer_worker = peer_worker;
    link->address = address;
    link->next_number = 1;
    link->oldest = 1;
    link->credit = credit < LINK_WINDOW ? credit : LINK_WINDOW;
    link->credit_now = link->credit;
    link->rto_ns = LINK_RTO_FIRST_NS;
    link->next = UINT32_MAX;
    link->pending_first = link->pending_last = UINT32_MAX;
}

static struct link_sent *link_sent_at(const struct link *link, uint64_t number)
{
    return &link->sent[number & (LINK_WINDOW - 1)];
}

bool link_may_send(const struct link *link)
{
    return !link->dead && link->in_flight < link->credit_now + MUTANT(link_credit_ignored) &&
           link_sent_at(link, link->next_number)->number == 0 &&
           link->frames_put - link->frames_taken <= LINK_FRAMES - LINK_PACKET_FRAMES &&
           link->unresolved <= LINK_FRAMES - LINK_PACKET_FRAMES;
}

/* RFC 6298: doubled with each timeout in a row. */
static uint64_t link_timeout_ns(const struct link *link)
{
    uint64_t backed_off = link->rto_ns << (link->backoff < 6 ? link->backoff : 6);
    return backed_off < LINK_RTO_MAX_NS ? backed_off : LINK_RTO_MAX_NS;
}

static void link_add_ack(struct link *link, struct wire_builder *builder, uint64_t now_ns)
{
    struct wire_link_ack *ack =
        (struct wire_link_ack *)wire_add(builder, WIRE_FRAME_LINK_ACK, sizeof *ack);
    ack->largest = link->received_largest;
    ack->bitmap[0] = link->received_bitmap[0];
    ack->bitmap[1] = link->received_bitmap[1];
    ack->credit = link->credit;
    ack->delay_us = (uint32_t)((now_ns - link->largest_at_ns) / 1000);
    ack->reserved = 0;
    link->ack_since_ns = 0;
    link->ack_count = 0;
}

void link_packet_start(struct link *link, struct wire_builder *builder, void *buffer,
    uint32_t packet_bytes, struct wire_packet *header, uint64_t now_ns)
{
    header->type = WIRE_DATA;
    header->receiver_worker = link->peer_worker;
    header->number = link->next_number;
    wire_start(builder, buffer, packet_bytes, header);
    link->building = 0;
    if (link->ack_since_ns != 0)
        link_add_ack(link, builder, now_ns);
}

void link_packet_note(struct link *link, const struct link_frame *frame)
{
    TORC_ASSERT(link->building < LINK_PACKET_FRAMES);
    link->frames[link->frames_put++ & (LINK_FRAMES - 1)] = *frame;
    link->building++;
}

void link_packet_sent(struct link *link, uint64_t now_ns)
{
    uint64_t number = link->next_number++;
    if (link->building == 0)
        return; /* acknowledgements alone need not arrive: the next one says it all again */
    struct link_sent *sent = link_sent_at(link, number);
    TORC_ASSERT(sent->number == 0);
    *sent = (struct link_sent){.number = number,
        .sent_ns = now_ns,
        .frames = link->building,
        .frames_at = link->frames_put - link->building};
    link->unresolved += sent->frames;
    if (link->in_flight++ == 0)
        link->oldest = number;
    if (link->rto_at_ns == 0)
        link->rto_at_ns = now_ns + link_timeout_ns(link);
}

/* A packet is settled: it arrived or is lost. Its frames' places are free once all older ones are.
 */
static void link_settle(struct link *link, struct link_sent *sent)
{
    TORC_ASSERT(link->in_flight > 0 && link->unresolved >= sent->frames);
    link->unresolved -= sent->frames;
    link->in_flight--;
    sent->number = 0;
}

static void link_advance_oldest(struct link *link)
{
    while (link->oldest < link->next_number &&
           link_sent_at(link, link->oldest)->number != link->oldest)
        link->oldest++;
    link->frames_taken = link->oldest < link->next_number
                             ? link_sent_at(link, link->oldest)->frames_at
                             : link->frames_put;
}

static void link_lose(struct link *link, struct link_sent *sent, struct counters *counters)
{
    for (uint32_t i = MUTANT(loss_forgets); i < sent->frames; i++) {
        TORC_ASSERT(link->resend_put - link->resend_taken < LINK_FRAMES);
        link->resend[link->resend_put++ & (LINK_FRAMES - 1)] =
            link->frames[(sent->frames_at + i) & (LINK_FRAMES - 1)];
    }
    COUNT(counters->links_lost_packets);
    link_settle(link, sent);
}

bool link_resend_take(struct link *link, struct link_frame *frame)
{
    if (!link_resend_any(link))
        return false;
    *frame = link->resend[link->resend_taken++ & (LINK_FRAMES - 1)];
    return true;
}

void link_resend_untake(struct link *link)
{
    link->resend_taken -= !MUTANT(resend_forgets);
}

/* RFC 6298, with the peer's acknowledgement delay taken off. */
static void link_measure(struct link *link, uint64_t rtt_ns)
{
    if (link->srtt_ns == 0) {
        link->srtt_ns = rtt_ns;
        link->rttvar_ns = rtt_ns / 2;
    } else {
        uint64_t error = link->srtt_ns > rtt_ns ? link->srtt_ns - rtt_ns : rtt_ns - link->srtt_ns;
        link->rttvar_ns += error / 4 - link->rttvar_ns / 4;
        link->srtt_ns += rtt_ns / 8 - link->srtt_ns / 8;
    }
    uint64_t rto = link->srtt_ns + 4 * link->rttvar_ns + LINK_ACK_DELAY_NS;
    link->rto_ns =
        rto < LINK_RTO_MIN_NS ? LINK_RTO_MIN_NS : (rto > LINK_RTO_MAX_NS ? LINK_RTO_MAX_NS : rto);
}

/* Settles one packet as arrived, if it is in flight. */
static void link_arrived(struct link *link, uint64_t number)
{
    struct link_sent *sent = link_sent_at(link, number);
    if (sent->number == number)
        link_settle(link, sent);
}

static void link_arrived_bitmap(struct link *link, uint64_t below, uint64_t bitmap)
{
    while (bitmap != 0) {
        uint64_t i = (uint64_t)__builtin_ctzll(bitmap);
        bitmap &= bitmap - 1;
        i += MUTANT(ack_bitmap_shifted);
        if (below <= i + 1 || below - 1 - i < link->oldest)
            return;
        link_arrived(link, below - 1 - i);
    }
}

static void link_restart_timer(struct link *link)
{
    link_advance_oldest(link);
    link->rto_at_ns = 0;
    if (link->in_flight > 0)
        link->rto_at_ns = link_sent_at(link, link->oldest)->sent_ns + link_timeout_ns(link);
}

void link_acknowledged(
    struct link *link, const struct wire_link_ack *ack, uint64_t now_ns, struct counters *counters)
{
    if (ack->largest >= link->next_number || ack->largest == 0) {
        COUNT(counters->drop_unexpected); /* acknowledges what was never sent */
        return;
    }
    bool newest = ack->largest >= link->largest_acked;
    uint32_t in_flight = link->in_flight;
    struct link_sent *largest = link_sent_at(link, ack->largest);
    if (largest->number == ack->largest) {
        uint64_t rtt = now_ns - largest->sent_ns;
        uint64_t delay = (uint64_t)ack->delay_us * 1000;
        link_measure(link, rtt > delay ? rtt - delay : rtt);
        link_settle(link, largest);
    }
    link_arrived_bitmap(link, ack->largest, ack->bitmap[0]);
    if (ack->largest > 64)
        link_arrived_bitmap(link, ack->largest - 64, ack->bitmap[1]);
    if (link->in_flight < in_flight) /* something arrived: the peer is there */
        link->backoff = 0;
    if (ack->largest > link->largest_acked)
        link->largest_acked = ack->largest;
    if (newest) /* never 0: with nothing in flight no word of more would come */
        link->credit_now = ack->credit == 0            ? 1
                           : ack->credit < LINK_WINDOW ? (uint32_t)ack->credit
                                                       : LINK_WINDOW;
    link_advance_oldest(link);
    /* lost: LINK_REORDER later packets have arrived */
    while (link->in_flight > 0 && link->oldest + LINK_REORDER <= link->largest_acked) {
        struct link_sent *sent = link_sent_at(link, link->oldest);
        link_lose(link, sent, counters);
        link_advance_oldest(link);
    }
    link_restart_timer(link);
}

void link_timer(struct link *link, uint64_t now_ns, struct counters *counters)
{
    if (link->rto_at_ns == 0 || now_ns < link->rto_at_ns)
        return;
    COUNT(counters->links_timeouts);
    link->backoff++;
    uint64_t end = link->next_number;
    for (uint64_t number = link->oldest; number < end; number++) {
        struct link_sent *sent = link_sent_at(link, number);
        if (sent->number != number || sent->sent_ns + link->rto_ns > now_ns)
            continue;
        if (MUTANT(timeout_forgets))
            link_settle(link, sent);
        else
            link_lose(link, sent, counters);
    }
    link_restart_timer(link);
}

bool link_ack_due(const struct link *link, uint64_t now_ns)
{
    return link->ack_since_ns != 0 && !link->dead &&
           (link->ack_count >= LINK_ACK_EVERY || now_ns - link->ack_since_ns >= LINK_ACK_DELAY_NS);
}

uint64_t link_wake(const struct link *link)
{
    uint64_t wake = UINT64_MAX;
    if (link->dead)
        return wake;
    if (link->rto_at_ns != 0)
        wake = link->rto_at_ns;
    if (link->ack_since_ns != 0 && link->ack_since_ns + LINK_ACK_DELAY_NS < wake)
        wake = link->ack_since_ns + LINK_ACK_DELAY_NS;
    return wake;
}

enum link_receipt link_seen(const struct link *link, uint64_t number)
{
    if (number > link->received_largest)
        return LINK_NEW;
    if (number == link->received_largest)
        return LINK_DUPLICATE;
    uint64_t behind = link->received_largest - 1 - number;
    if (behind >= WIRE_LINK_ACK_BITS)
        return LINK_OLD;
    return link->received_bitmap[behind >> 6] >> (behind & 63) & 1 ? LINK_DUPLICATE : LINK_NEW;
}

/* Moves the bitmap so that it stands below `number`, which is larger than the largest so far. */
static void link_shift_bitmap(struct link *link, uint64_t number)
{
    uint64_t by = number - link->received_largest;
    unsigned __int128 bits =
        (unsigned __int128)link->received_bitmap[1] << 64 | link->received_bitmap[0];
    bits = by >= WIRE_LINK_ACK_BITS ? 0 : bits << by;
    if (MUTANT(ack_bitmap_wide) && by > 1)
        bits |= (unsigned __int128)1 << (by < WIRE_LINK_ACK_BITS ? by - 2 : WIRE_LINK_ACK_BITS - 1);
    if (link->received_largest != 0 && by <= WIRE_LINK_ACK_BITS)
        bits |= (unsigned __int128)1 << (by - 1);
    link->received_bitmap[0] = (uint64_t)bits;
    link->received_bitmap[1] = (uint64_t)(bits >> 64);
}

void link_received(struct link *link, uint64_t number, bool eliciting, uint64_t now_ns)
{
    TORC_ASSERT(link_seen(link, number) == LINK_NEW);
    if (number > link->received_largest) {
        link_shift_bitmap(link, number);
        link->received_largest = number;
        link->largest_at_ns = now_ns;
    } else {
        uint64_t behind = link->received_largest - 1 - number;
        link->received_bitmap[behind >> 6] |= (uint64_t)1 << (behind & 63);
    }
    if (!eliciting)
        return;
    if (link->ack_since_ns == 0)
        link->ack_since_ns = now_ns;
    link->ack_count++;
}
