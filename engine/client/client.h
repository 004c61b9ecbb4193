/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The client core: routing by the ring, sessions, batching, retries, large values. Sans-I/O: a pure
 * function of the packets that come in and of the time; libtorc, the benches and the simulator
 * drive it.
 *
 *   submit -> step: ring known? -> partition -> head's or tail's core -> a packet shared by all
 * that goes there in this step -> ... -> reply -> done(), once, at the deadline at the latest
 *
 * Context: one thread; all calls on one core from that thread. done() is called from step and from
 * stop, never from submit; it may submit, and must not step or stop.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <torc/driver.h>

#include "engine/ring/ring.h"
#include "engine/wire/messages.h"

struct client_core;

#define CLIENT_SEEDS_MAX   16u
#define CLIENT_WINDOW_MAX  64u /* packets in flight to one core of a node */
#define CLIENT_SESSION_MAX 64u /* requests of one session in flight */

struct client_config {
    struct torc_addr seed[CLIENT_SEEDS_MAX]; /* nodes that are asked for the ring, in turn */
    uint32_t seeds;                          /* at least 1 */
    uint64_t random;           /* seeds the PRNG of nonces and jitter: new for each client */
    uint32_t requests;         /* at most so many at once; 1 .. 1 << 20 */
    uint32_t partitions_max;   /* of the largest ring taken */
    uint32_t members_max;      /* of the largest ring taken */
    uint32_t destinations_max; /* worker cores of all members together */
    uint32_t session_window;   /* power of 2, at most CLIENT_SESSION_MAX; the ring may say less */
    uint32_t large;            /* values that fit no packet, under way at once; at least 1 */
    uint32_t packet_window;    /* packets in flight to one core, at most CLIENT_WINDOW_MAX */
    uint32_t packet_requests;  /* at most so many in one packet; 0: as many as fit */
    uint32_t part_window;      /* parts of one large value in flight, at most 64 */
    uint32_t packet_bytes;     /* largest UDP payload to send */
    uint64_t rto_initial_ns;   /* before any round trip was measured */
    uint64_t rto_min_ns;
    uint64_t rto_max_ns;     /* bound of the exponential backoff */
    uint64_t fetch_retry_ns; /* before the next seed is asked for the ring */
};

/* Fills in what is 0 and has a default: all but seed and random. */
void client_config_defaults(struct client_config *config);

/* How a call ended. */
struct client_result {
    enum torc_outcome outcome;
    /*
     * DONE: OK, or NOT_FOUND from a get or delete. REFUSED: why. UNKNOWN: the last thing that a
     * node said about it (BUSY, NOT_READY, MEMBER_LOST, ...), TIMED_OUT if none said anything.
     */
    enum torc_status status;
    uint64_t version;     /* of the key: after a put, at a get, found by a cas that did not match */
    const uint8_t *value; /* of a get that found the key; valid during the callback only */
    uint32_t value_bytes;
    uint32_t retries; /* packets that were sent again for it, at most 255 */
};

typedef void (*client_done)(void *context, const struct client_result *result);

struct client_call {
    const void *key;   /* 1 to TORC_KEY_BYTES_MAX; the caller keeps it until done() */
    const void *value; /* put, cas: up to TORC_VALUE_BYTES_MAX, kept likewise */
    uint32_t value_bytes;
    uint16_t key_bytes;
    uint16_t operation;   /* enum wire_operation: PUT, DELETE, CAS, GET */
    uint64_t argument;    /* CAS: the version expected, 0: none; else 0 */
    uint64_t deadline_ns; /* on the clock of step's now_ns */
    client_done done;
    void *context;
};

/* Bytes that client_core_create needs; 0 if the configuration is out of range. */
size_t client_core_bytes(const struct client_config *config);

/*
 * A core in `memory`: zeroed, 64-byte aligned, client_core_bytes of it, the caller's until after
 * the last call. NULL if the configuration is out of range.
 */
struct client_core *client_core_create(
    const struct client_config *config, void *memory, size_t bytes);

