/* SPDX-License-Identifier: BSD-3-Clause
 *
 *   node i: receive queue 0 <- ring i          send queue j -> ring j
 *
 * A ring for each node; every node can put into every ring, so the send queue is the destination.
 */
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>

#include "drivers/net/dpdk_net.h"
#include <torc/error.h>

#define MESH_DESCRIPTORS  1024u
#define MESH_PACKET_BYTES 1472u
#define MESH_THREADS      4u /* whose caches may each hold buffers of a pool */

struct dpdk_mesh {
    unsigned nodes;
    unsigned open; /* ports not closed yet, and the opening itself */
    struct rte_ring *ring[TORC_DPDK_MESH_NODES];
    struct rte_mempool *pool[TORC_DPDK_MESH_NODES]; /* the first alone if one thread uses all */
};

static int mesh_check(const struct torc_dpdk_mesh_config *config, char *error, size_t bytes)
{
    uint32_t descriptors = config->descriptors;
    if (config->nodes < 2 || config->nodes > TORC_DPDK_MESH_NODES)
        return dpdk_fail(error, bytes, TORC_EINVAL, "a mesh of %u nodes: have 2 to %u",
            config->nodes, TORC_DPDK_MESH_NODES);
    if (descriptors & (descriptors - 1))
        return dpdk_fail(
            error, bytes, TORC_EINVAL, "%u descriptors: have a power of 2", descriptors);
    if (config->packet_bytes > DPDK_PAYLOAD_MAX)
        return dpdk_fail(error, bytes, TORC_EINVAL, "packets of %u bytes: have at most %u",
            config->packet_bytes, DPDK_PAYLOAD_MAX);
    for (unsigned i = 0; i < config->nodes; i++)
        for (unsigned j = 0; j < i; j++)
            if (config->ip[i] == config->ip[j])
                return dpdk_fail(
                    error, bytes, TORC_EINVAL, "nodes %u and %u have one address", j, i);
    return 0;
}

/* A ring's buffers: all nodes' own, and all that can be on their way. */
static uint32_t mesh_pool_packets(const struct torc_dpdk_mesh_config *config, uint32_t slots)
{
    uint32_t in_hands = TORC_TX_BURST + TORC_RX_BURST;
    if (config->one_thread) /* every ring full */
        return config->nodes * (slots + in_hands) + 2 * DPDK_CACHE;
    return (config->nodes - 1) * slots + in_hands + MESH_THREADS * 2 * DPDK_CACHE;
}

static bool mesh_make(
    struct dpdk_mesh *mesh, const struct torc_dpdk_mesh_config *config, unsigned instance)
{
    uint32_t slots = config->descriptors ? config->descriptors : MESH_DESCRIPTORS;
    unsigned flags = RING_F_SC_DEQ | (config->one_thread ? RING_F_SP_ENQ : 0);
    for (unsigned i = 0; i < mesh->nodes; i++) {
        char name[32];
        snprintf(name, sizeof name, "torc_mesh_%u_%u", instance, i);
        mesh->ring[i] = rte_ring_create(name, slots, SOCKET_ID_ANY, flags);
        if (i == 0 || !config->one_thread)
            mesh->pool[i] = dpdk_pool_create(mesh_pool_packets(config, slots), SOCKET_ID_ANY);
        if (!mesh->ring[i] || (!mesh->pool[i] && (i == 0 || !config->one_thread)))
            return false;
    }
    return true;
}

void dpdk_mesh_release(struct dpdk_mesh *mesh)
{
    if (--mesh->open)
        return;
    for (unsigned i = 0; i < mesh->nodes; i++) {
        rte_ring_free(mesh->ring[i]); /* what is left in it goes with its pool */
        rte_mempool_free(mesh->pool[i]);
    }
    free(mesh);
}

/* A station's address is made of its IPv4 address: locally administered, so nobody else's. */
static void mesh_mac(uint8_t *mac, uint32_t ip)
{
    mac[0] = 2;
    mac[1] = 0;
    frame_store32(mac + 2, ip);
}

static const char *mesh_address(
    struct dpdk_net *net, const struct torc_dpdk_mesh_config *config, unsigned node)
{
    struct frame_addressing addressing = {.ip = config->ip[node],
        .prefix = 32,
        .base_port = config->base_port,
        .ports = config->ports};
    mesh_mac(addressing.mac, config->ip[node]);
    const char *wrong = frame_self_init(&net->self, &addressing);
    net->self.mask = 0; /* everybody is next door */
    return wrong;
}

