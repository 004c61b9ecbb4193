/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cluster/world_inside.h"

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

void world_rewrite(
    struct world *world, uint32_t (*rewrite)(void *, uint8_t *, uint32_t), void *context)
{
    world->rewrite = rewrite;
    world->rewrite_context = context;
}

/* Probabilities of 1000 as the network has them, of 65536. */
static uint32_t of_65536(unsigned of_1000)
{
    return (of_1000 * 65536u + 999) / 1000;
}

struct net_sim_faults world_net_faults(const struct world_config *config)
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

void end_drop_inbox(struct world *world, struct world_end *end)
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
        memmove(end->inbox, end->inbox + count, end->count * sizeof(struct net_sim_packet *));
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
    for (unsigned i = 0; i < burst.tx_used; i++) {
        struct torc_tx *tx = &world->tx[i];
        if (world->rewrite != NULL && end->node != NULL)
            tx->bytes = world->rewrite(world->rewrite_context, tx->data, tx->bytes);
        world_send_from(world, end->host, end->address, tx->to, tx->data, tx->bytes);
    }
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
struct meeting *world_meeting(const struct world *world, unsigned id)
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
    for (unsigned i = 0; i < world->ends_used; i++) {
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
    for (unsigned i = 0; i < world->ends_used; i++)
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
