/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The retransmission timeout doubles with each timeout in a row. It did not where all that was in
 * flight timed out at once: the packets that said it again started with the plain timeout, so that
 * a silent peer was sent all its credit every millisecond. And it was taken back only when the
 * largest number of an acknowledgement was one in flight, which, where both sides send, is often
 * that of a packet with an acknowledgement alone.
 */
#include "tests/bugs/link_fixture.h"

static uint64_t timeout_ns(struct link_fixture *fixture)
{
    link_fixture_send(fixture, 1);
    uint64_t ns = link_wake(fixture->link) - fixture->now_ns;
    fixture->now_ns += ns;
    link_timer(fixture->link, fixture->now_ns, &fixture->counters);
    assert_int_equal(fixture->link->in_flight, 0);
    return ns;
}

static void each_timeout_in_a_row_waits_twice_as_long(void **state)
{
    (void)state;
    struct link_fixture fixture = link_fixture_create(LINK_WINDOW);
    assert_int_equal(timeout_ns(&fixture), LINK_RTO_FIRST_NS);
    assert_int_equal(timeout_ns(&fixture), 2 * LINK_RTO_FIRST_NS);
    assert_int_equal(timeout_ns(&fixture), 4 * LINK_RTO_FIRST_NS);
    for (unsigned i = 0; i < 100; i++)
        assert_true(timeout_ns(&fixture) <= LINK_RTO_MAX_NS);
    link_fixture_destroy(&fixture);
}

static void any_arrival_ends_the_back_off(void **state)
{
    (void)state;
    struct link_fixture fixture = link_fixture_create(LINK_WINDOW);
    timeout_ns(&fixture); /* 1 */
    timeout_ns(&fixture); /* 2 */
    link_fixture_send(&fixture, 1);
    link_fixture_send(&fixture, 0); /* 4: an acknowledgement */
    link_fixture_ack(&fixture, 4, 1);
    assert_int_equal(fixture.link->in_flight, 0);
    assert_true(timeout_ns(&fixture) <= LINK_RTO_FIRST_NS);
    link_fixture_destroy(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_timeout_in_a_row_waits_twice_as_long),
        cmocka_unit_test(any_arrival_ends_the_back_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
