/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the tests of the DPDK driver share: one port under test with its buffers, and the time.
 */
#ifndef NIC_DPDK_NIC_H
#define NIC_DPDK_NIC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "drivers/net/dpdk.h"
#include "drivers/net/dpdk_eal.h"
#include <torc/error.h>

#define NIC_SKIP      77 /* exit status: this machine cannot run the test */
#define NIC_SECOND_NS 1000000000ull
#define NIC_PORT      7400u

struct nic_port {
    struct torc_net *net;
    struct torc_tx tx[2][TORC_TX_BURST]; /* of two queues */
    struct torc_rx rx[TORC_RX_BURST];
    uint8_t last[2048]; /* the payload received last, and from whom */
    uint32_t last_bytes;
    struct torc_addr last_from;
};

static char nic_error[512];

static inline uint64_t nic_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NIC_SECOND_NS + (uint64_t)now.tv_nsec;
}

static inline void nic_open(struct nic_port *port, const struct torc_dpdk_config *config)
{
    memset(port, 0, sizeof *port);
    int result = torc_dpdk_open(config, &port->net, nic_error, sizeof nic_error);
    if (result)
        fail_msg("%s", nic_error);
}

static inline void nic_close(struct nic_port *port)
{
    if (port->net)
        port->net->ops->close(port->net);
    port->net = NULL;
}

/* One receive and release on a queue; keeps the last payload. Returns how many there were. */
static inline uint32_t nic_receive(struct nic_port *port, unsigned queue)
{
    const struct torc_net_ops *ops = port->net->ops;
    uint32_t got = ops->receive(port->net, queue, port->rx, TORC_RX_BURST, nic_now());
    if (got) {
        const struct torc_rx *rx = &port->rx[got - 1];
        memcpy(port->last, rx->data, rx->bytes);
        port->last_bytes = rx->bytes;
        port->last_from = rx->from;
    }
    ops->release(port->net, queue);
    if (!got)
        ops->wait(port->net, queue, 100000);
    return got;
}

/* Receives on all queues until `count` payloads came or the time is over. Returns how many came. */
static inline uint32_t nic_receive_until(struct nic_port *port, uint32_t count, uint64_t ns)
{
    uint64_t end = nic_now() + ns;
    uint32_t sum = 0;
    do {
        for (unsigned queue = 0; queue < port->net->queues; queue++)
            sum += nic_receive(port, queue);
    } while (sum < count && nic_now() < end);
    return sum;
}

static inline void nic_send(
    struct nic_port *port, unsigned queue, struct torc_addr to, const void *data, uint32_t bytes)
{
    const struct torc_net_ops *ops = port->net->ops;
    struct torc_tx *tx = port->tx[queue];
    assert_int_equal(ops->buffers(port->net, queue, tx, 64), 64);
    memcpy(tx[0].data, data, bytes);
    tx[0].bytes = bytes;
    tx[0].to = to;
    ops->send(port->net, queue, tx, 1, nic_now());
}

static inline struct torc_net_stats nic_stats(struct nic_port *port)
{
    struct torc_net_stats stats;
    port->net->ops->stats(port->net, &stats);
    return stats;
}

#endif
