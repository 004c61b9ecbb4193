/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kernel UDP as a driver: port base+i of one address for worker i, in batches by recvmmsg and
 * sendmmsg. Needs no privileges and no DPDK; clusters on a laptop and clients run on it.
 *
 *   worker i <-> queue i <-> socket bound to address:port+i
 *
 * With fewer queues than ports, queue q serves the ports q, q+queues, q+2*queues...: the host
 * steers what belongs to another worker through a mailbox, as on a NIC with few queues.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <torc/driver.h>

struct torc_socket_config {
    struct torc_addr address; /* port 0: one that is free (only with one port) */
    uint32_t ports;           /* UDP ports address.port + 0..ports-1: one a worker */
    uint32_t queues;          /* 1..ports; 0: as many as ports */
    uint32_t packet_bytes;    /* largest UDP payload to send; 0: 1472 */
    uint32_t receive_bytes;   /* wanted kernel buffer of one socket; 0: 4 MiB */
};

/*
 * Opens all sockets. Any thread; the caller closes with (*net)->ops->close. Errors, each with one
 * line in `error` that names the address and what to do: -TORC_EINUSE, -TORC_EPERM, -TORC_ENODEV
 * (the address is not this machine's), -TORC_ENOMEM, -TORC_EINVAL, -TORC_EIO.
 */
int torc_socket_open(const struct torc_socket_config *config, struct torc_net **net, char *error,
    size_t error_bytes);

/* The UDP port of port number `number`, as bound. Any thread. */
uint16_t torc_socket_port(const struct torc_net *net, unsigned number);

/*
 * How many packets of full size the kernel keeps for one socket before it drops: what peers may
 * have in flight to one worker. Any thread.
 */
uint32_t torc_socket_receive_packets(const struct torc_net *net);

/* The descriptor of port number `number`, for a caller's own poll. Any thread. */
int torc_socket_descriptor(const struct torc_net *net, unsigned number);

#endif
