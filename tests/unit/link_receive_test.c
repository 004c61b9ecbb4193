/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The receiving side: which packets are new, and what is said of them and when.
 */
#include "engine/base/prng.h"
#include "tests/unit/link_fixture.h"

static void a_packet_is_new_once(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 8);
    assert_int_equal(link_seen(fixture.link, 1), LINK_NEW);
    link_received(fixture.link, 1, true, fixture.now_ns);
    assert_int_equal(link_seen(fixture.link, 1), LINK_DUPLICATE);
    assert_int_equal(link_seen(fixture.link, 2), LINK_NEW);
    EXPECT_ASSERTION(link_received(fixture.link, 1, true, fixture.now_ns));
    free(fixture.memory);
}

static void a_packet_that_is_not_noted_is_new_again(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 8);
    link_received(fixture.link, 1, true, fixture.now_ns);
    link_received(fixture.link, 3, true, fixture.now_ns);
    assert_int_equal(link_seen(fixture.link, 2), LINK_NEW);
    assert_int_equal(link_seen(fixture.link, 2), LINK_NEW);
    assert_true(fixture.link->received_bitmap[0] == 2);
    free(fixture.memory);
}

/* Every distance that a packet can be behind the largest, on every way there. */
static void the_bitmap_holds_at_every_offset_and_shift(void **state)
{
    (void)state;
    for (uint64_t behind = 1; behind <= WIRE_LINK_ACK_BITS + 2; behind++)
        for (uint64_t shift = 1; shift <= WIRE_LINK_ACK_BITS + 2; shift += shift < 3 ? 1 : 25) {
            struct link_fixture fixture;
            fixture_link(&fixture, 8);
            uint64_t largest = 1000;
            link_received(fixture.link, largest, true, fixture.now_ns);
            bool known = behind <= WIRE_LINK_ACK_BITS;
            assert_int_equal(
                link_seen(fixture.link, largest - behind), known ? LINK_NEW : LINK_OLD);
            if (known)
                link_received(fixture.link, largest - behind, true, fixture.now_ns);
            link_received(fixture.link, largest + shift, true, fixture.now_ns);
            for (uint64_t i = 1; i <= WIRE_LINK_ACK_BITS; i++) {
                uint64_t number = largest + shift - i;
                bool came = number == largest || (known && number == largest - behind);
                uint64_t word = fixture.link->received_bitmap[(i - 1) / 64];
                assert_int_equal(word >> ((i - 1) % 64) & 1, came);
                assert_int_equal(link_seen(fixture.link, number), came ? LINK_DUPLICATE : LINK_NEW);
            }
            assert_int_equal(
                link_seen(fixture.link, largest + shift - WIRE_LINK_ACK_BITS - 1), LINK_OLD);
            free(fixture.memory);
        }
}

/* Against a plain array of what came. */
static void what_was_seen_is_what_came(void **state)
{
    (void)state;
    static bool came[40000];
    struct prng prng = {7};
    struct link_fixture fixture;
    uint64_t largest = 0;
    fixture_link(&fixture, 8);
    memset(came, 0, sizeof came);
    for (unsigned i = 0; i < 50000; i++) {
        uint64_t reach = prng_below(&prng, 100) == 0 ? 300 : 6;
        uint64_t number = largest + reach > 200 ? largest + reach - prng_below(&prng, 200) : 1 + i;
        if (number >= 40000)
            break;
        enum link_receipt expected = came[number] ? LINK_DUPLICATE : LINK_NEW;
        if (number < largest && largest - number > WIRE_LINK_ACK_BITS)
            expected = LINK_OLD;
        assert_int_equal(link_seen(fixture.link, number), expected);
        if (expected != LINK_NEW)
            continue;
        link_received(fixture.link, number, true, fixture.now_ns);
        came[number] = true;
        largest = number > largest ? number : largest;
    }
    assert_true(largest > 1000);
    free(fixture.memory);
}

