/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/dpdk_net.h"

/* The buffer that a payload lies in: see DPDK_PAYLOAD_AT. */
static struct rte_mbuf *tx_packet(uint8_t *payload)
{
    return (struct rte_mbuf *)(void *)(payload - DPDK_PAYLOAD_AT - sizeof(struct rte_mbuf));
}

static void tx_offer(struct torc_tx *tx, struct rte_mbuf *packet, uint32_t capacity)
{
    tx->data = (uint8_t *)packet + sizeof *packet + DPDK_PAYLOAD_AT;
    tx->capacity = capacity;
}

/* Buffers into tx[from..to); false if the pool has not that many. */
static bool tx_fill(
    struct dpdk_queue *queue, struct torc_tx *tx, uint32_t from, uint32_t to, uint32_t capacity)
{
    struct rte_mbuf *packet[TORC_TX_BURST];
    uint32_t count = to - from;
    if (count > TORC_TX_BURST)
        return false;
    if (rte_mempool_get_bulk(queue->pool, (void **)packet, count) != 0)
        return false;
    for (uint32_t i = 0; i < count; i++)
        tx_offer(&tx[from + i], packet[i], capacity);
    return true;
}

/* With no buffer to be had: the last ones that are there move to the front. */
static void tx_close_hole(struct dpdk_queue *queue, struct torc_tx *tx)
{
    uint32_t left = queue->ready - queue->hole;
    uint32_t moved = left < queue->hole ? left : queue->hole;
    for (uint32_t i = 0; i < moved; i++)
        tx[i] = tx[queue->ready - moved + i];
    queue->ready = left;
    queue->hole = 0;
}

uint32_t dpdk_buffers(struct torc_net *net, unsigned number, struct torc_tx *tx, uint32_t max)
{
    struct dpdk_queue *queue = dpdk_queue_of(net, number);
    if (max > TORC_TX_BURST)
        max = TORC_TX_BURST;
    if (queue->hole) {
        if (TORC_LIKELY(tx_fill(queue, tx, 0, queue->hole, net->packet_bytes)))
            queue->hole = 0;
        else
            tx_close_hole(queue, tx);
    }
    if (TORC_UNLIKELY(queue->ready < max) &&
        tx_fill(queue, tx, queue->ready, max, net->packet_bytes))
        queue->ready = max;
    return queue->ready < max ? queue->ready : max;
}

/* Hands a lane's packets to the port; what it does not take is lost. */
static void tx_flush(struct dpdk_queue *queue, struct dpdk_lane *lane)
{
    uint32_t sent = 0;
    while (sent < lane->count) {
        uint16_t n = rte_eth_tx_burst(
            queue->port, lane->queue, lane->packet + sent, (uint16_t)(lane->count - sent));
        if (n == 0)
            break;
        sent += n;
    }
    if (TORC_UNLIKELY(sent < lane->count)) {
        DPDK_COUNT(queue->counters.stats.tx_dropped, lane->count - sent);
        rte_pktmbuf_free_bulk(lane->packet + sent, lane->count - sent);
    }
    DPDK_COUNT(queue->counters.stats.tx_packets, sent);
    lane->count = 0;
}

static void tx_flush_all(struct dpdk_queue *queue)
{
    uint32_t used = queue->lanes_used;
    queue->lanes_used = 0;
    for (; used; used &= used - 1)
        tx_flush(queue, &queue->lane[__builtin_ctz(used)]);
}

static void tx_checksum(const struct dpdk_queue *queue, struct rte_mbuf *packet, uint8_t *payload,
    uint32_t payload_bytes)
{
    uint8_t *udp = payload - FRAME_UDP_BYTES;
    uint8_t *ip = udp - FRAME_IPV4_BYTES;
    uint32_t udp_bytes = payload_bytes + FRAME_UDP_BYTES;
    uint16_t checksum;
    if (queue->software_udp) {
        checksum = frame_udp_checksum(ip, udp, udp_bytes);
    } else { /* the port adds the rest to the pseudo-header's sum */
        checksum = frame_fold(frame_pseudo_sum(ip, udp_bytes));
        packet->tx_offload = queue->offload;
    }
    memcpy(udp + 6, &checksum, sizeof checksum);
}

