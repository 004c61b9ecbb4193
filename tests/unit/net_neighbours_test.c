/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/net/frame_neighbours.h"

#define IP    0x0a000002u
#define MAC   0x1102ull
#define OTHER 0x1104ull
#define MS    1000000ull
#define S     1000000000ull

static struct neighbours *table;

static int set_up(void **state)
{
    (void)state;
    table = malloc(sizeof *table);
    neighbours_init(table);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(table);
    return 0;
}

static uint64_t where(uint64_t now)
{
    return neighbours_lookup(table, IP, now).mac;
}

static bool asked(uint64_t now)
{
    return neighbours_lookup(table, IP, now).ask;
}

static void the_unknown_is_asked_for_at_once_then_ever_more_rarely(void **state)
{
    (void)state;
    uint64_t now = 5 * S;
    static const uint64_t pauses[] = {50, 100, 200, 400, 800, 1000, 1000, 1000};
    assert_true(asked(now));
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        assert_false(asked(now + pauses[i] * MS - 1));
        now += pauses[i] * MS;
        assert_true(asked(now));
        assert_int_equal(where(now), 0);
    }
}

static void the_first_question_is_asked_at_time_zero_too(void **state)
{
    (void)state;
    assert_true(asked(0));
    assert_false(asked(1));
}

static void what_was_heard_is_used_then_asked_about_then_forgotten(void **state)
{
    (void)state;
    neighbours_learn(table, IP, MAC, S, NEIGHBOUR_BY_ARP);
    assert_int_equal(where(S), MAC);
    assert_false(asked(S + NEIGHBOUR_FRESH_NS - 1));
    assert_true(asked(S + NEIGHBOUR_FRESH_NS));
    assert_false(asked(S + NEIGHBOUR_FRESH_NS + 1));
    assert_int_equal(where(S + NEIGHBOUR_KEEP_NS - 1), MAC);
    assert_int_equal(where(S + NEIGHBOUR_KEEP_NS), 0);
}

static void an_answer_stops_the_questions(void **state)
{
    (void)state;
    assert_true(asked(S));
    neighbours_learn(table, IP, MAC, S + MS, NEIGHBOUR_BY_ARP);
    assert_false(asked(2 * S));
    assert_int_equal(where(2 * S), MAC);
}

static void a_packet_does_not_move_an_address_just_heard(void **state)
{
    (void)state;
    neighbours_learn(table, IP, MAC, S, NEIGHBOUR_BY_PACKET);
    neighbours_learn(table, IP, OTHER, 2 * S, NEIGHBOUR_BY_PACKET);
    assert_int_equal(where(2 * S), MAC);
    neighbours_learn(table, IP, OTHER, S + NEIGHBOUR_STICKY_NS, NEIGHBOUR_BY_PACKET);
    assert_int_equal(where(7 * S), OTHER);
    neighbours_learn(table, IP, MAC, 7 * S, NEIGHBOUR_BY_ARP);
    assert_int_equal(where(7 * S), MAC);
}

static void another_table_is_believed_if_it_heard_later(void **state)
{
    (void)state;
    neighbours_learn(table, IP, MAC, 2 * S, NEIGHBOUR_BY_ARP);
    neighbours_learn(table, IP, OTHER, 2 * S, NEIGHBOUR_BY_TABLE);
    assert_int_equal(where(2 * S), MAC);
    neighbours_learn(table, IP, OTHER, 2 * S + 1, NEIGHBOUR_BY_TABLE);
    assert_int_equal(where(2 * S), OTHER);
}

static void news_is_believed_only_about_the_known(void **state)
{
    (void)state;
    neighbours_learn(table, IP, MAC, S, NEIGHBOUR_BY_NEWS);
    assert_int_equal(where(S), 0); /* and now it is wanted */
    neighbours_learn(table, IP, MAC, S, NEIGHBOUR_BY_NEWS);
    assert_int_equal(where(S), MAC);
    neighbours_learn(table, IP, OTHER, S, NEIGHBOUR_BY_NEWS);
    assert_int_equal(where(S), OTHER);
}

static void what_is_configured_stays(void **state)
{
    (void)state;
    neighbours_learn(table, IP, MAC, NEIGHBOUR_STATIC, NEIGHBOUR_BY_ARP);
    neighbours_learn(table, IP, OTHER, S, NEIGHBOUR_BY_ARP);
    for (uint32_t i = 1; i < 100000; i++)
        neighbours_lookup(table, IP + i, S);
    assert_int_equal(where(1ull << 60), MAC);
    assert_false(asked(1ull << 60));
}

