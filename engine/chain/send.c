/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sending: at the end of its loop a worker fills packets, peer by peer, from three sources: what
 * was lost, what is new, and the acknowledgement that rides along (or, when it is due, goes alone).
 * A packet holds frames of many vnodes; it is filled to the MTU or until nothing is left, never
 * held back.
 */
#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"
#include "engine/chain/chain.h"
#include "engine/chain/internal.h"

/* One packet being filled. */
struct chain_packet {
    struct chain_set *set;
    struct link *link;
    struct wire_builder builder;
    uint32_t noted; /* frames that must arrive */
};

enum chain_fill { CHAIN_DONE, CHAIN_PACKET_FULL };

void chain_activate(struct chain_set *set, uint32_t number)
{
    struct link *link = &set->link[number];
    if (link->queued)
        return;
    link->queued = true;
    link->next = set->active;
    set->active = number;
}

/* An item is a vnode and a direction: its place in the list of one link. */
static uint32_t chain_item(uint32_t vnode, enum chain_direction direction)
{
    return vnode * 2 + (uint32_t)direction;
}

static uint32_t *chain_item_next(struct chain_set *set, uint32_t item)
{
    return &set->chain[item / 2].pending_next[item % 2];
}

void chain_pend(struct chain_set *set, uint32_t vnode, enum chain_direction direction)
{
    struct chain *chain = &set->chain[vnode];
    if (chain->pending[direction])
        return;
    TORC_ASSERT(chain->link[direction] != CHAIN_NO_LINK);
    chain->pending[direction] = true;
    struct link *link = &set->link[chain->link[direction]];
    uint32_t item = chain_item(vnode, direction);
    chain->pending_next[direction] = CHAIN_NO_ITEM;
    if (link->pending_first == CHAIN_NO_ITEM)
        link->pending_first = item;
    else
        *chain_item_next(set, link->pending_last) = item;
    link->pending_last = item;
    chain_activate(set, chain->link[direction]);
}

static void chain_unpend_first(struct chain_set *set, struct link *link)
{
    uint32_t item = link->pending_first;
    set->chain[item / 2].pending[item % 2] = false;
    link->pending_first = *chain_item_next(set, item);
}

static void chain_note(struct chain_packet *packet, enum link_frame_kind kind, uint32_t vnode,
    uint64_t sequence, uint32_t part)
{
    struct link_frame frame = {
        .kind = (uint8_t)kind, .vnode = vnode, .sequence = sequence, .part = (uint16_t)part};
    link_packet_note(packet->link, &frame);
    packet->noted++;
}

/* A frame of a vnode with its head filled in; NULL if it does not fit any more. */
static void *chain_frame(struct chain_packet *packet, const struct chain *chain,
    enum wire_frame_type type, uint32_t bytes)
{
    if (wire_room(&packet->builder) < wire_pad(bytes) || packet->noted == LINK_PACKET_FRAMES)
        return NULL;
    struct wire_frame *frame = wire_add(&packet->builder, type, bytes);
    frame->class = chain->class;
    frame->partition = chain->partition;
    frame->epoch = chain->epoch;
    return frame;
}

static enum chain_fill chain_put_entry(
    struct chain_packet *packet, uint32_t vnode, const struct wire_entry *entry)
{
    uint32_t bytes = wire_entry_bytes(entry);
    struct wire_frame *frame = chain_frame(
        packet, &packet->set->chain[vnode], WIRE_FRAME_FORWARD, (uint32_t)sizeof *frame + bytes);
    if (frame == NULL)
        return CHAIN_PACKET_FULL;
    memcpy(frame + 1, entry, bytes);
    chain_note(packet, LINK_FRAME_ENTRY, vnode, entry->sequence, 0);
    return CHAIN_DONE;
}

static enum chain_fill chain_put_part(
    struct chain_packet *packet, uint32_t vnode, const struct wire_entry *entry, uint32_t part)
{
    uint32_t total = wire_entry_bytes(entry);
    uint32_t offset = part * WIRE_PART_BYTES;
    uint32_t bytes = total - offset < WIRE_PART_BYTES ? total - offset : WIRE_PART_BYTES;
    struct wire_forward_part *frame = chain_frame(packet, &packet->set->chain[vnode],
        WIRE_FRAME_FORWARD_PART, (uint32_t)sizeof *frame + bytes);
    if (frame == NULL)
        return CHAIN_PACKET_FULL;
    frame->entry_epoch = entry->epoch;
    frame->sequence = entry->sequence;
    frame->total = total;
    frame->offset = offset;
    memcpy(frame + 1, (const uint8_t *)entry + offset, bytes);
    chain_note(packet, LINK_FRAME_PART, vnode, entry->sequence, part);
    return CHAIN_DONE;
}

