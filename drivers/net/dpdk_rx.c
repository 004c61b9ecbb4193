/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/dpdk_net.h"

/* What the port says of a packet's checksums: `checked` of frame_parse. */
static unsigned rx_checked(const struct dpdk_queue *queue, const struct rte_mbuf *packet)
{
    uint64_t flags = packet->ol_flags;
    unsigned checked = 0;
    if (!queue->checks)
        return 0;
    if ((flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
        checked |= FRAME_IPV4_CHECKED;
    if ((flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
        checked |= FRAME_UDP_CHECKED;
    return checked;
}

/* Answers in the buffer that the question came in. */
static void rx_answer(struct dpdk_queue *queue, struct rte_mbuf *packet, uint32_t bytes)
{
    packet->ol_flags = 0;
    dpdk_send_frame(queue, packet, bytes);
}

/*
 * A frame that is not a plain datagram for us. True if its buffer is gone: an answer travels in it.
 */
static bool rx_other(struct dpdk_queue *queue, struct rte_mbuf *packet, enum frame_kind kind,
    const struct frame_view *view, uint64_t now_ns)
{
    struct torc_net_stats *stats = &queue->counters.stats;
    uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);
    switch (kind) {
    case FRAME_ARP_REQUEST:
        if (frame_is_neighbour(&queue->self, view->from.ip))
            dpdk_told(queue, view->from.ip, view->from_mac, now_ns, NEIGHBOUR_BY_ARP);
        DPDK_COUNT(stats->arp_replies, 1);
        rx_answer(queue, packet, frame_arp_reply(&queue->self, frame));
        return true;
    case FRAME_ARP_REPLY:
        dpdk_told(queue, view->from.ip, view->from_mac, now_ns, NEIGHBOUR_BY_ARP);
        return false;
    case FRAME_ARP_NEWS:
        dpdk_told(queue, view->from.ip, view->from_mac, now_ns, NEIGHBOUR_BY_NEWS);
        return false;
    case FRAME_ECHO:
        DPDK_COUNT(stats->icmp_echoes, 1);
        rx_answer(
            queue, packet, frame_echo_reply(&queue->self, frame, view->ip_bytes, view->all_bytes));
        return true;
    case FRAME_TOO_BIG:
        DPDK_COUNT(queue->counters.too_big, 1);
        return false;
    case FRAME_BAD_CHECKSUM:
        DPDK_COUNT(stats->rx_bad_checksum, 1);
        return false;
    case FRAME_MALFORMED:
        DPDK_COUNT(stats->rx_malformed, 1);
        return false;
    case FRAME_NOT_FOR_US:
    case FRAME_UDP:
        break;
    }
    DPDK_COUNT(stats->rx_not_for_us, 1);
    return false;
}

/* The sender's station is where its slot says, and that was just now; or else it is looked into. */
static inline void rx_from(struct dpdk_queue *queue, const struct frame_view *view, uint64_t now_ns)
{
    struct dpdk_slot *slot = dpdk_slot_of(queue, view->from.ip);
    if (TORC_LIKELY(frame_template_ip_raw(&slot->template) == __builtin_bswap32(view->from.ip) &&
                    dpdk_slot_mac(queue, slot) == view->from_mac))
        slot->heard_ns = now_ns;
    else if (queue->arp)
        dpdk_heard(queue, view->from.ip, view->from_mac, now_ns);
}

static inline void rx_give(struct torc_rx *rx, const struct frame_view *view)
{
    rx->data = view->payload;
    rx->bytes = view->payload_bytes;
    rx->from = view->from;
}

/*
 * A frame that frame_udp_fast left to others. True, and *rx, if it is a datagram for us after all
 * (it has IPv4 options). A frame that became an answer leaves a gap among the held ones.
 */
static __attribute__((noinline)) bool rx_slow(
    struct dpdk_queue *queue, uint32_t index, struct torc_rx *rx, uint64_t now_ns)
{
    struct rte_mbuf *packet = queue->packet[index];
    const uint8_t *data = rte_pktmbuf_mtod(packet, const uint8_t *);
    struct frame_view view;
    if (packet->nb_segs > 1) { /* we asked for none such */
        queue->chains = true;
        DPDK_COUNT(queue->counters.stats.rx_malformed, 1);
        return false;
    }
    enum frame_kind kind =
        frame_parse(&queue->self, data, packet->data_len, rx_checked(queue, packet), &view);
    if (kind == FRAME_UDP) {
        rx_give(rx, &view);
        rx_from(queue, &view, now_ns);
        return true;
    }
    if (rx_other(queue, packet, kind, &view, now_ns)) {
        queue->packet[index] = NULL;
        queue->gaps = true;
    }
    return false;
}

/* Closes the gaps that answers left among the held packets. */
static void rx_close_gaps(struct dpdk_queue *queue)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < queue->held; i++)
        if (queue->packet[i])
            queue->packet[kept++] = queue->packet[i];
    queue->held = kept;
    queue->gaps = false;
}

/*
 * The held packets into rx. Nothing takes the address of `view` but what is inlined, so that it
 * stays in registers.
 */
static uint32_t rx_all(struct dpdk_queue *queue, struct torc_rx *rx, uint32_t got, uint64_t now_ns)
{
    uint32_t last_ip = 0;
    uint64_t last_mac = 0;
    uint64_t bytes = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < got; i++) {
        struct frame_view view;
        const struct rte_mbuf *packet = queue->packet[i];
        if (i + 2 < got)
            rte_prefetch0(rte_pktmbuf_mtod(queue->packet[i + 2], void *));
        if (!frame_udp_fast(&queue->self, rte_pktmbuf_mtod(packet, const uint8_t *),
                packet->data_len, rx_checked(queue, packet), &view)) {
            if (rx_slow(queue, i, &rx[count], now_ns))
                bytes += rx[count++].bytes;
            continue;
        }
        rx_give(&rx[count++], &view);
        bytes += view.payload_bytes;
        if (view.from.ip == last_ip && view.from_mac == last_mac)
            continue;
        last_ip = view.from.ip;
        last_mac = view.from_mac;
        rx_from(queue, &view, now_ns);
    }
    DPDK_COUNT(queue->counters.stats.rx_packets, count);
    DPDK_COUNT(queue->counters.stats.rx_bytes, bytes);
    return count;
}

