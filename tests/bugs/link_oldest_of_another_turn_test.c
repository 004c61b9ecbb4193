/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Places of packets in flight are used again every LINK_WINDOW numbers, and packets with
 * acknowledgements alone use up numbers too. The search for the oldest packet in flight took a
 * place's next owner for it: the timeout then began with that one, and frames of those between
 * counted as given back while they were in flight.
 */
#include "tests/bugs/link_fixture.h"

static void the_timeout_is_that_of_the_oldest_packet_in_flight(void **state)
{
    (void)state;
    struct link_fixture fixture = link_fixture_create(LINK_WINDOW);
    link_fixture_send(&fixture, 1); /* 1 */
    link_fixture_send(&fixture, 1); /* 2 */
    link_fixture_send(&fixture, 1); /* 3, which will be lost */
    link_fixture_ack(&fixture, 2, 0);
    while (fixture.link->next_number < 2 + LINK_WINDOW)
        link_fixture_send(&fixture, 0);
    fixture.now_ns += LINK_RTO_MIN_NS / 2;
    link_fixture_send(&fixture, 1); /* in the place of 2 */
    link_fixture_ack(&fixture, 2, 1);
    assert_int_equal(fixture.link->oldest, 3);
    assert_int_equal(fixture.link->frames_taken, 2);

    fixture.now_ns = link_wake(fixture.link);
    link_timer(fixture.link, fixture.now_ns, &fixture.counters);
    struct link_frame frame;
    assert_true(link_resend_take(fixture.link, &frame));
    assert_int_equal(frame.sequence, 3);
    assert_false(link_resend_any(fixture.link));
    link_fixture_destroy(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_timeout_is_that_of_the_oldest_packet_in_flight)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