static void a_flood_of_the_unknown_pushes_out_no_usable_row(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 256; i++)
        neighbours_learn(table, IP + i, MAC + i, 10 * S, NEIGHBOUR_BY_ARP);
    for (uint32_t i = 0; i < 1000000; i++)
        neighbours_lookup(table, 0x0b000000u + i * 7u, 11 * S);
    for (uint32_t i = 0; i < 256; i++)
        assert_int_equal(neighbours_lookup(table, IP + i, 12 * S).mac, MAC + i);
}

static void the_longest_unheard_gives_way_where_all_are_usable(void **state)
{
    (void)state;
    uint32_t n = NEIGHBOUR_WAYS * NEIGHBOUR_BUCKETS * 8;
    for (uint32_t i = 0; i < n; i++)
        neighbours_learn(table, IP + i, MAC + i, S + i, NEIGHBOUR_BY_ARP);
    for (uint32_t i = n - 1000; i < n; i++) /* spread evenly, the newest are all there */
        assert_int_equal(neighbours_lookup(table, IP + i, 2 * S).mac, MAC + i);
    uint64_t mac;
    uint64_t heard;
    assert_false(neighbours_peek(table, IP, &mac, &heard));
}

static void another_thread_sees_whole_rows_or_none(void **state)
{
    (void)state;
    uint64_t mac = 0;
    uint64_t heard = 0;
    assert_false(neighbours_peek(table, IP, &mac, &heard));
    neighbours_lookup(table, IP, S);
    assert_false(neighbours_peek(table, IP, &mac, &heard)); /* wanted, not known */
    neighbours_learn(table, IP, MAC, 3 * S, NEIGHBOUR_BY_ARP);
    assert_true(neighbours_peek(table, IP, &mac, &heard));
    assert_int_equal(mac, MAC);
    assert_int_equal(heard, 3 * S);
    for (unsigned b = 0; b < NEIGHBOUR_BUCKETS; b++) /* a write under way */
        for (unsigned w = 0; w < NEIGHBOUR_WAYS; w++)
            table->row[b][w].sequence |= 1;
    assert_false(neighbours_peek(table, IP, &mac, &heard));
}

static bool stop;

/* One address after the other into one bucket, so that rows change hands all the time. */
static void *learn(void *argument)
{
    for (uint64_t i = 1; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++)
        neighbours_learn(
            table, IP + (uint32_t)(i % 3000), i * 2 + MAC + i % 3000, i, NEIGHBOUR_BY_ARP);
    return argument;
}

static void rows_are_whole_while_they_are_being_written(void **state)
{
    (void)state;
    pthread_t thread;
    unsigned seen = 0;
    __atomic_store_n(&stop, false, __ATOMIC_RELAXED);
    assert_int_equal(pthread_create(&thread, NULL, learn, NULL), 0);
    for (unsigned i = 0; i < 300000 || (seen == 0 && i < 30000000); i++) {
        uint64_t mac;
        uint64_t heard;
        if (!neighbours_peek(table, IP + i % 3000, &mac, &heard))
            continue;
        assert_int_equal(heard % 3000, i % 3000);
        assert_int_equal(mac, heard * 2 + MAC + i % 3000);
        seen++;
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    assert_true(seen > 0);
}

static void time_that_steps_back_breaks_nothing(void **state)
{
    (void)state;
    neighbours_learn(table, IP, MAC, 10 * S, NEIGHBOUR_BY_ARP);
    assert_int_equal(where(9 * S), MAC);
    neighbours_learn(table, IP, MAC, 9 * S, NEIGHBOUR_BY_PACKET);
    assert_int_equal(where(10 * S + NEIGHBOUR_KEEP_NS - 1), MAC);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_unknown_is_asked_for_at_once_then_ever_more_rarely),
        T(the_first_question_is_asked_at_time_zero_too),
        T(what_was_heard_is_used_then_asked_about_then_forgotten),
        T(an_answer_stops_the_questions),
        T(a_packet_does_not_move_an_address_just_heard),
        T(another_table_is_believed_if_it_heard_later),
        T(news_is_believed_only_about_the_known),
        T(what_is_configured_stays),
        T(a_flood_of_the_unknown_pushes_out_no_usable_row),
        T(the_longest_unheard_gives_way_where_all_are_usable),
        T(another_thread_sees_whole_rows_or_none),
        T(rows_are_whole_while_they_are_being_written),
        T(time_that_steps_back_breaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
