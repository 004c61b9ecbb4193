/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The packet seam: what a network driver hands to a poll loop, and takes from it. The engine
 * never calls a driver; a host loop moves these arrays between the two:
 *
 *   rx = driver receive burst -> step(rx, tx, now) -> driver send burst(tx) -> release rx
 */
#ifndef TORC_DRIVER_H
#define TORC_DRIVER_H

#include <torc/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A received UDP payload. It belongs to the driver and is valid until the step returns. */
struct torc_rx {
    const uint8_t *data; /* at least 2-byte aligned */
    uint32_t bytes;
    struct torc_addr from;
};

/*
 * A buffer to send a UDP payload from. The driver fills in data and capacity; the step fills in
 * bytes and to for those it uses, the first ones of the array. What the driver cannot send is
 * counted and lost, as on any network.
 */
struct torc_tx {
    uint8_t *data;
    uint32_t
        capacity; /* bytes at data: at least the packet_bytes that the step was configured with */
    uint32_t bytes;
    struct torc_addr to;
};

/* One burst: what a step gets and gives back. */
struct torc_burst {
    const struct torc_rx *rx;
    struct torc_tx *tx;
    uint32_t rx_count;
    uint32_t tx_count; /* free buffers; two a received packet and 64 more never run short */
    uint32_t tx_used;  /* out: how many of tx are to be sent */
    uint64_t now_ns;   /* monotonic; one reading a loop, taken after the receive burst */
    uint64_t wake_ns;  /* out: no need to step before this time unless a packet comes */
};

#define TORC_RX_BURST 64u
#define TORC_TX_BURST 256u

/* What a port does, as named states; counters read by any thread. */
enum torc_link_state {
    TORC_LINK_UP = 0,
    TORC_LINK_DOWN = 1,      /* the port has no carrier: nothing is sent or received */
    TORC_LINK_MTU_SMALL = 2, /* the port's MTU is under what the cluster's packets need */
};

struct torc_net_stats {
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
    uint64_t rx_not_for_us;   /* another address, port or protocol */
    uint64_t rx_bad_checksum; /* IPv4 or UDP */
    uint64_t rx_malformed;    /* too short, fragments, options that are not understood */
    uint64_t rx_missed;       /* dropped by the port for want of descriptors */
    uint64_t rx_steered;      /* received on another worker's queue and passed on */
    uint64_t rx_mailbox_full; /* lost between two workers */
    uint64_t tx_dropped;      /* the port took fewer than were given */
    uint64_t tx_unresolved;   /* no ARP answer from the next hop yet */
    uint64_t arp_requests, arp_replies, icmp_echoes;
};

/*
 * A driver: one port, `queues` independent queues. Each queue is used by one thread at a time;
 * open, close, link and stats by the thread that opened.
 */
struct torc_net;

struct torc_net_ops {
    const char *name;
    /* Up to `max` received payloads; fills rx[], returns how many. They stay valid until release.
     */
    uint32_t (*receive)(
        struct torc_net *net, unsigned queue, struct torc_rx *rx, uint32_t max, uint64_t now_ns);
    /* Gives back everything that the last receive on this queue handed out. */
    void (*release)(struct torc_net *net, unsigned queue);
    /* Makes sure that tx[0..max) have buffers (unused ones of the last call stay); returns how
     * many. */
    uint32_t (*buffers)(struct torc_net *net, unsigned queue, struct torc_tx *tx, uint32_t max);
    /* Sends the first `count` of tx and takes their buffers away. */
    void (*send)(
        struct torc_net *net, unsigned queue, struct torc_tx *tx, uint32_t count, uint64_t now_ns);
    /* Sleeps until a packet comes on the queue or timeout_ns passed. Needs no packet pending. */
    void (*wait)(struct torc_net *net, unsigned queue, uint64_t timeout_ns);
    enum torc_link_state (*link)(struct torc_net *net);
    void (*stats)(struct torc_net *net, struct torc_net_stats *stats);
    void (*close)(struct torc_net *net);
};

/* Every driver's object begins with this. */
struct torc_net {
    const struct torc_net_ops *ops;
    unsigned queues; /* at least 1; queue i belongs to worker i, worker i >= queues has none */
    uint32_t packet_bytes; /* largest UDP payload that the port takes */
    bool steers;           /* packets to port base+i arrive at queue i and nowhere else */
};

#ifdef __cplusplus
}
#endif
#endif
