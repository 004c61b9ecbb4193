/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/worker.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "engine/base/assert.h"
#include "engine/ring/publish.h"

/* Packets of other workers' queues that one loop takes before it asks its own. */
#define STEERED_BURST (TORC_RX_BURST / 2)

uint64_t host_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void step(struct host_worker *worker, uint32_t rx_count, uint32_t tx_count)
{
    struct torc_burst *burst = &worker->burst;
    burst->rx = worker->rx;
    burst->tx = worker->tx;
    burst->rx_count = rx_count;
    burst->tx_count = tx_count;
    burst->tx_used = 0;
    burst->now_ns = host_now_ns();
    node_worker_step(worker->engine, worker->number, burst);
}

/* One loop where the port knows whose a packet is. Was there anything to do? */
static bool loop_direct(struct host_worker *worker)
{
    struct torc_net *net = worker->net;
    const struct torc_net_ops *ops = net->ops;
    uint32_t tx_count = ops->buffers(net, worker->number, worker->tx, TORC_TX_BURST);
    uint32_t rx_count =
        ops->receive(net, worker->number, worker->rx, TORC_RX_BURST, worker->burst.now_ns);
    step(worker, rx_count, tx_count);
    if (worker->burst.tx_used > 0)
        ops->send(net, worker->number, worker->tx, worker->burst.tx_used, worker->burst.now_ns);
    ops->release(net, worker->number);
    return rx_count > 0 || worker->burst.tx_used > 0;
}

/* One loop of a worker with a queue that others share. */
static bool loop_shared(struct host_worker *worker)
{
    struct torc_net *net = worker->net;
    const struct torc_net_ops *ops = net->ops;
    struct steer *steer = worker->steer;
    uint32_t tx_count = ops->buffers(net, worker->number, worker->tx, TORC_TX_BURST);
    uint32_t steered = steer_take(steer, worker->number, worker->rx, STEERED_BURST);
    struct torc_rx *own = worker->rx + steered;
    uint32_t received =
        ops->receive(net, worker->number, own, TORC_RX_BURST - steered, worker->burst.now_ns);
    uint32_t kept = steer_pass(steer, worker->number, own, received);
    step(worker, steered + kept, tx_count);
    uint32_t used = worker->burst.tx_used;
    used += steer_collect(steer, worker->number, worker->tx + used, tx_count - used);
    if (used > 0)
        ops->send(net, worker->number, worker->tx, used, worker->burst.now_ns);
    ops->release(net, worker->number);
    steer_release(steer, worker->number);
    return steered > 0 || received > 0 || used > 0;
}

/* One loop of a worker without a queue; its buffers are its own and stay. */
static bool loop_guest(struct host_worker *worker)
{
    struct steer *steer = worker->steer;
    uint32_t rx_count = steer_take(steer, worker->number, worker->rx, TORC_RX_BURST);
    step(worker, rx_count, TORC_TX_BURST);
    steer_give(steer, worker->number, worker->tx, worker->burst.tx_used);
    steer_release(steer, worker->number);
    return rx_count > 0 || worker->burst.tx_used > 0;
}

static void sleep_ns(const struct host_worker *worker, uint64_t ns)
{
    struct timespec pause = {.tv_nsec = (long)ns};
    /* Asleep it holds no ring, and nobody who wants to free one waits for it. */
    ring_offline();
    if (worker->queue)
        worker->net->ops->wait(worker->net, worker->number, ns);
    else
        nanosleep(&pause, NULL);
    ring_online();
}

/* Spins a little, then sleeps for as long as the engine can do without a step. */
static void idle(struct host_worker *worker)
{
    if (worker->poll || worker->idle_loops++ < HOST_IDLE_SPINS)
        return;
    uint64_t now_ns = host_now_ns();
    uint64_t wake_ns = worker->burst.wake_ns;
    if (wake_ns <= now_ns)
        return;
    sleep_ns(worker, wake_ns - now_ns < HOST_IDLE_SLEEP_NS ? wake_ns - now_ns : HOST_IDLE_SLEEP_NS);
}

static void *worker_main(void *argument)
{
    struct host_worker *worker = argument;
    bool (*loop)(struct host_worker *) = worker->steer == NULL ? loop_direct
                                         : worker->queue       ? loop_shared
                                                               : loop_guest;
    if (worker->provider->thread_start != NULL)
        worker->provider->thread_start();
    ring_reader_register();
    worker->burst.now_ns = host_now_ns();
    while (!__atomic_load_n(worker->stop, __ATOMIC_RELAXED)) {
        bool busy = loop(worker);
        ring_quiescent();
        if (busy)
            worker->idle_loops = 0;
        else
            idle(worker);
    }
    ring_reader_unregister();
    if (worker->provider->thread_stop != NULL)
        worker->provider->thread_stop();
    return NULL;
}

int host_worker_start(struct host_worker *worker)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    char name[16];
    int result = pthread_attr_init(&attributes);
    if (result != 0)
        return result;
    pthread_attr_setaffinity_np(&attributes, sizeof worker->cores, &worker->cores);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(&worker->thread, &attributes, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (result == 0) {
        snprintf(name, sizeof name, "worker-%u", worker->number);
        pthread_setname_np(worker->thread, name);
    }
    return result;
}

void host_worker_join(struct host_worker *worker)
{
    pthread_join(worker->thread, NULL);
}
