/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/sim.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/prng.h"

#define SIM_CHUNK 256u /* packets allocated at once */

struct sim_chunk {
    struct sim_chunk *next;
    struct net_sim_packet packet[SIM_CHUNK];
};

/* The heap holds keys beside pointers: comparing touches no packet. */
struct sim_slot {
    uint64_t at_ns, order;
    struct net_sim_packet *packet;
};

struct net_sim {
    struct net_sim_faults faults;
    struct net_sim_counters counters;
    struct prng prng;
    uint64_t orders;
    struct sim_slot *heap;
    size_t count, room;
    struct net_sim_packet *free;
    struct sim_chunk *chunks;
    uint64_t cut[NET_SIM_HOSTS_MAX]; /* by sender: bit i: nothing reaches host i */
};

uint64_t net_sim_random(struct net_sim *net, uint64_t limit)
{
    uint64_t x = prng_next(&net->prng);
    return limit == 0 ? x : (uint64_t)((unsigned __int128)x * limit >> 64);
}

static bool sim_chance(struct net_sim *net, uint32_t of_65536)
{
    return of_65536 > 0 && net_sim_random(net, 65536) < of_65536;
}

struct net_sim *net_sim_create(uint64_t seed, const struct net_sim_faults *faults)
{
    struct net_sim *net = calloc(1, sizeof *net);
    if (net == NULL)
        abort();
    net->prng.state = seed;
    net->faults = *faults;
    return net;
}

void net_sim_destroy(struct net_sim *net)
{
    while (net->chunks != NULL) {
        struct sim_chunk *next = net->chunks->next;
        free(net->chunks);
        net->chunks = next;
    }
    free(net->heap);
    free(net);
}

void net_sim_faults(struct net_sim *net, const struct net_sim_faults *faults)
{
    net->faults = *faults;
}

const struct net_sim_faults *net_sim_faults_now(const struct net_sim *net)
{
    return &net->faults;
}

void net_sim_cut(struct net_sim *net, unsigned from_host, unsigned to_host, bool cut)
{
    uint64_t bit = (uint64_t)1 << to_host;
    net->cut[from_host] = cut ? net->cut[from_host] | bit : net->cut[from_host] & ~bit;
}

void net_sim_heal(struct net_sim *net)
{
    memset(net->cut, 0, sizeof net->cut);
}

/* ---- packets ---- */

static void sim_more_packets(struct net_sim *net)
{
    struct sim_chunk *chunk = malloc(sizeof *chunk);
    if (chunk == NULL)
        abort();
    chunk->next = net->chunks;
    net->chunks = chunk;
    for (unsigned i = 0; i < SIM_CHUNK; i++) {
        chunk->packet[i].next = net->free;
        net->free = &chunk->packet[i];
    }
}

void net_sim_done(struct net_sim *net, struct net_sim_packet *packet)
{
    packet->next = net->free;
    net->free = packet;
}

/* ---- the heap ---- */

static bool slot_before(const struct sim_slot *a, const struct sim_slot *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void heap_put(struct net_sim *net, struct sim_slot slot)
{
    if (net->count == net->room) {
        net->room = net->room * 2 + SIM_CHUNK;
        struct sim_slot *heap = realloc(net->heap, net->room * sizeof *heap);
        if (heap == NULL)
            abort();
        net->heap = heap;
    }
    size_t i = net->count++;
    while (i > 0 && slot_before(&slot, &net->heap[(i - 1) / 2])) {
        net->heap[i] = net->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    net->heap[i] = slot;
}

static struct net_sim_packet *heap_take(struct net_sim *net)
{
    struct net_sim_packet *first = net->heap[0].packet;
    struct sim_slot last = net->heap[--net->count];
    size_t i = 0;
    while (2 * i + 1 < net->count) {
        size_t child = 2 * i + 1;
        if (child + 1 < net->count && slot_before(&net->heap[child + 1], &net->heap[child]))
            child++;
        if (!slot_before(&net->heap[child], &last))
            break;
        net->heap[i] = net->heap[child];
        i = child;
    }
    net->heap[i] = last;
    return first;
}

/* ---- sending and receiving ---- */

static struct net_sim_packet *sim_put(struct net_sim *net, uint64_t at_ns, unsigned from_host,
    unsigned to_host, struct torc_addr from, struct torc_addr to, const void *data, uint32_t bytes)
{
    if (net->free == NULL)
        sim_more_packets(net);
    struct net_sim_packet *packet = net->free;
    net->free = packet->next;
    packet->at_ns = at_ns;
    packet->order = net->orders++;
    packet->from = from;
    packet->to = to;
    packet->from_host = (uint16_t)from_host;
    packet->to_host = (uint16_t)to_host;
    packet->bytes = bytes;
    memcpy(packet->data, data, bytes);
    heap_put(net, (struct sim_slot){at_ns, packet->order, packet});
    return packet;
}

void net_sim_send_surely(struct net_sim *net, uint64_t now_ns, unsigned from_host, unsigned to_host,
    struct torc_addr from, struct torc_addr to, const void *data, uint32_t bytes)
{
    sim_put(net, now_ns + net->faults.delay_ns, from_host, to_host, from, to, data, bytes);
}

/* One copy, with its own delay and its own damage. */
static void sim_send_copy(struct net_sim *net, uint64_t now_ns, unsigned from_host,
    unsigned to_host, struct torc_addr from, struct torc_addr to, const void *data, uint32_t bytes)
{
    const struct net_sim_faults *faults = &net->faults;
    uint64_t at_ns = now_ns + faults->delay_ns;
    if (faults->jitter_ns > 0)
        at_ns += net_sim_random(net, faults->jitter_ns);
    if (sim_chance(net, faults->straggle))
        at_ns += net_sim_random(net, faults->straggle_ns);
    struct net_sim_packet *packet = sim_put(net, at_ns, from_host, to_host, from, to, data, bytes);
    if (!sim_chance(net, faults->corruption))
        return;
    packet->data[net_sim_random(net, bytes)] ^= (uint8_t)(1u << net_sim_random(net, 8));
    net->counters.corrupted++;
}

bool net_sim_send(struct net_sim *net, uint64_t now_ns, unsigned from_host, unsigned to_host,
    struct torc_addr from, struct torc_addr to, const void *data, uint32_t bytes, bool *lost)
{
    if (bytes == 0 || bytes > NET_SIM_PACKET_BYTES)
        return false;
    net->counters.sent++;
    if (bytes > net->counters.largest_bytes)
        net->counters.largest_bytes = bytes;
    bool cut = net->cut[from_host] >> to_host & 1;
    *lost = cut || sim_chance(net, net->faults.loss);
    net->counters.partitioned += cut;
    net->counters.lost += *lost && !cut;
    if (!*lost)
        sim_send_copy(net, now_ns, from_host, to_host, from, to, data, bytes);
    if (!cut && sim_chance(net, net->faults.duplication)) {
        net->counters.duplicated++;
        sim_send_copy(net, now_ns, from_host, to_host, from, to, data, bytes);
    }
    return true;
}

uint64_t net_sim_next_ns(const struct net_sim *net)
{
    return net->count > 0 ? net->heap[0].at_ns : UINT64_MAX;
}

struct net_sim_packet *net_sim_receive(struct net_sim *net, uint64_t now_ns)
{
    if (net->count == 0 || net->heap[0].at_ns > now_ns)
        return NULL;
    net->counters.delivered++;
    return heap_take(net);
}

const struct net_sim_counters *net_sim_counters(const struct net_sim *net)
{
    return &net->counters;
}

size_t net_sim_under_way(const struct net_sim *net)
{
    return net->count;
}
