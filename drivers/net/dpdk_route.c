/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/dpdk_net.h"

/* An ARP request for `ip` to `mac`; the reply may come in on any queue. */
static void route_ask(struct dpdk_queue *queue, uint64_t mac, uint32_t ip)
{
    struct rte_mbuf *packet = rte_pktmbuf_alloc(queue->pool);
    if (!packet)
        return;
    uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);
    uint32_t bytes = frame_arp_request(&queue->self, frame, mac, ip);
    if (dpdk_send_frame(queue, packet, bytes))
        DPDK_COUNT(queue->counters.stats.arp_requests, 1);
}

/* What other queues have heard of `hop`: an answer, or news of a move, comes in on any of them. */
static void route_consult(struct dpdk_queue *queue, uint32_t hop)
{
    const struct dpdk_net *net = queue->net;
    for (unsigned i = 0; i < net->net.queues; i++) {
        uint64_t mac;
        uint64_t heard_ns;
        if (i != queue->number && neighbours_peek(&net->queue[i]->neighbours, hop, &mac, &heard_ns))
            neighbours_learn(&queue->neighbours, hop, mac, heard_ns, NEIGHBOUR_BY_TABLE);
    }
}

/* Packets of a destination's station vouch for its next hop. */
static void route_confirm(struct dpdk_queue *queue, struct dpdk_slot *slot)
{
    uint32_t ip = __builtin_bswap32(frame_template_ip_raw(&slot->template));
    uint32_t hop = ip ? frame_next_hop(&queue->self, ip) : 0;
    if (hop && slot->heard_ns)
        neighbours_learn(&queue->neighbours, hop, dpdk_slot_mac(queue, slot), slot->heard_ns,
            NEIGHBOUR_BY_PACKET);
    slot->heard_ns = 0;
}

/* The station of a next hop, 0 if it is not known; asks where that is due. */
static uint64_t route_station(struct dpdk_queue *queue, uint32_t hop, uint64_t now_ns)
{
    if (queue->net->net.queues > 1)
        route_consult(queue, hop);
    struct neighbour_answer answer = neighbours_lookup(&queue->neighbours, hop, now_ns);
    if (answer.ask && queue->arp)
        route_ask(queue, answer.mac ? answer.mac : FRAME_MAC_MASK, hop);
    return answer.mac;
}

/* The lane to a destination: a mesh has one for each, all other ports have one. */
static uint16_t route_lane(const struct dpdk_queue *queue, uint32_t ip)
{
    for (uint16_t lane = 0; lane < queue->lanes; lane++)
        if (queue->lane[lane].ip == ip)
            return lane;
    return 0;
}

struct dpdk_slot *dpdk_route(struct dpdk_queue *queue, uint32_t ip, uint64_t now_ns)
{
    struct dpdk_slot *slot = dpdk_slot_of(queue, ip);
    uint32_t hop = frame_next_hop(&queue->self, ip);
    route_confirm(queue, slot);
    uint64_t mac = hop ? route_station(queue, hop, now_ns) : 0;
    if (!mac)
        return NULL; /* a slot of this address is too old to be used, one of another stays */
    frame_template_make(
        &slot->template, &queue->self, mac, ip, (uint16_t)(queue->self.base_port + queue->number));
    slot->lane = route_lane(queue, ip);
    slot->until_ns = queue->arp ? now_ns + DPDK_SLOT_NS : UINT64_MAX;
    return slot;
}

/* A slot that sends elsewhere is not to be used again before the table was asked. */
static void route_doubt(struct dpdk_queue *queue, uint32_t ip, uint64_t mac)
{
    struct dpdk_slot *slot = dpdk_slot_of(queue, ip);
    if (frame_template_ip_raw(&slot->template) == __builtin_bswap32(ip) &&
        dpdk_slot_mac(queue, slot) != mac)
        slot->until_ns = 0;
}

void dpdk_heard(struct dpdk_queue *queue, uint32_t ip, uint64_t mac, uint64_t now_ns)
{
    if (!frame_is_neighbour(&queue->self, ip) || frame_mac_is_group(mac))
        return;
    neighbours_learn(&queue->neighbours, ip, mac, now_ns, NEIGHBOUR_BY_PACKET);
    route_doubt(queue, ip, mac);
}

void dpdk_told(struct dpdk_queue *queue, uint32_t ip, uint64_t mac, uint64_t now_ns,
    enum neighbour_source source)
{
    if (!queue->arp)
        return;
    route_confirm(queue, dpdk_slot_of(queue, ip));
    neighbours_learn(&queue->neighbours, ip, mac, now_ns, source);
    route_doubt(queue, ip, mac);
}

void dpdk_announce(struct dpdk_queue *queue, uint64_t now_ns)
{
    if (__atomic_load_n(&queue->announce_now, __ATOMIC_RELAXED)) {
        __atomic_store_n(&queue->announce_now, false, __ATOMIC_RELAXED);
        queue->announcements = DPDK_ANNOUNCEMENTS;
    }
    if (queue->announcements == 0 || !queue->arp || queue->number != 0) {
        queue->announce_ns = UINT64_MAX;
        return;
    }
    queue->announcements--;
    queue->announce_ns = now_ns + DPDK_ANNOUNCE_NS;
    route_ask(queue, FRAME_MAC_MASK, queue->self.ip);
}
