/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include <isa-l/crc.h>

#include "bench/clock.h"
#include "bench/memory.h"

#define FLOOR_BURST    32u
#define FLOOR_REPLICAS 3u
#define FLOOR_PORTS    (FLOOR_REPLICAS + 1) /* the client's is number 0 */
#define FLOOR_RING     1024u
#define FLOOR_MBUFS    16383u
#define FLOOR_SESSIONS 1024u
#define FLOOR_HEADERS                                                                              \
    (sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))
#define FLOOR_FRAME_BYTES 1514u
#define FLOOR_CLIENT      7u
#define FLOOR_GOLDEN      UINT64_C(0x9E3779B97F4A7C15)

struct floor_entry {
    uint32_t crc;
    uint32_t length;
    uint64_t sequence;
    uint64_t client;
    uint64_t request;
    uint64_t key;
    uint8_t value[];
};

struct floor_slot {
    uint64_t key; /* 0: free */
    uint32_t offset;
    uint32_t version;
};

/* A cache line. */
struct floor_session {
    uint64_t last;
    uint64_t reply[7];
};

struct floor_replica {
    uint8_t *log;
    uint64_t log_at;
    struct floor_slot *index;
    struct floor_session *session;
};

struct floor {
    struct floor_config config;
    struct rte_mempool *pool;
    uint16_t port[FLOOR_PORTS];
    struct floor_replica replica[FLOOR_REPLICAS];
    uint32_t index_bits;
    uint32_t entry_bytes;
    uint64_t sequence;
    uint64_t done;
    uint64_t bad;
};

static uint32_t floor_entry_bytes(uint32_t value_bytes)
{
    return RTE_ALIGN((uint32_t)sizeof(struct floor_entry) + value_bytes, 8);
}

uint32_t floor_batch_most(uint32_t value_bytes)
{
    return (FLOOR_FRAME_BYTES - (uint32_t)FLOOR_HEADERS) / floor_entry_bytes(value_bytes);
}

/* ---- creation ---- */

static bool floor_port(struct floor *floor, unsigned number, struct rte_ring **rings)
{
    char name[32];
    struct rte_eth_conf conf = {0};
    struct rte_ring *in = rings[number];
    struct rte_ring *out = rings[(number + 1) % FLOOR_PORTS];
    (void)snprintf(name, sizeof name, "floor%u", number);
    int port = rte_eth_from_rings(name, &in, 1, &out, 1, 0);
    if (port < 0)
        return false;
    uint16_t id = floor->port[number] = (uint16_t)port;
    return rte_eth_dev_configure(id, 1, 1, &conf) == 0 &&
           rte_eth_rx_queue_setup(id, 0, FLOOR_RING, 0, NULL, floor->pool) == 0 &&
           rte_eth_tx_queue_setup(id, 0, FLOOR_RING, 0, NULL) == 0 && rte_eth_dev_start(id) == 0;
}

