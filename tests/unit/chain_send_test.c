/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What goes out at the end of a loop: what was lost, what is new, acknowledgements; when there is
 * credit, and buffers, and not before.
 */
#include "tests/unit/chain_fixture.h"

static void new_entries_are_sent_once_and_in_order(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    for (unsigned i = 0; i < 3; i++)
        (void)fixture_create(&fixture, 0, 20);
    assert_int_equal(fixture_flush(&fixture), 1);
    assert_int_equal(fixture_flush(&fixture), 0);
    (void)fixture_create(&fixture, 0, 20);
    assert_int_equal(fixture_flush(&fixture), 1);
    assert_int_equal(fixture.seen_count, 1);
    assert_true(fixture.seen[0].sequence == 4);
    assert_true(fixture.counters.tx_packets == 2);
    assert_false(chain_quiet(&fixture.set));
    fixture_ack_all(&fixture, LINK_DOWN);
    assert_true(chain_quiet(&fixture.set));
    free(fixture.memory);
}

static void vnodes_share_packets_in_the_order_they_came(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 5, 0, 3, CHAINS_WINDOW);
    static const uint32_t order[] = {3, 0, 4, 3, 1};
    static const uint32_t expected[] = {3, 3, 0, 4, 1};
    for (unsigned i = 0; i < 5; i++)
        (void)fixture_create(&fixture, order[i], 20);
    assert_int_equal(fixture_flush(&fixture), 1);
    assert_int_equal(fixture.seen_count, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(fixture.seen[i].partition, 100 + expected[i]);
    free(fixture.memory);
}

static void a_packet_is_filled_and_the_rest_follows(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    for (unsigned i = 0; i < CHAINS_WINDOW; i++)
        (void)fixture_create(&fixture, 0, 300);
    uint32_t frame = wire_pad(16 + 80 + 301), each = WIRE_FRAMES_BYTES / frame;
    assert_int_equal(fixture_flush(&fixture), (CHAINS_WINDOW + each - 1) / each);
    assert_int_equal(fixture.seen_count, CHAINS_WINDOW);
    for (uint32_t i = 0; i < CHAINS_WINDOW; i++) {
        assert_true(fixture.seen[i].sequence == i + 1);
        assert_true(fixture.seen[i].packet == 1 + i / each);
    }
    free(fixture.memory);
}

/* Commit numbers are the smallest frames: 58 fit a packet, and more than 64 are never noted. */
static void many_commit_numbers_take_several_packets(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 200, 2, 3, 4);
    for (uint32_t vnode = 0; vnode < 200; vnode++)
        assert_int_equal(fixture_forward(&fixture, vnode, 1, 0), CHAIN_TAKEN);
    uint32_t each = WIRE_FRAMES_BYTES / sizeof(struct wire_committed);
    assert_true(each <= LINK_PACKET_FRAMES);
    assert_int_equal(fixture_flush(&fixture), (200 + each - 1) / each);
    assert_int_equal(fixture.seen_count, 200);
    free(fixture.memory);
}

static void a_large_entry_goes_in_parts(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    (void)fixture_create(&fixture, 0, 20);
    (void)fixture_create(&fixture, 0, 5000);
    (void)fixture_create(&fixture, 0, 20);
    (void)fixture_flush(&fixture);
    assert_int_equal(fixture.seen_count, 6);
    uint32_t total = 80 + 1 + 5000;
    for (uint32_t i = 1; i <= 4; i++) {
        assert_int_equal(fixture.seen[i].type, WIRE_FRAME_FORWARD_PART);
        assert_true(fixture.seen[i].sequence == 2);
        assert_int_equal(fixture.seen[i].total, total);
        assert_int_equal(fixture.seen[i].offset, (i - 1) * WIRE_PART_BYTES);
    }
    assert_true(fixture.seen[5].type == WIRE_FRAME_FORWARD && fixture.seen[5].sequence == 3);
    free(fixture.memory);
}

/* The boundary between one packet and parts. */
static void the_longest_entry_that_fits_goes_whole(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    uint32_t longest = WIRE_FRAMES_BYTES - 16 - 80 - 1;
    (void)fixture_create(&fixture, 0, longest);
    (void)fixture_create(&fixture, 0, longest + 1);
    (void)fixture_flush(&fixture);
    assert_int_equal(fixture.seen[0].type, WIRE_FRAME_FORWARD);
    assert_int_equal(fixture.seen[1].type, WIRE_FRAME_FORWARD_PART);
    assert_int_equal(fixture.seen[2].type, WIRE_FRAME_FORWARD_PART);
    assert_int_equal(fixture.seen_count, 3);
    free(fixture.memory);
}

