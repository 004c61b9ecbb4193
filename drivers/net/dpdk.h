/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Any DPDK port as a driver: af_packet over a veth, memif to another process, a NIC. The engine's
 * own Ethernet, ARP, IPv4, UDP and ICMP echo; no kernel and no copy in the way.
 *
 *   worker i <-> queue i <-> receive and send queue i of the port
 *
 * With fewer queues than workers the host hands packets on by mailbox; no port is relied upon to
 * steer packets among several queues. A UDP datagram leaves queue i from port base+i.
 *
 * EAL must run (dpdk_eal.h), and each thread that uses a queue must be known to it: without,
 * buffers come from a slower place.
 */
#ifndef NET_DPDK_H
#define NET_DPDK_H

#include <torc/driver.h>

struct torc_dpdk_config {
    /*
     * As EAL's --vdev or --allow takes it: "net_af_packet0,iface=eth0", "net_memif0,role=server",
     * "0000:03:00.0". Made if it is not there yet.
     */
    const char *device;
    uint32_t ip;           /* ours, host byte order; so are the other addresses */
    uint32_t gateway;      /* next hop outside the subnet; 0: none */
    uint8_t prefix;        /* bits of the subnet, 1..32 */
    uint16_t vlan;         /* 802.1Q tag of all packets; 0: untagged */
    uint16_t base_port;    /* UDP ports base_port .. base_port + ports - 1 are ours */
    uint16_t ports;        /* one a worker; 1..TORC_WORKERS_MAX */
    uint16_t queues;       /* wanted; 0: as many as ports. The port may have fewer */
    uint16_t descriptors;  /* of one queue, wanted; 0: 1024 */
    uint32_t packet_bytes; /* largest UDP payload of the cluster's packets; 0: 1472 */
    bool udp_checksum;     /* fill it in; otherwise 0, which is none: packets have a CRC */
};

/*
 * Opens, configures and starts a port. The thread that started EAL; it also closes, by
 * (*net)->ops->close, after all threads have left the queues. Errors, each with one line in `error`
 * that names what is wrong and what to do: -TORC_EINVAL, -TORC_ENODEV (no such device, interface or
 * driver), -TORC_ENOMEM, -TORC_EPERM, -TORC_EIO.
 */
int torc_dpdk_open(
    const struct torc_dpdk_config *config, struct torc_net **net, char *error, size_t error_bytes);

/*
 * Packets of full size that one queue holds before the port drops: what peers may have in flight to
 * one worker. Any thread.
 */
uint32_t torc_dpdk_receive_packets(const struct torc_net *net);

#define TORC_DPDK_MESH_NODES 16u

/* Ports of one process, wired to each other: what a port sends arrives at the address it names. */
struct torc_dpdk_mesh_config {
    const uint32_t *ip;    /* [nodes], distinct, not 0 */
    unsigned nodes;        /* 2..TORC_DPDK_MESH_NODES */
    uint16_t base_port;    /* as above, alike on all */
    uint16_t ports;        /* likewise */
    uint16_t descriptors;  /* a power of 2; 0: 1024 */
    uint32_t packet_bytes; /* as above */
    bool udp_checksum;
    bool one_thread; /* one thread uses all nodes: no atomic operations, one pool of buffers */
};

/*
 * Fills net[0..nodes): one queue each, over DPDK's ring ports, with the same headers written and
 * checked as on a wire. Addresses are known from the start. Errors and closing as above.
 */
int torc_dpdk_mesh_open(const struct torc_dpdk_mesh_config *config, struct torc_net **net,
    char *error, size_t error_bytes);

#endif