static bool floor_ports(struct floor *floor)
{
    struct rte_ring *rings[FLOOR_PORTS];
    floor->pool =
        rte_pktmbuf_pool_create("floor", FLOOR_MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
    if (floor->pool == NULL)
        return false;
    for (unsigned i = 0; i < FLOOR_PORTS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "floor_ring%u", i);
        rings[i] = rte_ring_create(name, FLOOR_RING, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
        if (rings[i] == NULL)
            return false;
    }
    for (unsigned i = 0; i < FLOOR_PORTS; i++)
        if (!floor_port(floor, i, rings))
            return false;
    return true;
}

static inline uint32_t floor_home(const struct floor *floor, uint64_t key)
{
    return (uint32_t)((key * UINT64_C(0xD6E8FEB86659FD93)) >> (64 - floor->index_bits));
}

/* Where a key is, or would go. */
static inline struct floor_slot *floor_slot(
    const struct floor *floor, const struct floor_replica *replica, uint64_t key)
{
    uint32_t mask = (1u << floor->index_bits) - 1;
    uint32_t at = floor_home(floor, key);
    while (replica->index[at].key != 0 && replica->index[at].key != key)
        at = (at + 1) & mask;
    return &replica->index[at];
}

/* A power of two of slots, at least twice as many as keys. */
static uint32_t floor_index_bits(uint32_t keys)
{
    uint32_t bits = 1;
    while ((UINT64_C(1) << bits) < 2 * (uint64_t)keys)
        bits++;
    return bits;
}

static void floor_fill(struct floor *floor)
{
    for (unsigned i = 0; i < FLOOR_REPLICAS; i++) {
        struct floor_replica *replica = &floor->replica[i];
        replica->log = bench_memory(floor->config.log_bytes);
        replica->session = bench_memory(FLOOR_SESSIONS * sizeof *replica->session);
        replica->index = bench_memory(sizeof *replica->index << floor->index_bits);
        for (uint64_t key = 1; key <= floor->config.keys; key++)
            floor_slot(floor, replica, key)->key = key;
    }
}

struct floor *floor_create(const struct floor_config *config, const char **why)
{
    if (config->batch == 0 || config->batch > floor_batch_most(config->value_bytes)) {
        *why = "so many entries of that size fit no packet";
        return NULL;
    }
    struct floor *floor = calloc(1, sizeof *floor);
    if (floor == NULL || !floor_ports(floor)) {
        *why = "DPDK has no memory for the floor's ports";
        free(floor);
        return NULL;
    }
    floor->config = *config;
    floor->entry_bytes = floor_entry_bytes(config->value_bytes);
    floor->index_bits = floor_index_bits(config->keys);
    floor_fill(floor);
    return floor;
}

/* ---- one loop ---- */

static inline struct floor_entry *floor_entry(
    const struct floor *floor, struct rte_mbuf *packet, uint32_t number)
{
    return rte_pktmbuf_mtod_offset(
        packet, struct floor_entry *, FLOOR_HEADERS + number * floor->entry_bytes);
}

static inline uint32_t floor_crc(const struct floor *floor, struct floor_entry *entry)
{
    return crc32_iscsi(
        (unsigned char *)&entry->length, (int)(floor->entry_bytes - sizeof entry->crc), UINT32_MAX);
}

static inline uint64_t floor_key(const struct floor *floor, bool store, uint64_t sequence)
{
    uint64_t mixed = sequence * FLOOR_GOLDEN;
    return store ? ((mixed >> 32) * floor->config.keys >> 32) + 1 : mixed;
}

static inline void floor_request(struct floor *floor, struct rte_mbuf *packet, bool store)
{
    char *headers = rte_pktmbuf_append(
        packet, (uint16_t)(FLOOR_HEADERS + floor->entry_bytes * floor->config.batch));
    memset(headers, 0, FLOOR_HEADERS);
    for (uint32_t i = 0; i < floor->config.batch; i++) {
        struct floor_entry *entry = floor_entry(floor, packet, i);
        uint64_t sequence = floor->sequence++;
        entry->length = floor->config.value_bytes;
        entry->sequence = sequence;
        entry->client = FLOOR_CLIENT;
        entry->request = sequence;
        entry->key = floor_key(floor, store, sequence);
        memset(entry->value, (int)sequence, floor->config.value_bytes);
        entry->crc = floor_crc(floor, entry);
    }
}

static inline void floor_send(uint16_t port, struct rte_mbuf **packet, uint16_t count)
{
    uint16_t sent = rte_eth_tx_burst(port, 0, packet, count);
    if (sent < count)
        rte_pktmbuf_free_bulk(packet + sent, count - sent);
}

static inline void floor_client_sends(struct floor *floor, bool store)
{
    struct rte_mbuf *packet[FLOOR_BURST];
    if (rte_pktmbuf_alloc_bulk(floor->pool, packet, FLOOR_BURST) != 0)
        return;
    for (unsigned i = 0; i < FLOOR_BURST; i++)
        floor_request(floor, packet[i], store);
    floor_send(floor->port[0], packet, FLOOR_BURST);
}

static inline void floor_prefetch(
    struct floor *floor, struct floor_replica *replica, struct rte_mbuf *packet)
{
    for (uint32_t i = 0; i < floor->config.batch; i++) {
        const struct floor_entry *entry = floor_entry(floor, packet, i);
        __builtin_prefetch(&replica->index[floor_home(floor, entry->key)], 1);
        __builtin_prefetch(&replica->session[entry->client % FLOOR_SESSIONS], 1);
    }
}

static inline void floor_store(
    struct floor *floor, struct floor_replica *replica, const struct floor_entry *entry)
{
    struct floor_session *session = &replica->session[entry->client % FLOOR_SESSIONS];
    floor->bad += entry->request < session->last;
    session->last = entry->request;
    struct floor_slot *slot = floor_slot(floor, replica, entry->key);
    *slot = (struct floor_slot){
        .key = entry->key, .offset = (uint32_t)replica->log_at, .version = slot->version + 1};
}

static inline void floor_append(
    struct floor *floor, struct floor_replica *replica, struct floor_entry *entry, bool store)
{
    floor->bad += floor_crc(floor, entry) != entry->crc;
    if (replica->log_at + floor->entry_bytes > floor->config.log_bytes)
        replica->log_at = 0;
    memcpy(replica->log + replica->log_at, entry, floor->entry_bytes);
    if (store)
        floor_store(floor, replica, entry);
    replica->log_at += floor->entry_bytes;
}

static inline void floor_replica_step(struct floor *floor, unsigned number, bool store)
{
    struct floor_replica *replica = &floor->replica[number];
    struct rte_mbuf *packet[FLOOR_BURST];
    uint16_t port = floor->port[number + 1];
    uint16_t got = rte_eth_rx_burst(port, 0, packet, FLOOR_BURST);
    for (uint16_t i = 0; store && i < got; i++)
        floor_prefetch(floor, replica, packet[i]);
    for (uint16_t i = 0; i < got; i++) {
        struct rte_ipv4_hdr *ip =
            rte_pktmbuf_mtod_offset(packet[i], struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
        ip->src_addr = number + 1;
        ip->dst_addr = number + 2;
        for (uint32_t k = 0; k < floor->config.batch; k++)
            floor_append(floor, replica, floor_entry(floor, packet[i], k), store);
    }
    floor_send(port, packet, got);
}

static inline void floor_loop(struct floor *floor, bool store)
{
    struct rte_mbuf *packet[FLOOR_BURST];
    floor_client_sends(floor, store);
    for (unsigned i = 0; i < FLOOR_REPLICAS; i++)
        floor_replica_step(floor, i, store);
    uint16_t got = rte_eth_rx_burst(floor->port[0], 0, packet, FLOOR_BURST);
    floor->done += (uint64_t)got * floor->config.batch;
    rte_pktmbuf_free_bulk(packet, got);
}

/* The two floors as two loops, so that neither asks which one it is. */
static __attribute__((noinline)) void floor_loops_wire(struct floor *floor, unsigned loops)
{
    for (unsigned i = 0; i < loops; i++)
        floor_loop(floor, false);
}

static __attribute__((noinline)) void floor_loops_store(struct floor *floor, unsigned loops)
{
    for (unsigned i = 0; i < loops; i++)
        floor_loop(floor, true);
}

double floor_run(struct floor *floor, bool store, double seconds, uint64_t loops)
{
    const unsigned slice = 64;
    const uint64_t enough_ns = (uint64_t)(seconds * 1e9);
    const uint64_t begun_ns = bench_cpu_ns();
    const uint64_t done = floor->done;
    uint64_t passed_ns;
    do {
        if (store)
            floor_loops_store(floor, slice);
        else
            floor_loops_wire(floor, slice);
        loops -= loops < slice ? loops : slice;
        passed_ns = bench_cpu_ns() - begun_ns;
    } while (passed_ns < enough_ns || loops > 0);
    return floor->bad != 0 ? -1 : (double)passed_ns / (double)(floor->done - done);
}
