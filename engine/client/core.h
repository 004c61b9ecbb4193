/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the client core share: its tables, all preallocated, and who calls whom.
 *
 *   receive.c -> reply.c, parts.c, fetch.c     what came in
 *   ring.c                                     a ring taken, all calls placed anew
 *   retry.c                                    timers: deadlines, retransmission
 *   route.c -> session.c -> send.c             where a request goes, and into which packet
 *
 *                  submit
 *                    v
 *   SUBMITTED --> UNROUTED (no ring) / LARGE (no slot for a large value) / SESSION (not open, or
 *                    |        its window is full) / PENDING (window or buffers of the destination)
 *                    v
 *                  SENT <--> DELAYED (BUSY and the like: sent again later)
 *                    v
 *                  done()
 */
#ifndef CLIENT_CORE_H
#define CLIENT_CORE_H

#include "engine/base/arena.h"
#include "engine/base/assert.h"
#include "engine/base/prng.h"
#include "engine/client/client.h"
#include "engine/client/wheel.h"
#include "engine/wire/wire.h"

enum client_state {
    CLIENT_FREE = 0,
    CLIENT_SUBMITTED, /* in core->submitted, which is no list: to be taken whole */
    CLIENT_UNROUTED,  /* on core->unrouted */
    CLIENT_LARGE,     /* on core->large_waiting */
    CLIENT_SESSION,   /* on its session's waiting list */
    CLIENT_PENDING,   /* on its destination's list */
    CLIENT_SENT,      /* on no list from here on */
    CLIENT_DELAYED,
};

/* Two cache lines, beginning at one: the first says what, the second where it stands. */
struct client_request {
    const uint8_t *key;
    const uint8_t *value;
    client_done done;
    void *context;
    uint64_t deadline_ns;
    uint64_t argument;
    uint32_t value_bytes;
    uint16_t key_bytes;
    uint16_t operation;
    uint32_t generation; /* reads: makes the number of each use of the slot its own; never 0 */
    uint8_t state;       /* enum client_state */
    uint8_t tries;       /* sent so many times before without an answer: backoff */
    uint8_t retries;     /* for the result */
    uint8_t hint;        /* last enum torc_status that a node gave; 0: none */

    uint64_t number; /* writes: in the session, 0: not yet given; reads: generation and slot */
    uint64_t sent_ns;
    uint64_t due_ns; /* SENT: to be sent again; DELAYED: likewise; else the deadline */
    struct client_timer timer;
    struct client_link link;
    uint32_t partition;
    uint32_t destination;
    uint32_t packet; /* stamp of the packet that it went in last */
    uint16_t large;  /* CLIENT_NO_LARGE, or index */
    uint8_t packet_slot;
    bool sent : 1;        /* once in a packet: may have taken effect */
    bool opening : 1;     /* carries its session's SESSION_OPEN; was not sent itself */
    bool routed : 1;      /* partition is of the ring in use */
    bool wants_large : 1; /* fits no packet */
};
static_assert(sizeof(struct client_request) == 128, "request");
#define CLIENT_NO_LARGE UINT16_MAX

enum client_session_state {
    CLIENT_SESSION_CLOSED = 0,
    CLIENT_SESSION_OPENING,
    CLIENT_SESSION_OPEN
};

/* The session of a partition, and what else a write to it needs: the first line is enough. */
struct client_session {
    struct wire_session id;
    uint64_t next;    /* number of the next request */
    uint64_t lowest;  /* number still awaited, or next */
    uint64_t used_ns; /* last answer */
    struct client_list waiting;
    uint32_t head, tail; /* destinations */
    uint8_t state;
    bool ready;       /* on core->ready_session */
    uint8_t hint;     /* last enum torc_status that kept it from opening; 0: none, or it opened */
    uint32_t carrier; /* request that carries SESSION_OPEN, or CLIENT_NONE */
    uint64_t nonce;   /* of the opening under way */
} __attribute__((aligned(64)));

/* One core of a member. */
struct client_destination {
    struct torc_addr address;
    uint64_t incarnation; /* 0: its node was not heard of yet */
    uint16_t member, worker;
    uint32_t timeouts; /* in a row */
    uint64_t srtt_ns, rttvar_ns, rto_ns;
    uint64_t busy;  /* bit i: a packet of slot i is in flight */
    uint32_t parts; /* of large values in flight */
    uint32_t tx;    /* index of the packet being filled in burst->tx, or CLIENT_NONE */
    uint8_t slot;   /* of that packet */
    bool ready;     /* on core->ready_destination */
    bool opened;    /* on core->open_destination */
    struct client_list pending;
    struct wire_builder builder;
    uint32_t stamp[CLIENT_WINDOW_MAX];
};

