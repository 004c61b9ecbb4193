/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/cluster/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "drivers/net/sim.h"
#include "engine/ring/meeting.h"
#include "tests/cluster/story.h"

#define WORLD_TX          512u
#define WORLD_RX          64u   /* packets a step gets at once */
#define WORLD_INBOX       1024u /* packets that wait for a paused node: its receive ring */
#define WORLD_WORKERS_MAX 4u

/* Something with an address that takes packets: a worker or a client. */
struct world_end {
    struct torc_addr address;
    unsigned host, id, worker; /* id 0: a client */
    struct net_sim_packet *inbox[WORLD_INBOX];
    unsigned count;
    uint64_t wake_ns; /* world time */
    struct node *node;
    void (*step)(void *context, struct torc_burst *burst);
    void *context;
    struct world_mail *mail;
    unsigned mails;
};

struct world_node {
    struct node *node;
    void *memory; /* pages that are never touched cost nothing */
    uint64_t memory_bytes;
    struct node_config config;
    uint64_t incarnation;
    uint64_t control_ns;
    uint64_t paused_ns; /* until then */
    /* its clock: at world time since_ns it showed shown_ns, and goes by (1 + drift_ppm / 10^6) */
    uint64_t since_ns, shown_ns;
    int64_t drift_ppm;
};

struct world {
    struct world_config config;
    uint64_t now_ns;
    struct net_sim *net;
    struct ring *plan;
    struct ring_member member[WORLD_NODES_MAX];
    struct world_node node[WORLD_NODES_MAX + 1];
    struct world_end *end; /* [ends]: workers of node 1, of node 2, ..., then clients */
    unsigned ends;
    bool (*lose)(void *, struct torc_addr, struct torc_addr, const void *, uint32_t);
    void *lose_context;
    void (*watch)(void *, unsigned, unsigned);
    void *watch_context;
    void (*started)(void *, unsigned);
    void *started_context;
    uint64_t hash;
    struct story *story;
    struct torc_tx tx[WORLD_TX];
    uint8_t (*tx_buffer)[WIRE_PACKET_BYTES];
};

uint64_t world_random(struct world *world, uint64_t limit)
{
    return net_sim_random(world->net, limit);
}

uint64_t world_now_ns(const struct world *world)
{
    return world->now_ns;
}

struct net_sim *world_net(struct world *world)
{
    return world->net;
}

/* ---- addresses ---- */

struct torc_addr world_address(unsigned id, unsigned worker)
{
    return (struct torc_addr){.ip = 0x0a000000u + id, .port = (uint16_t)(WORLD_PORT + worker)};
}

struct torc_addr world_client_address(unsigned client)
{
    return (struct torc_addr){.ip = 0x0a000100u + client, .port = 9000};
}

static struct world_end *world_find(struct world *world, struct torc_addr to)
{
    unsigned low = to.ip & 255;
    if ((to.ip & ~0x1ffu) != 0x0a000000u)
        return NULL;
    if ((to.ip & 0x100u) != 0)
        return low < WORLD_CLIENTS_MAX && to.port == 9000
                   ? &world->end[world->config.nodes * world->config.workers + low]
                   : NULL;
    unsigned worker = to.port - WORLD_PORT;
    if (low < 1 || low > world->config.nodes || worker >= world->config.workers)
        return NULL;
    return &world->end[(low - 1) * world->config.workers + worker];
}

/* As world_find, of an end that must be there. */
static struct world_end *world_end(struct world *world, struct torc_addr address)
{
    struct world_end *end = world_find(world, address);
    if (end == NULL)
        abort();
    return end;
}

/* ---- clocks ---- */

/* What the node's clock shows at a moment of the world. */
static uint64_t clock_at(const struct world_node *node, uint64_t world_ns)
{
    int64_t passed = (int64_t)(world_ns - node->since_ns);
    return node->shown_ns + (uint64_t)(passed + passed / 1000000 * node->drift_ppm);
}

/* The moment at which the node's clock shows that, or soon after. */
static uint64_t clock_reaches(const struct world_node *node, uint64_t shown_ns, uint64_t now_ns)
{
    if (shown_ns == UINT64_MAX)
        return UINT64_MAX;
    uint64_t shows = clock_at(node, now_ns);
    if (shown_ns <= shows)
        return now_ns;
    int64_t left = (int64_t)(shown_ns - shows);
    return now_ns + (uint64_t)(left - left / 1000000 * node->drift_ppm);
}

