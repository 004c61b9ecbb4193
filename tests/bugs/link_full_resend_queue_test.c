/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A link that lost as many frames as it can remember sent nothing any more: what waits to be sent
 * again was counted against the room that sending it again needs. It took an outage of a moment and
 * some 60 vnodes behind one peer, whose commit numbers fill packets with small frames.
 */
#include "tests/bugs/link_fixture.h"

#define SMALL_FRAMES 58u /* COMMITTED frames of one packet */

static void all_that_an_outage_lost_is_sent_again(void **state)
{
    (void)state;
    struct link_fixture fixture = link_fixture_create(LINK_WINDOW);
    while (link_may_send(fixture.link))
        link_fixture_send(&fixture, SMALL_FRAMES);
    fixture.now_ns += LINK_RTO_FIRST_NS;
    link_timer(fixture.link, fixture.now_ns, &fixture.counters);
    assert_int_equal(fixture.link->in_flight, 0);

    uint64_t again = 0;
    struct link_frame frame;
    while (link_resend_any(fixture.link)) {
        assert_true(link_may_send(fixture.link));
        link_fixture_start(&fixture);
        for (uint32_t i = 0; i < SMALL_FRAMES && link_resend_take(fixture.link, &frame); i++) {
            assert_int_equal(frame.sequence, ++again);
            link_packet_note(fixture.link, &frame);
        }
        link_packet_sent(fixture.link, fixture.now_ns);
    }
    assert_int_equal(again, fixture.frames);
    link_fixture_destroy(&fixture);
}

static void outages_in_a_row_never_overfill_the_queue(void **state)
{
    (void)state;
    struct link_fixture fixture = link_fixture_create(LINK_WINDOW);
    struct link_frame frame;
    for (unsigned outage = 0; outage < 50; outage++) {
        while (link_may_send(fixture.link)) {
            link_fixture_start(&fixture);
            uint32_t noted = 0;
            for (; noted < SMALL_FRAMES && link_resend_take(fixture.link, &frame); noted++)
                link_packet_note(fixture.link, &frame);
            for (; noted < SMALL_FRAMES; noted++) {
                frame = (struct link_frame){.sequence = ++fixture.frames};
                link_packet_note(fixture.link, &frame);
            }
            link_packet_sent(fixture.link, fixture.now_ns);
        }
        fixture.now_ns += LINK_RTO_MAX_NS;
        link_timer(fixture.link, fixture.now_ns, &fixture.counters);
        assert_true(link_may_send(fixture.link));
    }
    link_fixture_destroy(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_an_outage_lost_is_sent_again),
        cmocka_unit_test(outages_in_a_row_never_overfill_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