#define CLIENT_GET_PART  ((uint32_t)WIRE_REPLY_VALUE_MAX)
#define CLIENT_PARTS_MAX 800u
static_assert(CLIENT_PARTS_MAX * WIRE_PART_BYTES >= WIRE_REQUEST_BYTES_MAX, "parts of a put");
static_assert(CLIENT_PARTS_MAX * CLIENT_GET_PART >= TORC_VALUE_BYTES_MAX, "parts of a get");

enum client_part { CLIENT_PART_WANTED = 0, CLIENT_PART_IN_FLIGHT, CLIENT_PART_HERE };

/* A value under way in parts: a put's, or a get's together with its buffer. */
struct client_large {
    uint32_t request; /* CLIENT_NONE: free */
    uint32_t total;   /* bytes: of the put's request, of the get's value */
    uint32_t parts;
    uint32_t base;              /* all parts before it are HERE */
    uint32_t here;              /* parts that are HERE */
    bool fewer;                 /* put: the head last said that it has fewer than `base` */
    uint32_t in_flight;         /* parts */
    bool pump;                  /* there may be something to send */
    bool probing;               /* put: only the first part, until the head said what it has */
    bool active;                /* the parts go out; a get before its first answer: not yet */
    struct wire_request header; /* put: signed once, so that parts of all retries fit together */
    uint64_t version;           /* get: all parts have this one */
    uint32_t restarts;
    uint32_t sent_us[CLIENT_PARTS_MAX];
    uint16_t filled[CLIENT_PARTS_MAX]; /* get: bytes here of a part */
    uint8_t state[CLIENT_PARTS_MAX];
    uint8_t *value; /* get: TORC_VALUE_BYTES_MAX */
};

/* A text or table fetched in pieces from a node's control. */
struct client_fetch {
    bool active;
    bool first; /* the first piece is awaited, which says how many there are */
    uint32_t kind;
    struct torc_addr to;
    uint64_t incarnation;
    uint64_t nonce; /* upper half of the packet numbers; the lower is 0 */
    uint64_t generation;
    uint64_t due_ns; /* to be asked again */
    uint64_t deadline_ns;
    uint32_t total;
    uint32_t piece; /* bytes of every piece but the last */
    uint32_t pieces;
    uint32_t have;
    uint32_t next;  /* piece to ask for next */
    uint32_t tries; /* in a row without an answer */
    uint8_t *buffer;
    uint32_t capacity;
    uint8_t *got; /* [capacity / 64] a flag a piece */
};
#define CLIENT_FETCH_WINDOW   16u
#define CLIENT_INFO_BYTES_MAX (1u << 20) /* statistics are text of this size at most */
#define CLIENT_PIECE_MIN      64u

/*
 * What was sent lately. Most is answered before it could time out, so that a place in this queue,
 * which nobody need look for again, stands in for a timer until it is old enough.
 */
struct client_recent {
    uint64_t sent_ns; /* of the request when it was put here: another now, it was sent again */
    uint32_t index;
};
#define CLIENT_RECENT_MAX (1u << 17)

#define CLIENT_SENDERS 64u

struct client_core {
    struct client_config config;
    uint64_t now_ns;
    struct torc_burst *burst; /* of the step under way, else NULL */
    struct prng prng;
    bool stopped;
    uint32_t left; /* sessions of partitions before it were given up */
    bool waking;   /* something is left that the next step can do at once */

    uint32_t payload_max; /* bytes of key and value of a request that fits a packet */
    struct client_request *requests;
    uint32_t *free_request; /* stack */
    uint32_t free_requests;
    uint32_t *submitted; /* a circle of config.requests places, in the order of the calls */
    uint32_t submitted_first;
    uint32_t submissions;
    struct client_list unrouted, large_waiting;
    struct client_wheel wheel;
    struct client_recent *recent; /* ring of recent_mask + 1 */
    uint64_t recent_put, recent_taken;
    uint64_t recent_mask;

