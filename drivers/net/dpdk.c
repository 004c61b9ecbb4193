/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/dpdk.h"

#include <net/if.h>
#include <stdlib.h>

#include <rte_dev.h>
#include <rte_errno.h>

#include "drivers/net/dpdk_net.h"
#include <torc/error.h>

#define DPDK_DESCRIPTORS  1024u
#define DPDK_PACKET_BYTES 1472u

const struct torc_net_ops dpdk_ops;

static void dpdk_defaults(struct torc_dpdk_config *config)
{
    if (config->queues == 0)
        config->queues = config->ports;
    if (config->descriptors == 0)
        config->descriptors = DPDK_DESCRIPTORS;
    if (config->packet_bytes == 0)
        config->packet_bytes = DPDK_PACKET_BYTES;
}

static int dpdk_check(const struct dpdk_net *net, char *error, size_t bytes)
{
    const struct torc_dpdk_config *config = &net->config;
    if (config->ports > TORC_WORKERS_MAX || config->queues > config->ports)
        return dpdk_fail(error, bytes, TORC_EINVAL,
            "%u queues for %u ports: have at most %u ports, and no more queues than ports",
            config->queues, config->ports, TORC_WORKERS_MAX);
    if (config->packet_bytes > DPDK_PAYLOAD_MAX)
        return dpdk_fail(error, bytes, TORC_EINVAL,
            "packets of %u bytes: this driver sends at most %u", config->packet_bytes,
            DPDK_PAYLOAD_MAX);
    if (net->device.iface[0] && if_nametoindex(net->device.iface) == 0)
        return dpdk_fail(error, bytes, TORC_ENODEV,
            "%s: there is no network interface %s; \"ip link\" lists those there are",
            net->device.name, net->device.iface);
    return 0;
}

/* Why could a device not be made? A driver that is not installed is the usual reason. */
static int dpdk_probe_failed(const struct dpdk_net *net, int code, char *error, size_t bytes)
{
    const struct dpdk_device *device = &net->device;
    if (!device->driver[0])
        return dpdk_fail(error, bytes, TORC_ENODEV,
            "%s: DPDK finds no such device; name it to DPDK at its start, and bind it to vfio-pci "
            "with \"dpdk-devbind.py -b vfio-pci %s\"",
            device->name, device->name);
    if (code == -EPERM || code == -EACCES)
        return dpdk_fail(error, bytes, TORC_EPERM, "%s: not permitted; run as root", device->name);
    const char *package = strncmp(device->driver, "net_", 4) == 0 ? device->driver + 4 : "";
    return dpdk_fail(error, bytes, TORC_ENODEV,
        "%s: DPDK could not make this device (%s): see that its arguments are right, that "
        "this user may open it, and that the driver is there: package librte-net-%s",
        device->text, rte_strerror(-code), package);
}

/* Finds the port, makes it if it is a virtual one that is not there. */
static int dpdk_find(struct dpdk_net *net, char *error, size_t bytes)
{
    if (rte_eth_dev_get_port_by_name(net->device.name, &net->port) == 0)
        return 0;
    int result = net->device.driver[0] ? rte_dev_probe(net->device.text) : -ENODEV;
    net->probed = result == 0;
    if (result || rte_eth_dev_get_port_by_name(net->device.name, &net->port) != 0)
        return dpdk_probe_failed(net, result, error, bytes);
    return 0;
}

