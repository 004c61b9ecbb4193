/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The outbox: answers to clients, gathered by client address during one step and sealed at its end.
 * Room for OUTBOX_OPEN clients at once; beyond, the oldest packet is closed early.
 *
 * Context: the worker.
 */
#ifndef VNODE_OUTBOX_H
#define VNODE_OUTBOX_H

#include <torc/driver.h>

#include "engine/base/counters.h"
#include "engine/wire/wire.h"

#define OUTBOX_OPEN 16u /* a power of 2 */

struct outbox_packet {
    struct wire_builder builder;
    struct torc_tx *tx;
};

struct outbox {
    struct torc_addr to[OUTBOX_OPEN]; /* port 0: the place is free */
    struct outbox_packet packet[OUTBOX_OPEN];
    uint32_t open; /* packets begun in this step */
    uint32_t last; /* where the last answer went */
    struct torc_burst *burst;
    struct wire_packet header; /* sender, incarnation, worker of this node */
    uint64_t cluster;
    uint32_t packet_bytes;
    struct counters *counters;
};

/* A step begins. */
void outbox_begin(struct outbox *outbox, struct torc_burst *burst);

/*
 * The packet to that client (whose port is not 0), with room for at least `room` bytes of frames.
 * NULL, counted, if there is no send buffer left: the client asks again.
 */
struct wire_builder *outbox_open(struct outbox *outbox, struct torc_addr to, uint32_t room);

/* Shortens the frame that was added last to `bytes` (padded here). */
void outbox_trim(struct wire_builder *builder, struct wire_frame *frame, uint32_t bytes);

/* Takes back the frame that was added last. */
void outbox_take_back(struct wire_builder *builder, const struct wire_frame *frame);

/* The step ends: seals what is open. */
void outbox_end(struct outbox *outbox);

#endif
