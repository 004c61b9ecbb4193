/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Each decision about a frame of a chain: appended, parked, put together, dropped, withheld.
 */
#include "tests/unit/chain_fixture.h"

#define LARGE 5000u /* bytes of a value that fits no packet: four parts */

static void a_middle_member_appends_the_next_entry_and_passes_it_on(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(fixture_forward(&fixture, 0, i, 40), CHAIN_TAKEN);
    assert_true(log_last(fixture.set.log, 0) == 3);
    assert_true(fixture.counters.entries_received == 3);
    assert_true(fixture.set.chain[0].committed == 0);
    for (uint64_t i = 1; i <= 3; i++)
        fixture_check_entry(&fixture, 0, i, 40);
    assert_int_equal(fixture_flush(&fixture), 1);
    assert_int_equal(fixture.seen_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(fixture.seen[i].type == WIRE_FRAME_FORWARD &&
                    fixture.seen[i].link == LINK_DOWN && fixture.seen[i].sequence == i + 1);
    free(fixture.memory);
}

static void the_tail_commits_what_it_has_and_says_so(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 2, 3, CHAINS_WINDOW);
    assert_int_equal(fixture_forward(&fixture, 0, 1, 40), CHAIN_TAKEN);
    assert_int_equal(fixture_forward(&fixture, 0, 2, 40), CHAIN_TAKEN);
    assert_true(fixture.set.chain[0].committed == 2);
    assert_int_equal(fixture_flush(&fixture), 1);
    assert_int_equal(fixture.seen_count, 1); /* cumulative: said once */
    assert_int_equal(fixture.seen[0].type, WIRE_FRAME_COMMITTED);
    assert_int_equal(fixture.seen[0].link, LINK_UP);
    assert_true(fixture.seen[0].sequence == 2);
    free(fixture.memory);
}

static void an_entry_that_is_there_already_is_dropped(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    (void)fixture_forward(&fixture, 0, 1, 40);
    (void)fixture_forward(&fixture, 0, 2, 40);
    assert_int_equal(fixture_forward(&fixture, 0, 1, 40), CHAIN_TAKEN);
    assert_int_equal(fixture_forward(&fixture, 0, 2, 99), CHAIN_TAKEN);
    assert_int_equal(fixture_forward_part(&fixture, 0, fixture_entry(0, 2, LARGE), 0), CHAIN_TAKEN);
    assert_true(fixture.counters.drop_duplicate_entry == 3);
    assert_true(log_last(fixture.set.log, 0) == 2);
    fixture_check_entry(&fixture, 0, 2, 40);
    assert_int_equal(fixture.set.parts.used, 0);
    free(fixture.memory);
}

static void early_entries_wait_for_the_gap_to_fill(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 2, 3, CHAINS_WINDOW);
    static const uint64_t order[] = {4, 2, 5, 3};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(fixture_forward(&fixture, 0, order[i], 60), CHAIN_TAKEN);
    assert_int_equal(fixture_forward(&fixture, 0, 3, 60), CHAIN_TAKEN); /* again */
    assert_true(fixture.counters.parked == 4);
    assert_true(fixture.counters.drop_duplicate_entry == 1);
    assert_true(log_last(fixture.set.log, 0) == 0 && fixture.set.chain[0].committed == 0);
    assert_int_equal(fixture_forward(&fixture, 0, 1, 60), CHAIN_TAKEN);
    assert_true(log_last(fixture.set.log, 0) == 5 && fixture.set.chain[0].committed == 5);
    for (uint64_t i = 1; i <= 5; i++)
        fixture_check_entry(&fixture, 0, i, 60);
    assert_int_equal(fixture.set.chain[0].parked, PARK_NONE);
    free(fixture.memory);
}

static void what_no_slot_is_left_for_comes_again(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 2, 1, 3, CHAINS_WINDOW);
    for (uint64_t i = 2; i < 2 + CHAINS_PARKED; i++)
        assert_int_equal(fixture_forward(&fixture, 0, i, 60), CHAIN_TAKEN);
    assert_int_equal(fixture_forward(&fixture, 0, 20, 60), CHAIN_WITHHELD);
    assert_int_equal(fixture_forward(&fixture, 1, 2, 60), CHAIN_WITHHELD);
    assert_true(fixture.counters.drop_withheld == 2);
    assert_int_equal(fixture_forward(&fixture, 1, 1, 60), CHAIN_TAKEN); /* the next needs none */
    assert_int_equal(fixture_forward(&fixture, 0, 1, 60), CHAIN_TAKEN);
    assert_int_equal(fixture_forward(&fixture, 1, 3, 60), CHAIN_TAKEN); /* and all are free again */
    assert_true(log_last(fixture.set.log, 0) == 1 + CHAINS_PARKED);
    free(fixture.memory);
}

