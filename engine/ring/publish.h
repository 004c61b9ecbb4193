/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Publication of the ring through RCU (QSBR): the only four calls, in one place. Control
 * publishes; each worker reads one pointer at the top of its loop and reports one quiescent state
 * at its end; control retires an old ring in two steps: it is unpublished by the next
 * publication, then, once every worker has reported a newer one adopted, handed to ring_retire,
 * which frees it after a grace period. Control never blocks in a grace period.
 *
 * Where all workers share one thread with control (simulation, tests, benches) nothing needs to be
 * registered: ring_publish and ring_read work alone, and the caller frees old rings itself.
 */
#ifndef RING_PUBLISH_H
#define RING_PUBLISH_H

#include <stdint.h>

struct ring;

/* The one pointer at which control and workers meet. */
struct ring_slot {
    struct ring *current;
};

/* Control. Makes `ring` (may be NULL at start) the current one; returns the one before. */
struct ring *ring_publish(struct ring_slot *slot, struct ring *ring);

/* Worker, once a loop. Valid until this worker's next ring_quiescent. May be NULL. */
const struct ring *ring_read(const struct ring_slot *slot);

/* Worker, at the end of each loop: it holds no ring. */
void ring_quiescent(void);

/* Worker, before it sleeps and after: a sleeping worker holds nobody up. */
void ring_offline(void);
void ring_online(void);

/* Worker thread, before its first loop (it is online then) and after its last. */
void ring_reader_register(void);
void ring_reader_unregister(void);

/*
 * Control. Frees an unpublished ring by release(ring, context) once no worker can hold it. Returns
 * at once; release runs later, on a thread of liburcu's. The ring must be writable: the queue runs
 * through its block. NULL: nothing happens.
 */
void ring_retire(
    struct ring *ring, void (*release)(struct ring *ring, void *context), void *context);

/*
 * Control, at the end: waits until all rings that the process retired were released. Blocks as long
 * as a registered reader is online and reports no quiescent state.
 */
void ring_retire_barrier(void);

#endif
