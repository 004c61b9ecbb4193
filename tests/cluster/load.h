/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Real clients in a world, each the only writer of its own keys, so that what a read must answer
 * is known: the last write that ended done, or one of those whose outcome is unknown since.
 */
#ifndef TESTS_CLUSTER_LOAD_H
#define TESTS_CLUSTER_LOAD_H

#include "engine/client/client.h"
#include "tests/cluster/world.h"

struct load_config {
    unsigned clients;
    unsigned keys;        /* of each client */
    unsigned operations;  /* of each client */
    unsigned in_flight;   /* at most, of each client; one a key */
    uint32_t value_bytes; /* most */
    unsigned large;       /* of 1000 puts: up to large_bytes */
    uint32_t large_bytes;
    uint64_t deadline_ns;
    bool quiet_deletes; /* no deletes, no cas */
};

struct load;

struct load *load_create(struct world *world, const struct load_config *config);
void load_destroy(struct load *load);

/* Lets the world go on until all operations have ended; false if that takes longer than `ns`. */
bool load_run(struct load *load, uint64_t ns);

/* Reads all keys back. False if that takes longer than `ns`. */
bool load_verify(struct load *load, uint64_t ns);

/* Of all clients. A mismatch is an answer that no order of the writes explains; the first is told
 * on stderr. */
struct load_result {
    uint64_t done, refused, unknown, mismatches, hits;
    uint64_t statuses[32]; /* of calls that did not end done */
};
struct load_result load_result(const struct load *load);
const struct client_counters *load_counters(const struct load *load, unsigned client);

#endif
