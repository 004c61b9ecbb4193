/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One queue of a DPDK port, used by one thread: what receive and send touch.
 *
 *   send: address -> slot (headers ready to copy) -> lane (a send queue) -> burst
 *                      | not there, or a second old
 *                      v
 *             next hop -> ARP table -> other queues' ARP tables -> ask
 */
#ifndef NET_DPDK_QUEUE_H
#define NET_DPDK_QUEUE_H

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "drivers/net/dpdk.h"
#include "drivers/net/frame_build.h"
#include "drivers/net/frame_neighbours.h"
#include "drivers/net/frame_parse.h"
#include "engine/base/assert.h"

/*
 * A buffer to send from, without anything but the payload at a fixed place, the start of a cache
 * line, whatever the headers' length:
 *
 *   struct rte_mbuf 128 | 64 unused | 64 that end with the headers | payload
 */
#define DPDK_PAYLOAD_AT    192u
#define DPDK_ROOM_BYTES    (RTE_PKTMBUF_HEADROOM + 2048u) /* 1984 from the payload on */
#define DPDK_PAYLOAD_MAX   (DPDK_ROOM_BYTES - DPDK_PAYLOAD_AT)
#define DPDK_SLOTS         1024u /* a power of 2: destinations whose headers are at hand */
#define DPDK_LANES         TORC_DPDK_MESH_NODES
#define DPDK_SLOT_NS       1000000000ull /* how long a slot is trusted before the table is asked */
#define DPDK_ANNOUNCE_NS   1000000000ull
#define DPDK_ANNOUNCEMENTS 3u
#define DPDK_CACHE         512u /* of a buffer pool, for each thread */

/* One destination: what to put in front of a payload. A cache line. */
struct dpdk_slot {
    uint16_t lane;
    struct frame_template template; /* of address 0: the slot is free */
    uint64_t until_ns;              /* trusted so long */
    uint64_t heard_ns;              /* last packet from there, by the station in the template */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct dpdk_slot) == 64, "one cache line");
_Static_assert(offsetof(struct dpdk_slot, until_ns) == 48, "one copy of 48 bytes");

/* Packets on their way to one send queue; all queues but those of a mesh have one lane. */
struct dpdk_lane {
    uint32_t ip; /* mesh: whose receive queue it ends in */
    uint16_t queue;
    uint16_t count;
    struct rte_mbuf *packet[TORC_TX_BURST];
};

/* The thread of the queue writes, any thread reads, relaxed. */
struct dpdk_counters {
    struct torc_net_stats stats;
    uint64_t too_big; /* routers that said so */
};

#define DPDK_COUNT(counter, n) __atomic_store_n(&(counter), (counter) + (n), __ATOMIC_RELAXED)

struct dpdk_net;

struct dpdk_queue {
    struct frame_self self;
    struct dpdk_net *net;
    struct rte_mempool *pool;
    uint64_t rearm;   /* refcnt 1, one segment, data where the headers begin */
    uint64_t flags;   /* of a packet to send: 0, or the UDP checksum is the port's work */
    uint64_t offload; /* lengths of the headers, for that */
    uint32_t header_bytes;
    uint16_t port;
    uint16_t number;
    bool own_pool;          /* what is received comes from `pool`, and goes back in one go */
    bool software_udp;      /* fill in UDP checksums here */
    bool checks;            /* the port says which checksums it found right */
    bool arp;               /* false: all addresses are known from the start */
    bool interrupts;        /* the port can wake a sleeper on this queue */
    bool chains;            /* among the held ones there are some of several segments */
    bool gaps;              /* some of the held ones became answers: NULL */
    bool announce_now;      /* set by the thread that watches the link, taken by this one */
    uint16_t announcements; /* still to make */
    uint16_t lanes;
    uint32_t lanes_used;  /* a bit for each that holds packets */
    uint32_t held;        /* received and not released */
    uint32_t hole;        /* the first `hole` of the step's buffers are gone; */
    uint32_t ready;       /* those from there up to `ready` are there */
    uint64_t announce_ns; /* when to announce next */
    int wait_fd;          /* epoll over the receive interrupt, or -1 */

    struct dpdk_counters counters __attribute__((aligned(64)));
    struct rte_mbuf *packet[TORC_RX_BURST] __attribute__((aligned(64)));
    struct dpdk_lane lane[DPDK_LANES];
    struct dpdk_slot slot[DPDK_SLOTS];
    struct neighbours neighbours;
} __attribute__((aligned(64)));

/* Consecutive addresses get different slots. */
static inline struct dpdk_slot *dpdk_slot_of(struct dpdk_queue *queue, uint32_t ip)
{
    return &queue->slot[(ip ^ ip >> 10 ^ ip >> 20) & (DPDK_SLOTS - 1)];
}

/* The station that a slot sends to. */
static inline uint64_t dpdk_slot_mac(const struct dpdk_queue *queue, const struct dpdk_slot *slot)
{
    return frame_load_mac(slot->template.bytes + FRAME_HEADERS_MAX - queue->header_bytes);
}

/* dpdk_rx.c */
uint32_t dpdk_receive(
    struct torc_net *net, unsigned queue, struct torc_rx *rx, uint32_t max, uint64_t now_ns);
void dpdk_release(struct torc_net *net, unsigned queue);

/* dpdk_tx.c */
uint32_t dpdk_buffers(struct torc_net *net, unsigned queue, struct torc_tx *tx, uint32_t max);
void dpdk_send(
    struct torc_net *net, unsigned queue, struct torc_tx *tx, uint32_t count, uint64_t now_ns);
/* Sends one finished frame; takes the buffer. False if the port had no room. */
bool dpdk_send_frame(struct dpdk_queue *queue, struct rte_mbuf *packet, uint32_t bytes);

/* dpdk_route.c: off the hot path */

/*
 * A slot filled in for `ip`; NULL, with an ARP request on its way if one is due, while the next hop
 * is not known.
 */
struct dpdk_slot *dpdk_route(struct dpdk_queue *queue, uint32_t ip, uint64_t now_ns);
/* A packet came from an address whose slot does not name that station. */
void dpdk_heard(struct dpdk_queue *queue, uint32_t ip, uint64_t mac, uint64_t now_ns);
/* ARP told us where an address is. */
void dpdk_told(struct dpdk_queue *queue, uint32_t ip, uint64_t mac, uint64_t now_ns,
    enum neighbour_source source);
/* Tells everybody where we are, if it is time to. */
void dpdk_announce(struct dpdk_queue *queue, uint64_t now_ns);

/* dpdk_wait.c */
void dpdk_wait(struct torc_net *net, unsigned queue, uint64_t timeout_ns);
void dpdk_wait_close(struct dpdk_queue *queue);

#endif