static void what_is_committed_already_need_not_be_sent(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    for (unsigned i = 0; i < 4; i++)
        (void)fixture_create(&fixture, 0, 20);
    (void)fixture_committed(&fixture, 0, 3); /* the successor had them from before */
    log_release(fixture.set.log, 0, 3);
    assert_int_equal(fixture_flush(&fixture), 1);
    assert_int_equal(fixture.seen_count, 1);
    assert_true(fixture.seen[0].sequence == 4);
    free(fixture.memory);
}

/* ---- loss ---- */

static void what_was_lost_is_built_again_before_what_is_new(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    (void)fixture_create(&fixture, 0, 20);
    (void)fixture_create(&fixture, 0, 2000);
    (void)fixture_flush(&fixture);
    fixture_lose_all(&fixture, LINK_DOWN);
    (void)fixture_create(&fixture, 0, 20);
    (void)fixture_flush(&fixture);
    assert_int_equal(fixture.seen_count, 4);
    assert_true(fixture.seen[0].type == WIRE_FRAME_FORWARD && fixture.seen[0].sequence == 1);
    assert_true(fixture.seen[1].sequence == 2 && fixture.seen[1].offset == 0);
    assert_true(fixture.seen[2].sequence == 2 && fixture.seen[2].offset == WIRE_PART_BYTES);
    assert_true(fixture.seen[3].type == WIRE_FRAME_FORWARD && fixture.seen[3].sequence == 3);
    assert_true(fixture.counters.entries_resent == 3);
    assert_true(fixture.seen[0].packet > 2); /* a number is never used again */
    free(fixture.memory);
}

static void what_was_lost_and_is_committed_is_forgotten(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    for (unsigned i = 0; i < 3; i++)
        (void)fixture_create(&fixture, 0, 20);
    (void)fixture_flush(&fixture);
    fixture_lose_all(&fixture, LINK_DOWN); /* only their acknowledgement was */
    (void)fixture_committed(&fixture, 0, 2);
    log_release(fixture.set.log, 0, 2);
    assert_int_equal(fixture_flush(&fixture), 1);
    assert_int_equal(fixture.seen_count, 1);
    assert_true(fixture.seen[0].sequence == 3);
    fixture_lose_all(&fixture, LINK_DOWN);
    (void)fixture_committed(&fixture, 0, 3);
    log_release(fixture.set.log, 0, 3);
    assert_int_equal(fixture_flush(&fixture), 0); /* nothing is left to say: no empty packet */
    assert_true(chain_quiet(&fixture.set));
    assert_true(fixture.counters.entries_resent == 1);
    free(fixture.memory);
}

static void a_lost_commit_number_is_replaced_by_the_one_of_now(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 2, 3, CHAINS_WINDOW);
    (void)fixture_forward(&fixture, 0, 1, 20);
    (void)fixture_flush(&fixture);
    (void)fixture_forward(&fixture, 0, 2, 20);
    fixture_lose_all(&fixture, LINK_UP);
    (void)fixture_forward(&fixture, 0, 3, 20);
    (void)fixture_flush(&fixture);
    assert_true(fixture.seen_count >= 1);
    for (uint32_t i = 0; i < fixture.seen_count; i++)
        assert_true(fixture.seen[i].type == WIRE_FRAME_COMMITTED && fixture.seen[i].sequence == 3);
    free(fixture.memory);
}

static void a_stuck_chain_sends_all_again_in_the_end(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    chain_scan(&fixture.set, 0);
    (void)fixture_create(&fixture, 0, 20);
    (void)fixture_create(&fixture, 0, 2000);
    (void)fixture_create(&fixture, 0, 20);
    (void)fixture_flush(&fixture);
    fixture_ack_all(&fixture, LINK_DOWN); /* the links believe that all is well */
    fixture.set.now_ns += CHAIN_STUCK_NS - 1;
    chain_scan(&fixture.set, 0);
    (void)fixture_committed(&fixture, 0, 1);
    fixture.set.now_ns += 1;
    chain_scan(&fixture.set, 0); /* it moved */
    fixture.set.now_ns += CHAIN_STUCK_NS - 1;
    chain_scan(&fixture.set, 0);
    assert_int_equal(fixture_flush(&fixture), 0);
    assert_true(fixture.counters.chains_resent == 0);
    fixture.set.now_ns += 1;
    chain_scan(&fixture.set, 0);
    assert_true(fixture.counters.chains_resent == 1);
    (void)fixture_flush(&fixture);
    assert_int_equal(fixture.seen_count, 3); /* two parts of entry 2, and entry 3 */
    assert_true(fixture.seen[0].sequence == 2 && fixture.seen[2].sequence == 3);
    chain_scan(&fixture.set, 0); /* not again before its time */
    assert_int_equal(fixture_flush(&fixture), 0);
    free(fixture.memory);
}

