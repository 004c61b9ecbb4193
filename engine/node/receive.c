/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packets in. Every packet is checked whole before anything of it is believed; then the fence
 * (rule 3): the sender's incarnation is the bound one, the receiver it means is this one, the
 * frame's epoch is the chain's.
 */
#include "engine/base/assert.h"
#include "engine/base/mutant.h"
#include "engine/node/worker.h"

static void receive_to_control(struct worker *worker, const struct torc_rx *rx)
{
    if (!mailbox_put(&worker->side->to_control, rx->data, rx->bytes, rx->from))
        COUNT(worker->side->counters.drop_control_full);
}

/* The link that a packet came on; WORKER_NO_LINK, counted, if it is not from the member it says. */
static uint32_t receive_link(struct worker *worker, const struct wire_packet *header)
{
    struct counters *counters = &worker->side->counters;
    uint16_t member = ring_member_by_id(worker->ring, header->sender);
    if (member == RING_NO_MEMBER || header->sender_worker >= worker->workers_most) {
        COUNT(counters->drop_unknown_sender);
        return WORKER_NO_LINK;
    }
    bool fenced = !MUTANT(incarnations_unchecked);
    if ((header->sender_incarnation != worker->incarnations[member] && fenced) ||
        worker->ring->member[member].state != RING_MEMBER_OK) {
        COUNT(counters->drop_stale_sender);
        return WORKER_NO_LINK;
    }
    if (header->receiver_incarnation != worker->incarnation && fenced) {
        COUNT(counters->drop_stale_receiver);
        return WORKER_NO_LINK;
    }
    uint32_t link =
        worker->link_by_peer[(uint32_t)member * worker->workers_most + header->sender_worker];
    if (link == WORKER_NO_LINK)
        COUNT(counters->drop_not_neighbour);
    return link;
}

/* The vnode of a frame in the frame's epoch; VNODE_NONE, counted, if there is none. */
static uint32_t receive_vnode(struct worker *worker, const struct wire_frame *frame)
{
    struct counters *counters = &worker->side->counters;
    uint32_t vnode = vnode_find(&worker->vnodes, frame->class, frame->partition);
    if (vnode == VNODE_NONE) {
        COUNT(counters->drop_not_a_vnode);
        return VNODE_NONE;
    }
    uint64_t epoch = worker->vnodes.chains.chain[vnode].epoch;
    if (TORC_LIKELY(frame->epoch == epoch) || MUTANT(epoch_unchecked))
        return vnode;
    if (frame->epoch > epoch)
        COUNT(counters->drop_new_epoch);
    else
        COUNT(counters->drop_old_epoch);
    return VNODE_NONE;
}

/* A frame of a vnode from a peer. */
static enum chain_result receive_chain_frame(
    struct worker *worker, uint32_t link, const struct wire_frame *frame)
{
    uint32_t vnode = receive_vnode(worker, frame);
    if (vnode == VNODE_NONE)
        return CHAIN_TAKEN;
    struct chain_set *chains = &worker->vnodes.chains;
    enum chain_result result;
    switch (frame->type) {
    case WIRE_FRAME_FORWARD:
        result = chain_forward(chains, vnode, link, (const struct wire_entry *)(frame + 1));
        break;
    case WIRE_FRAME_FORWARD_PART:
        result = chain_forward_part(chains, vnode, link, (const struct wire_forward_part *)frame);
        break;
    default:
        result = chain_committed(chains, vnode, link, (const struct wire_committed *)frame);
    }
    vnode_advance(&worker->vnodes, vnode);
    return result;
}

/* Adds an EPOCH for each frame of an older chain epoch. */
static void receive_add_epochs(
    struct worker *worker, const struct wire_view *view, struct wire_builder *builder)
{
    const uint8_t *cursor = view->frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(view, &cursor)) != NULL) {
        uint32_t vnode = vnode_find(&worker->vnodes, frame->class, frame->partition);
        if (frame->type == WIRE_FRAME_LINK_ACK || frame->type == WIRE_FRAME_EPOCH ||
            vnode == VNODE_NONE || frame->epoch >= worker->vnodes.chains.chain[vnode].epoch ||
            wire_room(builder) < sizeof *frame)
            continue;
        struct wire_frame *answer = wire_add(builder, WIRE_FRAME_EPOCH, sizeof *answer);
        answer->class = frame->class;
        answer->partition = frame->partition;
        answer->epoch = worker->vnodes.chains.chain[vnode].epoch;
    }
}

