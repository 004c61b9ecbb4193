/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <torc/error.h>

/* A mailbox holds what one worker's peers may have in flight, within reason. */
#define MAILBOX_SLOTS_MIN 64u
#define MAILBOX_SLOTS_MAX 1024u
#define MAILBOX_BOXES_MAX 64u /* with more of them, each is smaller */

static uint32_t mailbox_slots(const struct torc_node *node)
{
    unsigned boxes = node->port.net->queues * node->workers;
    uint32_t wanted = node->engine_config.receive_packets;
    uint32_t slots = MAILBOX_SLOTS_MIN;
    uint32_t most = boxes > MAILBOX_BOXES_MAX ? MAILBOX_SLOTS_MIN : MAILBOX_SLOTS_MAX;
    while (slots < wanted && slots < most)
        slots *= 2;
    return slots;
}

static uint32_t buffer_stride(const struct torc_node *node)
{
    return (node->engine_config.packet_bytes + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
}

static void worker_init(struct torc_node *node, unsigned number, uint8_t *buffers)
{
    struct host_worker *worker = &node->worker[number];
    worker->engine = node->engine;
    worker->net = node->port.net;
    worker->steer = node->steered ? &node->steer : NULL;
    worker->provider = node->provider;
    worker->stop = &node->stop_workers;
    worker->number = number;
    worker->poll = node->config.idle == HOST_IDLE_POLL;
    worker->queue = number < node->port.net->queues;
    worker->cores = node->cores;
    for (uint32_t i = 0; i < TORC_TX_BURST && buffers != NULL; i++) {
        worker->tx[i].data = buffers + (size_t)i * buffer_stride(node);
        worker->tx[i].capacity = node->engine_config.packet_bytes;
    }
}

/* Cuts the host's own part from the arena; counts only if it has no base. */
static void cut(struct torc_node *node, struct arena *arena, struct node_memory_term *terms)
{
    unsigned queues = node->port.net->queues;
    size_t start = arena->used;
    node->worker = ARENA_ARRAY(arena, struct host_worker, node->workers);
    terms[0] = (struct node_memory_term){"workers", arena->used - start};
    start = arena->used;
    if (node->steered)
        steer_init(&node->steer, arena, node->workers, queues, mailbox_slots(node));
    terms[1] = (struct node_memory_term){"mailboxes", arena->used - start};
    start = arena->used;
    for (unsigned i = 0; i < node->workers; i++) {
        uint8_t *buffers = NULL;
        if (i >= queues)
            buffers = arena_take(arena, (size_t)TORC_TX_BURST * buffer_stride(node));
        if (node->worker != NULL)
            worker_init(node, i, buffers);
    }
    terms[2] = (struct node_memory_term){"send buffers", arena->used - start};
}

/* The host's terms behind the engine's; leaves out what is nothing. */
static void append_terms(struct node_memory_term *terms, const struct node_memory_term *more)
{
    size_t used = 0;
    while (used < NODE_MEMORY_TERMS && terms[used].name != NULL)
        used++;
    for (size_t i = 0; i < 3; i++)
        if (more[i].bytes > 0)
            terms[used++] = more[i];
    terms[used].name = NULL;
}

/* The static ring, which the engine refers to for as long as it lives. */
static int plan_ring(struct torc_node *node, char *error, size_t error_bytes)
{
    const struct ring_spec *spec = &node->engine_config.ring;
    const char *why = "outside the limits";
    struct ring *ring = NULL;
    size_t bytes = (ring_bytes(spec) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    void *memory = bytes > 0 ? aligned_alloc(ARENA_ALIGN, bytes) : NULL;
    if (memory != NULL) {
        memset(memory, 0, bytes);
        ring = ring_build(spec, memory, &why);
    }
    if (ring == NULL) {
        free(memory);
        snprintf(error, error_bytes, "cluster: no ring can be built: %s",
            memory == NULL && bytes > 0 ? "no memory" : why);
        return memory == NULL && bytes > 0 ? -TORC_ENOMEM : -TORC_ECONFIG;
    }
    node->plan = ring;
    node->engine_config.plan = ring;
    return 0;
}

/* Measures, takes the memory, creates the engine's node in it and cuts the rest. */
static int create(struct torc_node *node, char *error, size_t error_bytes)
{
    struct node_memory_term terms[HOST_TERMS] = {0};
    struct node_memory_term own[3];
    struct arena arena;
    char sum[400];
    const char *why = "outside the limits";
    uint64_t engine_bytes = node_memory_bytes(&node->engine_config, terms, &why);
    engine_bytes = (engine_bytes + ARENA_ALIGN - 1) & ~(uint64_t)(ARENA_ALIGN - 1);
    if (engine_bytes == 0) {
        snprintf(error, error_bytes, "configuration: %s", why);
        return -TORC_ECONFIG;
    }
    arena_init(&arena, NULL, 0);
    cut(node, &arena, own);
    append_terms(terms, own);
    uint64_t bytes = engine_bytes + arena.used;
    host_memory_sum(bytes, terms, sum, sizeof sum);
    host_trace(&node->trace, "memory: %s", sum);
    int result = host_memory_take(&node->memory, bytes, terms, error, error_bytes);
    if (result != 0)
        return result;
    node->engine = node_create(&node->engine_config, node->memory.base, engine_bytes, &why);
    if (node->engine == NULL) {
        snprintf(error, error_bytes, "configuration: %s", why);
        return -TORC_ECONFIG;
    }
    arena_init(&arena, (uint8_t *)node->memory.base + engine_bytes, arena.used);
    cut(node, &arena, own);
    return 0;
}

int host_layout(struct torc_node *node, char *error, size_t error_bytes)
{
    int result = plan_ring(node, error, error_bytes);
    if (result == 0)
        result = create(node, error, error_bytes);
    if (result != 0)
        host_layout_give(node);
    return result;
}

void host_layout_give(struct torc_node *node)
{
    host_memory_give(&node->memory);
    free(node->plan);
    node->plan = NULL;
    node->engine = NULL;
    node->worker = NULL;
}
