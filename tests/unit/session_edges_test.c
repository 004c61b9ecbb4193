/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sessions at their edges: the window, malformed numbers, a place or a slot that had another
 * owner, nonces, idleness, the change of a head.
 */
#include "tests/unit/session_fixture.h"

static struct session_answer ignored;

static void a_retry_gets_the_first_answer(void **state)
{
    (void)state;
    void *memory;
    struct session_table *table = fixture_sessions(1, 4, 8, &memory);
    struct wire_session id = fixture_open(table, 10);
    struct session_answer answer = {0};
    assert_int_equal(fixture_append(table, id, 1, 0), SESSION_NEW);
    assert_int_equal(fixture_append(table, id, 1, 0), SESSION_IN_FLIGHT);
    assert_int_equal(fixture_apply(table, id, 1, 0, &ignored), SESSION_NEW);
    struct wire_request request = fixture_request(id, 1, 0);
    assert_int_equal(session_request(table, 0, &request, 1, &answer), SESSION_ANSWERED);
    assert_int_equal(answer.status, TORC_STATUS_OK);
    assert_true(answer.version == 1001);
    /* and a second entry of it, which a new head appended */
    assert_int_equal(fixture_apply(table, id, 1, 0, &answer), SESSION_ANSWERED);
    assert_true(answer.version == 1001);
    free(memory);
}

static void the_window_counts_from_the_lowest_awaited(void **state)
{
    (void)state;
    void *memory;
    struct session_table *table = fixture_sessions(1, 4, 8, &memory);
    struct wire_session id = fixture_open(table, 10);
    assert_int_equal(fixture_append(table, id, 8, 7), SESSION_NEW);
    assert_int_equal(fixture_ask(table, id, 9, 8), SESSION_AHEAD);
    assert_int_equal(fixture_ask(table, id, 1, 0), SESSION_NEW);
    assert_int_equal(fixture_append(table, id, 9, 7), SESSION_NEW); /* 1 is no longer awaited */
    assert_int_equal(fixture_ask(table, id, 1, 0), SESSION_STALE);
    assert_int_equal(fixture_ask(table, id, 2, 0), SESSION_NEW);
    /* 1 has no entry yet for the others: whether it is stale, the entries before it say */
    assert_int_equal(fixture_apply(table, id, 8, 7, &ignored), SESSION_NEW);
    assert_int_equal(fixture_apply(table, id, 9, 7, &ignored), SESSION_NEW);
    assert_int_equal(fixture_apply(table, id, 1, 0, &ignored), SESSION_STALE);
    free(memory);
}

static void a_slot_that_had_another_number_confuses_nobody(void **state)
{
    (void)state;
    void *memory;
    struct session_table *table = fixture_sessions(1, 4, 8, &memory);
    struct wire_session id = fixture_open(table, 10);
    struct session_answer answer;
    for (uint64_t n = 1; n <= 8; n++)
        assert_int_equal(fixture_apply(table, id, n, 0, &ignored), SESSION_NEW);
    assert_int_equal(fixture_ask(table, id, 16, 0), SESSION_NEW);
    assert_int_equal(fixture_apply(table, id, 16, 7, &answer), SESSION_NEW);
    assert_true(answer.version == 1016);
    assert_int_equal(fixture_ask(table, id, 8, 0), SESSION_STALE);
    for (uint64_t n = 9; n < 16; n++)
        assert_int_equal(fixture_ask(table, id, n, 0), SESSION_NEW);
    assert_int_equal(fixture_apply(table, id, 16, 7, &answer), SESSION_ANSWERED);
    free(memory);
}

static void malformed_numbers_are_refused_and_change_nothing(void **state)
{
    (void)state;
    void *memory;
    struct session_table *table = fixture_sessions(1, 4, 8, &memory);
    struct wire_session id = fixture_open(table, 10);
    assert_int_equal(fixture_append(table, id, 0, 0), SESSION_STALE);
    assert_int_equal(fixture_append(table, id, 5, 5), SESSION_STALE);
    assert_int_equal(fixture_append(table, id, 5, UINT32_MAX), SESSION_STALE);
    assert_int_equal(fixture_append(table, id, UINT64_MAX, 0), SESSION_AHEAD);
    assert_int_equal(fixture_append(table, id, SESSION_NUMBER_MAX + 1, 0), SESSION_AHEAD);
    assert_int_equal(fixture_append(table, id, 100, 8), SESSION_AHEAD);
    assert_int_equal(fixture_apply(table, id, 0, 0, &ignored), SESSION_STALE);
    assert_int_equal(fixture_apply(table, id, 5, 5, &ignored), SESSION_STALE);
    assert_int_equal(fixture_apply(table, id, UINT64_MAX, 7, &ignored), SESSION_AHEAD);
    struct wire_request bad = fixture_request(id, 5, 5);
    session_in_flight(table, 0, &bad);
    EXPECT_ASSERTION(session_applied(table, 0, &bad, &ignored));
    assert_int_equal(fixture_append(table, id, 1, 0), SESSION_NEW);
    assert_int_equal(fixture_apply(table, id, SESSION_NUMBER_MAX, 7, &ignored), SESSION_NEW);
    assert_int_equal(fixture_ask(table, id, SESSION_NUMBER_MAX, 7), SESSION_ANSWERED);
    free(memory);
}

