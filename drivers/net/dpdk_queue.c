/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "drivers/net/dpdk_net.h"

int dpdk_fail(char *error, size_t bytes, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, bytes, format, arguments);
    va_end(arguments);
    return -code;
}

struct rte_mempool *dpdk_pool_create(uint32_t packets, int socket)
{
    static unsigned count; /* names are never used twice in a process */
    char name[RTE_MEMPOOL_NAMESIZE];
    snprintf(name, sizeof name, "torc_pool_%u", count++);
    if (packets < 2 * DPDK_CACHE)
        packets = 2 * DPDK_CACHE;
    return rte_pktmbuf_pool_create(name, packets, DPDK_CACHE, 0, DPDK_ROOM_BYTES, socket);
}

/* The words of a buffer to send that tx_prepare writes in one go, as struct rte_mbuf has them. */
struct queue_rearm {
    uint16_t data_off;
    uint16_t refcnt;
    uint16_t nb_segs;
    uint16_t port;
};

_Static_assert(offsetof(struct rte_mbuf, data_off) == offsetof(struct rte_mbuf, rearm_data) &&
                   offsetof(struct rte_mbuf, port) - offsetof(struct rte_mbuf, data_off) ==
                       offsetof(struct queue_rearm, port),
    "the layout of struct rte_mbuf");

static uint64_t queue_rearm(const struct dpdk_queue *queue)
{
    struct queue_rearm words = {
        .data_off = (uint16_t)(DPDK_PAYLOAD_AT - queue->header_bytes),
        .refcnt = 1,
        .nb_segs = 1,
        .port = queue->port,
    };
    uint64_t rearm;
    memcpy(&rearm, &words, sizeof rearm);
    return rearm;
}

static void queue_checksums(struct dpdk_queue *queue, const struct dpdk_net *net)
{
    queue->checks = net->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM &&
                    net->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
    if (!net->config.udp_checksum)
        return;
    queue->software_udp = !(net->info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_CKSUM);
    if (queue->software_udp)
        return;
    queue->flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
    queue->offload = rte_mbuf_tx_offload(net->self.l2_bytes, FRAME_IPV4_BYTES, 0, 0, 0, 0, 0);
}

struct dpdk_queue *dpdk_queue_create(
    struct dpdk_net *net, uint16_t number, struct rte_mempool *pool)
{
    struct dpdk_queue *queue =
        rte_zmalloc_socket("torc_queue", sizeof *queue, RTE_CACHE_LINE_SIZE, net->socket);
    if (!queue)
        return NULL;
    queue->self = net->self;
    queue->net = net;
    queue->pool = pool;
    queue->port = net->port;
    queue->number = number;
    queue->header_bytes = net->self.l2_bytes + FRAME_IP_UDP_BYTES;
    queue->rearm = queue_rearm(queue);
    queue_checksums(queue, net);
    queue->own_pool = true;
    queue->arp = true;
    queue->announcements = DPDK_ANNOUNCEMENTS;
    queue->lanes = 1;
    queue->lane[0].queue = number;
    queue->wait_fd = -1;
    return queue;
}

void dpdk_queue_free(struct dpdk_queue *queue)
{
    if (!queue)
        return;
    dpdk_wait_close(queue);
    rte_free(queue);
}
