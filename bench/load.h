/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Puts into a cluster, a window of them in flight, and gets that see what the puts left.
 *
 * A value says whose it is: the key, then the number of the put, again and again. Of one key at
 * most one put is under way where a later read must know which one was the last.
 *
 * Context: the cluster's thread.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench/cluster.h"

struct load;

/* A load of `window` puts at once. NULL: no memory. */
struct load *load_create(struct cluster *cluster);

/* Puts each key once. False, with a line on stderr, if one of them was not done. */
bool load_fill(struct load *load);

/* What was measured of one run. */
struct load_result {
    uint64_t puts;
    uint64_t ns;
    uint64_t packets;          /* of all four */
    uint64_t retries;          /* requests that the client sent again */
    uint64_t requests_packets; /* packets in which the client sent requests */
};

/*
 * Overwrites random keys for `seconds`, or, if that is 0, for `turns` turns, then lets what is
 * under way come to its end, not counted. False as above.
 */
bool load_run(struct load *load, double seconds, uint64_t turns, struct load_result *result);

/*
 * Puts `count` random keys anew, and reads them back, and as many others that no put names, and
 * looks at every byte.
 */
bool load_verify(struct load *load, uint32_t count);

#endif
