/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The sending side: numbers, credit, acknowledgements that come, loss, timeouts.
 */
#include "tests/unit/link_fixture.h"

static void packets_are_numbered_from_1_without_gaps(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 8);
    for (uint64_t number = 1; number <= 8; number++)
        assert_true(fixture_send(&fixture, number % 2 ? 1 : 0) == number);
    free(fixture.memory);
}

static void credit_bounds_the_packets_in_flight(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 5);
    for (unsigned i = 0; i < 5; i++)
        (void)fixture_send(&fixture, 1);
    assert_false(link_may_send(fixture.link));
    fixture_ack(&fixture, 1, 0, 0);
    assert_true(link_may_send(fixture.link));
    free(fixture.memory);
}

static void acknowledgements_alone_use_no_credit(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 1);
    for (unsigned i = 0; i < 1000; i++)
        (void)fixture_send(&fixture, 0);
    assert_int_equal(fixture.link->in_flight, 0);
    assert_true(link_idle(fixture.link));
    assert_true(link_wake(fixture.link) == UINT64_MAX);
    assert_true(link_may_send(fixture.link));
    (void)fixture_send(&fixture, 1);
    assert_int_equal(fixture.link->in_flight, 1);
    free(fixture.memory);
}

static void the_peers_newest_word_sets_the_credit(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 100);
    for (unsigned i = 0; i < 4; i++)
        (void)fixture_send(&fixture, 1);
    struct wire_link_ack ack = {.largest = 3, .credit = 7};
    link_acknowledged(fixture.link, &ack, fixture.now_ns, &fixture.counters);
    assert_int_equal(fixture.link->credit_now, 7);
    ack = (struct wire_link_ack){.largest = 2, .credit = 50}; /* overtaken on its way */
    link_acknowledged(fixture.link, &ack, fixture.now_ns, &fixture.counters);
    assert_int_equal(fixture.link->credit_now, 7);
    ack = (struct wire_link_ack){.largest = 4, .credit = 0}; /* never none: nothing would move */
    link_acknowledged(fixture.link, &ack, fixture.now_ns, &fixture.counters);
    assert_int_equal(fixture.link->credit_now, 1);
    ack = (struct wire_link_ack){.largest = 4, .credit = UINT64_MAX};
    link_acknowledged(fixture.link, &ack, fixture.now_ns, &fixture.counters);
    assert_int_equal(fixture.link->credit_now, LINK_WINDOW);
    free(fixture.memory);
}

static void a_window_of_numbers_is_in_flight_at_most(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, LINK_WINDOW);
    for (unsigned i = 0; i < LINK_WINDOW; i++)
        (void)fixture_send(&fixture, 1);
    assert_false(link_may_send(fixture.link));
    fixture_ack(&fixture, 2, 0, 0); /* number 1 still holds the place of the next */
    assert_int_equal(fixture.link->in_flight, LINK_WINDOW - 1);
    assert_false(link_may_send(fixture.link));
    fixture_ack(&fixture, 1, 0, 0);
    assert_true(link_may_send(fixture.link));
    free(fixture.memory);
}

static void every_bit_acknowledges_its_packet_and_no_other(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < WIRE_LINK_ACK_BITS; bit++) {
        struct link_fixture fixture;
        fixture_link(&fixture, LINK_WINDOW);
        for (unsigned i = 0; i < 140; i++)
            (void)fixture_send(&fixture, i < 139 ? 1 : 0);
        uint64_t named = 140 - 1 - bit;
        struct wire_link_ack ack = {.largest = 140,
            .bitmap = {bit < 64 ? 1ull << bit : 0, bit >= 64 ? 1ull << (bit - 64) : 0},
            .credit = 1000};
        link_acknowledged(fixture.link, &ack, fixture.now_ns, &fixture.counters);
        uint64_t others_lost = 0;
        struct link_frame frame;
        while (link_resend_take(fixture.link, &frame)) {
            assert_true(frame.sequence != named);
            others_lost++;
        }
        /* all but the named are LINK_REORDER behind, but for the last two */
        uint64_t fresh = (named > 137 ? 1 : 2);
        assert_true(others_lost == 138 - fresh);
        assert_int_equal(fixture.link->in_flight, fresh);
        free(fixture.memory);
    }
}

