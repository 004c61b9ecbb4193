/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A worker's thread: the loop that moves packets between the port and the engine's step.
 */
#ifndef HOST_WORKER_H
#define HOST_WORKER_H

#include <pthread.h>
#include <sched.h>

#include "drivers/host/provider.h"
#include "drivers/host/steer.h"
#include "engine/node/node.h"

/*
 * Loops without work before a worker of `idle: adaptive` sleeps, and for how long at most. There is
 * no yielding in between: on cores that are shared, who yields gets its next turn after everybody
 * else's time slice, while who sleeps is woken by a packet and comes first. Measured with three
 * nodes on two busy cores, 64 puts in flight: 8 yields halve the throughput.
 */
#define HOST_IDLE_SPINS    3u
#define HOST_IDLE_SLEEP_NS 100000u

struct host_worker {
    struct node *engine;
    struct torc_net *net;
    struct steer *steer; /* NULL: the port brings every packet to its own worker */
    const struct host_provider *provider;
    const bool *stop; /* set once, by the thread that stops the node */
    unsigned number;
    bool poll;  /* never sleeps */
    bool queue; /* has one of its own, of its own number */
    uint32_t idle_loops;
    struct torc_burst burst;
    struct torc_rx rx[TORC_RX_BURST];
    struct torc_tx tx[TORC_TX_BURST];
    cpu_set_t cores; /* that the thread may run on */
    pthread_t thread;
} __attribute__((aligned(64)));

/* Starts the thread, with all signals blocked. 0 or an errno. */
int host_worker_start(struct host_worker *worker);

/* Ends it: *stop is set. */
void host_worker_join(struct host_worker *worker);

/* The monotonic clock. */
uint64_t host_now_ns(void);

#endif
