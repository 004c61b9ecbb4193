/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/node/worker.h"

#include <string.h>

#include "engine/base/assert.h"
#include "engine/services/kv.h"

#define WORKER_ASSEMBLIES                                                                          \
    8u /* large entries, and as many large requests, that may come at once                         \
        */

static uint16_t worker_self(const struct node_config *config)
{
    uint16_t self = ring_member_by_id(config->plan, config->self);
    TORC_ASSERT(self != RING_NO_MEMBER);
    return self;
}

/* This member's place in the chain of a partition, pinned to this worker; length if none. */
static uint8_t worker_position(
    const struct ring *ring, uint32_t partition, uint16_t self, uint16_t number)
{
    const struct ring_replica *chain = ring_chain(ring, partition);
    uint8_t length = ring->chain_length[partition];
    for (uint8_t i = 0; i < length; i++)
        if (chain[i].member == self && chain[i].worker == number)
            return i;
    return length;
}

static uint32_t worker_count_vnodes(const struct node_config *config, uint16_t number)
{
    uint16_t self = worker_self(config);
    uint32_t vnodes = 0;
    for (uint32_t p = 0; p < config->plan->partitions; p++)
        vnodes += worker_position(config->plan, p, self, number) < config->plan->chain_length[p];
    return vnodes;
}

static uint16_t worker_workers_most(const struct ring *ring)
{
    uint16_t most = 1;
    for (uint16_t i = 0; i < ring->members; i++)
        if (ring->member[i].workers > most)
            most = ring->member[i].workers;
    return most;
}

/*
 * Most links a worker can need: one to each worker of each other member, but never more than two a
 * vnode.
 */
static uint32_t worker_count_links(const struct node_config *config, uint32_t vnodes)
{
    uint32_t all = 0;
    for (uint16_t i = 0; i < config->plan->members; i++)
        all += config->plan->member[i].workers;
    all -= config->plan->member[worker_self(config)].workers;
    return all < 2 * vnodes ? all : 2 * vnodes;
}

/* Shares the receive descriptors out: half to the peers' links, half to clients. */
static uint32_t worker_credit(const struct node_config *config, uint32_t links)
{
    uint32_t credit = config->receive_packets / 2 / (links > 0 ? links : 1);
    return credit < 4 ? 4 : credit;
}

static uint32_t worker_link(struct worker *worker, const struct node_config *config,
    struct ring_replica peer, uint32_t credit)
{
    uint32_t *place =
        &worker->link_by_peer[(uint32_t)peer.member * worker->workers_most + peer.worker];
    if (*place != WORKER_NO_LINK)
        return *place;
    struct chain_set *chains = &worker->vnodes.chains;
    struct torc_addr address = config->plan->member[peer.member].address;
    address.port = (uint16_t)(address.port + peer.worker);
    *place = chains->links++;
    link_init(&chains->link[*place], peer.member, peer.worker, address, credit);
    return *place;
}

/* Sets up the chain of each partition that is pinned to this worker. */
static void worker_set_up_chains(
    struct worker *worker, const struct node_config *config, uint32_t credit)
{
    const struct ring *ring = config->plan;
    struct chain_set *chains = &worker->vnodes.chains;
    for (uint32_t p = 0; p < ring->partitions; p++) {
        worker->vnodes.by_partition[p] = VNODE_NONE;
        uint8_t position = worker_position(ring, p, worker->self, worker->number);
        uint8_t length = ring->chain_length[p];
        if (position == length)
            continue;
        const struct ring_replica *replica = ring_chain(ring, p);
        uint32_t vnode = chains->vnodes++;
        struct chain *chain = &chains->chain[vnode];
        chain_init(chain, ring->class.number, (uint16_t)p);
        chain->epoch = ring->chain_epoch[p];
        chain->position = position;
        chain->length = length;
        if (position > 0)
            chain->link[CHAIN_UP] = worker_link(worker, config, replica[position - 1], credit);
        if (position + 1 < length)
            chain->link[CHAIN_DOWN] = worker_link(worker, config, replica[position + 1], credit);
        worker->vnodes.by_partition[p] = vnode;
    }
}

static void worker_set_up_senders(struct worker *worker, const struct node_config *config)
{
    struct wire_packet header = {.type = WIRE_DATA,
        .sender = config->self,
        .sender_worker = worker->number,
        .sender_incarnation = config->incarnation};
    worker->outlet = (struct chain_outlet){.header = header,
        .incarnation = worker->incarnations,
        .cluster = worker->cluster,
        .packet_bytes = config->packet_bytes};
    header.type = WIRE_REPLY;
    worker->vnodes.outbox.header = header;
    worker->vnodes.outbox.cluster = worker->cluster;
    worker->vnodes.outbox.packet_bytes = config->packet_bytes;
    worker->vnodes.outbox.counters = &worker->side->counters;
}