static uint16_t dpdk_least(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

static int dpdk_configure(struct dpdk_net *net, char *error, size_t bytes)
{
    struct rte_eth_conf conf = {0};
    const struct rte_eth_dev_info *info = &net->info;
    uint64_t checksums = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
    uint16_t queues =
        dpdk_least(net->config.queues, dpdk_least(info->max_rx_queues, info->max_tx_queues));
    if ((info->rx_offload_capa & checksums) == checksums)
        conf.rxmode.offloads |= checksums;
    if (net->config.udp_checksum)
        conf.txmode.offloads |= info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
    if (queues > 1 && info->flow_type_rss_offloads & RTE_ETH_RSS_NONFRAG_IPV4_UDP) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP;
    }
    conf.intr_conf.rxq = 1;
    int result = rte_eth_dev_configure(net->port, queues, queues, &conf);
    if (result) { /* not every port has interrupts */
        conf.intr_conf.rxq = 0;
        result = rte_eth_dev_configure(net->port, queues, queues, &conf);
    }
    if (result)
        return dpdk_fail(error, bytes, TORC_EIO, "%s: the port refuses %u queues (%s)",
            net->device.name, queues, rte_strerror(-result));
    net->interrupts = conf.intr_conf.rxq;
    net->net.queues = queues;
    net->configured = true;
    net->descriptors_rx = net->descriptors_tx = net->config.descriptors;
    rte_eth_dev_adjust_nb_rx_tx_desc(net->port, &net->descriptors_rx, &net->descriptors_tx);
    return 0;
}

/* Whether its port can wake a sleeper is known only once it is asked; quietly. */
static bool dpdk_has_interrupts(uint16_t port)
{
    int level = rte_log_get_level(rte_eth_dev_logtype);
    rte_log_set_level((uint32_t)rte_eth_dev_logtype, RTE_LOG_EMERG);
    bool has = rte_eth_dev_rx_intr_ctl_q_get_fd(port, 0) >= 0;
    rte_log_set_level((uint32_t)rte_eth_dev_logtype, (uint32_t)level);
    return has;
}

/*
 * Who we are on the port. A kernel leaves UDP checksums to its NIC, also where there is none but
 * us: those of ports on a kernel interface.
 */
static int dpdk_address(struct dpdk_net *net, char *error, size_t bytes)
{
    const struct torc_dpdk_config *config = &net->config;
    struct rte_ether_addr mac = {0};
    struct frame_addressing addressing = {.ip = config->ip,
        .prefix = config->prefix,
        .gateway = config->gateway,
        .vlan = config->vlan,
        .base_port = config->base_port,
        .ports = config->ports};
    rte_eth_macaddr_get(net->port, &mac);
    memcpy(addressing.mac, mac.addr_bytes, sizeof addressing.mac);
    const char *wrong = frame_self_init(&net->self, &addressing);
    if (wrong)
        return dpdk_fail(error, bytes, TORC_EINVAL, "%s: %s", net->device.name, wrong);
    net->self.accept_partial = net->info.if_index != 0;
    return 0;
}

/* A queue's buffers: all places where one can be at a time. */
static uint32_t dpdk_pool_packets(const struct dpdk_net *net)
{
    return (uint32_t)net->descriptors_rx + /* waiting to be received into */
           net->descriptors_tx +           /* being sent */
           TORC_TX_BURST +                 /* in the step's hands, to send from */
           TORC_RX_BURST +                 /* in the step's hands, received */
           2 * DPDK_CACHE;                 /* kept by threads: the queue's and the one that opens */
}

static int dpdk_queues(struct dpdk_net *net, char *error, size_t bytes)
{
    for (unsigned i = 0; i < net->net.queues; i++) {
        struct rte_mempool *pool = dpdk_pool_create(dpdk_pool_packets(net), net->socket);
        if (pool && !(net->queue[i] = dpdk_queue_create(net, i, pool)))
            rte_mempool_free(pool);
        if (!net->queue[i])
            return dpdk_fail(error, bytes, TORC_ENOMEM,
                "%s: no memory for %u buffers of queue %u: give DPDK more (-m, or hugepages), or "
                "configure fewer descriptors",
                net->device.name, dpdk_pool_packets(net), i);
        int result = rte_eth_rx_queue_setup(
            net->port, i, net->descriptors_rx, (unsigned)net->socket, NULL, pool);
        if (result == 0)
            result = rte_eth_tx_queue_setup(
                net->port, i, net->descriptors_tx, (unsigned)net->socket, NULL);
        if (result)
            return dpdk_fail(error, bytes, TORC_EIO, "%s: the port refuses queue %u (%s)",
                net->device.name, i, rte_strerror(-result));
    }
    return 0;
}