static void an_unknown_session_is_refused(void **state)
{
    (void)state;
    void *memory;
    struct session_table *table = fixture_sessions(2, 4, 8, &memory);
    struct wire_session id = fixture_open(table, 10);
    struct wire_session none = {0};
    struct wire_session other_epoch = {.epoch = 2, .number = 10};
    struct wire_request on_other_vnode = fixture_request(id, 1, 0);
    assert_int_equal(fixture_ask(table, none, 1, 0), SESSION_UNKNOWN);
    assert_int_equal(fixture_ask(table, other_epoch, 1, 0), SESSION_UNKNOWN);
    assert_int_equal(session_request(table, 1, &on_other_vnode, 1, &ignored), SESSION_UNKNOWN);
    assert_int_equal(fixture_apply(table, other_epoch, 1, 0, &ignored), SESSION_UNKNOWN);
    session_close(table, 0, &other_epoch);
    assert_int_equal(fixture_ask(table, id, 1, 0), SESSION_NEW);
    session_close(table, 0, &id);
    assert_int_equal(fixture_ask(table, id, 1, 0), SESSION_UNKNOWN);
    session_close(table, 0, &id);
    assert_int_equal(session_count(table, 0), 0);
    free(memory);
}

static void the_same_nonce_gives_the_same_session(void **state)
{
    (void)state;
    void *memory;
    struct session_table *table = fixture_sessions(1, 4, 8, &memory);
    struct wire_session id = fixture_open(table, 10);
    struct wire_session again = {0};
    assert_int_equal(fixture_apply(table, id, 1, 0, &ignored), SESSION_NEW);
    assert_int_equal(session_open(table, 0, 1, 11, 10, &again), TORC_STATUS_OK);
    assert_true(again.epoch == 1 && again.number == 10);
    assert_int_equal(session_count(table, 0), 1);
    assert_int_equal(fixture_ask(table, again, 1, 0), SESSION_ANSWERED);
    session_close(table, 0, &id);
    assert_false(session_by_nonce(table, 0, 10, &again));
    assert_int_equal(session_open(table, 0, 1, 12, 10, &again), TORC_STATUS_OK);
    assert_true(again.number == 12);
    free(memory);
}

static void a_new_session_knows_nothing_of_the_one_before_it(void **state)
{
    (void)state;
    void *memory;
    struct session_table *table = fixture_sessions(1, 1, 8, &memory);
    struct wire_session id = fixture_open(table, 10);
    for (uint64_t n = 1; n <= 8; n++) {
        assert_int_equal(fixture_append(table, id, n, 0), SESSION_NEW);
        assert_int_equal(fixture_apply(table, id, n, 0, &ignored), SESSION_NEW);
    }
    session_close(table, 0, &id);
    id = fixture_open(table, 20);
    assert_int_equal(fixture_append(table, id, 8, 7), SESSION_NEW);
    assert_int_equal(fixture_apply(table, id, 8, 7, &ignored), SESSION_NEW);
    for (uint64_t n = 1; n < 8; n++)
        assert_int_equal(fixture_append(table, id, n, 0), SESSION_NEW);
    free(memory);
}

/* As many as there are slots, found and removed in any order, whatever their hashes. */
static void holds_as_many_as_it_says_and_no_more(void **state)
{
    (void)state;
    enum { SESSIONS = 1000 };
    void *memory;
    struct session_table *table = fixture_sessions(1, SESSIONS, 2, &memory);
    struct wire_session id;
    for (int round = 0; round < 3; round++) {
        uint64_t from = (uint64_t)round * 10000 + 1;
        for (uint64_t n = from; n < from + SESSIONS; n++)
            (void)fixture_open(table, n * 7);
        assert_int_equal(session_open(table, 0, 1, 5, 5, &id), TORC_STATUS_SESSIONS_FULL);
        assert_int_equal(session_count(table, 0), SESSIONS);
        for (uint64_t n = from; n < from + SESSIONS; n++) {
            id = (struct wire_session){1, (from + (n - from) * 617 % SESSIONS) * 7};
            assert_int_equal(fixture_ask(table, id, 1, 0), SESSION_NEW);
            session_close(table, 0, &id);
            assert_int_equal(fixture_ask(table, id, 1, 0), SESSION_UNKNOWN);
        }
        assert_int_equal(session_count(table, 0), 0);
    }
    free(memory);
}