    struct ring *ring; /* NULL: none yet; one of ring_memory */
    void *ring_memory[2];
    size_t ring_capacity;
    uint32_t ring_used;  /* index of the one in use */
    uint32_t ring_crc;   /* of the image in use */
    uint32_t ring_image; /* its bytes */
    uint64_t ring_asked_ns;
    bool ring_wanted; /* a newer one, when it may be asked for */
    bool ring_whole;  /* the image is complete and waits to be taken */
    uint32_t seed_next;
    uint32_t seeds_refused; /* bitmap: those that do not speak our version */
    bool version_refused;   /* none of the seeds does */
    bool ring_too_large;    /* for this configuration */
    uint8_t seed_status; /* last enum torc_status that a node gave instead of the ring; 0: none */
    bool member_lost;    /* the ring says so of at least one */
    const char *trouble;
    struct client_fetch ring_fetch, info_fetch;
    client_info_done info_done;
    void *info_context;

    uint32_t session_mask;           /* of the window in use */
    struct client_session *sessions; /* [partitions_max] */
    uint32_t *numbers; /* [partitions_max * config.session_window] requests by their numbers */
    uint32_t *ready_session;
    uint32_t ready_sessions;

    struct client_destination *destinations;
    uint32_t destinations_used;
    uint32_t *member_destination; /* [members_max] of the member's worker 0 */
    uint32_t *ready_destination;
    uint32_t ready_destinations;
    uint32_t *open_destination; /* with a packet being filled */
    uint32_t open_destinations;
    uint32_t packet; /* last stamp given; never 0 */
    uint64_t packet_number;
    uint16_t sender_member[CLIENT_SENDERS]; /* cache: member index by sender id */

    struct client_large *large;
    uint32_t large_active; /* slots in use */
    bool large_freed;

    struct client_counters counters;
};

static inline uint64_t client_random(struct client_core *core)
{
    return prng_next(&core->prng);
}

static inline struct client_session *client_session_of(
    struct client_core *core, const struct client_request *request)
{
    return &core->sessions[request->partition];
}

static inline uint32_t *client_number_place(
    struct client_core *core, uint32_t partition, uint64_t number)
{
    return &core->numbers[(size_t)partition * core->config.session_window +
                          (number & core->session_mask)];
}

static inline bool client_is_read(const struct client_request *request)
{
    return WIRE_OP_IS_READ(request->operation);
}

/* ---- core.c ---- */

void client_push(struct client_core *core, struct client_list *list, uint32_t index);
void client_remove(struct client_core *core, struct client_list *list, uint32_t index);
uint32_t client_pop(struct client_core *core, struct client_list *list);
/* Takes a request off the list that its state says it is on, if any. */
void client_unlist(struct client_core *core, uint32_t index);
/* Puts it on the list of that state, its timer at its deadline. */
void client_park(struct client_core *core, uint32_t index, enum client_state state);
/* The timer at due_ns or the deadline, whichever comes first. */
void client_arm(struct client_core *core, uint32_t index);
/* Ends a call: lists, timer, session, packet and large slot let go of it; then done(). */
void client_finish(struct client_core *core, uint32_t index, struct client_result *result);
/* Ends it without a value: outcome by whether it was ever sent if outcome is 0. */
void client_end(
    struct client_core *core, uint32_t index, enum torc_outcome outcome, enum torc_status status);

/* ---- route.c ---- */

/* Sends a request that is on no list, or puts it on the list of what it waits for. */
void client_dispatch(struct client_core *core, uint32_t index);
/* The partition and destination of a request in flight, after the ring changed. */
void client_reroute(struct client_core *core, uint32_t index);
void client_dispatch_submitted(struct client_core *core);
void client_dispatch_unrouted(struct client_core *core);
void client_dispatch_large(struct client_core *core);

/* ---- session.c ---- */

/* Gives a write its number, or parks it; true: it may be sent (perhaps to open the session). */
bool client_session_admit(struct client_core *core, uint32_t index);
/* The answer to a SESSION_OPEN. */
void client_session_opened(
    struct client_core *core, uint32_t partition, const struct wire_reply *reply);
/* A node does not know the session: ends what was sent in it. */
void client_session_lost(struct client_core *core, uint32_t partition);
/* A request with this number has ended. */
void client_session_release(struct client_core *core, struct client_request *request);
/* The request that carried the SESSION_OPEN has ended: another takes over. */
void client_session_carrier_gone(struct client_core *core, uint32_t partition);
void client_session_reset(struct client_session *session);
void client_dispatch_sessions(struct client_core *core);