static void frames_from_others_than_the_neighbour_change_nothing(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    struct wire_committed committed = {.sequence = 1};
    struct wire_forward_part part = {.sequence = 1, .total = 5000};
    (void)fixture_forward(&fixture, 0, 1, 40);
    const struct wire_entry *entry = fixture_entry(0, 2, 40);
    assert_int_equal(chain_forward(&fixture.set, 0, LINK_DOWN, entry), CHAIN_TAKEN);
    assert_int_equal(chain_forward(&fixture.set, 0, 7, entry), CHAIN_TAKEN);
    assert_int_equal(chain_forward_part(&fixture.set, 0, LINK_DOWN, &part), CHAIN_TAKEN);
    assert_int_equal(chain_committed(&fixture.set, 0, LINK_UP, &committed), CHAIN_TAKEN);
    assert_true(fixture.counters.drop_not_neighbour == 4);
    assert_true(log_last(fixture.set.log, 0) == 1);
    assert_true(fixture.set.chain[0].committed == 0);
    assert_int_equal(fixture.set.parts.used, 0);
    free(fixture.memory);
}

/* An entry names its vnode itself; a frame that says another is not believed. */
static void an_entry_of_another_vnode_is_dropped(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 2, 1, 3, CHAINS_WINDOW);
    struct wire_entry *entry = fixture_entry(1, 1, 40);
    assert_int_equal(chain_forward(&fixture.set, 0, LINK_UP, entry), CHAIN_TAKEN);
    entry = fixture_entry(0, 1, 40);
    entry->class = 3;
    assert_int_equal(chain_forward(&fixture.set, 0, LINK_UP, entry), CHAIN_TAKEN);
    entry = fixture_entry(0, 1, 40);
    entry->epoch = CHAINS_EPOCH + 1; /* created in an epoch that is yet to come */
    assert_int_equal(chain_forward(&fixture.set, 0, LINK_UP, entry), CHAIN_TAKEN);
    assert_true(fixture.counters.drop_misplaced_entry == 3);
    assert_true(log_last(fixture.set.log, 0) == 0 && log_last(fixture.set.log, 1) == 0);
    entry = fixture_entry(0, 1, 40);
    entry->epoch = CHAINS_EPOCH - 1; /* entries keep the epoch that they were created in */
    assert_int_equal(chain_forward(&fixture.set, 0, LINK_UP, entry), CHAIN_TAKEN);
    assert_true(log_last(fixture.set.log, 0) == 1);
    free(fixture.memory);
}

static void beyond_the_window_an_entry_is_withheld(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    for (uint64_t i = 1; i <= CHAINS_WINDOW; i++)
        assert_int_equal(fixture_forward(&fixture, 0, i, 40), CHAIN_TAKEN);
    assert_int_equal(fixture_forward(&fixture, 0, CHAINS_WINDOW + 1, 40), CHAIN_WITHHELD);
    assert_true(fixture.counters.drop_withheld == 1);
    (void)fixture_committed(&fixture, 0, 1);
    log_release(fixture.set.log, 0, 1);
    assert_int_equal(fixture_forward(&fixture, 0, CHAINS_WINDOW + 1, 40), CHAIN_TAKEN);
    free(fixture.memory);
}

/* ---- commit numbers ---- */

static void a_commit_number_goes_up_the_chain(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    for (uint64_t i = 1; i <= 4; i++)
        (void)fixture_forward(&fixture, 0, i, 40);
    (void)fixture_flush(&fixture);
    assert_int_equal(fixture_committed(&fixture, 0, 3), CHAIN_TAKEN);
    assert_true(fixture.set.chain[0].committed == 3);
    assert_int_equal(fixture_committed(&fixture, 0, 2), CHAIN_TAKEN); /* an older word */
    assert_int_equal(fixture_committed(&fixture, 0, 3), CHAIN_TAKEN);
    assert_true(fixture.set.chain[0].committed == 3);
    assert_int_equal(fixture_flush(&fixture), 1);
    assert_int_equal(fixture.seen_count, 1);
    assert_true(fixture.seen[0].type == WIRE_FRAME_COMMITTED && fixture.seen[0].sequence == 3);
    assert_int_equal(fixture.seen[0].link, LINK_UP);
    assert_int_equal(fixture_committed(&fixture, 0, 3), CHAIN_TAKEN); /* nothing new to say */
    assert_int_equal(fixture_flush(&fixture), 0);
    free(fixture.memory);
}