/* The port: one receive queue, a send queue to each node. */
static int mesh_port(struct dpdk_net *net, const char *name, unsigned node)
{
    struct dpdk_mesh *mesh = net->mesh;
    struct rte_eth_conf conf = {0};
    struct rte_mempool *pool = mesh->pool[node] ? mesh->pool[node] : mesh->pool[0];
    int port = rte_eth_from_rings(name, &mesh->ring[node], 1, mesh->ring, mesh->nodes, 0);
    if (port < 0)
        return rte_errno ? -rte_errno : -ENODEV;
    net->port = (uint16_t)port;
    net->configured = true;
    int result = rte_eth_dev_info_get(net->port, &net->info);
    net->probed = result == 0;
    if (result == 0)
        result = rte_eth_dev_configure(net->port, 1, (uint16_t)mesh->nodes, &conf);
    if (result == 0)
        result = rte_eth_rx_queue_setup(net->port, 0, MESH_DESCRIPTORS, 0, NULL, pool);
    for (unsigned i = 0; i < mesh->nodes && result == 0; i++)
        result = rte_eth_tx_queue_setup(net->port, (uint16_t)i, MESH_DESCRIPTORS, 0, NULL);
    if (result == 0)
        result = rte_eth_dev_start(net->port);
    if (result == 0 && !(net->queue[0] = dpdk_queue_create(net, 0, pool)))
        result = -ENOMEM;
    return result;
}

/* Nobody needs to ask where anybody is. */
static void mesh_wire(struct dpdk_net *net, const struct torc_dpdk_mesh_config *config)
{
    struct dpdk_queue *queue = net->queue[0];
    queue->arp = false;
    queue->own_pool = config->one_thread;
    queue->lanes = (uint16_t)config->nodes;
    for (unsigned i = 0; i < config->nodes; i++) {
        uint8_t mac[FRAME_MAC_BYTES];
        mesh_mac(mac, config->ip[i]);
        neighbours_learn(&queue->neighbours, config->ip[i], frame_load_mac(mac), NEIGHBOUR_STATIC,
            NEIGHBOUR_BY_ARP);
        queue->lane[i].ip = config->ip[i];
        queue->lane[i].queue = (uint16_t)i;
    }
}

static int mesh_node(struct dpdk_mesh *mesh, const struct torc_dpdk_mesh_config *config,
    unsigned instance, unsigned node, struct torc_net **out, char *error, size_t bytes)
{
    struct dpdk_net *net = calloc(1, sizeof *net);
    if (!net)
        return dpdk_fail(error, bytes, TORC_ENOMEM, "no memory for a port");
    *out = &net->net;
    mesh->open++;
    net->mesh = mesh;
    net->net.ops = &dpdk_ops;
    net->net.queues = 1;
    net->net.steers = true;
    net->config.udp_checksum = config->udp_checksum;
    net->config.packet_bytes = config->packet_bytes ? config->packet_bytes : MESH_PACKET_BYTES;
    net->net.packet_bytes = net->config.packet_bytes;
    net->receive_packets = (config->descriptors ? config->descriptors : MESH_DESCRIPTORS) - 1;
    net->socket = SOCKET_ID_ANY;
    net->was_up = true;
    snprintf(net->device.name, sizeof net->device.name, "torc_mesh_%u_%u", instance, node);
    const char *wrong = mesh_address(net, config, node);
    if (wrong)
        return dpdk_fail(error, bytes, TORC_EINVAL, "node %u: %s", node, wrong);
    int result = mesh_port(net, net->device.name, node);
    if (result)
        return dpdk_fail(error, bytes, TORC_EIO, "node %u: DPDK cannot make its ring port (%s)",
            node, rte_strerror(-result));
    mesh_wire(net, config);
    return 0;
}

int torc_dpdk_mesh_open(const struct torc_dpdk_mesh_config *config, struct torc_net **net,
    char *error, size_t error_bytes)
{
    static unsigned instance;
    int result = mesh_check(config, error, error_bytes);
    struct dpdk_mesh *mesh = result ? NULL : calloc(1, sizeof *mesh);
    if (!mesh)
        return result ? result : dpdk_fail(error, error_bytes, TORC_ENOMEM, "no memory");
    mesh->nodes = config->nodes;
    mesh->open = 1;
    memset(net, 0, config->nodes * sizeof(struct torc_net *));
    if (!mesh_make(mesh, config, ++instance))
        result = dpdk_fail(error, error_bytes, TORC_ENOMEM,
            "no memory for the buffers of %u nodes: give DPDK more (-m, or hugepages)",
            config->nodes);
    for (unsigned i = 0; i < config->nodes && result == 0; i++)
        result = mesh_node(mesh, config, instance, i, &net[i], error, error_bytes);
    for (unsigned i = 0; i < config->nodes && result; i++)
        if (net[i])
            net[i]->ops->close(net[i]);
    dpdk_mesh_release(mesh);
    return result;
}