/*
 * The slot of an address, looked up anew once in a while; NULL: its next hop is not known. `last`
 * is the packet's before it: packets to one destination often follow each other.
 */
static inline struct dpdk_slot *tx_slot(
    struct dpdk_queue *queue, uint32_t ip, uint64_t now_ns, struct dpdk_slot *last)
{
    uint32_t raw = __builtin_bswap32(ip);
    if (last && frame_template_ip_raw(&last->template) == raw)
        return last;
    struct dpdk_slot *slot = dpdk_slot_of(queue, ip);
    if (TORC_LIKELY(frame_template_ip_raw(&slot->template) == raw && now_ns < slot->until_ns))
        return slot;
    return dpdk_route(queue, ip, now_ns);
}

/*
 * Everything of a pooled buffer that may differ from what we want is written: two words of flags
 * and lengths; one segment and one user it has always.
 */
static inline void tx_prepare(
    const struct dpdk_queue *queue, struct rte_mbuf *packet, uint32_t bytes)
{
    memcpy((uint8_t *)packet + offsetof(struct rte_mbuf, rearm_data), &queue->rearm,
        sizeof queue->rearm);
    packet->ol_flags = queue->flags;
    packet->pkt_len = bytes;
    packet->data_len = (uint16_t)bytes;
}

/* Returns the slot that was used: `last` of the next packet. */
static inline struct dpdk_slot *tx_one(
    struct dpdk_queue *queue, const struct torc_tx *tx, uint64_t now_ns, struct dpdk_slot *last)
{
    struct rte_mbuf *packet = tx_packet(tx->data);
    struct dpdk_slot *slot = tx_slot(queue, tx->to.ip, now_ns, last);
    TORC_ASSERT(tx->bytes <= tx->capacity);
    if (TORC_UNLIKELY(!slot)) {
        DPDK_COUNT(queue->counters.stats.tx_unresolved, 1);
        rte_mempool_put(queue->pool, packet);
        return NULL;
    }
    memcpy(tx->data - offsetof(struct dpdk_slot, until_ns), slot,
        offsetof(struct dpdk_slot, until_ns));
    frame_template_fill(&slot->template, tx->data, tx->bytes, tx->to.port);
    tx_prepare(queue, packet, queue->header_bytes + tx->bytes);
    if (queue->flags || queue->software_udp)
        tx_checksum(queue, packet, tx->data, tx->bytes);
    struct dpdk_lane *lane = &queue->lane[slot->lane];
    if (TORC_UNLIKELY(lane->count == TORC_TX_BURST))
        tx_flush(queue, lane);
    lane->packet[lane->count++] = packet;
    queue->lanes_used |= 1u << slot->lane;
    return slot;
}

void dpdk_send(
    struct torc_net *net, unsigned number, struct torc_tx *tx, uint32_t count, uint64_t now_ns)
{
    struct dpdk_queue *queue = dpdk_queue_of(net, number);
    struct dpdk_slot *last = NULL;
    uint64_t bytes = 0;
    if (count == 0)
        return;
    TORC_ASSERT(queue->hole == 0 && count <= queue->ready);
    for (uint32_t i = 0; i < count; i++) {
        bytes += tx[i].bytes;
        last = tx_one(queue, &tx[i], now_ns, last);
        tx[i].data = NULL;
    }
    tx_flush_all(queue);
    queue->hole = count;
    DPDK_COUNT(queue->counters.stats.tx_bytes, bytes);
}

bool dpdk_send_frame(struct dpdk_queue *queue, struct rte_mbuf *packet, uint32_t bytes)
{
    packet->data_len = (uint16_t)bytes;
    packet->pkt_len = bytes;
    if (rte_eth_tx_burst(queue->port, queue->lane[0].queue, &packet, 1) == 1)
        return true;
    DPDK_COUNT(queue->counters.stats.tx_dropped, 1);
    rte_pktmbuf_free(packet);
    return false;
}