static void a_commit_number_beyond_the_log_is_not_believed(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    (void)fixture_forward(&fixture, 0, 1, 40);
    (void)fixture_forward(&fixture, 0, 3, 40); /* parked is not held */
    assert_int_equal(fixture_committed(&fixture, 0, 2), CHAIN_TAKEN);
    assert_int_equal(fixture_committed(&fixture, 0, UINT64_MAX), CHAIN_TAKEN);
    assert_true(fixture.counters.drop_bad_committed == 2);
    assert_true(fixture.set.chain[0].committed == 0);
    free(fixture.memory);
}

static void the_head_has_nobody_to_pass_a_commit_number_to(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 2, CHAINS_WINDOW);
    (void)fixture_create(&fixture, 0, 10);
    (void)fixture_flush(&fixture);
    assert_int_equal(fixture_committed(&fixture, 0, 1), CHAIN_TAKEN);
    assert_true(fixture.set.chain[0].committed == 1);
    assert_int_equal(fixture_flush(&fixture), 0);
    free(fixture.memory);
}

/* ---- large entries ---- */

static void parts_in_any_order_become_an_entry(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 2, 3, CHAINS_WINDOW);
    const struct wire_entry *entry = fixture_entry(0, 1, LARGE);
    assert_int_equal(fixture_parts(entry), 4);
    static const uint32_t order[] = {2, 0, 3, 2, 0};
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(fixture_forward_part(&fixture, 0, entry, order[i]), CHAIN_TAKEN);
    assert_true(log_last(fixture.set.log, 0) == 0);
    assert_int_equal(fixture_forward_part(&fixture, 0, entry, 1), CHAIN_TAKEN);
    assert_true(log_last(fixture.set.log, 0) == 1 && fixture.set.chain[0].committed == 1);
    assert_int_equal(fixture.set.parts.used, 0);
    fixture_check_entry(&fixture, 0, 1, LARGE);
    free(fixture.memory);
}

static void a_large_entry_waits_for_those_before_it(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 2, 3, CHAINS_WINDOW);
    for (uint32_t part = 0; part < 4; part++)
        assert_int_equal(
            fixture_forward_part(&fixture, 0, fixture_entry(0, 2, LARGE), part), CHAIN_TAKEN);
    assert_int_equal(fixture_forward(&fixture, 0, 3, 40), CHAIN_TAKEN);
    assert_true(log_last(fixture.set.log, 0) == 0);
    assert_int_equal(fixture.set.parts.used, 1);
    /* a part again, once it is whole, adds nothing */
    assert_int_equal(fixture_forward_part(&fixture, 0, fixture_entry(0, 2, LARGE), 1), CHAIN_TAKEN);
    assert_int_equal(fixture_forward(&fixture, 0, 1, 40), CHAIN_TAKEN);
    assert_true(log_last(fixture.set.log, 0) == 3);
    fixture_check_entry(&fixture, 0, 2, LARGE);
    fixture_check_entry(&fixture, 0, 3, 40);
    assert_int_equal(fixture.set.parts.used, 0);
    free(fixture.memory);
}

static void the_entry_before_it_lets_a_large_one_follow(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 2, 3, CHAINS_WINDOW);
    for (uint32_t part = 0; part < 4; part++)
        (void)fixture_forward_part(&fixture, 0, fixture_entry(0, 2, LARGE), part);
    assert_int_equal(fixture_forward(&fixture, 0, 1, 40), CHAIN_TAKEN); /* nothing is parked */
    assert_true(log_last(fixture.set.log, 0) == 2);
    free(fixture.memory);
}

