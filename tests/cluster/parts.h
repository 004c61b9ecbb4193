/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Large requests by hand: part by part, with the acknowledgements of what came.
 */
#ifndef TESTS_CLUSTER_PARTS_H
#define TESTS_CLUSTER_PARTS_H

#include "tests/cluster/hand.h"

struct parts {
    struct hand *hand;
    uint32_t partition;
    uint64_t number;
    struct wire_request *request; /* signed */
    uint32_t total, count;        /* bytes, parts */
    uint32_t gapless;             /* as last acknowledged */
    uint64_t bitmap;
    uint32_t delay_us;
    uint32_t acks;
    struct hand_reply reply; /* to the request */
};

/* A put of a value of so many bytes, which `seed` decides, as the next number of the session. */
struct parts parts_put(
    struct hand *hand, uint32_t partition, const char *key, uint32_t value_bytes, uint8_t seed);
void parts_free(struct parts *parts);

void parts_send(struct parts *parts, uint32_t part);
/* Takes the acknowledgements and the reply that have come since. */
void parts_listen(struct parts *parts);
/* Sends what is missing, again and again, until the reply is there. False: not within `ns`. */
bool parts_persist(struct parts *parts, uint64_t ns);

/* Reads the value back, piece by piece, and compares. */
bool parts_are_there(struct parts *parts, const char *key, uint64_t ns);

#endif
