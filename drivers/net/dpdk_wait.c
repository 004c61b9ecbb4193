/* SPDX-License-Identifier: BSD-3-Clause */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <rte_interrupts.h>

#include "drivers/net/dpdk_net.h"

#define WAIT_POLL_NS 100000ull  /* how long a port without interrupts is left alone */
#define WAIT_IRQ_NS  1000000ull /* one with interrupts: an interrupt may be missed, once */

static struct timespec wait_time(uint64_t ns, uint64_t most_ns)
{
    ns = ns < most_ns ? ns : most_ns;
    return (struct timespec){.tv_nsec = (long)ns};
}

/*
 * The kernel adds 50 us to each sleep of an ordinary thread unless told otherwise, which is half
 * as much again as we want to sleep.
 */
static void wait_sleep(uint64_t timeout_ns)
{
    static __thread bool told;
    struct timespec time = wait_time(timeout_ns, WAIT_POLL_NS);
    if (!told) {
        prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
        told = true;
    }
    nanosleep(&time, NULL);
}

/* An epoll over the queue's interrupt. False: it has none. */
static bool wait_register(struct dpdk_queue *queue)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return false;
    if (rte_eth_dev_rx_intr_ctl_q(queue->port, queue->number, fd, RTE_INTR_EVENT_ADD, NULL) != 0) {
        close(fd);
        return false;
    }
    queue->wait_fd = fd;
    return true;
}

static bool wait_pending(const struct dpdk_queue *queue)
{
    return rte_eth_rx_queue_count(queue->port, queue->number) > 0;
}

void dpdk_wait(struct torc_net *net, unsigned number, uint64_t timeout_ns)
{
    struct dpdk_queue *queue = dpdk_queue_of(net, number);
    if (queue->interrupts && queue->wait_fd < 0 && !wait_register(queue))
        queue->interrupts = false;
    if (!queue->interrupts) {
        wait_sleep(timeout_ns);
        return;
    }
    /* A port whose interrupts are always armed has no call for it; that is as good. */
    rte_eth_dev_rx_intr_enable(queue->port, queue->number);
    if (!wait_pending(queue)) {
        struct pollfd poll = {.fd = queue->wait_fd, .events = POLLIN};
        struct timespec time = wait_time(timeout_ns, WAIT_IRQ_NS);
        struct rte_epoll_event event;
        if (ppoll(&poll, 1, &time, NULL) > 0)
            rte_epoll_wait(queue->wait_fd, &event, 1, 0);
    }
    rte_eth_dev_rx_intr_disable(queue->port, queue->number);
}

void dpdk_wait_close(struct dpdk_queue *queue)
{
    if (queue->wait_fd >= 0)
        close(queue->wait_fd);
}
