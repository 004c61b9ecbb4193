/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Which station has which address: the ARP table of one queue, as a function of what was heard and
 * of the time. Its size is fixed; where a bucket is full, what cannot be used goes first, then what
 * was not heard for longest.
 *
 *   unknown --asked--> (asked again after 50 ms, 100 ms, ... 1 s) --heard--> usable
 *   usable, heard within FRESH: used    within KEEP: used, and asked about    older: unknown
 *
 * One thread writes a table (the queue's); any thread may peek into it.
 */
#ifndef NET_FRAME_NEIGHBOURS_H
#define NET_FRAME_NEIGHBOURS_H

#include <stdbool.h>
#include <stdint.h>

#define NEIGHBOUR_FRESH_NS   20000000000ull /* 20 s: no need to ask */
#define NEIGHBOUR_KEEP_NS    60000000000ull /* 60 s: no longer believed */
#define NEIGHBOUR_STICKY_NS  5000000000ull  /* 5 s: ARP alone may move an address */
#define NEIGHBOUR_ASK_MIN_NS 50000000ull
#define NEIGHBOUR_ASK_MAX_NS 1000000000ull
#define NEIGHBOUR_STATIC     UINT64_MAX /* "heard" then: never forgotten, never asked about */

#define NEIGHBOUR_WAYS    8u
#define NEIGHBOUR_BUCKETS 256u

/* Everything but `asked_ns` and `tries` is read by other threads: see neighbours_peek. */
struct neighbour {
    uint32_t sequence; /* odd while the row is being written */
    uint32_t ip;       /* 0: the row is free */
    uint64_t mac;      /* 0: not known yet */
    uint64_t heard_ns;
    uint64_t asked_ns;
    uint32_t tries; /* how often asked since heard */
};

struct neighbours {
    struct neighbour row[NEIGHBOUR_BUCKETS][NEIGHBOUR_WAYS];
};

enum neighbour_source {
    NEIGHBOUR_BY_ARP,    /* it told us: believed */
    NEIGHBOUR_BY_NEWS,   /* it told everybody: believed if we know the address at all */
    NEIGHBOUR_BY_PACKET, /* seen as a packet's sender: does not move an address just heard */
    NEIGHBOUR_BY_TABLE,  /* another table of this port knows: believed if it heard later */
};

/* An empty table; zeroed memory is one too. */
void neighbours_init(struct neighbours *table);

/* `ip` was heard at `mac`. */
void neighbours_learn(struct neighbours *table, uint32_t ip, uint64_t mac, uint64_t heard_ns,
    enum neighbour_source source);

struct neighbour_answer {
    uint64_t mac; /* 0: not known */
    bool ask;     /* it is time to ask (the table takes it that the caller does) */
};

/* Where is `ip` (not 0)? Remembers that it was wanted. */
struct neighbour_answer neighbours_lookup(struct neighbours *table, uint32_t ip, uint64_t now_ns);

/*
 * Any thread. The station of `ip` and when it was heard, if the table holds it and no write is
 * under way; else false.
 */
bool neighbours_peek(
    const struct neighbours *table, uint32_t ip, uint64_t *mac, uint64_t *heard_ns);

#endif