/* Bytes taken from the arena since *mark, which moves on. */
static uint64_t worker_cut(const struct arena *arena, size_t *mark)
{
    uint64_t bytes = arena->used - *mark;
    *mark = arena->used;
    return bytes;
}

/* Cuts all of a worker's memory from the arena. With `sizes`, tells what went where. */
static struct worker *worker_take(struct arena *arena, const struct node_config *config,
    uint16_t number, struct worker_sizes *sizes)
{
    const struct ring *ring = config->plan;
    struct worker_sizes unused;
    struct worker_sizes *size = sizes != NULL ? sizes : &unused;
    uint32_t vnodes = worker_count_vnodes(config, number);
    uint32_t links = worker_count_links(config, vnodes);
    size_t mark = arena->used;
    struct worker *worker = ARENA_ARRAY(arena, struct worker, 1);
    struct worker scratch;
    struct worker *w = worker != NULL ? worker : &scratch;
    memset(w, 0, sizeof *w);
    w->workers_most = worker_workers_most(ring);
    w->vnodes.chains.chain = ARENA_ARRAY(arena, struct chain, vnodes);
    w->vnodes.vnode = ARENA_ARRAY(arena, struct vnode, vnodes);
    w->vnodes.by_partition = ARENA_ARRAY(arena, uint32_t, ring->partitions);
    w->link_by_peer = ARENA_ARRAY(arena, uint32_t, (size_t)ring->members * w->workers_most);
    w->incarnations = ARENA_ARRAY(arena, uint64_t, ring->members);
    park_init(&w->vnodes.chains.park, arena, config->parked_packets);
    size->rest = worker_cut(arena, &mark);
    w->vnodes.chains.log = log_create(arena, config->log_bytes, vnodes, ring->class.window);
    size->log = worker_cut(arena, &mark);
    w->vnodes.sessions =
        session_create(arena, vnodes, ring->class.sessions, ring->class.session_window);
    size->sessions = worker_cut(arena, &mark);
    struct kv_store *kv = kv_create(arena, vnodes, ring->class.kv_blocks);
    size->service = worker_cut(arena, &mark);
    assembly_pool_init(&w->vnodes.chains.parts, arena, WORKER_ASSEMBLIES);
    assembly_pool_init(&w->vnodes.requests, arena, WORKER_ASSEMBLIES);
    size->assemblies = worker_cut(arena, &mark);
    w->vnodes.chains.link = link_create(arena, links);
    size->links = worker_cut(arena, &mark);
    if (worker != NULL)
        worker->vnodes.service = kv_service(kv);
    return worker;
}

struct worker_sizes worker_sizes(const struct node_config *config, uint16_t number)
{
    struct worker_sizes sizes;
    struct arena counting;
    arena_init(&counting, NULL, 0);
    worker_take(&counting, config, number, &sizes);
    return sizes;
}

struct worker *worker_create(
    struct arena *arena, const struct node_config *config, struct meeting *meeting, uint16_t number)
{
    struct worker *worker = worker_take(arena, config, number, NULL);
    if (worker == NULL)
        return NULL;
    struct chain_set *chains = &worker->vnodes.chains;
    worker->meeting = meeting;
    worker->side = &meeting->worker[number];
    worker->incarnation = config->incarnation;
    worker->cluster = config->plan->cluster;
    worker->self_id = config->self;
    worker->self = worker_self(config);
    worker->number = number;
    worker->members = config->plan->members;
    worker->vnodes.partitions = config->plan->partitions;
    worker->vnodes.counters = chains->counters = &worker->side->counters;
    chains->active = CHAIN_NO_LINK;
    chains->stalled = CHAIN_NO_ITEM;
    memset(worker->link_by_peer, 0xff,
        sizeof *worker->link_by_peer * worker->members * worker->workers_most);
    uint32_t links = worker_count_links(config, worker_count_vnodes(config, number));
    worker_set_up_chains(worker, config, worker_credit(config, links));
    worker_set_up_senders(worker, config);
    return worker;
}

/* Has a member of the vnode's chain, or its tail, restarted? */
static void worker_adopt_vnode(struct worker *worker, const struct ring *ring, uint32_t vnode)
{
    const struct chain *chain = &worker->vnodes.chains.chain[vnode];
    const struct ring_replica *replica = ring_chain(ring, chain->partition);
    struct vnode *state = &worker->vnodes.vnode[vnode];
    for (uint8_t i = 0; i < chain->length; i++) {
        if (ring->member[replica[i].member].state == RING_MEMBER_OK)
            continue;
        state->member_lost = true;
        state->tail_lost |= i + 1 == chain->length;
    }
}