/*
 * Tells a peer the epochs of the chains that it spoke of in an older one: one packet for one. Need
 * not arrive.
 */
static void receive_answer_epochs(
    struct worker *worker, struct link *link, const struct wire_view *view)
{
    struct torc_burst *burst = worker->vnodes.outbox.burst;
    if (burst->tx_used == burst->tx_count)
        return;
    struct torc_tx *tx = &burst->tx[burst->tx_used++];
    struct wire_packet header = worker->outlet.header;
    struct wire_builder builder;
    header.receiver_incarnation = worker->incarnations[link->member];
    link_packet_start(link, &builder, tx->data, worker->outlet.packet_bytes, &header,
        worker->vnodes.chains.now_ns);
    receive_add_epochs(worker, view, &builder);
    tx->bytes = wire_seal(&builder, worker->cluster);
    tx->to = link->address;
    link_packet_sent(link, worker->vnodes.chains.now_ns);
    COUNT(worker->side->counters.tx_packets);
}

/* A packet of a peer's worker. Only when all of its frames were taken is it noted as received. */
static void receive_data(struct worker *worker, const struct wire_view *view)
{
    struct counters *counters = &worker->side->counters;
    struct chain_set *chains = &worker->vnodes.chains;
    if (worker->ring == NULL) {
        COUNT(counters->drop_not_ready);
        return;
    }
    uint32_t number = receive_link(worker, &view->header);
    if (number == WORKER_NO_LINK)
        return;
    struct link *link = &chains->link[number];
    enum link_receipt receipt = link_seen(link, view->header.number);
    if (receipt != LINK_NEW) {
        if (receipt == LINK_DUPLICATE)
            COUNT(counters->drop_duplicate_packet);
        else
            COUNT(counters->drop_old_packet);
        return;
    }
    bool eliciting = false, withheld = false;
    uint64_t old_epochs = counters->drop_old_epoch;
    const uint8_t *cursor = view->frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(view, &cursor)) != NULL) {
        if (frame->type == WIRE_FRAME_LINK_ACK) {
            link_acknowledged(link, (const struct wire_link_ack *)frame, chains->now_ns, counters);
        } else if (frame->type == WIRE_FRAME_EPOCH) {
            COUNT(counters->drop_new_epoch); /* no newer ring can be: membership is static */
        } else {
            eliciting = true;
            withheld |= receive_chain_frame(worker, number, frame) == CHAIN_WITHHELD;
        }
    }
    if (!withheld || MUTANT(withheld_acknowledged))
        link_received(link, view->header.number, eliciting, chains->now_ns);
    if (TORC_UNLIKELY(counters->drop_old_epoch != old_epochs))
        receive_answer_epochs(worker, link, view);
    chain_activate(chains, number);
}

/* No ring yet. It will never come to a member that is not the one that the others know. */
static void receive_refuse(
    struct worker *worker, const struct wire_view *view, struct torc_addr client)
{
    COUNT(worker->side->counters.drop_not_ready);
    if (__atomic_load_n(&worker->meeting->returned, __ATOMIC_RELAXED) == 0) {
        vnode_refuse_packet(
            &worker->vnodes, view, client, TORC_STATUS_NOT_READY, 100 * VNODE_BUSY_DELAY_US);
        return;
    }
    COUNT(worker->side->counters.refused_member_lost);
    vnode_refuse_packet(&worker->vnodes, view, client, TORC_STATUS_MEMBER_LOST, 0);
}

static void receive_request_frame(
    struct worker *worker, const struct wire_frame *frame, struct torc_addr client)
{
    switch (frame->type) {
    case WIRE_FRAME_WRITE:
        vnode_write(&worker->vnodes, frame, client);
        break;
    case WIRE_FRAME_WRITE_PART:
        vnode_write_part(&worker->vnodes, (const struct wire_write_part *)frame, client);
        break;
    default:
        vnode_read(&worker->vnodes, frame, client);
    }
}

