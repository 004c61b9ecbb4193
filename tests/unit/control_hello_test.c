/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HELLO: who is asked when, who is bound by what, who is refused and why.
 */
#include "tests/unit/control_fixture.h"

static uint64_t bound(const struct control_fixture *fixture, uint16_t member)
{
    return fixture->control->peer[member].incarnation;
}

static void every_other_member_is_asked_at_first(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(4, 1);
    uint64_t wake = fixture_step(fixture);
    assert_true(wake == fixture->now_ns + HELLO_INTERVAL);
    for (uint32_t id = 2; id <= 4; id++) {
        struct control_sent sent;
        assert_true(fixture_sent(fixture, &sent));
        assert_int_equal(sent.view.header.type, WIRE_HELLO);
        assert_true(sent.to.ip == 0x0a000000 + id && sent.to.port == 7000);
        assert_true(sent.view.header.number == 1);
        assert_int_equal(sent.view.header.sender, 1);
        assert_true(sent.view.header.sender_incarnation == OWN_INCARNATION);
        assert_true(sent.view.header.receiver_incarnation == 0); /* not heard yet */
        const struct wire_hello *hello = (const struct wire_hello *)sent.view.frames;
        assert_true(hello->cluster == fixture->plan->cluster && hello->config_hash == 77);
        assert_true(hello->packet_bytes == WIRE_PACKET_BYTES && hello->credits == 100);
        assert_string_equal(hello->name, "node1");
    }
    assert_int_equal(fixture_drop_sent(fixture), 0);
    fixture_control_end(fixture);
}

static void members_are_asked_again_often_until_bound_and_seldom_then(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(3, 1);
    (void)fixture_step(fixture);
    assert_int_equal(fixture_drop_sent(fixture), 2);
    fixture->now_ns += HELLO_INTERVAL - 1;
    (void)fixture_step(fixture);
    assert_int_equal(fixture_drop_sent(fixture), 0);
    fixture->now_ns += 1;
    fixture_hello(fixture, 2, 22, OWN_INCARNATION, false);
    (void)fixture_step(fixture);
    assert_int_equal(fixture_drop_sent(fixture), 2);
    fixture->now_ns += HELLO_INTERVAL;
    assert_true(fixture_step(fixture) == fixture->now_ns + HELLO_INTERVAL);
    assert_int_equal(fixture_drop_sent(fixture), 1); /* member 3 alone */
    fixture->now_ns += CONTROL_HELLO_LATER_NS;
    (void)fixture_step(fixture);
    assert_int_equal(fixture_drop_sent(fixture), 2);
    fixture_control_end(fixture);
}

static void a_hello_that_does_not_name_us_is_answered_and_binds_nothing(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    struct control_sent sent;
    (void)fixture_step(fixture);
    (void)fixture_drop_sent(fixture);
    fixture_hello(fixture, 2, 22, 0, true);
    (void)fixture_step(fixture);
    assert_true(bound(fixture, 1) == 0);
    assert_true(fixture_sent(fixture, &sent));
    assert_true(sent.view.header.number == 0); /* an answer asks for none */
    assert_true(sent.view.header.receiver_incarnation == 22);
    assert_true(sent.to.ip == fixture_address(2).ip);
    assert_int_equal(fixture_drop_sent(fixture), 0);
    fixture_hello(fixture, 2, 22, 0, false); /* nor is it answered */
    (void)fixture_step(fixture);
    assert_int_equal(fixture_drop_sent(fixture), 0);
    fixture_control_end(fixture);
}

