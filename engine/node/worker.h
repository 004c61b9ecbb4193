/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A worker: one core's poll loop, as a function of the packets that came and the time.
 *
 *   receive.c  packets in: check, fence, hand each frame to its vnode
 *   worker.c   the loop itself, and the adoption of a new ring
 */
#ifndef NODE_WORKER_H
#define NODE_WORKER_H

#include "engine/base/steady.h"
#include "engine/node/node.h"
#include "engine/ring/meeting.h"
#include "engine/vnode/vnode.h"

#define WORKER_SCAN_NS     10000000u /* how often a few vnodes are looked after */
#define WORKER_SCAN_VNODES 64u
#define WORKER_NO_LINK     UINT32_MAX

struct worker {
    struct vnode_set vnodes;
    struct meeting *meeting;
    struct meeting_worker *side;
    const struct ring *ring; /* as read in this step */
    uint64_t revision;       /* of the ring that the vnodes were set up for */
    uint64_t incarnation;    /* of this node */
    uint64_t cluster;
    uint32_t self_id;
    uint16_t self;   /* member index */
    uint16_t number; /* of this worker */
    uint16_t members;
    uint16_t workers_most;  /* workers of the member that has most */
    uint32_t *link_by_peer; /* [members * workers_most] link, or WORKER_NO_LINK */
    uint64_t *incarnations; /* [members] as bound */
    struct chain_outlet outlet;
    struct steady clock;
    uint64_t next_scan_ns;
    struct wire_view view[TORC_RX_BURST];
};

/*
 * A worker and all it owns, cut from the arena (NULL when that only counts), set up for the chains
 * of config->plan.
 */
struct worker *worker_create(struct arena *arena, const struct node_config *config,
    struct meeting *meeting, uint16_t number);

/* Bytes of one worker's parts, for node_memory_bytes. */
struct worker_sizes {
    uint64_t log, sessions, service, assemblies, links, rest;
};
struct worker_sizes worker_sizes(const struct node_config *config, uint16_t number);

/* One loop. */
void worker_step(struct worker *worker, struct torc_burst *burst);

/* receive.c: takes the received packets of the burst, `count` of them, at most TORC_RX_BURST. */
void worker_receive(struct worker *worker, const struct torc_rx *rx, uint32_t count);

#endif
