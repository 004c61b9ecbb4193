/* SPDX-License-Identifier: BSD-3-Clause */
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "drivers/net/dpdk_net.h"

#define LINK_TOO_BIG_NS 10000000000ull /* how long a router's word is shown */

/*
 * Ports that sit on a kernel interface know its state at their start and never again: the kernel
 * is asked. False if there is none or it has gone.
 */
static bool link_kernel(const struct dpdk_net *net, bool *up, uint32_t *mtu)
{
    struct ifreq request;
    bool known = false;
    if (net->info.if_index == 0)
        return false;
    memset(&request, 0, sizeof request);
    if (!if_indextoname(net->info.if_index, request.ifr_name)) {
        *up = false;
        return true;
    }
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
        *up = request.ifr_flags & IFF_RUNNING;
        known = true;
    }
    if (ioctl(fd, SIOCGIFMTU, &request) == 0)
        *mtu = (uint32_t)request.ifr_mtu;
    close(fd);
    return known;
}

static uint64_t link_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* Has a router said lately that packets of ours were too big for it? */
static bool link_too_big(struct dpdk_net *net)
{
    uint64_t seen = 0;
    uint64_t now_ns = link_now_ns();
    for (unsigned i = 0; i < net->net.queues; i++)
        seen += __atomic_load_n(&net->queue[i]->counters.too_big, __ATOMIC_RELAXED);
    if (seen != net->too_big_seen) {
        net->too_big_seen = seen;
        net->too_big_ns = now_ns;
    }
    return seen && now_ns - net->too_big_ns < LINK_TOO_BIG_NS;
}

enum torc_link_state dpdk_link(struct torc_net *base)
{
    struct dpdk_net *net = (struct dpdk_net *)base;
    struct rte_eth_link link = {0};
    uint16_t port_mtu = 0;
    rte_eth_link_get_nowait(net->port, &link);
    rte_eth_dev_get_mtu(net->port, &port_mtu);
    bool up = link.link_status == RTE_ETH_LINK_UP;
    uint32_t mtu = port_mtu;
    link_kernel(net, &up, &mtu);
    if (up && !net->was_up) /* others may have forgotten us, or a switch may */
        __atomic_store_n(&net->queue[0]->announce_now, true, __ATOMIC_RELAXED);
    net->was_up = up;
    if (!up)
        return TORC_LINK_DOWN;
    if (mtu < net->config.packet_bytes + FRAME_IP_UDP_BYTES || link_too_big(net))
        return TORC_LINK_MTU_SMALL;
    return TORC_LINK_UP;
}

/* All counters are words; one queue's are added to the sum. */
static void stats_add(struct torc_net_stats *sum, const struct torc_net_stats *stats)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)stats;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void dpdk_stats(struct torc_net *base, struct torc_net_stats *stats)
{
    struct dpdk_net *net = (struct dpdk_net *)base;
    struct rte_eth_stats port;
    memset(stats, 0, sizeof *stats);
    for (unsigned i = 0; i < base->queues; i++)
        stats_add(stats, &net->queue[i]->counters.stats);
    if (rte_eth_stats_get(net->port, &port) == 0)
        stats->rx_missed = port.imissed + port.rx_nombuf;
}