static void a_hello_that_names_us_binds_its_sender(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(3, 1);
    fixture_hello(fixture, 2, 22, OWN_INCARNATION, false);
    fixture_hello(fixture, 3, 33, OWN_INCARNATION + 1, true); /* an earlier life of ours */
    (void)fixture_step(fixture);
    assert_true(bound(fixture, 1) == 22 && bound(fixture, 2) == 0);
    assert_null(ring_read(&fixture->meeting.ring));
    assert_int_equal(control_state(fixture->control), CONTROL_STARTING);
    fixture_hello(fixture, 2, 23, OWN_INCARNATION, false); /* it restarted before anything began */
    (void)fixture_step(fixture);
    assert_true(bound(fixture, 1) == 23);
    fixture_hello(fixture, 3, 33, OWN_INCARNATION, false);
    (void)fixture_step(fixture);
    const struct ring *ring = ring_read(&fixture->meeting.ring);
    assert_non_null(ring);
    assert_true(ring->member[0].incarnation == OWN_INCARNATION);
    assert_true(ring->member[1].incarnation == 23 && ring->member[2].incarnation == 33);
    assert_true(ring->revision == 1 && ring->epoch == 1);
    assert_int_equal(control_state(fixture->control), CONTROL_SERVING);
    assert_string_equal(fixture_trouble(fixture), "");
    fixture_control_end(fixture);
}

static void strangers_are_counted_and_not_answered(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    (void)fixture_step(fixture);
    (void)fixture_drop_sent(fixture);
    fixture_hello(fixture, 9, 99, OWN_INCARNATION, true);                  /* no member */
    fixture_hello(fixture, 1, OWN_INCARNATION, OWN_INCARNATION, true);     /* ourselves */
    fixture_hello(fixture, 1, OWN_INCARNATION + 5, OWN_INCARNATION, true); /* or who says so */
    (void)fixture_step(fixture);
    assert_true(fixture->control->counters.hello_unknown_sender == 3);
    assert_int_equal(fixture_drop_sent(fixture), 0);
    assert_int_equal(control_state(fixture->control), CONTROL_STARTING);
    fixture_control_end(fixture);
}

/* ---- refusals ---- */

struct refusal {
    const char *says;
    void (*spoil)(struct wire_hello *hello);
};

static void other_cluster(struct wire_hello *hello)
{
    hello->cluster++;
}
static void other_config(struct wire_hello *hello)
{
    hello->config_hash++;
}
static void other_name(struct wire_hello *hello)
{
    hello->name[0] = 'x';
}
static void small_mtu(struct wire_hello *hello)
{
    hello->packet_bytes = WIRE_PACKET_BYTES - 1;
}

static const struct refusal refusals[] = {
    {"member 2 (node2) belongs to another cluster", other_cluster},
    {"member 2 (node2) has another cluster configuration", other_config},
    {"member 2 (node2) gives another name", other_name},
    {"member 2 (node2) has a port whose MTU is too small", small_mtu},
};

static void a_member_that_does_not_fit_is_refused_by_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct control_fixture *fixture = fixture_control(3, 1);
        struct wire_hello hello = fixture_hello_body(fixture, 2);
        refusals[i].spoil(&hello);
        fixture_hello_of(fixture, 2, 22, OWN_INCARNATION, true, &hello);
        (void)fixture_step(fixture);
        assert_true(bound(fixture, 1) == 0);
        assert_true(fixture->control->counters.hello_refused == 1);
        assert_int_equal(control_state(fixture->control), CONTROL_REFUSED);
        assert_non_null(strstr(fixture_trouble(fixture), refusals[i].says));
        assert_non_null(strstr(fixture_trouble(fixture), "member 3 (node3) was not heard yet"));
        /* it is mended */
        fixture_hello(fixture, 2, 24, OWN_INCARNATION, true);
        (void)fixture_step(fixture);
        assert_true(bound(fixture, 1) == 24);
        assert_int_equal(control_state(fixture->control), CONTROL_STARTING);
        assert_null(strstr(fixture_trouble(fixture), "node2"));
        fixture_control_end(fixture);
    }
}

static void what_is_bound_is_not_disturbed_by_one_that_does_not_fit(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(3, 1);
    fixture_serve(fixture);
    struct wire_hello hello = fixture_hello_body(fixture, 2);
    for (unsigned i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        hello = fixture_hello_body(fixture, 2);
        refusals[i].spoil(&hello);
        fixture_hello_of(fixture, 2, 999, OWN_INCARNATION, false, &hello);
    }
    (void)fixture_step(fixture);
    assert_true(fixture->control->counters.hello_refused == 4);
    assert_int_equal(control_state(fixture->control), CONTROL_SERVING);
    assert_string_equal(fixture_trouble(fixture), "");
    assert_true(bound(fixture, 1) == 0x1002);
    fixture_control_end(fixture);
}

