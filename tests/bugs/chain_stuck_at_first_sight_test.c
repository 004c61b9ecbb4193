/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A chain is stuck when nothing was committed for long although there was something to commit. The
 * time counted from when it was last looked at, even if there was nothing to commit then: with many
 * vnodes, each looked at every few seconds, an entry that was just made was sent twice.
 */
#include "tests/unit/chain_fixture.h"

static void a_new_chain_is_not_stuck_when_first_looked_at(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    fixture.set.now_ns = 100ull * CHAIN_STUCK_NS;
    (void)fixture_create(&fixture, 0, 20);
    chain_scan(&fixture.set, 0);
    assert_true(fixture.counters.chains_resent == 0);
    fixture.set.now_ns += CHAIN_STUCK_NS;
    chain_scan(&fixture.set, 0);
    assert_true(fixture.counters.chains_resent == 1);
    free(fixture.memory);
}

static void a_chain_is_not_stuck_for_the_time_it_was_idle(void **state)
{
    (void)state;
    struct chain_fixture fixture;
    fixture_chains(&fixture, 1, 0, 3, CHAINS_WINDOW);
    for (uint64_t i = 1; i <= 5; i++) {
        (void)fixture_create(&fixture, 0, 20);
        chain_scan(&fixture.set, 0);
        assert_true(fixture.counters.chains_resent == 0);
        (void)fixture_committed(&fixture, 0, i);
        chain_scan(&fixture.set, 0);
        fixture.set.now_ns += 5ull * CHAIN_STUCK_NS;
    }
    free(fixture.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_chain_is_not_stuck_when_first_looked_at),
        cmocka_unit_test(a_chain_is_not_stuck_for_the_time_it_was_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