static void an_acknowledgement_is_due_by_count(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 8);
    for (unsigned i = 1; i <= LINK_ACK_EVERY; i++) {
        assert_false(link_ack_due(fixture.link, fixture.now_ns));
        link_received(fixture.link, i, true, fixture.now_ns);
    }
    assert_true(link_ack_due(fixture.link, fixture.now_ns));
    (void)fixture_send(&fixture, 0);
    assert_false(link_ack_due(fixture.link, fixture.now_ns + 1000 * MS));
    free(fixture.memory);
}

static void an_acknowledgement_is_due_by_time(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 8);
    assert_true(link_wake(fixture.link) == UINT64_MAX);
    link_received(fixture.link, 1, true, fixture.now_ns);
    link_received(fixture.link, 2, true, fixture.now_ns + 100 * US);
    uint64_t due = fixture.now_ns + LINK_ACK_DELAY_NS; /* after the first of them */
    assert_true(link_wake(fixture.link) == due);
    assert_false(link_ack_due(fixture.link, due - 1));
    assert_true(link_ack_due(fixture.link, due));
    free(fixture.memory);
}

static void acknowledgements_are_not_acknowledged(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 8);
    for (unsigned i = 1; i <= 100; i++)
        link_received(fixture.link, i, false, fixture.now_ns);
    assert_false(link_ack_due(fixture.link, fixture.now_ns + 1000 * MS));
    assert_true(link_wake(fixture.link) == UINT64_MAX);
    (void)fixture_send(&fixture, 0);
    assert_int_equal(fixture.builder.frames, 0);
    assert_int_equal(link_seen(fixture.link, 50), LINK_DUPLICATE);
    free(fixture.memory);
}

static void an_acknowledgement_says_what_came_and_how_long_ago(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 77);
    link_received(fixture.link, 5, true, fixture.now_ns);
    link_received(fixture.link, 3, true, fixture.now_ns + 10 * US);
    fixture.now_ns += 150 * US;
    (void)fixture_send(&fixture, 1); /* rides along */
    assert_int_equal(fixture.builder.frames, 1);
    assert_true(wire_seal(&fixture.builder, LINK_CLUSTER) > 0);
    struct wire_view view;
    assert_int_equal(
        wire_open(fixture.packet, fixture.builder.used, LINK_CLUSTER, &view), WIRE_TAKEN);
    assert_int_equal(view.header.type, WIRE_DATA);
    assert_int_equal(view.header.receiver_worker, 2);
    const struct wire_link_ack *ack = (const struct wire_link_ack *)view.frames;
    assert_int_equal(ack->frame.type, WIRE_FRAME_LINK_ACK);
    assert_true(ack->largest == 5 && ack->bitmap[0] == 2 && ack->bitmap[1] == 0);
    assert_true(ack->credit == 77);
    assert_int_equal(ack->delay_us, 150);
    (void)fixture_send(&fixture, 1); /* said once */
    assert_int_equal(fixture.builder.frames, 0);
    free(fixture.memory);
}

static void the_credit_offered_is_a_window_at_most(void **state)
{
    (void)state;
    struct link_fixture fixture;
    fixture_link(&fixture, 100000);
    assert_int_equal(fixture.link->credit, LINK_WINDOW);
    assert_int_equal(fixture.link->credit_now, LINK_WINDOW);
    free(fixture.memory);
    fixture_link(&fixture, 1);
    EXPECT_ASSERTION(link_init(fixture.link, 0, 0, (struct torc_addr){0}, 0));
    free(fixture.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_is_new_once),
        cmocka_unit_test(a_packet_that_is_not_noted_is_new_again),
        cmocka_unit_test(the_bitmap_holds_at_every_offset_and_shift),
        cmocka_unit_test(what_was_seen_is_what_came),
        cmocka_unit_test(an_acknowledgement_is_due_by_count),
        cmocka_unit_test(an_acknowledgement_is_due_by_time),
        cmocka_unit_test(acknowledgements_are_not_acknowledged),
        cmocka_unit_test(an_acknowledgement_says_what_came_and_how_long_ago),
        cmocka_unit_test(the_credit_offered_is_a_window_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