/* Else large entries could wait for one that finds no place itself. */
static void the_last_assembly_is_for_an_entry_that_is_next(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 2, 1, 3, CHAINS_WINDOW);
    for (uint64_t i = 0; i + 1 < CHAINS_PARTS; i++)
        assert_int_equal(
            fixture_forward_part(&fixture, 0, fixture_entry(0, 3 + i, LARGE), 0), CHAIN_TAKEN);
    assert_int_equal(
        fixture_forward_part(&fixture, 0, fixture_entry(0, 9, LARGE), 0), CHAIN_WITHHELD);
    assert_true(fixture.counters.drop_withheld == 1);
    assert_int_equal(fixture_forward_part(&fixture, 0, fixture_entry(0, 1, LARGE), 0), CHAIN_TAKEN);
    assert_int_equal(
        fixture_forward_part(&fixture, 1, fixture_entry(1, 1, LARGE), 0), CHAIN_WITHHELD);
    for (uint32_t part = 1; part < 4; part++)
        assert_int_equal(
            fixture_forward_part(&fixture, 0, fixture_entry(0, 1, LARGE), part), CHAIN_TAKEN);
    assert_true(log_last(fixture.set.log, 0) == 1);
    assert_int_equal(fixture_forward_part(&fixture, 1, fixture_entry(1, 1, LARGE), 0), CHAIN_TAKEN);
    free(fixture.memory);
}

static void a_part_of_another_length_is_dropped(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    (void)fixture_forward_part(&fixture, 0, fixture_entry(0, 1, LARGE), 0);
    assert_int_equal(
        fixture_forward_part(&fixture, 0, fixture_entry(0, 1, LARGE + 1), 1), CHAIN_TAKEN);
    assert_true(fixture.counters.drop_bad_part == 1);
    assert_int_equal(fixture.set.parts.used, 1);
    assert_int_equal(fixture.set.parts.assembly[0].missing, 3);
    free(fixture.memory);
}

enum wrongness { WRONG_CRC, WRONG_PARTITION, WRONG_CLASS, WRONG_EPOCH, WRONG_NUMBER, WRONGS };

static struct wire_entry *wrong_entry(enum wrongness how)
{
    struct wire_entry *entry = fixture_entry(how == WRONG_PARTITION ? 1 : 0, 1, LARGE);
    if (how == WRONG_CLASS)
        entry->class = 1;
    if (how == WRONG_EPOCH)
        entry->epoch = CHAINS_EPOCH + 1;
    if (how == WRONG_NUMBER)
        entry->sequence = 2;
    wire_entry_sign(entry);
    if (how == WRONG_CRC)
        ((uint8_t *)(entry + 1))[LARGE / 2] ^= 1;
    return entry;
}

static void an_entry_that_is_not_what_its_parts_said_is_given_up(void **state)
{
    (void)state;
    for (enum wrongness how = WRONG_CRC; how < WRONGS; how++) {
        struct chain_fixture fixture;
        fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
        for (uint32_t part = 0; part < 4; part++) {
            struct wire_forward_part *frame;
            uint64_t room[(sizeof *frame + WIRE_PART_BYTES) / 8] = {0};
            struct wire_entry *entry = wrong_entry(how);
            uint32_t total = wire_entry_bytes(entry), offset = part * WIRE_PART_BYTES;
            frame = (struct wire_forward_part *)room;
            *frame = (struct wire_forward_part){.sequence = 1, .total = total, .offset = offset};
            memcpy(frame + 1, (uint8_t *)entry + offset,
                total - offset < WIRE_PART_BYTES ? total - offset : WIRE_PART_BYTES);
            assert_int_equal(chain_forward_part(&fixture.set, 0, LINK_UP, frame),
                part < 3 ? CHAIN_TAKEN : CHAIN_WITHHELD);
        }
        assert_true(fixture.counters.drop_bad_part == 1);
        assert_true(log_last(fixture.set.log, 0) == 0);
        assert_int_equal(fixture.set.parts.used, 0);
        /* the right one still can come */
        for (uint32_t part = 0; part < 4; part++)
            (void)fixture_forward_part(&fixture, 0, fixture_entry(0, 1, LARGE), part);
        assert_true(log_last(fixture.set.log, 0) == 1);
        free(fixture.memory);
    }
}

/* ---- waiting for log memory ---- */

