/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Vnodes: one (class, partition) on one node. A vnode drives its sessions and its service from
 * what its chain commits, and answers clients.
 *
 *   request -> head: session says new? -> chain creates the entry -> ... -> committed
 *           -> every member applies it: session, service -> the tail replies
 *
 * Context: the worker that owns them.
 */
#ifndef VNODE_VNODE_H
#define VNODE_VNODE_H

#include <torc/service.h>

#include "engine/chain/chain.h"
#include "engine/ring/ring.h"
#include "engine/vnode/outbox.h"
#include "engine/vnode/session.h"

#define VNODE_NONE          UINT32_MAX
#define VNODE_BUSY_DELAY_US 200u
#define VNODE_PART_IDLE_NS  2000000000u /* a client's large request is given up after so long */

struct vnode {
    uint64_t applied; /* entries up to it were applied and released */
    bool member_lost; /* a member of the chain restarted: no writes (rule 10, before there is
                         control) */
    bool tail_lost;   /* it was the tail: no reads either */
};

/* What the service began to load for a key. */
struct vnode_ahead {
    uint32_t vnode;
    uint64_t hash;
};
#define VNODE_PREFETCH_MOST                                                                        \
    64u                 /* entries, for one commit number: a packet says up to 58 of them          \
                         */
#define VNODE_AHEAD 32u /* a power of 2: between asking for an index line and looking into it */

/* All vnodes of a worker and what they share. vnode i is chain i. */
struct vnode_set {
    struct chain_set chains;
    struct vnode *vnode;    /* [vnodes] */
    uint32_t *by_partition; /* [partitions] vnode, or VNODE_NONE */
    uint32_t partitions;
    struct session_table *sessions;
    struct torc_service *service;
    struct assembly_pool requests; /* large requests from clients */
    struct outbox outbox;
    const struct ring *ring; /* of this step; NULL: none yet */
    struct counters *counters;
    bool draining;
    uint32_t scan; /* next vnode to look at in vnode_scan */
    uint32_t ahead_count;
    struct vnode_ahead ahead[VNODE_AHEAD]; /* the last of vnode_prefetch, oldest overwritten */
};

/* May this node answer linearizable reads now? Membership is static: always (rule 6 begins with
 * leases). */
static inline bool vnode_lease_in_force(const struct vnode_set *set)
{
    return set->ring != NULL;
}

static inline uint32_t vnode_find(const struct vnode_set *set, uint16_t class, uint16_t partition)
{
    return class != 0 || partition >= set->partitions ? VNODE_NONE : set->by_partition[partition];
}

/*
 * Starts loading what a request, or an entry, of a vnode will touch, and goes on with an earlier
 * one, whose index is there by now. vnode_prefetch_end goes on with the last ones. Pure hints.
 */
void vnode_prefetch(struct vnode_set *set, uint32_t vnode, const struct wire_request *request);
void vnode_prefetch_end(struct vnode_set *set);
/* The same for a request that is to become, or for an entry that is, the last of the vnode's log.
 */
void vnode_prefetch_entry(
    struct vnode_set *set, uint32_t vnode, const struct wire_request *request);
/* The same for the entries that a commit number, which nobody has checked yet, would apply. */
void vnode_prefetch_committed(struct vnode_set *set, uint32_t vnode, uint64_t committed);

/* ---- request.c, read.c ---- frames from clients; wire_open has passed them */

void vnode_write(struct vnode_set *set, const struct wire_frame *frame, struct torc_addr client);
void vnode_write_part(
    struct vnode_set *set, const struct wire_write_part *part, struct torc_addr client);
void vnode_read(struct vnode_set *set, const struct wire_frame *frame, struct torc_addr client);

/* ---- apply.c ---- */

/* Applies what the chain has committed since the last call; the tail replies. Releases it from the
 * log. */
void vnode_advance(struct vnode_set *set, uint32_t vnode);

/* ---- scan.c ---- */

/* Looks after a few vnodes: idle sessions, stuck chains, requests given up. Called about every
 * millisecond. */
void vnode_scan(struct vnode_set *set, uint32_t count);

/* ---- answers ---- */

/* Names a request so that its client knows the answer. */
struct vnode_caller {
    struct torc_addr address;
    uint16_t class;
    uint16_t partition;
    struct wire_session session;
    uint64_t number;
};

/* Answers with a status, and a version or a delay where they mean something. */
void vnode_reply(struct vnode_set *set, const struct vnode_caller *caller, uint16_t status,
    uint64_t version, uint32_t delay_us);

/* Answers every request in a packet of a client with the same status: no ring, wrong incarnation.
 */
void vnode_refuse_packet(struct vnode_set *set, const struct wire_view *view,
    struct torc_addr client, uint16_t status, uint32_t delay_us);

#endif
