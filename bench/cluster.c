/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/memory.h"
#include "drivers/net/dpdk.h"
#include "engine/services/kv.h"

#define CLUSTER_ID          0x70726f62u
#define CLUSTER_IP          0x0a000001u /* of node 1; the others, and the client, follow */
#define CLUSTER_PORT        7000u
#define CLUSTER_DESCRIPTORS 1024u
#define CLUSTER_START_NS    5000000000u
#define CLUSTER_CONTROL_NS  100000u
#define CLUSTER_SESSIONS    16u
#define CLUSTER_IDLE_MS     3600000u
#define CLUSTER_WINDOW_MIN  8u
#define CLUSTER_WINDOW_MAX  4096u

static bool cluster_complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench-chain: %s: %s\n", what, why);
    return false;
}

static bool cluster_ports(struct cluster *cluster)
{
    char error[256] = "";
    uint32_t ip[CLUSTER_PORTS];
    for (uint32_t i = 0; i < CLUSTER_PORTS; i++)
        ip[i] = CLUSTER_IP + i;
    const struct torc_dpdk_mesh_config mesh = {.ip = ip,
        .nodes = CLUSTER_PORTS,
        .base_port = CLUSTER_PORT,
        .ports = 1,
        .descriptors = CLUSTER_DESCRIPTORS,
        .one_thread = true};
    if (torc_dpdk_mesh_open(&mesh, cluster->net, error, sizeof error) != 0)
        return cluster_complain("ports", error);
    return true;
}

/*
 * Blocks of a vnode's quota. Keys fall on partitions by their hashes: room for six standard
 * deviations more than the mean.
 */
static uint32_t cluster_blocks(const struct cluster_config *config)
{
    const uint64_t mean = config->keys / config->partitions + 1;
    uint64_t root = 1;
    while (root * root < mean)
        root++;
    return (uint32_t)(mean + 6 * root + 16) * kv_blocks(config->key_bytes, config->value_bytes);
}

/*
 * What a vnode has to keep for the load, a power of 2: `times` its share of the calls at once. No
 * more, since all of it is gone through in turn, and is best in the cache.
 */
static uint16_t cluster_window(const struct cluster_config *config, uint32_t times, uint32_t most)
{
    uint32_t window = CLUSTER_WINDOW_MIN;
    while (
        window < most && (uint64_t)window * config->partitions < (uint64_t)times * config->window)
        window *= 2;
    return (uint16_t)window;
}

static struct ring_spec cluster_spec(
    const struct cluster_config *config, struct ring_member member[CLUSTER_NODES])
{
    memset(member, 0, CLUSTER_NODES * sizeof *member);
    for (uint32_t i = 0; i < CLUSTER_NODES; i++) {
        member[i].id = i + 1;
        member[i].workers = 1;
        member[i].address = (struct torc_addr){.ip = CLUSTER_IP + i, .port = CLUSTER_PORT};
        (void)snprintf(member[i].name, sizeof member[i].name, "n%u", i + 1);
    }
    return (struct ring_spec){.cluster = CLUSTER_ID,
        .epoch = 1,
        .partitions = config->partitions,
        .replicas = CLUSTER_NODES,
        .members = CLUSTER_NODES,
        .hash = TORC_HASH_XXH3,
        .claim = TORC_CLAIM_SPREAD,
        .class = {.session_window = cluster_window(config, 4, CLIENT_SESSION_MAX),
            .sessions = CLUSTER_SESSIONS,
            .window = cluster_window(config, 8, CLUSTER_WINDOW_MAX),
            .kv_blocks = cluster_blocks(config),
            .session_idle_ms = CLUSTER_IDLE_MS},
        .member = member};
}

static bool cluster_node(struct cluster *cluster, uint32_t number, struct node_config *config)
{
    const char *why = "";
    config->self = number + 1;
    config->incarnation = 0x1000u + number;
    cluster->node_bytes = node_memory_bytes(config, NULL, &why);
    if (cluster->node_bytes != 0)
        cluster->node[number] =
            node_create(config, bench_memory(cluster->node_bytes), cluster->node_bytes, &why);
    return cluster->node[number] != NULL || cluster_complain("node", why);
}

static bool cluster_nodes(struct cluster *cluster)
{
    const char *why = "";
    struct ring_member member[CLUSTER_NODES];
    const struct ring_spec spec = cluster_spec(&cluster->config, member);
    struct node_config config = {.ring = spec,
        .config_hash = 1,
        .receive_packets = CLUSTER_DESCRIPTORS,
        .hello_interval_ns = 1000000};
    config.plan = ring_build(&spec, bench_memory(ring_bytes(&spec)), &why);
    if (config.plan == NULL)
        return cluster_complain("ring", why);
    node_config_defaults(&config);
    for (uint32_t i = 0; i < CLUSTER_NODES; i++)
        if (!cluster_node(cluster, i, &config))
            return false;
    return true;
}