static enum chain_fill chain_put_committed(struct chain_packet *packet, uint32_t vnode)
{
    const struct chain *chain = &packet->set->chain[vnode];
    struct wire_committed *frame =
        chain_frame(packet, chain, WIRE_FRAME_COMMITTED, (uint32_t)sizeof *frame);
    if (frame == NULL)
        return CHAIN_PACKET_FULL;
    frame->sequence = chain->committed;
    if (MUTANT(commit_beyond) && chain->committed < log_last(packet->set->log, vnode))
        frame->sequence++;
    chain_note(packet, LINK_FRAME_COMMITTED, vnode, 0, 0);
    return CHAIN_DONE;
}

static bool chain_entry_fits(const struct wire_entry *entry)
{
    return wire_fits_one(wire_entry_bytes(entry), WIRE_PACKET_BYTES);
}

/* Sends what is left of a large entry, part by part. */
static enum chain_fill chain_put_parts(
    struct chain_packet *packet, uint32_t vnode, const struct wire_entry *entry)
{
    struct chain *chain = &packet->set->chain[vnode];
    uint32_t parts = (wire_entry_bytes(entry) + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES;
    while (chain->parts_sent < parts) {
        if (chain_put_part(packet, vnode, entry, chain->parts_sent) == CHAIN_PACKET_FULL)
            return CHAIN_PACKET_FULL;
        chain->parts_sent++;
    }
    chain->parts_sent = 0;
    return CHAIN_DONE;
}

/* The entries that the successor was never sent. */
static enum chain_fill chain_put_new(struct chain_packet *packet, uint32_t vnode)
{
    struct chain_set *set = packet->set;
    struct chain *chain = &set->chain[vnode];
    if (chain->sent < chain->committed) {
        chain->sent = chain->committed; /* what is committed, the successor has */
        chain->parts_sent = 0;
    }
    uint64_t last = log_last(set->log, vnode);
    while (chain->sent < last) {
        const struct wire_entry *entry = log_entry(set->log, vnode, chain->sent + 1);
        enum chain_fill fill = chain_entry_fits(entry) ? chain_put_entry(packet, vnode, entry)
                                                       : chain_put_parts(packet, vnode, entry);
        if (MUTANT(full_packet_skips) && chain_entry_fits(entry) && fill == CHAIN_PACKET_FULL)
            chain->sent++;
        if (fill == CHAIN_PACKET_FULL)
            return CHAIN_PACKET_FULL;
        chain->sent++;
    }
    return CHAIN_DONE;
}

static enum chain_fill chain_put_item(struct chain_packet *packet, uint32_t item)
{
    return item % 2 == CHAIN_DOWN ? chain_put_new(packet, item / 2)
                                  : chain_put_committed(packet, item / 2);
}

/* A frame that was lost: built again from the log as it is now, or forgotten if it says nothing
 * new. */
static enum chain_fill chain_put_again(struct chain_packet *packet, const struct link_frame *frame)
{
    struct chain_set *set = packet->set;
    if (frame->kind == LINK_FRAME_COMMITTED)
        return chain_put_committed(packet, frame->vnode);
    if (frame->sequence <= set->chain[frame->vnode].committed && !MUTANT(resend_released))
        return CHAIN_DONE;
    const struct wire_entry *entry = log_entry(set->log, frame->vnode, frame->sequence);
    enum chain_fill fill = frame->kind == LINK_FRAME_ENTRY
                               ? chain_put_entry(packet, frame->vnode, entry)
                               : chain_put_part(packet, frame->vnode, entry, frame->part);
    if (fill == CHAIN_DONE)
        COUNT(set->counters->entries_resent);
    return fill;
}

/* Fills the packet: first what was lost, then what is new, vnode by vnode in the order they came.
 */
static void chain_fill_packet(struct chain_packet *packet)
{
    struct link *link = packet->link;
    struct link_frame frame;
    while (link_resend_take(link, &frame))
        if (chain_put_again(packet, &frame) == CHAIN_PACKET_FULL) {
            link_resend_untake(link);
            return;
        }
    while (link->pending_first != CHAIN_NO_ITEM) {
        if (chain_put_item(packet, link->pending_first) == CHAIN_PACKET_FULL)
            return;
        chain_unpend_first(packet->set, link);
    }
}

static bool chain_link_wants(const struct link *link)
{
    return link->pending_first != CHAIN_NO_ITEM || link_resend_any(link);
}

/* One packet to the link's peer, filled if `fill`, else with an acknowledgement alone. */
static void chain_send_packet(struct chain_set *set, struct link *link, struct torc_burst *burst,
    const struct chain_outlet *outlet, bool fill)
{
    struct torc_tx *tx = &burst->tx[burst->tx_used];
    struct chain_packet packet = {.set = set, .link = link};
    struct wire_packet header = outlet->header;
    header.receiver_incarnation = outlet->incarnation[link->member];
    link_packet_start(link, &packet.builder, tx->data, outlet->packet_bytes, &header, set->now_ns);
    if (fill)
        chain_fill_packet(&packet);
    if (packet.builder.frames == 0)
        return; /* what was to be said again says nothing new: the buffer stays unused */
    tx->bytes = wire_seal(&packet.builder, outlet->cluster);
    tx->to = link->address;
    burst->tx_used++;
    link_packet_sent(link, set->now_ns);
    COUNT(set->counters->tx_packets);
}

static void chain_flush_link(struct chain_set *set, struct link *link, struct torc_burst *burst,
    const struct chain_outlet *outlet)
{
    link_timer(link, set->now_ns, set->counters);
    while (chain_link_wants(link) && link_may_send(link)) {
        if (burst->tx_used == burst->tx_count) {
            COUNT(set->counters->tx_short);
            return;
        }
        chain_send_packet(set, link, burst, outlet, true);
    }
    if (chain_link_wants(link) && !link->dead)
        COUNT(set->counters->links_no_credit);
    if (link_ack_due(link, set->now_ns) && burst->tx_used < burst->tx_count)
        chain_send_packet(set, link, burst, outlet, false);
}

void chain_flush(struct chain_set *set, struct torc_burst *burst, const struct chain_outlet *outlet)
{
    uint32_t number = set->active;
    uint32_t *place = &set->active;
    while (number != CHAIN_NO_LINK) {
        struct link *link = &set->link[number];
        chain_flush_link(set, link, burst, outlet);
        uint64_t wake = link_wake(link);
        if (burst->tx_used == burst->tx_count && chain_link_wants(link))
            wake = set->now_ns;
        if (wake < burst->wake_ns)
            burst->wake_ns = wake;
        number = link->next;
        if (wake == UINT64_MAX && !chain_link_wants(link)) {
            link->queued = false;
            *place = number;
        } else {
            place = &link->next;
        }
    }
}

void chain_scan(struct chain_set *set, uint32_t vnode)
{
    struct chain *chain = &set->chain[vnode];
    bool waiting = log_last(set->log, vnode) > chain->committed && !chain_is_tail(chain);
    uint64_t awaited = waiting ? chain->committed + 1 : CHAIN_NOTHING_AWAITED;
    if (awaited != chain->scan_awaited) {
        chain->scan_awaited = awaited;
        chain->scan_ns = set->now_ns;
    }
    if (!waiting)
        return;
    if (set->now_ns - chain->scan_ns < CHAIN_STUCK_NS || set->link[chain->link[CHAIN_DOWN]].dead)
        return;
    COUNT(set->counters->chains_resent);
    chain->scan_ns = set->now_ns;
    chain->sent = chain->committed;
    chain->parts_sent = 0;
    chain_pend(set, vnode, CHAIN_DOWN);
}

bool chain_quiet(const struct chain_set *set)
{
    for (uint32_t i = 0; i < set->links; i++) {
        const struct link *link = &set->link[i];
        if (!link->dead && (!link_idle(link) || link->pending_first != CHAIN_NO_ITEM))
            return false;
    }
    return set->stalled == CHAIN_NO_ITEM;
}