/* ---- send.c ---- */

/* Puts a request into a packet to its destination, or on the destination's list. */
void client_send(struct client_core *core, uint32_t index);
/* Adds a SESSION_CLOSE for the partition's session; false: no room now. */
bool client_send_close(struct client_core *core, uint32_t partition);
/* Sends what waits on destinations that have room again. */
void client_dispatch_destinations(struct client_core *core);
void client_destination_ready(struct client_core *core, uint32_t destination);
/*
 * The packet that the request went in last arrived, or is taken for lost. True if that was news:
 * the first of its requests tells.
 */
bool client_packet_release(struct client_core *core, struct client_request *request);
/* A buffer for a packet of its own; NULL: none left. Filled in and sealed by the caller. */
struct torc_tx *client_tx(struct client_core *core);
/* The header of a packet to a destination. */
struct wire_packet client_packet_header(
    struct client_core *core, const struct client_destination *destination);
void client_seal_all(struct client_core *core);
/* The header of a request of so many bytes as it goes on the wire, but its CRC. */
void client_wire_request(struct client_core *core, const struct client_request *request,
    uint32_t bytes, struct wire_request *wire);

/* ---- retry.c ---- */

void client_timers(struct client_core *core);
/* When client_timers has something to do; UINT64_MAX: never. */
uint64_t client_timers_next(const struct client_core *core);
/* Sets sent_ns, due_ns and the timer of a request that just went out. */
void client_sent(struct client_core *core, uint32_t index);
/* An answer came: measures the round trip (Karn: of what was sent once). */
void client_answered(struct client_core *core, struct client_request *request);
/* To be sent again after delay_ns and a bit. */
void client_delay(struct client_core *core, uint32_t index, uint64_t delay_ns);
uint64_t client_rto(struct client_core *core, const struct client_request *request);

/* ---- receive.c, reply.c ---- */

void client_receive(struct client_core *core, const struct torc_rx *rx);
void client_reply(struct client_core *core, const struct wire_reply *reply);

/* ---- large.c, put_parts.c, get_parts.c ---- */

/* Sends, or goes on sending, a value in parts. */
void client_large_send(struct client_core *core, uint32_t index);
/* A slot for the request, or false: all are in use. */
bool client_large_take(struct client_core *core, uint32_t index);
void client_large_release(struct client_core *core, struct client_request *request);
/* All parts are wanted; halt: none is, and none is in flight. */
void client_large_begin(struct client_core *core, struct client_large *large, uint32_t parts);
void client_large_halt(struct client_core *core, struct client_large *large);
void client_large_part_here(struct client_core *core, struct client_large *large, uint32_t part);
void client_large_part_sent(struct client_core *core, struct client_large *large, uint32_t part);
/* Parts before `end`, in flight and sent at least age_ns ago, are wanted again. */
void client_large_want_again(
    struct client_core *core, struct client_large *large, uint32_t end, uint64_t age_ns);
/* The next part to send from `from` on, within the windows; CLIENT_NONE: nothing now. */
uint32_t client_large_next(struct client_core *core, struct client_large *large, uint32_t from);
/* Something was heard of it: the timeout starts anew. */
void client_large_progress(struct client_core *core, struct client_large *large);
void client_large_timeout(struct client_core *core, uint32_t index);
void client_pump(struct client_core *core);
void client_put_parts_start(struct client_core *core, struct client_large *large);
void client_put_parts_pump(struct client_core *core, struct client_large *large);
void client_put_parts_probe(struct client_core *core, struct client_large *large);
void client_part_ack(struct client_core *core, const struct wire_part_ack *ack);
void client_get_parts_pump(struct client_core *core, struct client_large *large);
/* The answer to a get that has, or needs, more than one packet's worth. */
void client_get_part(struct client_core *core, uint32_t index, const struct wire_reply *reply);
void client_get_restart(struct client_core *core, uint32_t index);

/* ---- fetch.c, ring.c ---- */

void client_fetch_step(struct client_core *core);
void client_chunk(struct client_core *core, uint64_t number, const struct wire_chunk *chunk);
void client_refused_version(struct client_core *core, uint64_t number);
/* Asks for a newer ring, unless that was done a moment ago. */
void client_ring_want(struct client_core *core);
void client_ring_adopt(struct client_core *core);
void client_ring_too_large(struct client_core *core);

#endif