static void an_old_acknowledgement_still_settles_what_it_names(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 10);
    for (unsigned i = 0; i < 3; i++)
        (void)fixture_send(&fixture, 1);
    fixture_ack(&fixture, 3, 0, 0);
    assert_int_equal(fixture.link->in_flight, 2);
    fixture_ack(&fixture, 2, 1, 0);
    assert_int_equal(fixture.link->in_flight, 0);
    assert_true(link_idle(fixture.link));
    fixture_ack(&fixture, 2, 1, 0); /* repeated: nothing happens */
    assert_int_equal(fixture.link->in_flight, 0);
    free(fixture.memory);
}

static void what_was_never_sent_cannot_be_acknowledged(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 10);
    (void)fixture_send(&fixture, 1);
    const uint64_t wrong[] = {0, 2, 3, 1000, UINT64_MAX};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fixture_ack(&fixture, wrong[i], UINT64_MAX, UINT64_MAX);
        assert_true(fixture.counters.drop_unexpected == i + 1);
        assert_int_equal(fixture.link->in_flight, 1);
        assert_true(fixture.link->largest_acked == 0);
    }
    /* bits below number 1 name nothing */
    fixture_ack(&fixture, 1, UINT64_MAX, UINT64_MAX);
    assert_int_equal(fixture.link->in_flight, 0);
    assert_int_equal(fixture_resent(&fixture, NULL), 0);
    free(fixture.memory);
}

static void a_packet_is_lost_once_three_later_ones_arrived(void **state)
{
    (void)state;
    struct link_fixture fixture;
    uint64_t first = 0;
    fixture_link(&fixture, 10);
    (void)fixture_send(&fixture, 2); /* frames 1, 2 */
    for (unsigned i = 0; i < 3; i++)
        (void)fixture_send(&fixture, 1);
    fixture_ack(&fixture, 2, 0, 0);
    fixture_ack(&fixture, 3, 1, 0);
    assert_false(link_resend_any(fixture.link));
    fixture_ack(&fixture, 4, 3, 0);
    assert_true(fixture.counters.links_lost_packets == 1);
    assert_int_equal(fixture.link->in_flight, 0);
    assert_false(link_idle(fixture.link)); /* two frames are to be sent again */
    assert_int_equal(fixture_resent(&fixture, &first), 2);
    assert_true(first == 1);
    assert_true(link_idle(fixture.link));
    fixture_ack(&fixture, 4, 7, 0); /* it was only late: too late */
    assert_true(link_idle(fixture.link));
    free(fixture.memory);
}

static void a_frame_put_back_comes_first_again(void **state)
{
    (void)state;
    struct link_fixture fixture;
    struct link_frame frame;
    fixture_link(&fixture, 10);
    (void)fixture_send(&fixture, 3);
    fixture.now_ns += LINK_RTO_FIRST_NS;
    link_timer(fixture.link, fixture.now_ns, &fixture.counters);
    assert_true(link_resend_take(fixture.link, &frame) && frame.sequence == 1);
    assert_true(link_resend_take(fixture.link, &frame) && frame.sequence == 2);
    link_resend_untake(fixture.link);
    assert_true(link_resend_take(fixture.link, &frame) && frame.sequence == 2);
    assert_true(link_resend_take(fixture.link, &frame) && frame.sequence == 3);
    assert_false(link_resend_take(fixture.link, &frame));
    free(fixture.memory);
}

static void a_packet_times_out_not_before_its_time(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 10);
    (void)fixture_send(&fixture, 1);
    uint64_t due = fixture.now_ns + LINK_RTO_FIRST_NS;
    assert_true(link_wake(fixture.link) == due);
    link_timer(fixture.link, due - 1, &fixture.counters);
    assert_false(link_resend_any(fixture.link));
    link_timer(fixture.link, due, &fixture.counters);
    assert_true(fixture.counters.links_timeouts == 1);
    assert_int_equal(fixture_resent(&fixture, NULL), 1);
    assert_true(link_wake(fixture.link) == UINT64_MAX);
    free(fixture.memory);
}