/* ---- credit, buffers, acknowledgements ---- */

static void without_credit_new_entries_wait_for_an_acknowledgement(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    fixture.set.link[LINK_DOWN].credit_now = 2;
    for (unsigned i = 0; i < 5; i++)
        (void)fixture_create(&fixture, 0, 1000); /* one a packet */
    assert_int_equal(fixture_flush(&fixture), 2);
    assert_true(fixture.counters.links_no_credit == 1);
    assert_true(fixture.burst.wake_ns == fixture.set.now_ns + LINK_RTO_FIRST_NS);
    assert_int_equal(fixture_flush(&fixture), 0);
    fixture_ack_all(&fixture, LINK_DOWN); /* with a credit of 64 */
    assert_int_equal(fixture_flush(&fixture), 3);
    assert_true(fixture.seen[0].sequence == 3 && fixture.seen[2].sequence == 5);
    free(fixture.memory);
}

static void without_buffers_the_rest_goes_with_the_next_loop(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    for (unsigned i = 0; i < 5; i++)
        (void)fixture_create(&fixture, 0, 1000);
    fixture.tx_count = 2;
    assert_int_equal(fixture_flush(&fixture), 2);
    assert_true(fixture.counters.tx_short == 1);
    assert_true(fixture.burst.wake_ns == fixture.set.now_ns); /* at once */
    assert_int_equal(fixture_flush(&fixture), 2);
    assert_int_equal(fixture_flush(&fixture), 1);
    assert_true(fixture.seen[0].sequence == 5);
    fixture.tx_count = 0;
    (void)fixture_create(&fixture, 0, 5000);
    assert_int_equal(fixture_flush(&fixture), 0);
    free(fixture.memory);
}

/* Parts of one large entry, one packet a loop, go on where they stopped. */
static void parts_go_on_where_they_stopped(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    (void)fixture_create(&fixture, 0, 5000);
    fixture.tx_count = 1;
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(fixture_flush(&fixture), 1);
        assert_int_equal(fixture.seen_count, 1);
        assert_int_equal(fixture.seen[0].offset, i * WIRE_PART_BYTES);
    }
    assert_int_equal(fixture_flush(&fixture), 0);
    free(fixture.memory);
}

/* A large entry that was sent in part, again, and turns out to be committed. */
static void the_next_large_entry_begins_with_its_first_part(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    (void)fixture_create(&fixture, 0, 5000);
    (void)fixture_flush(&fixture);
    fixture_ack_all(&fixture, LINK_DOWN);
    chain_scan(&fixture.set, 0);
    fixture.set.now_ns += CHAIN_STUCK_NS;
    chain_scan(&fixture.set, 0);
    fixture.tx_count = 2;
    assert_int_equal(fixture_flush(&fixture), 2);
    (void)fixture_committed(&fixture, 0, 1);
    (void)fixture_create(&fixture, 0, 5000);
    fixture.tx_count = CHAINS_TX;
    (void)fixture_flush(&fixture);
    assert_int_equal(fixture.seen_count, 4);
    assert_true(fixture.seen[0].sequence == 2 && fixture.seen[0].offset == 0);
    free(fixture.memory);
}

