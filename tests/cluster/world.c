/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/cluster/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ring/meeting.h"
#include "tests/cluster/story.h"

#define WORLD_TX 512u
#define WORLD_RX 64u

struct world_packet {
    uint64_t at_ns;
    uint64_t order; /* of sending: breaks ties */
    struct torc_addr from, to;
    uint32_t bytes;
    uint8_t data[];
};

/* Something with an address that takes packets: a worker or a client. */
struct world_end {
    struct torc_addr address;
    struct world_packet *inbox[WORLD_RX];
    unsigned count;
    uint64_t wake_ns;
    struct node *node; /* NULL: a client */
    unsigned id, worker;
    void (*step)(void *context, struct torc_burst *burst);
    void *context;
    struct world_mail *mail;
    unsigned mails;
};

struct world_node {
    struct node *node;
    void *memory;
    struct node_config config;
    uint64_t incarnation;
    uint64_t control_ns;
};

struct world {
    struct world_config config;
    uint64_t now_ns;
    uint64_t random;
    uint64_t orders;
    struct ring *plan;
    struct ring_member member[WORLD_NODES_MAX];
    struct world_node node[WORLD_NODES_MAX + 1];
    struct world_end end[WORLD_NODES_MAX * 4 + WORLD_CLIENTS_MAX];
    unsigned ends;
    struct world_packet **heap;
    size_t packets, room;
    bool (*lose)(void *, struct torc_addr, struct torc_addr, const void *, uint32_t);
    void *lose_context;
    struct story *story;
    uint8_t (*tx_buffer)[WIRE_PACKET_BYTES];
};

uint64_t world_random(struct world *world, uint64_t limit)
{
    uint64_t x = world->random += 0x9e3779b97f4a7c15u; /* SplitMix64, Steele et al. 2014 */
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return limit == 0 ? x : x % limit;
}

struct torc_addr world_address(unsigned id, unsigned worker)
{
    return (struct torc_addr){.ip = 0x0a000000u + id, .port = (uint16_t)(WORLD_PORT + worker)};
}

struct torc_addr world_client_address(unsigned client)
{
    return (struct torc_addr){.ip = 0x0a000100u + client, .port = 9000};
}

/* ---- the network: a heap of packets by time of arrival ---- */