/* A packet of a client. */
static void receive_request(
    struct worker *worker, const struct wire_view *view, struct torc_addr client)
{
    struct counters *counters = &worker->side->counters;
    if (worker->ring == NULL) {
        receive_refuse(worker, view, client);
        return;
    }
    if (view->header.receiver_incarnation != worker->incarnation &&
        !MUTANT(request_incarnation_unchecked)) {
        COUNT(counters->drop_stale_receiver);
        vnode_refuse_packet(&worker->vnodes, view, client, TORC_STATUS_WRONG_EPOCH, 0);
        return;
    }
    const uint8_t *cursor = view->frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(view, &cursor)) != NULL)
        receive_request_frame(worker, frame, client);
}

/* One who speaks another version is told which ones are spoken here. */
static void receive_other_version(
    struct worker *worker, const struct wire_view *view, const struct torc_rx *rx)
{
    struct torc_burst *burst = worker->vnodes.outbox.burst;
    if (burst->tx_used == burst->tx_count)
        return;
    struct torc_tx *tx = &burst->tx[burst->tx_used];
    tx->bytes = wire_refuse(tx->data, &view->header, rx->bytes, &worker->outlet.header);
    if (tx->bytes == 0)
        return;
    tx->to = rx->from;
    burst->tx_used++;
    COUNT(worker->side->counters.tx_packets);
}

static void receive_packet(
    struct worker *worker, const struct torc_rx *rx, const struct wire_view *view)
{
    switch (view->header.type) {
    case WIRE_DATA:
    case WIRE_REQUEST:
        if (view->header.receiver_worker != worker->number)
            COUNT(worker->side->counters.drop_misdirected);
        else if (view->header.type == WIRE_DATA)
            receive_data(worker, view);
        else
            receive_request(worker, view, rx->from);
        break;
    case WIRE_HELLO:
    case WIRE_INFO:
        receive_to_control(worker, rx);
        break;
    default:
        COUNT(worker->side->counters.drop_unexpected);
    }
}

/*
 * Starts loading what the frames of a packet will touch. An entry is applied when it is committed:
 * at the tail as soon as it comes, elsewhere once the tail's word arrives.
 */
static void receive_prefetch(struct worker *worker, const struct wire_view *view)
{
    const uint8_t *cursor = view->frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(view, &cursor)) != NULL) {
        uint32_t vnode = vnode_find(&worker->vnodes, frame->class, frame->partition);
        if (vnode == VNODE_NONE)
            continue;
        if (frame->type == WIRE_FRAME_FORWARD)
            vnode_prefetch_entry(
                &worker->vnodes, vnode, &((const struct wire_entry *)(frame + 1))->request);
        else if (frame->type == WIRE_FRAME_COMMITTED)
            vnode_prefetch_committed(
                &worker->vnodes, vnode, ((const struct wire_committed *)frame)->sequence);
        else if (frame->type == WIRE_FRAME_WRITE)
            vnode_prefetch_entry(&worker->vnodes, vnode, (const struct wire_request *)(frame + 1));
        else if (frame->type == WIRE_FRAME_READ)
            vnode_prefetch(&worker->vnodes, vnode, (const struct wire_request *)(frame + 1));
    }
}

void worker_receive(struct worker *worker, const struct torc_rx *rx, uint32_t count)
{
    enum wire_drop drop[TORC_RX_BURST];
    TORC_ASSERT(count <= TORC_RX_BURST);
    COUNT_ADD(worker->side->counters.rx_packets, count);
    for (uint32_t i = 0; i < count; i++) {
        drop[i] = wire_open(rx[i].data, rx[i].bytes, worker->cluster, &worker->view[i]);
        if (drop[i] == WIRE_TAKEN)
            receive_prefetch(worker, &worker->view[i]);
        else
            COUNT(worker->side->drops[drop[i]]);
    }
    vnode_prefetch_end(&worker->vnodes);
    for (uint32_t i = 0; i < count; i++) {
        if (TORC_UNLIKELY(rx[i].from.port == 0))
            COUNT(worker->side->counters.drop_no_port);
        else if (TORC_LIKELY(drop[i] == WIRE_TAKEN))
            receive_packet(worker, &rx[i], &worker->view[i]);
        else if (drop[i] == WIRE_DROP_bad_version)
            receive_other_version(worker, &worker->view[i], &rx[i]);
    }
}
