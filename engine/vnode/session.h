/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sessions of the vnodes of one worker: who has been answered what (design rule 11). Committed
 * state, changed by entries only, alike on every member; plus what only a head keeps beside it:
 * which requests are in flight, and when a session was last used.
 *
 * Context: the worker that owns the vnodes.
 */
#ifndef VNODE_SESSION_H
#define VNODE_SESSION_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/wire/messages.h"

struct session_table; /* of all vnodes of a worker */

struct session_answer {
    uint16_t status;
    uint64_t version;
};

/*
 * A request says which is the lowest number its client still awaits: number - awaited_behind. The
 * lowest of a session is the highest that any of its requests said. A number below it is STALE, a
 * number `window` or more above it is AHEAD, so that each number in between has a slot of its own.
 * The slot says whose it is: window numbers later it has another owner.
 *
 * Malformed, and the same everywhere: a number of 0, or a lowest below 1, is STALE; a lowest
 * that is `window` or more behind, and a number above SESSION_NUMBER_MAX, is AHEAD.
 */
#define SESSION_NUMBER_MAX ((UINT64_C(1) << 48) - 1)

enum session_verdict {
    SESSION_NEW,       /* never seen: append it */
    SESSION_IN_FLIGHT, /* an entry of it is in the log, not committed as far as is known here */
    SESSION_ANSWERED,  /* applied: here is the first answer */
    SESSION_STALE,     /* the client said that it does not await this number any more */
    SESSION_AHEAD,     /* outside the window: the client must wait for answers first */
    SESSION_UNKNOWN,   /* no such session: never opened here, or ended */
};

/*
 * `sessions` a vnode, `window` (power of 2) answers kept for each. NULL when the arena only counts.
 * A vnode takes, for each of its sessions, (16 + 8) * window bytes of answers and of requests in
 * flight, 16 of lists, and 64 for each place in a table of which at most two thirds are filled.
 */
struct session_table *session_create(
    struct arena *arena, uint32_t vnodes, uint32_t sessions, uint32_t window);

/*
 * The time by which sessions that are opened from now on, or whose use this member has not seen
 * because it was not the head, count as last used. Once a loop will do. Never goes back.
 */
void session_clock(struct session_table *table, uint64_t now_ns);

/* Starts loading what the other calls will touch. */
void session_prefetch(
    const struct session_table *table, uint32_t vnode, const struct wire_session *id);

/* ---- committed state: on every member, in log order ---- */

/*
 * Opens the session named by the entry (epoch, sequence), remembering the client's nonce. OK, or
 * SESSIONS_FULL (alike on every member). The same nonce as an open session of this vnode: answers
 * that session in *id instead of opening another.
 */
uint16_t session_open(struct session_table *table, uint32_t vnode, uint64_t epoch,
    uint64_t sequence, uint64_t nonce, struct wire_session *id);

/* Ends a session. Nothing if there is none such. */
void session_close(struct session_table *table, uint32_t vnode, const struct wire_session *id);

/*
 * Before an entry's operation is applied: NEW: apply it and call session_applied; ANSWERED: it was
 * applied before (a second entry of one request): *answer is the first answer; else as named. Never
 * looks at what is in flight. session_applied remembers the answer, and the lowest number that the
 * client awaits.
 */
enum session_verdict session_apply(struct session_table *table, uint32_t vnode,
    const struct wire_request *request, struct session_answer *answer);
void session_applied(struct session_table *table, uint32_t vnode,
    const struct wire_request *request, const struct session_answer *answer);

/* ---- what a head keeps beside it ---- */

/* A request from a client, or a retry of one. now_ns marks the session as used. */
enum session_verdict session_request(struct session_table *table, uint32_t vnode,
    const struct wire_request *request, uint64_t now_ns, struct session_answer *answer);
/* The head appended it. */
void session_in_flight(
    struct session_table *table, uint32_t vnode, const struct wire_request *request);
/* A session of this vnode with that nonce, if open: fills in *id. */
bool session_by_nonce(
    const struct session_table *table, uint32_t vnode, uint64_t nonce, struct wire_session *id);
/*
 * A session of the vnode unused since before `before_ns` and not yet being closed: fills in *id and
 * marks it as being closed, until it is used again or session_forget_in_flight (a lost mark only
 * means that it is found again). False if there is none among the next SESSION_IDLE_LOOKS places
 * of the table: each call goes on where the one before ended, so call it now and then for ever.
 */
#define SESSION_IDLE_LOOKS 128u
bool session_idle(
    struct session_table *table, uint32_t vnode, uint64_t before_ns, struct wire_session *id);
/*
 * The client gives its session up. True if there is such a session, not yet being closed: it is
 * marked as being closed, like those that session_idle found.
 */
bool session_leave(struct session_table *table, uint32_t vnode, const struct wire_session *id);
/* Forgets everything in flight on the vnode: another epoch, another suffix. */
void session_forget_in_flight(struct session_table *table, uint32_t vnode);

uint32_t session_count(const struct session_table *table, uint32_t vnode);

#endif
