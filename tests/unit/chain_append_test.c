/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a head does: it numbers entries, signs them, and refuses what finds no room.
 */
#include "tests/unit/chain_fixture.h"

static void a_new_chain_has_nothing_to_say(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 2, 0, 3, CHAINS_WINDOW);
    assert_int_equal(fixture_flush(&fixture), 0);
    assert_true(fixture.burst.wake_ns == UINT64_MAX);
    assert_true(chain_quiet(&fixture.set));
    assert_int_equal(chain_stalled_take(&fixture.set), CHAIN_NO_ITEM);
    free(fixture.memory);
}

static void the_head_numbers_and_signs_entries(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 2, 0, 3, CHAINS_WINDOW);
    for (uint64_t i = 1; i <= CHAINS_WINDOW; i++)
        for (uint32_t vnode = 0; vnode < 2; vnode++) {
            const struct wire_entry *entry = fixture_create(&fixture, vnode, (uint32_t)i * 30);
            assert_true(entry->sequence == i && entry->epoch == CHAINS_EPOCH);
            assert_int_equal(entry->kind, WIRE_ENTRY_REQUEST);
            assert_int_equal(entry->class, 0);
            assert_int_equal(entry->partition, 100 + vnode);
            assert_int_equal(entry->client_ip, 0x7f000001);
            assert_int_equal(entry->client_port, 9);
            assert_int_equal(wire_entry_check(entry, wire_entry_bytes(entry)), WIRE_TAKEN);
            assert_true(log_last(fixture.set.log, vnode) == i);
        }
    assert_true(fixture.counters.entries_created == 2 * CHAINS_WINDOW);
    assert_true(fixture.set.chain[0].committed == 0); /* the tail commits */
    free(fixture.memory);
}

static void a_chain_of_one_commits_what_it_has(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 1, CHAINS_WINDOW);
    for (uint64_t i = 1; i <= 5; i++) {
        (void)fixture_create(&fixture, 0, 10);
        assert_true(fixture.set.chain[0].committed == i);
    }
    assert_int_equal(fixture_flush(&fixture), 0); /* there is nobody to tell */
    assert_true(chain_quiet(&fixture.set));
    free(fixture.memory);
}

static void the_head_refuses_beyond_its_window(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 2, 0, 2, CHAINS_WINDOW);
    for (unsigned i = 0; i < CHAINS_WINDOW; i++)
        (void)fixture_create(&fixture, 0, 10);
    assert_ptr_equal(chain_refuses(&fixture.set, 0, 100), &fixture.counters.busy_window);
    assert_null(chain_refuses(&fixture.set, 1, 100)); /* a vnode's window is its own */
    (void)fixture_committed(&fixture, 0, 1);
    assert_ptr_equal(chain_refuses(&fixture.set, 0, 100), &fixture.counters.busy_window);
    log_release(fixture.set.log, 0, 1); /* once it is applied */
    assert_null(chain_refuses(&fixture.set, 0, 100));
    free(fixture.memory);
}

static void the_head_refuses_what_the_log_has_no_room_for(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 2, 64);
    uint32_t created = 0;
    while (chain_refuses(&fixture.set, 0, WIRE_ENTRY_BYTES_MAX) == NULL) {
        (void)fixture_create(&fixture, 0, TORC_VALUE_BYTES_MAX);
        assert_true(++created < 64);
    }
    assert_true(created > 0);
    assert_ptr_equal(
        chain_refuses(&fixture.set, 0, WIRE_ENTRY_BYTES_MAX), &fixture.counters.busy_log);
    assert_null(chain_refuses(&fixture.set, 0, 200)); /* small ones have an account of their own */
    log_release(fixture.set.log, 0, 1);
    assert_null(chain_refuses(&fixture.set, 0, WIRE_ENTRY_BYTES_MAX));
    free(fixture.memory);
}

static void only_a_head_creates(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 1, 3, CHAINS_WINDOW);
    const struct wire_entry *entry = fixture_entry(0, 1, 10);
    EXPECT_ASSERTION(chain_create(&fixture.set, 0, &entry->request, (struct torc_addr){0}));
    free(fixture.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_chain_has_nothing_to_say),
        cmocka_unit_test(the_head_numbers_and_signs_entries),
        cmocka_unit_test(a_chain_of_one_commits_what_it_has),
        cmocka_unit_test(the_head_refuses_beyond_its_window),
        cmocka_unit_test(the_head_refuses_what_the_log_has_no_room_for),
        cmocka_unit_test(only_a_head_creates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
