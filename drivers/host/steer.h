/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packets between workers, where the port cannot bring each to its own: fewer queues than workers,
 * or queues that do not know whose a packet is.
 *
 *   port --> queue q --> worker q --in[q][w]--> worker w
 *   port <-- queue h <-- worker h <---out[w]--- worker w     (w has no queue; h = w mod queues)
 *
 * Every mailbox has one thread that puts and one that takes. A port that steers, with a queue for
 * each worker, needs none of this and none is made.
 */
#ifndef HOST_STEER_H
#define HOST_STEER_H

#include "engine/base/mailbox.h"
#include <torc/driver.h>

struct steer_worker;

struct steer {
    unsigned workers;
    unsigned queues;
    struct mailbox *in;          /* [queues * workers] */
    struct mailbox *out;         /* [workers]; used from number `queues` on */
    struct steer_worker *worker; /* [workers]: what each one keeps for itself */
};

/*
 * Cuts the mailboxes, of `slots` (a power of 2) packets each, from the arena; with base NULL only
 * counts. 1 <= queues <= workers <= TORC_WORKERS_MAX.
 */
void steer_init(
    struct steer *steer, struct arena *arena, unsigned workers, unsigned queues, uint32_t slots);

/*
 * Worker with a queue, after its receive: passes on what belongs to others and closes the gaps.
 * Returns how many of rx[0..count) are its own. What finds no room is counted and lost.
 */
uint32_t steer_pass(struct steer *steer, unsigned worker, struct torc_rx *rx, uint32_t count);

/*
 * Adds up to `max` packets that other workers received for this one; they stay valid until
 * steer_release. Returns how many. Takes from the mailboxes in turn.
 */
uint32_t steer_take(struct steer *steer, unsigned worker, struct torc_rx *rx, uint32_t max);
void steer_release(struct steer *steer, unsigned worker);

/* Worker without a queue: hands tx[0..count) to the worker that sends for it. */
void steer_give(struct steer *steer, unsigned worker, const struct torc_tx *tx, uint32_t count);

/*
 * Worker with a queue: fills tx[0..max), which have buffers, with what workers without one want
 * sent. Returns how many.
 */
uint32_t steer_collect(struct steer *steer, unsigned worker, struct torc_tx *tx, uint32_t max);

/* Adds what was passed on, and lost on the way, to a driver's counters. Any thread. */
void steer_stats(const struct steer *steer, struct torc_net_stats *stats);

#endif
