/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Types and limits that every other public header uses.
 */
#ifndef TORC_TYPES_H
#define TORC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TORC_NODES_MAX       1024u    /* members of a ring */
#define TORC_WORKERS_MAX     64u      /* worker cores of one node */
#define TORC_PARTITIONS_MAX  65536u   /* Q */
#define TORC_REPLICAS_MAX    8u       /* N, the length of a chain */
#define TORC_KEY_BYTES_MAX   1024u    /* a key is 1 to this many bytes */
#define TORC_VALUE_BYTES_MAX 1048576u /* a value is 0 to this many bytes */

/* An IPv4 endpoint. Both fields in host byte order; 127.0.0.1 is 0x7f000001. */
struct torc_addr {
    uint32_t ip;
    uint16_t port;
};

enum torc_hash { TORC_HASH_XXH3 = 1, TORC_HASH_SHA1 = 2 };
enum torc_claim { TORC_CLAIM_SPREAD = 1, TORC_CLAIM_BLOCKS = 2 };

/*
 * How a client call ended (design rule 12). Every call ends exactly once, at its deadline at the
 * latest.
 *   DONE     the operation took effect; its result is final
 *   REFUSED  it did not and never will: never sent, for ever invalid, or refused by a committed
 *            entry; `status` says why
 *   UNKNOWN  it may have taken effect
 */
enum torc_outcome { TORC_DONE = 1, TORC_REFUSED = 2, TORC_OUTCOME_UNKNOWN = 3 };

/*
 * The service's or the engine's answer. The numbers travel in packets and in logs and never
 * change their meaning. X(name, number, what a person reads)
 */
#define TORC_STATUSES(X)                                                                           \
    X(OK, 0, "ok")                                                                                 \
    X(NOT_FOUND, 1, "no such key")                                                                 \
    X(MISMATCH, 2, "compare-and-set: the key has another version")                                 \
    X(FULL, 3, "the partition's memory quota is used up")                                          \
    X(INVALID, 4, "the request is malformed or outside the limits")                                \
    X(BUSY, 5, "no room right now; try again after the delay")                                     \
    X(UNKNOWN_SESSION, 6, "no such session on this partition")                                     \
    X(SESSIONS_FULL, 7, "the partition has no free session")                                       \
    X(WRONG_EPOCH, 8, "the ring has changed; fetch it again")                                      \
    X(NOT_READY, 9, "the node has not heard every member yet")                                     \
    X(MEMBER_LOST, 10, "a member of the chain restarted; the cluster must be restarted")           \
    X(WRONG_NODE, 11, "this node does not play that role for the partition")                       \
    X(TIMED_OUT, 12, "no answer before the deadline")                                              \
    X(VERSION, 13, "the protocol version is not spoken here")                                      \
    X(WRONG_PARTITION, 14, "the key does not belong to the partition")                             \
    X(STOPPED, 15, "the client was closed")                                                        \
    X(CHANGED, 16, "the value changed while it was read in parts")                                 \
    X(NO_SERVICE, 17, "the service does not know the operation")

enum torc_status {
#define TORC_STATUS_ENUM(name, number, text) TORC_STATUS_##name = (number),
    TORC_STATUSES(TORC_STATUS_ENUM)
#undef TORC_STATUS_ENUM
};

/* The text and the name ("NOT_FOUND") of a status. Never NULL. Any thread. */
const char *torc_status_text(int status);
const char *torc_status_name(int status);

#ifdef __cplusplus
}
#endif
#endif