void world_clock(struct world *world, unsigned id, int drift_ppm, int64_t jump_ns)
{
    struct world_node *node = &world->node[id];
    node->shown_ns = clock_at(node, world->now_ns) + (uint64_t)jump_ns;
    node->since_ns = world->now_ns;
    node->drift_ppm = drift_ppm;
    for (unsigned w = 0; w < world->config.workers; w++)
        world_end(world, world_address(id, w))->wake_ns = world->now_ns;
    node->control_ns = world->now_ns;
}

/* ---- the network ---- */

static unsigned world_host(struct world *world, struct torc_addr address)
{
    const struct world_end *end = world_find(world, address);
    return end == NULL ? 0 : end->host;
}

uint64_t world_hash(const struct world *world)
{
    return world->hash;
}

/* The packet's own CRC stands for its bytes. */
static void world_hash_packet(struct world *world, struct torc_addr from, struct torc_addr to,
    const void *packet, uint32_t bytes, bool lost)
{
    uint64_t x = world->hash ^ world->now_ns;
    uint32_t crc = 0;
    if (bytes >= 8)
        memcpy(&crc, (const uint8_t *)packet + 4, sizeof crc);
    x = (x ^ ((uint64_t)from.ip << 32 | to.ip)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 29 ^ ((uint64_t)crc << 16 | (bytes << 1) | lost)) * 0x94d049bb133111ebu;
    world->hash = x ^ x >> 31;
}

static void world_send_from(struct world *world, unsigned host, struct torc_addr from,
    struct torc_addr to, const void *packet, uint32_t bytes)
{
    bool lost = world->lose != NULL && world->lose(world->lose_context, from, to, packet, bytes);
    bool fits = lost || net_sim_send(world->net, world->now_ns, host, world_host(world, to), from,
                            to, packet, bytes, &lost);
    if (!fits) {
        fprintf(stderr, "a packet of %u bytes is larger than the MTU\n", bytes);
        abort();
    }
    world_hash_packet(world, from, to, packet, bytes, lost);
    if (world->story != NULL)
        story_packet(world->story, world->now_ns, from, to, packet, bytes, lost);
}

void world_send(struct world *world, struct torc_addr from, struct torc_addr to, const void *packet,
    uint32_t bytes)
{
    world_send_from(world, world_host(world, from), from, to, packet, bytes);
}

void world_lose_if(struct world *world,
    bool (*lose)(void *, struct torc_addr, struct torc_addr, const void *, uint32_t), void *context)
{
    world->lose = lose;
    world->lose_context = context;
}

/* Probabilities of 1000 as the network has them, of 65536. */
static uint32_t of_65536(unsigned of_1000)
{
    return (of_1000 * 65536u + 999) / 1000;
}

static struct net_sim_faults world_net_faults(const struct world_config *config)
{
    return (struct net_sim_faults){.loss = of_65536(config->loss),
        .duplication = of_65536(config->duplication),
        .corruption = of_65536(config->corruption),
        .straggle = of_65536(config->straggle),
        .delay_ns = config->delay_ns,
        .jitter_ns = config->jitter_ns,
        .straggle_ns = config->straggle_ns};
}

void world_faults(struct world *world, unsigned loss, unsigned duplication, unsigned corruption,
    uint64_t jitter_ns)
{
    world->config.loss = loss;
    world->config.duplication = duplication;
    world->config.corruption = corruption;
    world->config.straggle = 0;
    world->config.jitter_ns = jitter_ns;
    struct net_sim_faults faults = world_net_faults(&world->config);
    net_sim_faults(world->net, &faults);
}

void world_cut(struct world *world, unsigned from_host, unsigned to_host, bool cut)
{
    net_sim_cut(world->net, from_host, to_host, cut);
}

void world_heal(struct world *world)
{
    net_sim_heal(world->net);
}

/* ---- steps ---- */

static void end_drop_inbox(struct world *world, struct world_end *end)
{
    for (unsigned i = 0; i < end->count; i++)
        net_sim_done(world->net, end->inbox[i]);
    end->count = 0;
}

/* Gives back the first `count` of the inbox. */
static void end_took(struct world *world, struct world_end *end, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        net_sim_done(world->net, end->inbox[i]);
    end->count -= count;
    if (end->count > 0)
        memmove(end->inbox, end->inbox + count, end->count * sizeof end->inbox[0]);
}