static bool packet_before(const struct world_packet *a, const struct world_packet *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void heap_put(struct world *world, struct world_packet *packet)
{
    if (world->packets == world->room) {
        world->room = world->room * 2 + 64;
        world->heap = realloc(world->heap, world->room * sizeof(struct world_packet *));
    }
    size_t i = world->packets++;
    while (i > 0 && packet_before(packet, world->heap[(i - 1) / 2])) {
        world->heap[i] = world->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    world->heap[i] = packet;
}

static struct world_packet *heap_take(struct world *world)
{
    struct world_packet *first = world->heap[0];
    struct world_packet *last = world->heap[--world->packets];
    size_t i = 0;
    while (2 * i + 1 < world->packets) {
        size_t child = 2 * i + 1;
        if (child + 1 < world->packets && packet_before(world->heap[child + 1], world->heap[child]))
            child++;
        if (!packet_before(world->heap[child], last))
            break;
        world->heap[i] = world->heap[child];
        i = child;
    }
    world->heap[i] = last;
    return first;
}

static void world_deliver_later(struct world *world, struct torc_addr from, struct torc_addr to,
    const void *data, uint32_t bytes)
{
    struct world_packet *packet = malloc(sizeof *packet + bytes);
    uint64_t jitter =
        world->config.jitter_ns > 0 ? world_random(world, world->config.jitter_ns) : 0;
    *packet = (struct world_packet){.at_ns = world->now_ns + world->config.delay_ns + jitter,
        .order = world->orders++,
        .from = from,
        .to = to,
        .bytes = bytes};
    memcpy(packet->data, data, bytes);
    if (world->config.corruption > world_random(world, 1000))
        packet->data[world_random(world, bytes)] ^= (uint8_t)(1u << world_random(world, 8));
    heap_put(world, packet);
}

void world_send(struct world *world, struct torc_addr from, struct torc_addr to, const void *packet,
    uint32_t bytes)
{
    bool lost = world->config.loss > world_random(world, 1000) ||
                (world->lose != NULL && world->lose(world->lose_context, from, to, packet, bytes));
    if (world->story != NULL)
        story_packet(world->story, world->now_ns, from, to, packet, bytes, lost);
    if (bytes > WIRE_PACKET_BYTES) {
        fprintf(stderr, "a packet of %u bytes is larger than the MTU\n", bytes);
        abort();
    }
    if (!lost)
        world_deliver_later(world, from, to, packet, bytes);
    if (world->config.duplication > world_random(world, 1000))
        world_deliver_later(world, from, to, packet, bytes);
}

void world_lose_if(struct world *world,
    bool (*lose)(void *, struct torc_addr, struct torc_addr, const void *, uint32_t), void *context)
{
    world->lose = lose;
    world->lose_context = context;
}

void world_faults(struct world *world, unsigned loss, unsigned duplication, unsigned corruption,
    uint64_t jitter_ns)
{
    world->config.loss = loss;
    world->config.duplication = duplication;
    world->config.corruption = corruption;
    world->config.jitter_ns = jitter_ns;
}

/* ---- who takes packets ---- */

static struct world_end *world_find(struct world *world, struct torc_addr to)
{
    for (unsigned i = 0; i < world->ends; i++)
        if (world->end[i].address.ip == to.ip && world->end[i].address.port == to.port)
            return &world->end[i];
    return NULL;
}

/* As world_find, of an end that must be there. */
static struct world_end *world_end(struct world *world, struct torc_addr address)
{
    struct world_end *end = world_find(world, address);
    if (end == NULL)
        abort();
    return end;
}

static void end_step(struct world *world, struct world_end *end)
{
    struct torc_rx rx[WORLD_RX];
    struct torc_tx tx[WORLD_TX];
    for (unsigned i = 0; i < end->count; i++)
        rx[i] = (struct torc_rx){.data = end->inbox[i]->data,
            .bytes = end->inbox[i]->bytes,
            .from = end->inbox[i]->from};
    for (unsigned i = 0; i < WORLD_TX; i++)
        tx[i] = (struct torc_tx){.data = world->tx_buffer[i], .capacity = WIRE_PACKET_BYTES};
    struct torc_burst burst = {.rx = rx,
        .tx = tx,
        .rx_count = end->count,
        .tx_count = WORLD_TX,
        .now_ns = world->now_ns,
        .wake_ns = UINT64_MAX};
    if (end->node != NULL)
        node_worker_step(end->node, end->worker, &burst);
    else
        end->step(end->context, &burst);
    for (unsigned i = 0; i < burst.tx_used; i++)
        world_send(world, end->address, tx[i].to, tx[i].data, tx[i].bytes);
    for (unsigned i = 0; i < end->count; i++)
        free(end->inbox[i]);
    end->count = 0;
    end->wake_ns = burst.wake_ns > world->now_ns ? burst.wake_ns : world->now_ns + 1000;
}

static void end_keep_mail(struct world_end *end, const struct world_packet *packet)
{
    end->mail = realloc(end->mail, (end->mails + 1) * sizeof *end->mail);
    struct world_mail *mail = &end->mail[end->mails++];
    mail->from = packet->from;
    mail->bytes = packet->bytes;
    memcpy(mail->data, packet->data, packet->bytes);
}

static void world_deliver(struct world *world, struct world_packet *packet)
{
    struct world_end *end = world_find(world, packet->to);
    if (end == NULL || (end->node == NULL && end->step == NULL)) {
        if (end != NULL && end->id == 0)
            end_keep_mail(end, packet);
        free(packet);
        return;
    }
    end->inbox[end->count++] = packet;
    if (end->count == WORLD_RX)
        end_step(world, end);
}

unsigned world_mail(struct world *world, unsigned client, struct world_mail *mail, unsigned max)
{
    struct world_end *end = world_end(world, world_client_address(client));
    unsigned count = end->mails < max ? end->mails : max;
    if (count > 0) {
        memcpy(mail, end->mail, count * sizeof *mail);
        memmove(end->mail, end->mail + count, (end->mails - count) * sizeof *mail);
        end->mails -= count;
    }
    return count;
}

/* ---- time ---- */

static void world_control(struct world *world)
{
    for (unsigned id = 1; id <= world->config.nodes; id++) {
        struct world_node *node = &world->node[id];
        if (node->node == NULL)
            continue;
        uint64_t wake = node_control_step(node->node, world->now_ns);
        node->control_ns = wake > world->now_ns ? wake : world->now_ns + 1000;
    }
}

static uint64_t world_next_ns(const struct world *world)
{
    uint64_t next = world->packets > 0 ? world->heap[0]->at_ns : UINT64_MAX;
    for (unsigned i = 0; i < world->ends; i++)
        if ((world->end[i].node != NULL || world->end[i].step != NULL) &&
            world->end[i].wake_ns < next)
            next = world->end[i].wake_ns;
    for (unsigned id = 1; id <= world->config.nodes; id++)
        if (world->node[id].node != NULL && world->node[id].control_ns < next)
            next = world->node[id].control_ns;
    return next;
}

/* One moment: all that arrives or is due at now_ns. */
static void world_moment(struct world *world)
{
    while (world->packets > 0 && world->heap[0]->at_ns <= world->now_ns)
        world_deliver(world, heap_take(world));
    for (unsigned i = 0; i < world->ends; i++) {
        struct world_end *end = &world->end[i];
        if ((end->node != NULL || end->step != NULL) &&
            (end->count > 0 || end->wake_ns <= world->now_ns))
            end_step(world, end);
    }
    world_control(world);
    /* what control has to send goes out with the next step of worker 0 */
    for (unsigned i = 0; i < world->ends; i++)
        if (world->end[i].node != NULL && world->end[i].worker == 0)
            end_step(world, &world->end[i]);
}

bool world_run_until(
    struct world *world, bool (*holds)(struct world *, void *), void *context, uint64_t ns)
{
    uint64_t end_ns = world->now_ns + ns;
    for (;;) {
        if (holds != NULL && holds(world, context))
            return true;
        uint64_t next = world_next_ns(world);
        if (next > end_ns)
            break;
        if (next > world->now_ns)
            world->now_ns = next;
        world_moment(world);
    }
    world->now_ns = end_ns;
    return false;
}

void world_run(struct world *world, uint64_t ns)
{
    world_run_until(world, NULL, NULL, ns);
}

static bool world_all_serve(struct world *world, void *context)
{
    (void)context;
    for (unsigned id = 1; id <= world->config.nodes; id++)
        if (world->node[id].node == NULL || node_state(world->node[id].node) != NODE_SERVING)
            return false;
    return true;
}

bool world_serving(struct world *world, uint64_t ns)
{
    return world_run_until(world, world_all_serve, NULL, ns);
}

uint64_t world_now_ns(const struct world *world)
{
    return world->now_ns;
}

/* ---- nodes and clients ---- */

void world_start(struct world *world, unsigned id)
{
    struct world_node *node = &world->node[id];
    const char *why = NULL;
    node->incarnation = world_random(world, 0) | 1;
    node->config.incarnation = node->incarnation;
    uint64_t bytes = node_memory_bytes(&node->config, NULL, &why);
    if (bytes == 0) {
        fprintf(stderr, "node %u: %s\n", id, why);
        abort();
    }
    node->memory = aligned_alloc(64, (bytes + 63) & ~63ull);
    memset(node->memory, 0, bytes);
    node->node = node_create(&node->config, node->memory, bytes, &why);
    node->control_ns = world->now_ns;
    for (unsigned w = 0; w < world->config.workers; w++) {
        struct world_end *end = world_end(world, world_address(id, w));
        end->node = node->node;
        end->wake_ns = world->now_ns;
    }
}

void world_kill(struct world *world, unsigned id)
{
    for (unsigned w = 0; w < world->config.workers; w++) {
        struct world_end *end = world_end(world, world_address(id, w));
        for (unsigned i = 0; i < end->count; i++)
            free(end->inbox[i]);
        end->count = 0;
        end->node = NULL;
    }
    free(world->node[id].memory);
    world->node[id].memory = NULL;
    world->node[id].node = NULL;
}

static void world_defaults(struct world_config *config)
{
    struct ring_class *class = &config->class;
    config->workers = config->workers > 0 ? config->workers : 1;
    config->partitions = config->partitions > 0 ? config->partitions : 4;
    config->replicas = config->replicas > 0 ? config->replicas
                       : config->nodes < 3  ? config->nodes
                                            : 3;
    config->claim = config->claim > 0 ? config->claim : TORC_CLAIM_BLOCKS;
    config->delay_ns = config->delay_ns > 0 ? config->delay_ns : 5000;
    class->session_window = class->session_window > 0 ? class->session_window : 16;
    class->sessions = class->sessions > 0 ? class->sessions : 8;
    class->window = class->window > 0 ? class->window : 64;
    class->kv_blocks = class->kv_blocks > 0 ? class->kv_blocks : 20000;
    class->session_idle_ms = class->session_idle_ms > 0 ? class->session_idle_ms : 60000;
}

static struct ring_spec world_plan(struct world *world)
{
    const struct world_config *config = &world->config;
    for (unsigned i = 0; i < config->nodes; i++) {
        world->member[i] = (struct ring_member){
            .id = i + 1, .workers = (uint16_t)config->workers, .address = world_address(i + 1, 0)};
        snprintf(world->member[i].name, sizeof world->member[i].name, "n%u", i + 1);
    }
    struct ring_spec spec = {.cluster = WORLD_CLUSTER,
        .epoch = 1,
        .partitions = config->partitions,
        .replicas = (uint16_t)config->replicas,
        .members = (uint16_t)config->nodes,
        .hash = TORC_HASH_XXH3,
        .claim = (uint8_t)config->claim,
        .class = config->class,
        .member = world->member};
    const char *why = NULL;
    size_t bytes = ring_bytes(&spec);
    world->plan = ring_build(&spec, aligned_alloc(64, (bytes + 63) & ~(size_t)63), &why);
    if (world->plan == NULL) {
        fprintf(stderr, "ring: %s\n", why);
        abort();
    }
    return spec;
}

static void world_add_end(
    struct world *world, struct torc_addr address, unsigned id, unsigned worker)
{
    world->end[world->ends++] =
        (struct world_end){.address = address, .id = id, .worker = worker, .wake_ns = UINT64_MAX};
}

struct world *world_create(const struct world_config *config)
{
    struct world *world = calloc(1, sizeof *world);
    world->config = *config;
    world->random = config->seed * 2 + 1;
    world->now_ns = 1000000000; /* clocks do not begin at 0 */
    world_defaults(&world->config);
    world->tx_buffer = malloc(WORLD_TX * sizeof *world->tx_buffer);
    struct ring_spec spec = world_plan(world);
    for (unsigned id = 1; id <= world->config.nodes; id++) {
        world->node[id].config = (struct node_config){.plan = world->plan,
            .ring = spec,
            .self = id,
            .config_hash = 42,
            .log_bytes = world->config.log_bytes,
            .receive_packets = world->config.receive_packets};
        node_config_defaults(&world->node[id].config);
        for (unsigned w = 0; w < world->config.workers; w++)
            world_add_end(world, world_address(id, w), id, w);
    }
    for (unsigned c = 0; c < WORLD_CLIENTS_MAX; c++)
        world_add_end(world, world_client_address(c), 0, 0);
    for (unsigned id = 1; id <= world->config.nodes; id++)
        world_start(world, id);
    return world;
}

void world_destroy(struct world *world)
{
    for (unsigned id = 1; id <= world->config.nodes; id++)
        if (world->node[id].node != NULL)
            world_kill(world, id);
    while (world->packets > 0)
        free(heap_take(world));
    for (unsigned i = 0; i < world->ends; i++) {
        for (unsigned p = 0; p < world->end[i].count; p++)
            free(world->end[i].inbox[p]);
        free(world->end[i].mail);
    }
    story_destroy(world->story);
    free(world->heap);
    free(world->plan);
    free(world->tx_buffer);
    free(world);
}

struct node *world_node(struct world *world, unsigned id)
{
    return world->node[id].node;
}

const struct ring *world_ring(const struct world *world)
{
    return world->plan;
}

uint64_t world_incarnation(const struct world *world, unsigned id)
{
    return world->node[id].incarnation;
}

void world_client(
    struct world *world, unsigned client, void (*step)(void *, struct torc_burst *), void *context)
{
    struct world_end *end = world_end(world, world_client_address(client));
    end->step = step;
    end->context = context;
    end->wake_ns = world->now_ns;
}

void world_story(struct world *world, bool links)
{
    story_destroy(world->story);
    world->story = story_create(world->now_ns, links);
}

const char *world_story_text(const struct world *world)
{
    return story_text(world->story);
}

/* The meeting place is the first thing in a node: that is where the counters are. */
static const struct meeting *world_meeting(struct world *world, unsigned id)
{
    return (const struct meeting *)world->node[id].node;
}

uint64_t world_counter(struct world *world, unsigned id, size_t offset)
{
    const struct meeting *meeting = world_meeting(world, id);
    uint64_t sum = 0;
    for (uint32_t w = 0; w < meeting->workers; w++)
        sum += *(const uint64_t *)((const char *)&meeting->worker[w].counters + offset);
    return sum;
}

uint64_t world_drops(struct world *world, unsigned id, enum wire_drop drop)
{
    const struct meeting *meeting = world_meeting(world, id);
    uint64_t sum = 0;
    for (uint32_t w = 0; w < meeting->workers; w++)
        sum += meeting->worker[w].drops[drop];
    return sum;
}