/* Larger packets than the port starts with are asked for; what it has then is what link() names. */
static int dpdk_start(struct dpdk_net *net, char *error, size_t bytes)
{
    uint16_t mtu = 0;
    uint32_t wanted = net->config.packet_bytes + FRAME_IP_UDP_BYTES;
    rte_eth_dev_get_mtu(net->port, &mtu);
    if (mtu < wanted && net->info.if_index == 0)
        rte_eth_dev_set_mtu(net->port, (uint16_t)wanted);
    int result = rte_eth_dev_start(net->port);
    if (result)
        return dpdk_fail(error, bytes, TORC_EIO, "%s: the port does not start (%s)",
            net->device.name, rte_strerror(-result));
    net->net.packet_bytes = net->config.packet_bytes;
    net->net.steers = net->net.queues == 1;
    for (unsigned i = 0; i < net->net.queues; i++)
        net->queue[i]->interrupts = net->interrupts && dpdk_has_interrupts(net->port);
    net->receive_packets =
        net->device.receive_packets ? net->device.receive_packets : net->descriptors_rx;
    net->was_up = true;
    return 0;
}

static int dpdk_open_port(struct dpdk_net *net, char *error, size_t bytes)
{
    int result = dpdk_check(net, error, bytes);
    if (result == 0)
        result = dpdk_find(net, error, bytes);
    if (result)
        return result;
    if (rte_eth_dev_info_get(net->port, &net->info) != 0)
        return dpdk_fail(
            error, bytes, TORC_EIO, "%s: the port says nothing of itself", net->device.name);
    net->socket = rte_eth_dev_socket_id(net->port);
    result = dpdk_address(net, error, bytes);
    if (result == 0)
        result = dpdk_configure(net, error, bytes);
    if (result == 0)
        result = dpdk_queues(net, error, bytes);
    return result ? result : dpdk_start(net, error, bytes);
}

static void dpdk_close(struct torc_net *base)
{
    struct dpdk_net *net = (struct dpdk_net *)base;
    if (net->configured) {
        rte_eth_dev_stop(net->port);
        rte_eth_dev_close(net->port);
    }
    if (net->probed)
        rte_dev_remove(net->info.device);
    for (unsigned i = 0; i < TORC_WORKERS_MAX && net->queue[i]; i++) {
        if (!net->mesh)
            rte_mempool_free(net->queue[i]->pool);
        dpdk_queue_free(net->queue[i]);
    }
    if (net->mesh)
        dpdk_mesh_release(net->mesh);
    free(net);
}

int torc_dpdk_open(
    const struct torc_dpdk_config *config, struct torc_net **net, char *error, size_t error_bytes)
{
    struct dpdk_net *made = calloc(1, sizeof *made);
    if (!made)
        return dpdk_fail(error, error_bytes, TORC_ENOMEM, "no memory for a port");
    made->net.ops = &dpdk_ops;
    made->config = *config;
    dpdk_defaults(&made->config);
    const char *wrong = dpdk_device_parse(&made->device, config->device);
    int result = wrong ? dpdk_fail(error, error_bytes, TORC_EINVAL, "%s", wrong)
                       : dpdk_open_port(made, error, error_bytes);
    if (result) {
        dpdk_close(&made->net);
        return result;
    }
    *net = &made->net;
    return 0;
}

uint32_t torc_dpdk_receive_packets(const struct torc_net *net)
{
    return ((const struct dpdk_net *)net)->receive_packets;
}

const struct torc_net_ops dpdk_ops = {
    .name = "dpdk",
    .receive = dpdk_receive,
    .release = dpdk_release,
    .buffers = dpdk_buffers,
    .send = dpdk_send,
    .wait = dpdk_wait,
    .link = dpdk_link,
    .stats = dpdk_stats,
    .close = dpdk_close,
};