static void an_acknowledgement_rides_along_or_goes_alone_when_due(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    link_received(&fixture.set.link[LINK_DOWN], 1, true, fixture.set.now_ns);
    chain_activate(&fixture.set, LINK_DOWN);
    assert_int_equal(fixture_flush(&fixture), 0);
    assert_true(fixture.burst.wake_ns == fixture.set.now_ns + LINK_ACK_DELAY_NS);
    (void)fixture_forward(&fixture, 0, 1, 20);
    assert_int_equal(fixture_flush(&fixture), 1); /* with an entry */
    assert_int_equal(fixture.seen_count, 2);
    assert_int_equal(fixture.seen[0].type, WIRE_FRAME_LINK_ACK);
    assert_int_equal(fixture.seen[1].type, WIRE_FRAME_FORWARD);

    link_received(&fixture.set.link[LINK_UP], 1, true, fixture.set.now_ns);
    chain_activate(&fixture.set, LINK_UP);
    fixture.set.now_ns += LINK_ACK_DELAY_NS;
    assert_int_equal(fixture_flush(&fixture), 1); /* alone */
    assert_int_equal(fixture.seen_count, 1);
    assert_int_equal(fixture.seen[0].type, WIRE_FRAME_LINK_ACK);
    assert_int_equal(fixture.seen[0].link, LINK_UP);
    assert_int_equal(fixture.set.link[LINK_UP].in_flight, 0);
    free(fixture.memory);
}

/* Both an acknowledgement and the longest entry want the packet: none is forgotten. */
static void an_acknowledgement_before_a_full_packet_costs_no_entry(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    (void)fixture_forward(&fixture, 0, 1, WIRE_FRAMES_BYTES - 16 - 80 - 1);
    link_received(&fixture.set.link[LINK_DOWN], 1, true, fixture.set.now_ns);
    assert_int_equal(fixture_flush(&fixture), 2);
    assert_int_equal(fixture.seen[0].type, WIRE_FRAME_LINK_ACK);
    assert_int_equal(fixture.seen[1].type, WIRE_FRAME_FORWARD);
    free(fixture.memory);
}

static void a_link_with_nothing_to_do_leaves_the_list(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    (void)fixture_forward(&fixture, 0, 1, 20);
    chain_activate(&fixture.set, LINK_UP);
    (void)fixture_flush(&fixture);
    assert_int_equal(fixture.set.active, LINK_DOWN); /* waits for an acknowledgement */
    assert_false(fixture.set.link[LINK_UP].queued);
    fixture_ack_all(&fixture, LINK_DOWN);
    (void)fixture_flush(&fixture);
    assert_int_equal(fixture.set.active, CHAIN_NO_LINK);
    assert_true(fixture.burst.wake_ns == UINT64_MAX);
    (void)fixture_committed(&fixture, 0, 1);
    assert_int_equal(fixture.set.active, LINK_UP);
    assert_int_equal(fixture_flush(&fixture), 1);
    free(fixture.memory);
}

static void nothing_goes_to_a_peer_that_is_lost(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    fixture.set.link[LINK_DOWN].dead = true;
    (void)fixture_forward(&fixture, 0, 1, 20);
    chain_scan(&fixture.set, 0);
    fixture.set.now_ns += 10ull * CHAIN_STUCK_NS;
    chain_scan(&fixture.set, 0);
    assert_int_equal(fixture_flush(&fixture), 0);
    assert_true(fixture.counters.chains_resent == 0);
    assert_true(fixture.counters.links_no_credit == 0);
    free(fixture.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_entries_are_sent_once_and_in_order),
        cmocka_unit_test(vnodes_share_packets_in_the_order_they_came),
        cmocka_unit_test(a_packet_is_filled_and_the_rest_follows),
        cmocka_unit_test(many_commit_numbers_take_several_packets),
        cmocka_unit_test(a_large_entry_goes_in_parts),
        cmocka_unit_test(the_longest_entry_that_fits_goes_whole),
        cmocka_unit_test(what_is_committed_already_need_not_be_sent),
        cmocka_unit_test(what_was_lost_is_built_again_before_what_is_new),
        cmocka_unit_test(what_was_lost_and_is_committed_is_forgotten),
        cmocka_unit_test(a_lost_commit_number_is_replaced_by_the_one_of_now),
        cmocka_unit_test(a_stuck_chain_sends_all_again_in_the_end),
        cmocka_unit_test(without_credit_new_entries_wait_for_an_acknowledgement),
        cmocka_unit_test(without_buffers_the_rest_goes_with_the_next_loop),
        cmocka_unit_test(parts_go_on_where_they_stopped),
        cmocka_unit_test(the_next_large_entry_begins_with_its_first_part),
        cmocka_unit_test(an_acknowledgement_rides_along_or_goes_alone_when_due),
        cmocka_unit_test(an_acknowledgement_before_a_full_packet_costs_no_entry),
        cmocka_unit_test(a_link_with_nothing_to_do_leaves_the_list),
        cmocka_unit_test(nothing_goes_to_a_peer_that_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
