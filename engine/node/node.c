/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/node/node.h"

#include "engine/node/internal.h"

#define NODE_PACKETS_DEFAULT  1024u
#define NODE_LOG_DEFAULT      (16u << 20)
#define NODE_PARKED_DEFAULT   256u
#define NODE_HELLO_DEFAULT_NS 20000000u

void node_config_defaults(struct node_config *config)
{
    if (config->packet_bytes == 0)
        config->packet_bytes = WIRE_PACKET_BYTES;
    if (config->receive_packets == 0)
        config->receive_packets = NODE_PACKETS_DEFAULT;
    if (config->log_bytes == 0)
        config->log_bytes = NODE_LOG_DEFAULT;
    if (config->parked_packets == 0)
        config->parked_packets = NODE_PARKED_DEFAULT;
    if (config->hello_interval_ns == 0)
        config->hello_interval_ns = NODE_HELLO_DEFAULT_NS;
}

static const char *node_config_wrong(const struct node_config *config)
{
    if (config->plan == NULL)
        return "no ring was planned for the node";
    if (ring_member_by_id(config->plan, config->self) == RING_NO_MEMBER)
        return "the node is none of the members";
    if (config->incarnation == 0)
        return "an incarnation must not be 0";
    if (config->packet_bytes < WIRE_PACKET_BYTES)
        return "the port's MTU is too small: UDP payloads of 1472 bytes (MTU 1500) are needed";
    if (config->log_bytes < log_bytes_min())
        return "the log stream's memory is too small for the largest entries";
    return NULL;
}

static struct control_config node_control_config(const struct node_config *config)
{
    return (struct control_config){.plan = config->plan,
        .spec = config->ring,
        .self = config->self,
        .incarnation = config->incarnation,
        .config_hash = config->config_hash,
        .packet_bytes = config->packet_bytes,
        .credits = config->receive_packets / 2,
        .hello_interval_ns = config->hello_interval_ns,
        .retire = config->retire};
}

static uint16_t node_workers(const struct node_config *config)
{
    return config->plan->member[ring_member_by_id(config->plan, config->self)].workers;
}

/* Cuts everything but the workers. */
static struct node *node_take(struct arena *arena, const struct node_config *config)
{
    uint16_t workers = node_workers(config);
    struct node *node = ARENA_ARRAY(arena, struct node, 1);
    struct meeting_worker *side = ARENA_ARRAY(arena, struct meeting_worker, workers);
    mailbox_init(node != NULL ? &node->meeting.from_control : NULL, arena, MEETING_MAILBOX_SLOTS);
    for (uint16_t i = 0; i < workers; i++)
        mailbox_init(side != NULL ? &side[i].to_control : NULL, arena, MEETING_MAILBOX_SLOTS);
    struct control_config control_config = node_control_config(config);
    struct control *control =
        control_create(arena, &control_config, node != NULL ? &node->meeting : NULL);
    if (node == NULL)
        return NULL;
    node->meeting.workers = workers;
    node->meeting.worker = side;
    node->control = control;
    return node;
}

uint64_t node_memory_bytes(
    const struct node_config *config, struct node_memory_term *terms, const char **why)
{
    *why = node_config_wrong(config);
    if (*why != NULL)
        return 0;
    struct arena counting;
    struct worker_sizes all = {0};
    arena_init(&counting, NULL, 0);
    node_take(&counting, config);
    uint64_t control = counting.used;
    for (uint16_t i = 0; i < node_workers(config); i++) {
        struct worker_sizes one = worker_sizes(config, i);
        all.log += one.log;
        all.sessions += one.sessions;
        all.service += one.service;
        all.assemblies += one.assemblies;
        all.links += one.links;
        all.rest += one.rest;
    }
    const struct node_memory_term sum[NODE_MEMORY_TERMS] = {
        {"control: rings, mailboxes, stats", control},
        {"log streams", all.log},
        {"sessions", all.sessions},
        {"key-value store", all.service},
        {"large entries and requests being received", all.assemblies},
        {"links to peers", all.links},
        {"vnodes, parked entries", all.rest},
    };
    for (unsigned i = 0; terms != NULL && i < NODE_MEMORY_TERMS; i++)
        terms[i] = sum[i];
    return control + all.log + all.sessions + all.service + all.assemblies + all.links + all.rest;
}

struct node *node_create(
    const struct node_config *config, void *memory, uint64_t bytes, const char **why)
{
    uint64_t needed = node_memory_bytes(config, NULL, why);
    if (needed == 0)
        return NULL;
    if (bytes < needed) {
        *why = "less memory than node_memory_bytes says";
        return NULL;
    }
    struct arena arena;
    arena_init(&arena, memory, bytes);
    struct node *node = node_take(&arena, config);
    for (uint16_t i = 0; i < node_workers(config); i++)
        node->worker[i] = worker_create(&arena, config, &node->meeting, i);
    return node;
}

void node_worker_step(struct node *node, unsigned worker, struct torc_burst *burst)
{
    worker_step(node->worker[worker], burst);
}

uint64_t node_control_step(struct node *node, uint64_t now_ns)
{
    return control_step(node->control, now_ns);
}

enum node_state node_state(const struct node *node)
{
    return (enum node_state)control_state(node->control);
}

void node_trouble(const struct node *node, char *text, size_t bytes)
{
    control_trouble(node->control, text, bytes);
}

void node_drain(struct node *node)
{
    __atomic_store_n(&node->meeting.draining, 1, __ATOMIC_RELAXED);
}

bool node_drained(const struct node *node)
{
    for (uint32_t i = 0; i < node->meeting.workers; i++)
        if (__atomic_load_n(&node->meeting.worker[i].quiet, __ATOMIC_RELAXED) == 0)
            return false;
    return true;
}

void node_net_stats(
    struct node *node, const struct torc_net_stats *stats, enum torc_link_state link)
{
    node->control->net = *stats;
    node->control->link = link;
}