static void a_timeout_takes_with_it_what_is_as_old(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 10);
    (void)fixture_send(&fixture, 1);
    fixture.now_ns += 1 * MS;
    (void)fixture_send(&fixture, 1);
    fixture.now_ns += 5 * MS;
    (void)fixture_send(&fixture, 1);
    uint64_t young = fixture.now_ns;
    link_timer(fixture.link, young + 5 * MS, &fixture.counters);
    assert_int_equal(fixture_resent(&fixture, NULL), 2);
    assert_int_equal(fixture.link->in_flight, 1);
    assert_true(link_wake(fixture.link) == young + 2ull * LINK_RTO_FIRST_NS);
    free(fixture.memory);
}

/* How long a packet sent now waits before it times out; lets it time out. */
static uint64_t timeout_of_a_packet(struct link_fixture *fixture)
{
    (void)fixture_send(fixture, 1);
    uint64_t wake = link_wake(fixture->link);
    uint64_t waited = wake - fixture->now_ns;
    link_timer(fixture->link, wake - 1, &fixture->counters);
    assert_false(link_resend_any(fixture->link));
    link_timer(fixture->link, wake, &fixture->counters);
    assert_int_equal(fixture_resent(fixture, NULL), 1);
    fixture->now_ns = wake;
    return waited;
}

static void timeouts_in_a_row_double_up_to_a_limit(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 10);
    uint64_t expected = LINK_RTO_FIRST_NS;
    for (unsigned i = 0; i < 20; i++) {
        assert_true(timeout_of_a_packet(&fixture) == expected);
        expected = expected * 2 < LINK_RTO_MAX_NS ? expected * 2 : LINK_RTO_MAX_NS;
    }
    uint64_t number = fixture_send(&fixture, 1);
    fixture.now_ns += 100 * US;
    fixture_ack(&fixture, number, 0, 0);
    assert_true(timeout_of_a_packet(&fixture) == LINK_RTO_MIN_NS);
    free(fixture.memory);
}

static void any_arrival_ends_the_backing_off(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 10);
    for (unsigned i = 0; i < 4; i++)
        (void)timeout_of_a_packet(&fixture);
    (void)fixture_send(&fixture, 1);
    uint64_t largest = fixture_send(&fixture, 0); /* an acknowledgement of ours came last */
    fixture_ack(&fixture, largest, 1, 0);
    assert_int_equal(fixture.link->in_flight, 0);
    assert_true(timeout_of_a_packet(&fixture) == LINK_RTO_FIRST_NS);
    free(fixture.memory);
}

static void the_timeout_follows_the_round_trip(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 10);
    const uint64_t rtt = 3 * MS;
    for (unsigned i = 0; i < 100; i++) {
        uint64_t number = fixture_send(&fixture, 1);
        struct wire_link_ack ack = {.largest = number, .credit = 10, .delay_us = 500};
        fixture.now_ns += rtt + 500 * US; /* the peer sat on it so long */
        link_acknowledged(fixture.link, &ack, fixture.now_ns, &fixture.counters);
        if (i == 0) /* RFC 6298, 2.2 */
            assert_true(fixture.link->srtt_ns == rtt && fixture.link->rttvar_ns == rtt / 2);
    }
    assert_true(fixture.link->srtt_ns > rtt - 1000 && fixture.link->srtt_ns <= rtt);
    assert_true(fixture.link->rttvar_ns < 1000);
    assert_true(fixture.link->rto_ns >= rtt + LINK_ACK_DELAY_NS - 1000);
    assert_true(fixture.link->rto_ns < rtt + LINK_ACK_DELAY_NS + 5000);
    free(fixture.memory);
}

