/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/steer.h"

#include <string.h>

#include "engine/base/assert.h"
#include "engine/wire/wire.h"

struct steer_worker {
    uint64_t passed;    /* to others; read by any thread */
    uint64_t too_short; /* for a buffer: packets to send that the port could not take */
    unsigned turn;      /* mailbox to take from first, or to collect from first */
    unsigned collect;
    uint32_t taken[TORC_WORKERS_MAX]; /* since the last release, by queue */
} __attribute__((aligned(64)));

void steer_init(
    struct steer *steer, struct arena *arena, unsigned workers, unsigned queues, uint32_t slots)
{
    TORC_ASSERT(queues >= 1 && queues <= workers && workers <= TORC_WORKERS_MAX);
    steer->workers = workers;
    steer->queues = queues;
    steer->in = ARENA_ARRAY(arena, struct mailbox, queues * workers);
    steer->out = ARENA_ARRAY(arena, struct mailbox, workers);
    steer->worker = ARENA_ARRAY(arena, struct steer_worker, workers);
    for (unsigned i = 0; i < queues * workers; i++)
        if (i / workers != i % workers)
            mailbox_init(steer->in == NULL ? NULL : &steer->in[i], arena, slots);
    for (unsigned i = queues; i < workers; i++)
        mailbox_init(steer->out == NULL ? NULL : &steer->out[i], arena, slots);
    for (unsigned i = 0; i < workers && steer->worker != NULL; i++)
        steer->worker[i].collect = i + queues;
}

static void count(uint64_t *counter, uint64_t more)
{
    __atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

static struct mailbox *in_box(const struct steer *steer, unsigned queue, unsigned worker)
{
    return &steer->in[queue * steer->workers + worker];
}

uint32_t steer_pass(struct steer *steer, unsigned worker, struct torc_rx *rx, uint32_t packets)
{
    uint32_t kept = 0;
    uint32_t passed = 0;
    for (uint32_t i = 0; i < packets; i++) {
        unsigned to = wire_peek_worker(rx[i].data, rx[i].bytes);
        /* A worker that does not exist: the engine counts it as what it is. */
        if (to == worker || to >= steer->workers) {
            rx[kept++] = rx[i];
            continue;
        }
        passed += mailbox_put(in_box(steer, worker, to), rx[i].data, rx[i].bytes, rx[i].from);
    }
    if (passed > 0)
        count(&steer->worker[worker].passed, passed);
    return kept;
}

uint32_t steer_take(struct steer *steer, unsigned worker, struct torc_rx *rx, uint32_t max)
{
    struct steer_worker *own = &steer->worker[worker];
    uint32_t used = 0;
    for (unsigned i = 0; i < steer->queues; i++) {
        unsigned queue = own->turn + i;
        queue -= queue >= steer->queues ? steer->queues : 0;
        if (queue == worker)
            continue;
        struct mailbox *box = in_box(steer, queue, worker);
        const struct mailbox_packet *packet = NULL;
        while (used < max && (packet = mailbox_peek_at(box, own->taken[queue])) != NULL) {
            rx[used++] = (struct torc_rx){
                .data = packet->data, .bytes = packet->bytes, .from = packet->address};
            own->taken[queue]++;
        }
    }
    own->turn = own->turn + 1 < steer->queues ? own->turn + 1 : 0;
    return used;
}

void steer_release(struct steer *steer, unsigned worker)
{
    struct steer_worker *own = &steer->worker[worker];
    for (unsigned queue = 0; queue < steer->queues; queue++) {
        if (own->taken[queue] == 0)
            continue;
        mailbox_pop(in_box(steer, queue, worker), own->taken[queue]);
        own->taken[queue] = 0;
    }
}

void steer_give(struct steer *steer, unsigned worker, const struct torc_tx *tx, uint32_t packets)
{
    for (uint32_t i = 0; i < packets; i++)
        mailbox_put(&steer->out[worker], tx[i].data, tx[i].bytes, tx[i].to);
}

uint32_t steer_collect(struct steer *steer, unsigned worker, struct torc_tx *tx, uint32_t max)
{
    struct steer_worker *own = &steer->worker[worker];
    uint32_t used = 0;
    for (unsigned i = worker + steer->queues; i < steer->workers; i += steer->queues) {
        struct mailbox *box = &steer->out[own->collect];
        const struct mailbox_packet *packet = NULL;
        while (used < max && (packet = mailbox_peek(box)) != NULL) {
            if (packet->bytes <= tx[used].capacity) {
                memcpy(tx[used].data, packet->data, packet->bytes);
                tx[used].bytes = packet->bytes;
                tx[used++].to = packet->address;
            } else {
                count(&own->too_short, 1);
            }
            mailbox_pop(box, 1);
        }
        own->collect += steer->queues;
        if (own->collect >= steer->workers)
            own->collect = worker + steer->queues;
    }
    return used;
}

void steer_stats(const struct steer *steer, struct torc_net_stats *stats)
{
    for (unsigned i = 0; i < steer->queues * steer->workers; i++)
        stats->rx_mailbox_full += __atomic_load_n(&steer->in[i].full, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < steer->workers; i++) {
        stats->rx_steered += __atomic_load_n(&steer->worker[i].passed, __ATOMIC_RELAXED);
        stats->tx_dropped += __atomic_load_n(&steer->out[i].full, __ATOMIC_RELAXED) +
                             __atomic_load_n(&steer->worker[i].too_short, __ATOMIC_RELAXED);
    }
}
