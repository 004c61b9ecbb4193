/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The floor under a replicated put: what one core must spend when nothing but the unavoidable is
 * done. One thread plays client, head, middle and tail in turn; packets travel through DPDK's ring
 * ports, so that every hop is a real receive and send burst. Each replica checks the entry's CRC,
 * copies the entry to its log in memory and rewrites the addresses; the tail sends the packet back
 * as the reply. No loss handling, no acknowledgements, no ring, no window.
 *
 * The store's floor adds to that, at each replica, a session and a hash index of all keys, looked
 * up and updated, prefetched a burst ahead, in huge pages where the kernel gives them.
 *
 * EAL runs. Context: one thread.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stdint.h>

struct floor;

struct floor_config {
    uint32_t value_bytes;
    uint32_t batch;     /* entries a packet */
    uint32_t keys;      /* in the store's index, all there from the start */
    uint64_t log_bytes; /* of one replica: a ring of memory */
};

/* Entries of that size that fit one packet. */
uint32_t floor_batch_most(uint32_t value_bytes);

/* NULL, and *why, if DPDK or the configuration does not have it. */
struct floor *floor_create(const struct floor_config *config, const char **why);

/*
 * Runs the floor, of the wire or of the store, for `seconds`, or, if that is 0, for `loops` loops.
 * Returns nanoseconds a put; less than 0 if an entry came damaged or out of order.
 */
double floor_run(struct floor *floor, bool store, double seconds, uint64_t loops);

#endif