static void the_timeout_stays_in_its_limits(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 10);
    fixture_ack(&fixture, fixture_send(&fixture, 1), 0, 0); /* no time at all */
    assert_true(fixture.link->rto_ns == LINK_RTO_MIN_NS);
    uint64_t number = fixture_send(&fixture, 1);
    fixture.now_ns += 3600 * 1000 * MS;
    fixture_ack(&fixture, number, 0, 0);
    assert_true(fixture.link->rto_ns == LINK_RTO_MAX_NS);
    /* a delay longer than the whole round trip is no delay */
    number = fixture_send(&fixture, 1);
    fixture.now_ns += 1 * MS;
    struct wire_link_ack ack = {.largest = number, .credit = 10, .delay_us = UINT32_MAX};
    link_acknowledged(fixture.link, &ack, fixture.now_ns, &fixture.counters);
    assert_true(fixture.link->rto_ns <= LINK_RTO_MAX_NS);
    free(fixture.memory);
}

/* Noted, never sent again: as a paused peer makes it. */
static void all_frames_may_be_lost_at_once(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, LINK_WINDOW);
    unsigned packets = 0;
    for (; link_may_send(fixture.link); packets++)
        (void)fixture_send(&fixture, LINK_PACKET_FRAMES);
    assert_int_equal(packets, LINK_FRAMES / LINK_PACKET_FRAMES);
    fixture.now_ns += LINK_RTO_FIRST_NS;
    link_timer(fixture.link, fixture.now_ns, &fixture.counters);
    assert_int_equal(fixture.link->in_flight, 0);
    assert_true(link_may_send(fixture.link)); /* else nothing would ever move again */
    assert_int_equal(fixture_resent(&fixture, NULL), LINK_FRAMES);
    free(fixture.memory);
}

static void a_dead_link_sends_nothing_and_wants_nothing(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 10);
    (void)fixture_send(&fixture, 1);
    link_received(fixture.link, 1, true, fixture.now_ns);
    fixture.link->dead = true;
    assert_false(link_may_send(fixture.link));
    assert_false(link_ack_due(fixture.link, fixture.now_ns + 1000 * MS));
    assert_true(link_wake(fixture.link) == UINT64_MAX);
    free(fixture.memory);
}

static void a_packet_holds_no_more_frames_than_its_limit(void **state)
{
    (void)state;
    struct link_fixture fixture;
    struct link_frame frame = {.kind = LINK_FRAME_COMMITTED};
    fixture_link(&fixture, 10);
    for (unsigned i = 0; i < LINK_PACKET_FRAMES; i++)
        link_packet_note(fixture.link, &frame);
    EXPECT_ASSERTION(link_packet_note(fixture.link, &frame));
    free(fixture.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_numbered_from_1_without_gaps),
        cmocka_unit_test(credit_bounds_the_packets_in_flight),
        cmocka_unit_test(acknowledgements_alone_use_no_credit),
        cmocka_unit_test(the_peers_newest_word_sets_the_credit),
        cmocka_unit_test(a_window_of_numbers_is_in_flight_at_most),
        cmocka_unit_test(every_bit_acknowledges_its_packet_and_no_other),
        cmocka_unit_test(an_old_acknowledgement_still_settles_what_it_names),
        cmocka_unit_test(what_was_never_sent_cannot_be_acknowledged),
        cmocka_unit_test(a_packet_is_lost_once_three_later_ones_arrived),
        cmocka_unit_test(a_frame_put_back_comes_first_again),
        cmocka_unit_test(a_packet_times_out_not_before_its_time),
        cmocka_unit_test(a_timeout_takes_with_it_what_is_as_old),
        cmocka_unit_test(timeouts_in_a_row_double_up_to_a_limit),
        cmocka_unit_test(any_arrival_ends_the_backing_off),
        cmocka_unit_test(the_timeout_follows_the_round_trip),
        cmocka_unit_test(the_timeout_stays_in_its_limits),
        cmocka_unit_test(all_frames_may_be_lost_at_once),
        cmocka_unit_test(a_dead_link_sends_nothing_and_wants_nothing),
        cmocka_unit_test(a_packet_holds_no_more_frames_than_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