static void end_step(struct world *world, struct world_end *end)
{
    struct torc_rx rx[WORLD_RX];
    unsigned count = end->count < WORLD_RX ? end->count : WORLD_RX;
    const struct world_node *node = &world->node[end->id];
    for (unsigned i = 0; i < count; i++)
        rx[i] = (struct torc_rx){.data = end->inbox[i]->data,
            .bytes = end->inbox[i]->bytes,
            .from = end->inbox[i]->from};
    struct torc_burst burst = {.rx = rx,
        .tx = world->tx,
        .rx_count = count,
        .tx_count = WORLD_TX,
        .now_ns = end->node != NULL ? clock_at(node, world->now_ns) : world->now_ns,
        .wake_ns = UINT64_MAX};
    if (end->node != NULL)
        node_worker_step(end->node, end->worker, &burst);
    else
        end->step(end->context, &burst);
    for (unsigned i = 0; i < burst.tx_used; i++)
        world_send_from(
            world, end->host, end->address, world->tx[i].to, world->tx[i].data, world->tx[i].bytes);
    end_took(world, end, count);
    uint64_t wake =
        end->node != NULL ? clock_reaches(node, burst.wake_ns, world->now_ns) : burst.wake_ns;
    end->wake_ns = wake > world->now_ns ? wake : world->now_ns + 1000;
    if (end->count > 0)
        end->wake_ns = world->now_ns;
    if (world->watch != NULL && end->node != NULL)
        world->watch(world->watch_context, end->id, end->worker);
}

void world_watch(struct world *world, void (*watch)(void *, unsigned, unsigned), void *context)
{
    world->watch = watch;
    world->watch_context = context;
}

static bool end_lives(const struct world_end *end)
{
    return end->node != NULL || end->step != NULL;
}

/* From when on the end can do something: not while its node is paused. */
static uint64_t end_ready_ns(const struct world *world, const struct world_end *end)
{
    uint64_t paused_ns = end->node != NULL ? world->node[end->id].paused_ns : 0;
    return paused_ns > end->wake_ns ? paused_ns : end->wake_ns;
}

static void end_keep_mail(struct world_end *end, const struct net_sim_packet *packet)
{
    end->mail = realloc(end->mail, (end->mails + 1) * sizeof *end->mail);
    struct world_mail *mail = &end->mail[end->mails++];
    mail->from = packet->from;
    mail->bytes = packet->bytes;
    memcpy(mail->data, packet->data, packet->bytes);
}

static void world_deliver(struct world *world, struct net_sim_packet *packet)
{
    struct world_end *end = world_find(world, packet->to);
    bool lives = end != NULL && end_lives(end);
    if (!lives || end->count == WORLD_INBOX) {
        if (!lives && end != NULL && end->id == 0)
            end_keep_mail(end, packet);
        net_sim_done(world->net, packet);
        return;
    }
    end->inbox[end->count++] = packet;
    end->wake_ns = world->now_ns;
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

/* ---- control ---- */

/* The meeting place is the first thing in a node. */
static struct meeting *world_meeting(const struct world *world, unsigned id)
{
    return (struct meeting *)world->node[id].node;
}

static bool world_control_has_mail(const struct world *world, unsigned id)
{
    const struct meeting *meeting = world_meeting(world, id);
    for (uint32_t w = 0; w < meeting->workers; w++)
        if (meeting->worker[w].to_control.put != meeting->worker[w].to_control.taken)
            return true;
    return false;
}

static void world_control(struct world *world, unsigned id)
{
    struct world_node *node = &world->node[id];
    if (node->node == NULL || node->paused_ns > world->now_ns ||
        (node->control_ns > world->now_ns && !world_control_has_mail(world, id)))
        return;
    uint64_t wake = node_control_step(node->node, clock_at(node, world->now_ns));
    wake = clock_reaches(node, wake, world->now_ns);
    node->control_ns = wake > world->now_ns ? wake : world->now_ns + 1000;
    const struct mailbox *mailbox = &world_meeting(world, id)->from_control;
    if (mailbox->put != mailbox->taken)
        end_step(world, world_end(world, world_address(id, 0)));
}

/* ---- time ---- */

static uint64_t world_next_ns(const struct world *world)
{
    uint64_t next = net_sim_next_ns(world->net);
    for (unsigned i = 0; i < world->ends; i++) {
        const struct world_end *end = &world->end[i];
        uint64_t ready = end_lives(end) ? end_ready_ns(world, end) : UINT64_MAX;
        next = ready < next ? ready : next;
    }
    for (unsigned id = 1; id <= world->config.nodes; id++) {
        const struct world_node *node = &world->node[id];
        if (node->node == NULL)
            continue;
        uint64_t ready = node->control_ns > node->paused_ns ? node->control_ns : node->paused_ns;
        next = ready < next ? ready : next;
    }
    return next;
}

/* One moment: all that arrives or is due at now_ns. */
static void world_moment(struct world *world)
{
    struct net_sim_packet *packet;
    while ((packet = net_sim_receive(world->net, world->now_ns)) != NULL)
        world_deliver(world, packet);
    for (unsigned i = 0; i < world->ends; i++)
        if (end_lives(&world->end[i]) && end_ready_ns(world, &world->end[i]) <= world->now_ns)
            end_step(world, &world->end[i]);
    for (unsigned id = 1; id <= world->config.nodes; id++)
        world_control(world, id);
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

/* ---- nodes and clients ---- */

void world_pause(struct world *world, unsigned id, uint64_t ns)
{
    world->node[id].paused_ns = world->now_ns + ns;
}

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
    node->memory_bytes = bytes;
    node->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (node->memory == MAP_FAILED)
        abort();
    node->node = node_create(&node->config, node->memory, bytes, &why);
    node->control_ns = world->now_ns;
    node->paused_ns = 0;
    for (unsigned w = 0; w < world->config.workers; w++) {
        struct world_end *end = world_end(world, world_address(id, w));
        end->node = node->node;
        end->wake_ns = world->now_ns;
    }
    if (world->started != NULL)
        world->started(world->started_context, id);
}

void world_started(struct world *world, void (*started)(void *, unsigned), void *context)
{
    world->started = started;
    world->started_context = context;
}

void world_kill(struct world *world, unsigned id)
{
    for (unsigned w = 0; w < world->config.workers; w++) {
        struct world_end *end = world_end(world, world_address(id, w));
        end_drop_inbox(world, end);
        end->node = NULL;
    }
    munmap(world->node[id].memory, world->node[id].memory_bytes);
    world->node[id].memory = NULL;
    world->node[id].node = NULL;
}

void world_client(
    struct world *world, unsigned client, void (*step)(void *, struct torc_burst *), void *context)
{
    struct world_end *end = world_end(world, world_client_address(client));
    end->step = step;
    end->context = context;
    end->wake_ns = world->now_ns;
    if (step == NULL)
        end_drop_inbox(world, end);
}

/* ---- beginning and end ---- */

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
    struct world *world, struct torc_addr address, unsigned host, unsigned id, unsigned worker)
{
    struct world_end *end = &world->end[world->ends++];
    end->address = address;
    end->host = host;
    end->id = id;
    end->worker = worker;
    end->wake_ns = UINT64_MAX;
}