/*
 * Takes a call, which begins with the next step. 0; -TORC_EAGAIN: as many as configured are under
 * way; -TORC_ETOOBIG: key or value too long; -TORC_EINVAL: an empty key or an operation that is no
 * client's; -TORC_ESTOPPED. done() is called exactly once for each 0.
 */
int client_core_submit(struct client_core *core, const struct client_call *call);

/* One loop: takes what came, sends what can go, ends what is over. See struct torc_burst. */
void client_core_step(struct client_core *core, struct torc_burst *burst);

/* Ends all calls with status STOPPED: REFUSED where never sent, else UNKNOWN. Takes no more. */
void client_core_stop(struct client_core *core);

/*
 * After stop, while it returns true and as long as the caller cares: packets that give up this
 * client's sessions, so that they need not end by idleness. Nothing answers them.
 */
bool client_core_leave(struct client_core *core, struct torc_burst *burst);

/* Calls under way. */
uint32_t client_core_pending(const struct client_core *core);

/* The ring in use; NULL while none has come. Valid until the next step. */
const struct ring *client_core_ring(const struct client_core *core);

/* What stands in the way, as a sentence for a person; "" if nothing is known to. */
const char *client_core_trouble(const struct client_core *core);

/* There is no ring, and waiting will not bring one: trouble says why. */
bool client_core_is_stuck(const struct client_core *core);

/*
 * Asks control of a member (index into the ring) for its statistics as text, lines of
 * "name value". `text` has `capacity` bytes and is the core's until done(). status OK, TIMED_OUT,
 * FULL (longer than capacity), or what the node said. 0; -TORC_EAGAIN: another is under way;
 * -TORC_EINVAL: no ring, or no such member.
 */
typedef void (*client_info_done)(void *context, enum torc_status status, uint32_t bytes);
int client_core_info(struct client_core *core, uint16_t member, uint8_t *text, uint32_t capacity,
    uint64_t deadline_ns, client_info_done done, void *context);

/* X(name, what a person reads) */
#define CLIENT_COUNTERS(X)                                                                         \
    X(calls, "calls taken")                                                                        \
    X(done, "calls that ended done")                                                               \
    X(refused, "calls that ended refused")                                                         \
    X(unknown, "calls that ended unknown")                                                         \
    X(tx_packets, "packets sent")                                                                  \
    X(rx_packets, "packets that came in")                                                          \
    X(tx_requests, "requests sent, retries included")                                              \
    X(tx_parts, "parts of large values sent or asked for, retries included")                       \
    X(retries, "requests sent again")                                                              \
    X(retried_parts, "parts sent or asked for again")                                              \
    X(timeouts, "requests without an answer in time")                                              \
    X(busy, "answers BUSY")                                                                        \
    X(not_ready, "answers NOT_READY")                                                              \
    X(sessions_opened, "sessions opened")                                                          \
    X(sessions_unknown, "sessions that a node did not know any more")                              \
    X(sessions_renewed, "sessions given up before the node could end them for idleness")           \
    X(window_closed, "times a packet waited because too many were in flight to its core")          \
    X(no_buffer, "times a packet waited for a send buffer")                                        \
    X(rings, "rings taken")                                                                        \
    X(ring_fetches, "times the ring was asked for")                                                \
    X(ring_bad, "ring images that were damaged or too large")                                      \
    X(ring_old, "rings older than the one in use, or of another cluster")                          \
    X(version_refusals, "answers that our protocol version is not spoken")                         \
    X(gets_restarted, "large values that changed while they were read")                            \
    X(drop_malformed, "packets that are not whole or not ours")                                    \
    X(drop_unexpected, "packets of a type that no client takes")                                   \
    X(drop_stale_sender, "answers of another incarnation than the ring's")                         \
    X(drop_unasked, "answers to nothing that is under way: duplicates, or too late")               \
    X(drop_bad_reply, "answers that contradict themselves or the ring")

struct client_counters {
#define CLIENT_COUNTERS_FIELD(name, text) uint64_t name;
    CLIENT_COUNTERS(CLIENT_COUNTERS_FIELD)
#undef CLIENT_COUNTERS_FIELD
};

const struct client_counters *client_core_counters(const struct client_core *core);

#endif
