/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Publication and retirement of rings, and the sentence about what stands in the way.
 */
#include "tests/unit/control_fixture.h"

static void a_node_alone_serves_at_once(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(1, 1);
    assert_true(fixture_step(fixture) == UINT64_MAX); /* nobody to greet */
    assert_int_equal(control_state(fixture->control), CONTROL_SERVING);
    assert_non_null(ring_read(&fixture->meeting.ring));
    fixture_control_end(fixture);
}

static void the_next_ring_waits_until_every_worker_adopted_the_last(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(4, 2);
    fixture_serve(fixture);
    fixture_hello(fixture, 2, 0x2222, OWN_INCARNATION, false);
    (void)fixture_step(fixture);
    const struct ring *second = ring_read(&fixture->meeting.ring);
    assert_true(second->revision == 2);
    assert_int_equal(fixture->retired_count, 0);

    fixture_hello(fixture, 3, 0x3333, OWN_INCARNATION, false);
    fixture->side[0].adopted = 2;                          /* worker 1 may still read the first */
    assert_true(fixture_step(fixture) == fixture->now_ns); /* looks again at once */
    assert_ptr_equal(ring_read(&fixture->meeting.ring), second);
    assert_int_equal(fixture->retired_count, 0);

    fixture->side[1].adopted = 2;
    (void)fixture_step(fixture);
    assert_int_equal(fixture->retired_count, 1);
    (void)fixture_step(fixture);
    const struct ring *third = ring_read(&fixture->meeting.ring);
    assert_true(third->revision == 3);
    assert_int_equal(third->member[1].state, RING_MEMBER_LOST);
    assert_int_equal(third->member[2].state, RING_MEMBER_LOST);
    assert_true(fixture->control->counters.rings_published == 3);
    fixture_control_end(fixture);
}

/* Readers may hold rings for long: nothing is built where one may still be read. */
static void a_ring_is_built_only_where_nobody_reads(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(6, 1);
    fixture_serve(fixture);
    for (uint32_t id = 2; id < 2 + CONTROL_RINGS - 1; id++) {
        fixture_hello(fixture, id, 0x5550 + id, OWN_INCARNATION, false);
        (void)fixture_step(fixture);
        fixture_adopt(fixture);
        (void)fixture_step(fixture);
    }
    assert_int_equal(fixture->retired_count, CONTROL_RINGS - 1);
    const struct ring *current = ring_read(&fixture->meeting.ring);
    uint64_t revision = current->revision;
    fixture_hello(fixture, 5, 0x5555, OWN_INCARNATION, false);
    assert_true(fixture_step(fixture) == fixture->now_ns);
    assert_ptr_equal(ring_read(&fixture->meeting.ring), current); /* no place yet */
    fixture_release(fixture);
    (void)fixture_step(fixture);
    assert_true(ring_read(&fixture->meeting.ring)->revision == revision + 1);
    assert_int_equal(ring_read(&fixture->meeting.ring)->member[4].state, RING_MEMBER_LOST);
    fixture_control_end(fixture);
}

static void all_members_missing_are_named_as_far_as_there_is_room(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(60, 1);
    (void)fixture_step(fixture);
    const char *trouble = fixture_trouble(fixture);
    assert_int_equal(
        strncmp(trouble, "member 2 (node2) was not heard yet; member 3 (node3) was not heard yet; ",
            72),
        0);
    assert_int_equal(strlen(trouble), CONTROL_TROUBLE_BYTES - 1); /* cut, and ended */
    char small[10];
    control_trouble(fixture->control, small, sizeof small);
    assert_string_equal(small, "member 2 ");
    fixture_control_end(fixture);
}

static void a_port_in_trouble_is_told(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(1, 1);
    (void)fixture_step(fixture);
    fixture->control->link = TORC_LINK_DOWN;
    (void)fixture_step(fixture);
    assert_string_equal(fixture_trouble(fixture), "the port's link is down");
    assert_int_equal(control_state(fixture->control), CONTROL_SERVING);
    fixture->control->link = TORC_LINK_MTU_SMALL;
    (void)fixture_step(fixture);
    assert_string_equal(fixture_trouble(fixture), "the port's MTU is too small");
    fixture->control->link = TORC_LINK_UP;
    (void)fixture_step(fixture);
    assert_string_equal(fixture_trouble(fixture), "");
    fixture_control_end(fixture);

    fixture = fixture_control(2, 1);
    fixture->control->link = TORC_LINK_DOWN;
    (void)fixture_step(fixture);
    assert_string_equal(
        fixture_trouble(fixture), "member 2 (node2) was not heard yet; the port's link is down");
    fixture_control_end(fixture);
}

static void a_clock_that_steps_back_stops_nothing(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    (void)fixture_step(fixture);
    (void)fixture_drop_sent(fixture);
    fixture->now_ns -= 900 * MS;
    (void)fixture_step(fixture);
    fixture->now_ns += HELLO_INTERVAL;
    uint64_t wake = fixture_step(fixture);
    assert_int_equal(fixture_drop_sent(fixture), 1);
    assert_true(wake == fixture->now_ns + HELLO_INTERVAL); /* in the time of who asks */
    fixture_control_end(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_alone_serves_at_once),
        cmocka_unit_test(the_next_ring_waits_until_every_worker_adopted_the_last),
        cmocka_unit_test(a_ring_is_built_only_where_nobody_reads),
        cmocka_unit_test(all_members_missing_are_named_as_far_as_there_is_room),
        cmocka_unit_test(a_port_in_trouble_is_told),
        cmocka_unit_test(a_clock_that_steps_back_stops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