static void world_add_node(struct world *world, const struct ring_spec *spec, unsigned id)
{
    struct world_node *node = &world->node[id];
    node->config = (struct node_config){.plan = world->plan,
        .ring = *spec,
        .self = id,
        .config_hash = 42,
        .log_bytes = world->config.log_bytes,
        .receive_packets = world->config.receive_packets};
    node_config_defaults(&node->config);
    node->since_ns = node->shown_ns = world->now_ns;
    for (unsigned w = 0; w < world->config.workers; w++)
        world_add_end(world, world_address(id, w), id, id, w);
}

struct world *world_create(const struct world_config *config)
{
    struct world *world = calloc(1, sizeof *world);
    world->config = *config;
    world->now_ns = 1000000000; /* clocks do not begin at 0 */
    world_defaults(&world->config);
    if (world->config.workers > WORLD_WORKERS_MAX || config->nodes > WORLD_NODES_MAX)
        abort();
    struct net_sim_faults faults = world_net_faults(&world->config);
    world->net = net_sim_create(config->seed, &faults);
    world->end =
        calloc(config->nodes * world->config.workers + WORLD_CLIENTS_MAX, sizeof *world->end);
    world->tx_buffer = malloc(WORLD_TX * sizeof *world->tx_buffer);
    for (unsigned i = 0; i < WORLD_TX; i++)
        world->tx[i] = (struct torc_tx){.data = world->tx_buffer[i], .capacity = WIRE_PACKET_BYTES};
    struct ring_spec spec = world_plan(world);
    for (unsigned id = 1; id <= config->nodes; id++)
        world_add_node(world, &spec, id);
    for (unsigned c = 0; c < WORLD_CLIENTS_MAX; c++)
        world_add_end(world, world_client_address(c), WORLD_CLIENT_HOST + c, 0, 0);
    for (unsigned id = 1; id <= config->nodes; id++)
        world_start(world, id);
    return world;
}

void world_destroy(struct world *world)
{
    for (unsigned id = 1; id <= world->config.nodes; id++)
        if (world->node[id].node != NULL)
            world_kill(world, id);
    for (unsigned i = 0; i < world->ends; i++)
        free(world->end[i].mail);
    story_destroy(world->story);
    net_sim_destroy(world->net);
    free(world->end);
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

/* ---- story and counters ---- */

void world_story(struct world *world, bool links)
{
    story_destroy(world->story);
    world->story = story_create(world->now_ns, links);
}

void world_story_to(struct world *world, FILE *file)
{
    world_story(world, false);
    story_to(world->story, file);
}

const char *world_story_text(const struct world *world)
{
    return story_text(world->story);
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