/* Calls as often as it takes to look at every place once. */
static bool idle(struct session_table *table, uint64_t before_ns, struct wire_session *id)
{
    for (int i = 0; i < 16; i++)
        if (session_idle(table, 0, before_ns, id))
            return true;
    return false;
}

static void idle_sessions_are_found_once_each(void **state)
{
    (void)state;
    enum { SESSIONS = 1000 };
    void *memory;
    struct session_table *table = fixture_sessions(1, SESSIONS, 2, &memory);
    struct wire_session id;
    session_clock(table, 100);
    for (uint64_t n = 1; n <= SESSIONS; n++)
        id = fixture_open(table, n);
    assert_false(idle(table, 100, &id));
    for (uint64_t n = 1; n <= SESSIONS; n += 2) {
        struct wire_request request = fixture_request((struct wire_session){1, n}, 1, 0);
        (void)session_request(table, 0, &request, 200, &ignored);
    }
    uint32_t found = 0;
    for (; idle(table, 150, &id); found++)
        assert_true(id.number % 2 == 0);
    assert_int_equal(found, SESSIONS / 2);
    /* used again: not being closed any more */
    struct wire_request request = fixture_request((struct wire_session){1, 2}, 1, 0);
    (void)session_request(table, 0, &request, 201, &ignored);
    assert_false(idle(table, 200, &id));
    assert_true(idle(table, 202, &id));
    free(memory);
}

static void a_new_head_gives_every_session_its_time(void **state)
{
    (void)state;
    void *memory;
    struct session_table *table = fixture_sessions(1, 4, 8, &memory);
    struct wire_session id = fixture_open(table, 10); /* at time 0: this member was no head */
    struct wire_session found;
    session_forget_in_flight(table, 0);
    session_clock(table, 1000);
    assert_false(idle(table, 900, &found));
    assert_true(idle(table, 1001, &found));
    assert_true(found.number == id.number);
    assert_false(idle(table, 1001, &found));
    session_clock(table, 2000);
    session_forget_in_flight(table, 0); /* the mark is lost: found again */
    assert_false(idle(table, 1500, &found));
    assert_true(idle(table, 2001, &found));
    free(memory);
}

static void what_was_in_flight_under_another_head_is_forgotten(void **state)
{
    (void)state;
    void *memory;
    struct session_table *table = fixture_sessions(2, 4, 8, &memory);
    struct wire_session id = fixture_open(table, 10);
    assert_int_equal(fixture_append(table, id, 1, 0), SESSION_NEW);
    assert_int_equal(fixture_append(table, id, 3, 0), SESSION_NEW);
    assert_int_equal(fixture_ask(table, id, 2, 0), SESSION_STALE);
    session_forget_in_flight(table, 1);
    assert_int_equal(fixture_ask(table, id, 3, 0), SESSION_IN_FLIGHT);
    session_forget_in_flight(table, 0);
    assert_int_equal(fixture_append(table, id, 4, 3), SESSION_NEW);
    assert_int_equal(fixture_ask(table, id, 1, 0), SESSION_NEW);
    assert_int_equal(fixture_ask(table, id, 2, 0), SESSION_NEW);
    assert_int_equal(fixture_ask(table, id, 3, 0), SESSION_NEW);
    assert_int_equal(fixture_ask(table, id, 4, 3), SESSION_IN_FLIGHT);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_gets_the_first_answer),
        cmocka_unit_test(the_window_counts_from_the_lowest_awaited),
        cmocka_unit_test(a_slot_that_had_another_number_confuses_nobody),
        cmocka_unit_test(malformed_numbers_are_refused_and_change_nothing),
        cmocka_unit_test(an_unknown_session_is_refused),
        cmocka_unit_test(the_same_nonce_gives_the_same_session),
        cmocka_unit_test(a_new_session_knows_nothing_of_the_one_before_it),
        cmocka_unit_test(holds_as_many_as_it_says_and_no_more),
        cmocka_unit_test(idle_sessions_are_found_once_each),
        cmocka_unit_test(a_new_head_gives_every_session_its_time),
        cmocka_unit_test(what_was_in_flight_under_another_head_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