static bool cluster_client(struct cluster *cluster)
{
    struct client_config config = {.seeds = 1,
        .seed = {{.ip = CLUSTER_IP, .port = CLUSTER_PORT}},
        .random = 1,
        .requests = cluster->config.window,
        .partitions_max = cluster->config.partitions,
        .members_max = CLUSTER_NODES,
        .destinations_max = CLUSTER_NODES,
        .session_window = cluster_window(&cluster->config, 4, CLIENT_SESSION_MAX),
        .packet_requests = cluster->config.batch};
    client_config_defaults(&config);
    size_t bytes = client_core_bytes(&config);
    if (bytes == 0)
        return cluster_complain("client", "the window is outside its limits");
    cluster->client = client_core_create(&config, bench_memory(bytes), bytes);
    return cluster->client != NULL;
}

/* Receives for one port; what its owner then does with the burst goes out with cluster_send. */
static inline struct torc_burst cluster_receive(
    struct cluster *cluster, uint32_t port, struct torc_rx *rx)
{
    struct torc_net *net = cluster->net[port];
    uint32_t count = net->ops->receive(net, 0, rx, TORC_RX_BURST, cluster->now_ns);
    cluster->now_ns = bench_clock_ns(&cluster->clock);
    return (struct torc_burst){.rx = rx,
        .rx_count = count,
        .tx = cluster->tx[port],
        .tx_count = net->ops->buffers(net, 0, cluster->tx[port], TORC_TX_BURST),
        .now_ns = cluster->now_ns};
}

static inline void cluster_send(
    struct cluster *cluster, uint32_t port, const struct torc_burst *burst)
{
    struct torc_net *net = cluster->net[port];
    net->ops->send(net, 0, cluster->tx[port], burst->tx_used, cluster->now_ns);
    net->ops->release(net, 0);
}

/* When control wants it, and now and then to see what workers have for it. */
static void cluster_control_turn(struct cluster *cluster, uint32_t number)
{
    uint64_t wake_ns = node_control_step(cluster->node[number], cluster->now_ns);
    uint64_t look_ns = cluster->now_ns + CLUSTER_CONTROL_NS;
    cluster->control_ns[number] = wake_ns < look_ns ? wake_ns : look_ns;
}

static inline void cluster_node_turn(struct cluster *cluster, uint32_t number)
{
    struct torc_rx rx[TORC_RX_BURST];
    struct torc_burst burst = cluster_receive(cluster, number, rx);
    node_worker_step(cluster->node[number], 0, &burst);
    cluster_send(cluster, number, &burst);
    if (__builtin_expect(cluster->now_ns >= cluster->control_ns[number], 0))
        cluster_control_turn(cluster, number);
}

static inline void cluster_client_turn(struct cluster *cluster)
{
    struct torc_rx rx[TORC_RX_BURST];
    struct torc_burst burst = cluster_receive(cluster, CLUSTER_NODES, rx);
    client_core_step(cluster->client, &burst);
    cluster_send(cluster, CLUSTER_NODES, &burst);
}

void cluster_turn(struct cluster *cluster)
{
    cluster_client_turn(cluster);
    for (uint32_t i = 0; i < CLUSTER_NODES; i++)
        cluster_node_turn(cluster, i);
    cluster->turns++;
}

static bool cluster_serves(const struct cluster *cluster)
{
    for (uint32_t i = 0; i < CLUSTER_NODES; i++)
        if (node_state(cluster->node[i]) != NODE_SERVING)
            return false;
    return true;
}

/* Turns until all nodes have heard each other; until then control is asked every turn. */
static bool cluster_wait(struct cluster *cluster)
{
    const uint64_t until_ns = bench_clock_ns(&cluster->clock) + CLUSTER_START_NS;
    while (!cluster_serves(cluster)) {
        memset(cluster->control_ns, 0, sizeof cluster->control_ns);
        cluster_turn(cluster);
        if (cluster->now_ns > until_ns)
            return cluster_complain("start", "the nodes do not hear each other");
    }
    return true;
}

struct cluster *cluster_start(const struct cluster_config *config)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);
    if (cluster == NULL)
        return NULL;
    cluster->config = *config;
    bench_clock_start(&cluster->clock, config->step_ns);
    cluster->now_ns = bench_clock_ns(&cluster->clock);
    if (!cluster_ports(cluster) || !cluster_nodes(cluster) || !cluster_client(cluster) ||
        !cluster_wait(cluster)) {
        free(cluster);
        return NULL;
    }
    return cluster;
}

uint64_t cluster_packets(const struct cluster *cluster, uint64_t *lost)
{
    uint64_t packets = 0;
    *lost = 0;
    for (uint32_t i = 0; i < CLUSTER_PORTS; i++) {
        struct torc_net_stats stats = {0};
        cluster->net[i]->ops->stats(cluster->net[i], &stats);
        packets += stats.tx_packets;
        *lost += stats.tx_dropped + stats.tx_unresolved + stats.rx_missed;
    }
    return packets;
}