/* Fills vnode 0's place in the account of large entries until one more finds no room. */
static uint64_t fill_large(struct chain_fixture *fixture, uint32_t vnode)
{
    uint64_t sequence = 1;
    for (; log_room(fixture->set.log, WIRE_ENTRY_BYTES_MAX, 1, 3); sequence++) {
        const struct wire_entry *entry = fixture_entry(vnode, sequence, TORC_VALUE_BYTES_MAX);
        for (uint32_t part = 0; part < fixture_parts(entry); part++)
            assert_int_equal(fixture_forward_part(fixture, vnode, entry, part), CHAIN_TAKEN);
        assert_true(log_last(fixture->set.log, vnode) == sequence);
    }
    return sequence - 1;
}

static void a_whole_entry_without_room_in_the_log_waits_and_is_retried(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 2, 1, 3, CHAINS_WINDOW);
    uint64_t held = fill_large(&fixture, 0);
    const struct wire_entry *entry = fixture_entry(1, 1, TORC_VALUE_BYTES_MAX);
    for (uint32_t part = 0; part < fixture_parts(entry); part++)
        assert_int_equal(fixture_forward_part(&fixture, 1, entry, part), CHAIN_TAKEN);
    assert_true(log_last(fixture.set.log, 1) == 0);
    assert_false(chain_quiet(&fixture.set));

    assert_int_equal(chain_stalled_take(&fixture.set), 1);
    assert_int_equal(chain_retry(&fixture.set, 1), CHAIN_NO_ITEM); /* still no room */
    assert_int_equal(chain_stalled_take(&fixture.set), 1);
    log_release(fixture.set.log, 0, held);
    assert_int_equal(chain_retry(&fixture.set, 1), CHAIN_NO_ITEM);
    assert_true(log_last(fixture.set.log, 1) == 1);
    assert_int_equal(chain_stalled_take(&fixture.set), CHAIN_NO_ITEM);
    assert_int_equal(fixture.set.parts.used, 0);
    free(fixture.memory);
}

static void parked_entries_beyond_the_window_wait_and_are_retried(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 2, 1, 3, 4);
    for (uint32_t vnode = 0; vnode < 2; vnode++) {
        for (uint64_t i = 1; i <= 3; i++)
            (void)fixture_forward(&fixture, vnode, i, 40);
        (void)fixture_forward(&fixture, vnode, 5, 40);
        (void)fixture_forward(&fixture, vnode, 4, 40); /* fills the window; 5 is next */
        assert_true(log_last(fixture.set.log, vnode) == 4);
    }
    log_release(fixture.set.log, 0, 1);
    log_release(fixture.set.log, 1, 1);
    uint32_t vnode = chain_stalled_take(&fixture.set), retried = 0;
    while (vnode != CHAIN_NO_ITEM) {
        uint32_t next = chain_retry(&fixture.set, vnode);
        assert_true(log_last(fixture.set.log, vnode) == 5);
        retried++;
        vnode = next;
    }
    assert_int_equal(retried, 2);
    assert_int_equal(chain_stalled_take(&fixture.set), CHAIN_NO_ITEM);
    free(fixture.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_middle_member_appends_the_next_entry_and_passes_it_on),
        cmocka_unit_test(the_tail_commits_what_it_has_and_says_so),
        cmocka_unit_test(an_entry_that_is_there_already_is_dropped),
        cmocka_unit_test(early_entries_wait_for_the_gap_to_fill),
        cmocka_unit_test(what_no_slot_is_left_for_comes_again),
        cmocka_unit_test(frames_from_others_than_the_neighbour_change_nothing),
        cmocka_unit_test(an_entry_of_another_vnode_is_dropped),
        cmocka_unit_test(beyond_the_window_an_entry_is_withheld),
        cmocka_unit_test(a_commit_number_goes_up_the_chain),
        cmocka_unit_test(a_commit_number_beyond_the_log_is_not_believed),
        cmocka_unit_test(the_head_has_nobody_to_pass_a_commit_number_to),
        cmocka_unit_test(parts_in_any_order_become_an_entry),
        cmocka_unit_test(a_large_entry_waits_for_those_before_it),
        cmocka_unit_test(the_entry_before_it_lets_a_large_one_follow),
        cmocka_unit_test(the_last_assembly_is_for_an_entry_that_is_next),
        cmocka_unit_test(a_part_of_another_length_is_dropped),
        cmocka_unit_test(an_entry_that_is_not_what_its_parts_said_is_given_up),
        cmocka_unit_test(a_whole_entry_without_room_in_the_log_waits_and_is_retried),
        cmocka_unit_test(parked_entries_beyond_the_window_wait_and_are_retried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
