/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A vnode's sessions lie in an open-addressing table of cache lines, by the id's hash, never more
 * than two thirds full; removal shifts back what follows, so there are no tombstones. Answers and
 * requests in flight lie apart, 16 and 8 bytes a slot, by the session's index, which it keeps when
 * its line is moved. The line says up to which number there can be any, so that a new request, the
 * common case, reads the line alone, and four answers in a row are written to one more.
 */
#include "engine/vnode/session.h"

#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"

struct session {
    uint64_t epoch; /* the id */
    uint64_t number;
    /* committed: changed by entries only */
    uint64_t lowest;  /* highest lowest number still awaited, of all applied requests */
    uint64_t highest; /* highest number applied */
    /* the head's own; means nothing unless `generation` is the vnode's */
    uint64_t head_lowest;  /* as above, of requests appended */
    uint64_t head_highest; /* highest number appended */
    uint64_t used_ns;      /* last request; UINT64_MAX: being closed */
    uint32_t index;        /* among those of all vnodes: of its answers, and in lists */
    uint32_t generation;
};
static_assert(sizeof(struct session) == 64, "one cache line");

/* status in the low 16 bits, the number above; 0: none. */
struct session_slot {
    uint64_t number_status;
    uint64_t version;
};
static_assert(sizeof(struct session_slot) == 16, "four in a cache line");

struct session_vnode {
    uint32_t count;
    uint32_t idle_cursor;
    uint32_t generation; /* of what the head keeps; the next one begins with nothing in flight */
    uint32_t reserved;
};

struct session_table {
    struct session *found; /* by the last look-up, on vnode found_on: the next is often for it */
    uint32_t found_on;
    uint32_t window_shift;       /* log2(window) */
    struct session *place;       /* per vnode: places */
    struct session_slot *answer; /* per vnode and index: window */
    uint64_t *in_flight;         /* per vnode and index: window numbers */
    uint64_t *nonce;             /* per vnode and index */
    uint32_t *where;             /* per vnode and index: its place; of one that is not open: none */
    uint32_t *unused;            /* per vnode: a stack of the indices that are not open */
    struct session_vnode *vnodes;
    uint64_t now_ns;
    uint32_t sessions;
    uint32_t places_mask;
    uint32_t places_shift; /* 64 - log2(places) */
    uint32_t window;
};
#define SESSION_NOWHERE UINT32_MAX

static uint32_t session_places(uint32_t sessions)
{
    uint32_t places = 2;
    while (places < sessions + sessions / 2 + 1)
        places *= 2;
    return places;
}

static void session_vnode_init(struct session_table *table, uint32_t vnode)
{
    uint32_t *unused = &table->unused[(size_t)vnode * table->sessions];
    uint32_t *where = &table->where[(size_t)vnode * table->sessions];
    for (uint32_t i = 0; i < table->sessions; i++) {
        unused[i] = (vnode + 1) * table->sessions - 1 - i;
        where[i] = SESSION_NOWHERE;
    }
    table->vnodes[vnode].generation = 1;
}

struct session_table *session_create(
    struct arena *arena, uint32_t vnodes, uint32_t sessions, uint32_t window)
{
    TORC_ASSERT(window != 0 && (window & (window - 1)) == 0);
    TORC_ASSERT(sessions != 0 && (uint64_t)vnodes * sessions < UINT32_MAX / 4);
    uint32_t places = session_places(sessions);
    size_t all = (size_t)vnodes * sessions;
    struct session_table *table = ARENA_ARRAY(arena, struct session_table, 1);
    struct session_table made = {
        .place = ARENA_ARRAY(arena, struct session, (size_t)vnodes * places),
        .answer = ARENA_ARRAY(arena, struct session_slot, all * window),
        .in_flight = ARENA_ARRAY(arena, uint64_t, all * window),
        .nonce = ARENA_ARRAY(arena, uint64_t, all),
        .where = ARENA_ARRAY(arena, uint32_t, all),
        .unused = ARENA_ARRAY(arena, uint32_t, all),
        .vnodes = ARENA_ARRAY(arena, struct session_vnode, vnodes),
        .sessions = sessions,
        .places_mask = places - 1,
        .places_shift = 64 - (uint32_t)__builtin_ctz(places),
        .window = window,
        .window_shift = (uint32_t)__builtin_ctz(window),
    };
    made.found = made.place;
    if (table == NULL)
        return NULL;
    *table = made;
    for (uint32_t i = 0; i < vnodes; i++)
        session_vnode_init(table, i);
    return table;
}

