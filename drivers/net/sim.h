/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A network that does not exist: packets wait in a heap until their time comes. It loses, repeats,
 * delays, reorders, damages and partitions as its seed decides; the same seed and the same calls
 * give the same packets, on every machine. Nothing in it reads a clock or allocates per packet
 * once it has warmed up.
 *
 * Context: one thread.
 */
#ifndef NET_SIM_H
#define NET_SIM_H

#include <torc/types.h>

#define NET_SIM_PACKET_BYTES 1472u
#define NET_SIM_HOSTS_MAX    64u /* numbered by the caller: nodes and clients */

/* Probabilities are of 65536. */
struct net_sim_faults {
    uint32_t loss;
    uint32_t duplication;
    uint32_t corruption; /* one bit flips, any bit */
    uint32_t straggle;   /* the packet comes straggle_ns later than others: after a restart, say */
    uint64_t delay_ns;   /* every packet */
    uint64_t jitter_ns;  /* and up to so much more: reorders without bound */
    uint64_t straggle_ns;
};

struct net_sim_packet {
    uint64_t at_ns;
    uint64_t order; /* of sending: breaks ties */
    struct torc_addr from, to;
    uint32_t bytes;
    uint16_t from_host, to_host;
    struct net_sim_packet *next; /* while free */
    uint8_t data[NET_SIM_PACKET_BYTES] __attribute__((aligned(8)));
};

struct net_sim_counters {
    uint64_t sent, delivered, lost, duplicated, corrupted, partitioned, largest_bytes;
};

struct net_sim;

struct net_sim *net_sim_create(uint64_t seed, const struct net_sim_faults *faults);
void net_sim_destroy(struct net_sim *net);

/* From now on; packets under way keep their fate. */
void net_sim_faults(struct net_sim *net, const struct net_sim_faults *faults);
const struct net_sim_faults *net_sim_faults_now(const struct net_sim *net);

/* Nothing passes from one host to the other (in that direction) until undone. */
void net_sim_cut(struct net_sim *net, unsigned from_host, unsigned to_host, bool cut);
void net_sim_heal(struct net_sim *net);

/*
 * Puts a packet on the network at now_ns. What is longer than NET_SIM_PACKET_BYTES is a fault of
 * the sender: false. *lost says whether (the first copy of) it will never come.
 */
bool net_sim_send(struct net_sim *net, uint64_t now_ns, unsigned from_host, unsigned to_host,
    struct torc_addr from, struct torc_addr to, const void *data, uint32_t bytes, bool *lost);

/* As net_sim_send, whatever the faults: to lose a packet on purpose, call nothing. */
void net_sim_send_surely(struct net_sim *net, uint64_t now_ns, unsigned from_host, unsigned to_host,
    struct torc_addr from, struct torc_addr to, const void *data, uint32_t bytes);

/* When the next packet comes; UINT64_MAX: none is under way. */
uint64_t net_sim_next_ns(const struct net_sim *net);

/* The next packet if its time is now_ns or before, else NULL; given back by net_sim_done. */
struct net_sim_packet *net_sim_receive(struct net_sim *net, uint64_t now_ns);
void net_sim_done(struct net_sim *net, struct net_sim_packet *packet);

/* The next number of the network's own stream, below `limit` (0: any). */
uint64_t net_sim_random(struct net_sim *net, uint64_t limit);

/* Packets that are on their way. */
size_t net_sim_under_way(const struct net_sim *net);

const struct net_sim_counters *net_sim_counters(const struct net_sim *net);

#endif
