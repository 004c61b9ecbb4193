/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Session tables for tests, on the heap, and calls that read like what they do.
 */
#ifndef UNIT_SESSION_FIXTURE_H
#define UNIT_SESSION_FIXTURE_H

#include "engine/vnode/session.h"
#include "tests/unit/memory_fixture.h"

/* free(*memory) when done. */
static inline struct session_table *fixture_sessions(
    uint32_t vnodes, uint32_t sessions, uint32_t window, void **memory)
{
    struct arena counting = memory_counting();
    assert_null(session_create(&counting, vnodes, sessions, window));
    struct arena arena = memory_counted(counting);
    struct session_table *table = session_create(&arena, vnodes, sessions, window);
    assert_non_null(table);
    assert_int_equal(arena.used, counting.used);
    *memory = arena.base;
    return table;
}

static inline struct wire_request fixture_request(
    struct wire_session id, uint64_t number, uint32_t behind)
{
    return (struct wire_request){.session = id, .number = number, .awaited_behind = behind};
}

/* A session on vnode 0, opened by entry (1, sequence), whose nonce is that number too. */
static inline struct wire_session fixture_open(struct session_table *table, uint64_t sequence)
{
    struct wire_session id;
    assert_int_equal(session_open(table, 0, 1, sequence, sequence, &id), TORC_STATUS_OK);
    assert_true(id.epoch == 1 && id.number == sequence);
    return id;
}

/* A client's request on vnode 0, at time 1. */
static inline enum session_verdict fixture_ask(
    struct session_table *table, struct wire_session id, uint64_t number, uint32_t behind)
{
    struct wire_request request = fixture_request(id, number, behind);
    struct session_answer answer;
    session_prefetch(table, 0, &id);
    return session_request(table, 0, &request, 1, &answer);
}

/* The head appends it, if it is new. */
static inline enum session_verdict fixture_append(
    struct session_table *table, struct wire_session id, uint64_t number, uint32_t behind)
{
    struct wire_request request = fixture_request(id, number, behind);
    enum session_verdict verdict = fixture_ask(table, id, number, behind);
    if (verdict == SESSION_NEW)
        session_in_flight(table, 0, &request);
    return verdict;
}

/* Its entry is committed; if the operation is applied, version 1000 + number is the answer. */
static inline enum session_verdict fixture_apply(struct session_table *table,
    struct wire_session id, uint64_t number, uint32_t behind, struct session_answer *answer)
{
    struct wire_request request = fixture_request(id, number, behind);
    enum session_verdict verdict = session_apply(table, 0, &request, answer);
    if (verdict != SESSION_NEW)
        return verdict;
    *answer = (struct session_answer){.status = TORC_STATUS_OK, .version = 1000 + number};
    session_applied(table, 0, &request, answer);
    return verdict;
}

#endif