void session_clock(struct session_table *table, uint64_t now_ns)
{
    if (now_ns > table->now_ns)
        table->now_ns = now_ns;
}

/* ---- the table of places ---- */

static struct session *session_vnode_places(const struct session_table *table, uint32_t vnode)
{
    return &table->place[(size_t)vnode * (table->places_mask + 1)];
}

static uint32_t session_home(const struct session_table *table, uint64_t epoch, uint64_t number)
{
    uint64_t mixed = number + (epoch << 40 | epoch >> 24);
    return (uint32_t)(mixed * UINT64_C(0x9E3779B97F4A7C15) >> table->places_shift);
}

static struct session *session_look_up(
    struct session_table *table, uint32_t vnode, const struct wire_session *id)
{
    struct session *places = session_vnode_places(table, vnode);
    uint32_t at = session_home(table, id->epoch, id->number);
    while (places[at].number != 0) {
        if (places[at].number == id->number && places[at].epoch == id->epoch) {
            table->found = &places[at];
            table->found_on = vnode;
            return &places[at];
        }
        at = (at + 1) & table->places_mask;
    }
    return NULL;
}

/* Whatever has become of the place that was found last: what it says is in it, is in it. */
static inline struct session *session_find(
    struct session_table *table, uint32_t vnode, const struct wire_session *id)
{
    struct session *found = table->found;
    if (found->number == id->number && found->epoch == id->epoch && found->number != 0 &&
        table->found_on == vnode)
        return found;
    return session_look_up(table, vnode, id);
}

void session_prefetch(
    const struct session_table *table, uint32_t vnode, const struct wire_session *id)
{
    const struct session *places = session_vnode_places(table, vnode);
    __builtin_prefetch(&places[session_home(table, id->epoch, id->number)], 1);
}

static struct session_slot *session_answer_slot(
    const struct session_table *table, const struct session *session, uint64_t number)
{
    size_t first = (size_t)session->index << table->window_shift;
    return &table->answer[first + (number & (table->window - 1))];
}

static uint64_t *session_in_flight_slot(
    const struct session_table *table, const struct session *session, uint64_t number)
{
    size_t first = (size_t)session->index << table->window_shift;
    return &table->in_flight[first + (number & (table->window - 1))];
}

static struct wire_session session_id(const struct session *session)
{
    return (struct wire_session){.epoch = session->epoch, .number = session->number};
}

/* ---- opening and closing ---- */

static const struct session *session_with_nonce(
    const struct session_table *table, uint32_t vnode, uint64_t nonce)
{
    size_t first = (size_t)vnode * table->sessions;
    for (size_t i = first; i < first + table->sessions; i++)
        if (table->nonce[i] == nonce && table->where[i] != SESSION_NOWHERE)
            return &session_vnode_places(table, vnode)[table->where[i]];
    return NULL;
}

bool session_by_nonce(
    const struct session_table *table, uint32_t vnode, uint64_t nonce, struct wire_session *id)
{
    const struct session *session = session_with_nonce(table, vnode, nonce);
    if (session == NULL)
        return false;
    *id = session_id(session);
    return true;
}

static void session_put(struct session_table *table, uint32_t vnode, struct session made)
{
    struct session *places = session_vnode_places(table, vnode);
    uint32_t at = session_home(table, made.epoch, made.number);
    while (places[at].number != 0)
        at = (at + 1) & table->places_mask;
    places[at] = made;
    table->where[made.index] = at;
}

