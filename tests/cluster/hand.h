/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A client by hand: single packets with chosen requests, for tests that must say exactly what is
 * sent, when, and how often.
 */
#ifndef TESTS_CLUSTER_HAND_H
#define TESTS_CLUSTER_HAND_H

#include "tests/cluster/world.h"

struct hand {
    struct world *world;
    unsigned client;
    struct wire_session session;
    uint64_t number;  /* of the last request */
    uint64_t awaited; /* lowest number still awaited; 0: that of the request */
};

/* What came back last for a request. */
struct hand_reply {
    bool came;
    uint16_t status;
    uint32_t delay_us;
    uint64_t number;
    uint64_t version;
    uint32_t total, bytes;
    struct wire_session session;
    char value[1400];
};

struct hand hand_new(struct world *world, unsigned client);

/* Opens a session on a partition; waits for the answer. False if none came in 100 ms. */
bool hand_open(struct hand *hand, uint32_t partition, uint64_t nonce);

/* Sends one request without waiting. `node`: to whom; 0: head for writes, tail for reads. */
void hand_send(struct hand *hand, unsigned node, uint32_t partition, uint16_t operation,
    uint64_t number, const char *key, const char *value, uint64_t argument);

/* The next number; waits for the answer. */
struct hand_reply hand_do(struct hand *hand, uint32_t partition, uint16_t operation,
    const char *key, const char *value, uint64_t argument);

/* Waits up to `ns` for an answer to `number`. */
struct hand_reply hand_wait(struct hand *hand, uint64_t number, uint64_t ns);

/* A key of the form k<n> that falls on that partition. */
void hand_key(const struct world *world, uint32_t partition, unsigned nth, char key[16]);

#endif