/* ---- those who return ---- */

static void a_member_that_returns_as_another_is_lost_for_good(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(3, 1);
    fixture_serve(fixture);
    fixture_hello(fixture, 2, 0x2222, 0, true); /* a new process that has not heard us yet */
    (void)fixture_step(fixture);
    assert_int_equal(control_state(fixture->control), CONTROL_SERVING);
    fixture_hello(fixture, 2, 0x2222, OWN_INCARNATION, true);
    (void)fixture_step(fixture);
    const struct ring *ring = ring_read(&fixture->meeting.ring);
    assert_true(ring->revision == 2);
    assert_int_equal(ring->member[1].state, RING_MEMBER_LOST);
    assert_true(ring->member[1].incarnation == 0x1002); /* the bound one, for life */
    assert_int_equal(ring->member[2].state, RING_MEMBER_OK);
    assert_int_equal(control_state(fixture->control), CONTROL_DEGRADED);
    assert_non_null(strstr(fixture_trouble(fixture), "member 2 (node2) restarted"));

    fixture_hello(fixture, 2, 0x3333, OWN_INCARNATION, true); /* and again */
    fixture_hello(fixture, 2, 0x1002, OWN_INCARNATION, true); /* what it was, from somewhere */
    fixture_adopt(fixture);
    (void)fixture_step(fixture);
    (void)fixture_step(fixture);
    assert_true(ring_read(&fixture->meeting.ring)->revision == 2);
    assert_int_equal(control_state(fixture->control), CONTROL_DEGRADED);
    fixture_control_end(fixture);
}

/* It must not think that it was heard: it would serve from an empty memory. */
static void a_member_that_returns_hears_nobody_name_it(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    fixture_serve(fixture);
    fixture_hello(fixture, 2, 0x2222, 0, true);
    fixture_hello(fixture, 2, 0x2222, OWN_INCARNATION, true);
    fixture->now_ns += CONTROL_HELLO_LATER_NS;
    (void)fixture_step(fixture);
    struct control_sent sent;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(fixture_sent(fixture, &sent));
        assert_int_equal(sent.view.header.type, WIRE_HELLO);
        assert_true(sent.view.header.receiver_incarnation == 0x1002);
    }
    assert_int_equal(fixture_drop_sent(fixture), 0);
    fixture_control_end(fixture);
}

static void we_learn_that_we_are_the_one_that_returned(void **state)
{
    (void)state;
    struct control_fixture *fixture = fixture_control(2, 1);
    fixture_hello(fixture, 2, 22, OWN_INCARNATION - 1, true); /* it may not have heard of us yet */
    (void)fixture_step(fixture);
    assert_int_equal(control_state(fixture->control), CONTROL_STARTING);
    fixture_hello(fixture, 2, 22, OWN_INCARNATION - 1, false); /* but this answers us */
    (void)fixture_step(fixture);
    assert_int_equal(control_state(fixture->control), CONTROL_REFUSED);
    assert_true(fixture->meeting.returned == 1);
    assert_non_null(strstr(fixture_trouble(fixture), "an earlier incarnation of this node"));
    fixture_hello(fixture, 2, 23, OWN_INCARNATION, false); /* the other restarted as well */
    (void)fixture_step(fixture);
    assert_int_equal(control_state(fixture->control), CONTROL_SERVING);
    assert_true(fixture->meeting.returned == 0);
    fixture_control_end(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_other_member_is_asked_at_first),
        cmocka_unit_test(members_are_asked_again_often_until_bound_and_seldom_then),
        cmocka_unit_test(a_hello_that_does_not_name_us_is_answered_and_binds_nothing),
        cmocka_unit_test(a_hello_that_names_us_binds_its_sender),
        cmocka_unit_test(strangers_are_counted_and_not_answered),
        cmocka_unit_test(a_member_that_does_not_fit_is_refused_by_name),
        cmocka_unit_test(what_is_bound_is_not_disturbed_by_one_that_does_not_fit),
        cmocka_unit_test(a_member_that_returns_as_another_is_lost_for_good),
        cmocka_unit_test(a_member_that_returns_hears_nobody_name_it),
        cmocka_unit_test(we_learn_that_we_are_the_one_that_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