uint16_t session_open(struct session_table *table, uint32_t vnode, uint64_t epoch,
    uint64_t sequence, uint64_t nonce, struct wire_session *id)
{
    struct session_vnode *owner = &table->vnodes[vnode];
    TORC_ASSERT(sequence != 0);
    if (session_by_nonce(table, vnode, nonce, id))
        return TORC_STATUS_OK;
    if (owner->count == table->sessions)
        return TORC_STATUS_SESSIONS_FULL;
    const uint32_t *unused = &table->unused[(size_t)vnode * table->sessions];
    struct session made = {.epoch = epoch,
        .number = sequence,
        .lowest = 1,
        .used_ns = table->now_ns,
        .index = unused[table->sessions - 1 - owner->count],
        .generation = owner->generation};
    session_put(table, vnode, made);
    table->nonce[made.index] = nonce;
    memset(session_answer_slot(table, &made, 0), 0, table->window * sizeof(struct session_slot));
    memset(session_in_flight_slot(table, &made, 0), 0, table->window * sizeof(uint64_t));
    owner->count++;
    *id = session_id(&made);
    return TORC_STATUS_OK;
}

/* Empties a place, and moves back those after it that would not be found across the hole. */
static void session_place_clear(struct session_table *table, uint32_t vnode, uint32_t hole)
{
    struct session *places = session_vnode_places(table, vnode);
    uint32_t mask = table->places_mask;
    for (uint32_t at = (hole + 1) & mask; places[at].number != 0; at = (at + 1) & mask) {
        uint32_t home = session_home(table, places[at].epoch, places[at].number);
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        places[hole] = places[at];
        table->where[places[hole].index] = hole;
        hole = at;
    }
    memset(&places[hole], 0, sizeof places[hole]);
}

void session_close(struct session_table *table, uint32_t vnode, const struct wire_session *id)
{
    const struct session *session = session_find(table, vnode, id);
    if (session == NULL)
        return;
    struct session_vnode *owner = &table->vnodes[vnode];
    uint32_t *unused = &table->unused[(size_t)vnode * table->sessions];
    owner->count--;
    unused[table->sessions - 1 - owner->count] = session->index;
    table->where[session->index] = SESSION_NOWHERE;
    session_place_clear(table, vnode, (uint32_t)(session - session_vnode_places(table, vnode)));
}

uint32_t session_count(const struct session_table *table, uint32_t vnode)
{
    return table->vnodes[vnode].count;
}

/* ---- what was applied ---- */

static uint64_t session_lowest(const struct wire_request *request)
{
    return request->number - request->awaited_behind;
}

/* What a request's numbers say by themselves: NEW, STALE or AHEAD. */
static enum session_verdict session_numbers(
    const struct session_table *table, const struct wire_request *request)
{
    if (TORC_UNLIKELY(request->awaited_behind >= request->number))
        return SESSION_STALE;
    if (TORC_UNLIKELY(request->awaited_behind >= table->window + MUTANT(window_one_more) ||
                      request->number > SESSION_NUMBER_MAX))
        return SESSION_AHEAD;
    return SESSION_NEW;
}

/* Fills in the answer to a number, if it has one. */
static bool session_answered(const struct session_table *table, const struct session *session,
    uint64_t number, struct session_answer *answer)
{
    if (TORC_LIKELY(number > session->highest))
        return false;
    const struct session_slot *slot = session_answer_slot(table, session, number);
    if (slot->number_status >> 16 != number && !MUTANT(answer_slot_unchecked))
        return false;
    if (MUTANT(answer_of_another))
        slot = session_answer_slot(table, session, session->highest);
    answer->status = (uint16_t)slot->number_status;
    answer->version = slot->version;
    return true;
}

/* "An unknown session is refused, never created" (rule 11). */
static struct session *session_of_request(
    struct session_table *table, uint32_t vnode, const struct wire_request *request)
{
    struct wire_session id = request->session;
    if (MUTANT(unknown_session_created) && id.number != 0 &&
        session_find(table, vnode, &id) == NULL)
        session_open(table, vnode, id.epoch, id.number, id.number * 2654435761u, &id);
    return session_find(table, vnode, &id);
}

enum session_verdict session_apply(struct session_table *table, uint32_t vnode,
    const struct wire_request *request, struct session_answer *answer)
{
    const struct session *session = session_of_request(table, vnode, request);
    if (session == NULL)
        return SESSION_UNKNOWN;
    enum session_verdict verdict = session_numbers(table, request);
    if (verdict != SESSION_NEW)
        return verdict;
    if (request->number < session->lowest && !MUTANT(stale_taken))
        return SESSION_STALE;
    if (session_answered(table, session, request->number, answer))
        return SESSION_ANSWERED;
    return SESSION_NEW;
}