/*
 * Control published a table: the same chains (the epoch is the same), with members that are now
 * heard of, or lost.
 */
static void worker_adopt(struct worker *worker, const struct ring *ring)
{
    struct chain_set *chains = &worker->vnodes.chains;
    TORC_ASSERT(ring->revision > worker->revision && ring->members == worker->members);
    for (uint16_t i = 0; i < ring->members; i++)
        worker->incarnations[i] = ring->member[i].incarnation;
    for (uint32_t i = 0; i < chains->links; i++)
        chains->link[i].dead = ring->member[chains->link[i].member].state != RING_MEMBER_OK;
    for (uint32_t i = 0; i < chains->vnodes; i++)
        worker_adopt_vnode(worker, ring, i);
    worker->revision = ring->revision;
}

/* Sends what control has to send. Worker 0 does it: control owns no queue. */
static void worker_send_for_control(struct worker *worker, struct torc_burst *burst)
{
    const struct mailbox_packet *packet;
    while (burst->tx_used < burst->tx_count &&
           (packet = mailbox_peek(&worker->meeting->from_control)) != NULL) {
        struct torc_tx *tx = &burst->tx[burst->tx_used];
        if (packet->bytes <= tx->capacity) {
            memcpy(tx->data, packet->data, packet->bytes);
            tx->bytes = packet->bytes;
            tx->to = packet->address;
            burst->tx_used++;
            COUNT(worker->side->counters.tx_packets);
        }
        mailbox_pop(&worker->meeting->from_control, 1);
    }
}

/* Vnodes whose next entry waited for log memory try again. */
static void worker_retry_stalled(struct worker *worker)
{
    uint32_t vnode = chain_stalled_take(&worker->vnodes.chains);
    while (vnode != CHAIN_NO_ITEM) {
        uint32_t next = chain_retry(&worker->vnodes.chains, vnode);
        vnode_advance(&worker->vnodes, vnode);
        vnode = next;
    }
}

/* Nothing under way that can still end: what waits for a lost member waits for ever. */
static bool worker_quiet(const struct worker *worker)
{
    const struct chain_set *chains = &worker->vnodes.chains;
    for (uint32_t i = 0; i < chains->vnodes; i++) {
        const struct vnode *vnode = &worker->vnodes.vnode[i];
        if (!vnode->member_lost && vnode->applied != log_last(chains->log, i))
            return false;
    }
    return chain_quiet(chains);
}

static void worker_scan(struct worker *worker, uint64_t now_ns)
{
    __atomic_store_n(&worker->side->counters.log_moved_bytes,
        log_moved_bytes(worker->vnodes.chains.log), __ATOMIC_RELAXED);
    worker->next_scan_ns = now_ns + WORKER_SCAN_NS;
    vnode_scan(&worker->vnodes, WORKER_SCAN_VNODES);
    worker->vnodes.draining = __atomic_load_n(&worker->meeting->draining, __ATOMIC_RELAXED) != 0;
    if (worker->vnodes.draining)
        __atomic_store_n(&worker->side->quiet, worker_quiet(worker), __ATOMIC_RELAXED);
}

static void worker_read_ring(struct worker *worker)
{
    worker->ring = ring_read(&worker->meeting->ring);
    worker->vnodes.ring = worker->ring;
    if (TORC_LIKELY(worker->ring == NULL || worker->ring->revision == worker->revision))
        return;
    worker_adopt(worker, worker->ring);
    __atomic_store_n(&worker->side->adopted, worker->revision, __ATOMIC_RELEASE);
}

void worker_step(struct worker *worker, struct torc_burst *burst)
{
    worker_read_ring(worker);
    uint64_t now_ns = steady_from(&worker->clock, burst->now_ns);
    worker->vnodes.chains.now_ns = now_ns;
    session_clock(worker->vnodes.sessions, now_ns);
    burst->tx_used = 0;
    burst->wake_ns = worker->next_scan_ns;
    outbox_begin(&worker->vnodes.outbox, burst);
    if (worker->number == 0)
        worker_send_for_control(worker, burst);
    for (uint32_t done = 0; done < burst->rx_count; done += TORC_RX_BURST) {
        uint32_t left = burst->rx_count - done;
        worker_receive(worker, burst->rx + done, left < TORC_RX_BURST ? left : TORC_RX_BURST);
    }
    worker_retry_stalled(worker);
    if (now_ns >= worker->next_scan_ns) {
        worker_scan(worker, now_ns);
        burst->wake_ns = worker->next_scan_ns;
    }
    chain_flush(&worker->vnodes.chains, burst, &worker->outlet);
    outbox_end(&worker->vnodes.outbox);
    burst->wake_ns = steady_to(&worker->clock, burst->wake_ns);
}