uint32_t dpdk_receive(
    struct torc_net *net, unsigned number, struct torc_rx *rx, uint32_t max, uint64_t now_ns)
{
    struct dpdk_queue *queue = dpdk_queue_of(net, number);
    if (TORC_UNLIKELY(queue->held))
        dpdk_release(net, number);
    if (TORC_UNLIKELY(now_ns >= queue->announce_ns ||
                      __atomic_load_n(&queue->announce_now, __ATOMIC_RELAXED)))
        dpdk_announce(queue, now_ns);
    queue->held = rte_eth_rx_burst(queue->port, queue->number, queue->packet,
        (uint16_t)(max < TORC_RX_BURST ? max : TORC_RX_BURST));
    if (queue->held == 0)
        return 0;
    uint32_t count = rx_all(queue, rx, queue->held, now_ns);
    if (TORC_UNLIKELY(queue->gaps))
        rx_close_gaps(queue);
    return count;
}

/*
 * Buffers that came from our own pool, of one segment and with one user, are as a pool wants them:
 * they need not be looked at again.
 */
void dpdk_release(struct torc_net *net, unsigned number)
{
    struct dpdk_queue *queue = dpdk_queue_of(net, number);
    if (queue->held == 0)
        return;
    if (TORC_LIKELY(queue->own_pool && !queue->chains))
        rte_mempool_put_bulk(queue->pool, (void *const *)queue->packet, queue->held);
    else
        rte_pktmbuf_free_bulk(queue->packet, queue->held);
    queue->chains = false;
    queue->held = 0;
}