void session_applied(struct session_table *table, uint32_t vnode,
    const struct wire_request *request, const struct session_answer *answer)
{
    struct session *session = session_find(table, vnode, &request->session);
    TORC_ASSERT(session != NULL && session_numbers(table, request) == SESSION_NEW);
    struct session_slot *slot = session_answer_slot(table, session, request->number);
    slot->number_status = MUTANT(answer_not_kept) ? 0 : request->number << 16 | answer->status;
    slot->version = answer->version;
    if (request->number > session->highest)
        session->highest = request->number;
    if (session_lowest(request) > session->lowest && !MUTANT(lowest_not_raised))
        session->lowest = session_lowest(request);
}

/* ---- what a head keeps beside it ---- */

/* Of another generation: the head that it speaks of had other entries. */
static void session_head_renew(struct session_table *table, uint32_t vnode, struct session *session)
{
    if (TORC_LIKELY(session->generation == table->vnodes[vnode].generation))
        return;
    session->generation = table->vnodes[vnode].generation;
    session->head_lowest = 0;
    session->head_highest = 0;
    session->used_ns = table->now_ns;
    memset(session_in_flight_slot(table, session, 0), 0, table->window * sizeof(uint64_t));
}

enum session_verdict session_request(struct session_table *table, uint32_t vnode,
    const struct wire_request *request, uint64_t now_ns, struct session_answer *answer)
{
    struct session *session = session_of_request(table, vnode, request);
    if (session == NULL)
        return SESSION_UNKNOWN;
    session_head_renew(table, vnode, session);
    session_clock(table, now_ns);
    session->used_ns = now_ns;
    enum session_verdict verdict = session_numbers(table, request);
    uint64_t number = request->number;
    if (verdict != SESSION_NEW)
        return verdict;
    if ((number < session->lowest || number < session->head_lowest) && !MUTANT(stale_taken))
        return SESSION_STALE;
    if (MUTANT(dedupe_off) || MUTANT(dedupe_at_head_off))
        return SESSION_NEW;
    if (session_answered(table, session, number, answer))
        return SESSION_ANSWERED;
    if (number <= session->head_highest &&
        *session_in_flight_slot(table, session, number) == number)
        return SESSION_IN_FLIGHT;
    return SESSION_NEW;
}

void session_in_flight(
    struct session_table *table, uint32_t vnode, const struct wire_request *request)
{
    struct session *session = session_find(table, vnode, &request->session);
    if (session == NULL || session_numbers(table, request) != SESSION_NEW ||
        MUTANT(in_flight_forgotten) || MUTANT(dedupe_at_apply_off))
        return;
    session_head_renew(table, vnode, session);
    if (session_lowest(request) > session->head_lowest && !MUTANT(lowest_not_raised))
        session->head_lowest = session_lowest(request);
    if (request->number > session->head_highest)
        session->head_highest = request->number;
    if (request->number >= session->head_lowest) /* else its slot may be another's */
        *session_in_flight_slot(table, session, request->number) = request->number;
}

bool session_idle(
    struct session_table *table, uint32_t vnode, uint64_t before_ns, struct wire_session *id)
{
    struct session_vnode *owner = &table->vnodes[vnode];
    struct session *places = session_vnode_places(table, vnode);
    uint32_t looks =
        table->places_mask < SESSION_IDLE_LOOKS ? table->places_mask + 1 : SESSION_IDLE_LOOKS;
    for (uint32_t i = 0; i < looks && owner->count != 0; i++) {
        struct session *session = &places[owner->idle_cursor++ & table->places_mask];
        if (session->number == 0)
            continue;
        session_head_renew(table, vnode, session);
        if (session->used_ns >= before_ns)
            continue;
        session->used_ns = UINT64_MAX;
        *id = session_id(session);
        return true;
    }
    return false;
}

bool session_leave(struct session_table *table, uint32_t vnode, const struct wire_session *id)
{
    struct session *session = session_find(table, vnode, id);
    if (session == NULL)
        return false;
    session_head_renew(table, vnode, session);
    if (session->used_ns == UINT64_MAX)
        return false;
    session->used_ns = UINT64_MAX;
    return true;
}

void session_forget_in_flight(struct session_table *table, uint32_t vnode)
{
    table->vnodes[vnode].generation++;
}
