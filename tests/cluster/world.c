/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/cluster/world_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* What clocks show at first: far enough from 0 that no number of jumps back takes them below it. */
#define WORLD_CLOCK_NS 1000000000000000u

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

struct world_end *world_find(struct world *world, struct torc_addr to)
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
struct world_end *world_end(struct world *world, struct torc_addr address)
{
    struct world_end *end = world_find(world, address);
    if (end == NULL)
        abort();
    return end;
}

/* ---- clocks ---- */

/* What the node's clock shows at a moment of the world. */
uint64_t clock_at(const struct world_node *node, uint64_t world_ns)
{
    int64_t passed = (int64_t)(world_ns - node->since_ns);
    return node->shown_ns + (uint64_t)(passed + passed / 1000000 * node->drift_ppm);
}

/* The moment at which the node's clock shows that, or soon after. */
uint64_t clock_reaches(const struct world_node *node, uint64_t shown_ns, uint64_t now_ns)
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
    unsigned used = (unsigned)(end - world->end) + 1;
    world->ends_used = used > world->ends_used ? used : world->ends_used;
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
        .receive_packets = world->config.receive_packets,
        .parked_packets = world->config.parked_packets};
    node_config_defaults(&node->config);
    node->since_ns = world->now_ns;
    node->shown_ns = WORLD_CLOCK_NS;
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
    world->ends_used = config->nodes * world->config.workers;
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
