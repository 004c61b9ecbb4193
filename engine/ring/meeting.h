/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where workers and control meet, and the only place: the published ring, mailboxes, and
 * numbers that one side writes and the other reads. Neither includes the other's code.
 */
#ifndef RING_MEETING_H
#define RING_MEETING_H

#include "engine/base/counters.h"
#include "engine/base/mailbox.h"
#include "engine/ring/publish.h"
#include "engine/ring/ring.h"
#include "engine/wire/wire.h"

#define MEETING_MAILBOX_SLOTS 64u

/* One worker's side. Written by the worker but for the mailboxes' other ends. */
struct meeting_worker {
    struct mailbox to_control; /* HELLO, INFO and CHUNK packets, as they came */
    uint64_t adopted;          /* revision of the ring that this worker uses; 0: none */
    uint64_t quiet;            /* while draining: nothing under way */
    struct counters counters;
    uint64_t drops[WIRE_DROP_COUNT];
} __attribute__((aligned(64)));

struct meeting {
    struct ring_slot ring;       /* written by control */
    struct mailbox from_control; /* packets that worker 0 is to send */
    uint64_t draining;           /* set by any thread, once */
    uint64_t returned;           /* written by control: the others know an earlier incarnation */
    uint32_t workers;
    struct meeting_worker *worker; /* [workers] */
} __attribute__((aligned(64)));

#endif
