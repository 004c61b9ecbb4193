/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A chain, as one of its members sees it: the replication of one vnode (van Renesse and
 * Schneider, "Chain Replication for Supporting High Throughput and Availability", 2004).
 *
 *   head --FORWARD--> middle --FORWARD--> tail     entries, each once, in order
 *   head <-COMMITTED- middle <-COMMITTED- tail     the commit number, cumulative
 *
 * The head numbers entries without gaps. A member appends only the next entry; what comes early is
 * parked. The tail commits what it has (durability `memory`), everybody else what it is told. What
 * the vnode does with committed entries is not the chain's business: the vnode compares `committed`
 * with what it applied.
 *
 * Nothing here sends at once: what a chain has to say is pulled from it when the worker, at the end
 * of its loop, fills packets by destination (send.c).
 *
 * Context: the worker that owns the vnodes.
 */
#ifndef CHAIN_CHAIN_H
#define CHAIN_CHAIN_H

#include <torc/driver.h>

#include "engine/base/counters.h"
#include "engine/chain/assembly.h"
#include "engine/chain/park.h"
#include "engine/link/link.h"
#include "engine/log/log.h"
#include "engine/wire/wire.h"

#define CHAIN_NO_LINK         UINT32_MAX
#define CHAIN_NO_ITEM         UINT32_MAX
#define CHAIN_NOTHING_AWAITED 0u /* entries are numbered from 1 */

enum chain_direction { CHAIN_DOWN = 0, CHAIN_UP = 1 };

/* One vnode. Two cache lines. */
struct chain {
    uint64_t epoch;     /* chain epoch */
    uint64_t committed; /* all up to it is committed, as far as is known here */
    uint64_t sent;      /* all up to it was sent to the successor at least once */
    uint32_t link[2];   /* to the successor (CHAIN_DOWN), to the predecessor (CHAIN_UP) */
    uint32_t
        pending_next[2]; /* next item in the link's list of items that have something to send */
    uint16_t class;
    uint16_t partition;
    uint8_t position; /* 0: head */
    uint8_t length;
    bool pending[2];     /* is in that list */
    bool stalled;        /* is in the set's list of those whose next entry waits for log memory */
    uint16_t parts_sent; /* of entry sent + 1, when it is large */
    uint32_t parked;     /* first parked entry, or PARK_NONE */
    uint32_t stalled_next;
    uint64_t scan_awaited; /* the entry whose commit was awaited when chain_scan last looked, */
    uint64_t scan_ns;      /* and since when it has been that one */
} __attribute__((aligned(64)));

/* All chains of a worker and what they share. */
struct chain_set {
    struct chain *chain; /* [vnodes] */
    uint32_t vnodes;
    struct log_stream *log;
    struct link *link; /* [links] */
    uint32_t links;
    uint32_t active;  /* first link with something to do; CHAIN_NO_LINK */
    uint32_t stalled; /* first stalled vnode */
    struct park park;
    struct assembly_pool parts; /* large entries coming down the chain */
    struct counters *counters;
    uint64_t now_ns; /* of this step */
};

static inline bool chain_is_head(const struct chain *chain)
{
    return chain->position == 0;
}
static inline bool chain_is_tail(const struct chain *chain)
{
    return chain->position + 1 == chain->length;
}

/* Sets one vnode up, with nothing in its log. */
void chain_init(struct chain *chain, uint16_t class, uint16_t partition);

/* What a frame did. */
enum chain_result {
    CHAIN_TAKEN,    /* done with, whether it changed something or not: it need not come again */
    CHAIN_WITHHELD, /* no room: the packet must not be acknowledged */
};

/* ---- append.c ---- */

/* The head: may an entry of `bytes` be created now? The counter that says why not, or NULL. */
uint64_t *chain_refuses(struct chain_set *set, uint32_t vnode, uint32_t bytes);

/*
 * The head creates the next entry, with the request of a client (rule 1). chain_refuses has just
 * said NULL. Signed; to be sent at the end of the loop; committed at once in a chain of one.
 */
const struct wire_entry *chain_create(struct chain_set *set, uint32_t vnode,
    const struct wire_request *request, struct torc_addr client);

/* ---- receive.c ---- from the link `from`; frames that wire_open passed, of the chain's epoch */

enum chain_result chain_forward(
    struct chain_set *set, uint32_t vnode, uint32_t from, const struct wire_entry *entry);
enum chain_result chain_forward_part(
    struct chain_set *set, uint32_t vnode, uint32_t from, const struct wire_forward_part *part);
enum chain_result chain_committed(
    struct chain_set *set, uint32_t vnode, uint32_t from, const struct wire_committed *committed);

/*
 * Takes the list of vnodes whose next entry waits for log memory; its first, or CHAIN_NO_ITEM.
 * For each call chain_retry, which tries to append (`committed` may have grown) and returns the
 * next.
 */
uint32_t chain_stalled_take(struct chain_set *set);
uint32_t chain_retry(struct chain_set *set, uint32_t vnode);

/*
 * The last net, called for each vnode now and then: where nothing was committed for CHAIN_STUCK_NS
 * although there is something to commit, everything not committed is sent again (counted:
 * chains_resent). The links see to losses; this is for what they cannot know, such as a large
 * entry that proves damaged only once it is whole.
 */
#define CHAIN_STUCK_NS 1000000000u
void chain_scan(struct chain_set *set, uint32_t vnode);

/*
 * Drops entries that are not whole and of which no part came for CHAIN_PART_IDLE_NS: their sender
 * is gone, or says all again after CHAIN_STUCK_NS. Now and then.
 */
#define CHAIN_PART_IDLE_NS 5000000000u
void chain_scan_parts(struct chain_set *set);

/* ---- send.c ---- */

/* The chain has something for its neighbour in that direction: fills a packet at the end of the
 * loop. */
void chain_pend(struct chain_set *set, uint32_t vnode, enum chain_direction direction);

/* The link has something to do: acknowledge, time out, send. */
void chain_activate(struct chain_set *set, uint32_t link);

/*
 * Sends what there is to send to all peers, into burst->tx. `header` has sender, incarnation and
 * worker of this node; `receiver` gives the incarnation of a member. Lowers burst->wake_ns.
 */
struct chain_outlet {
    struct wire_packet header;
    const uint64_t *incarnation; /* [members] */
    uint64_t cluster;
    uint32_t packet_bytes;
};
void chain_flush(
    struct chain_set *set, struct torc_burst *burst, const struct chain_outlet *outlet);

/* Is everything sent to peers that are there, and acknowledged by them? */
bool chain_quiet(const struct chain_set *set);

#endif
