/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The timer wheel against a list of times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/prng.h"
#include "engine/client/wheel.h"

#define TIMERS  200u
#define TICK_NS (1ull << CLIENT_WHEEL_SHIFT)
#define TURN_NS (CLIENT_WHEEL_SLOTS * TICK_NS)

static struct client_timer timers[TIMERS];
static struct client_wheel wheel;

static int setup(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < TIMERS; i++)
        timers[i].slot = CLIENT_WHEEL_UNARMED;
    client_wheel_init(&wheel, timers, sizeof timers[0]);
    return 0;
}

static void a_timer_fires_within_a_tick_and_never_early(void **state)
{
    (void)state;
    for (uint64_t when = 1; when < TURN_NS - 2 * TICK_NS; when += 3 * TICK_NS + 12345) {
        const uint64_t start = wheel.tick << CLIENT_WHEEL_SHIFT;
        client_wheel_arm(&wheel, 0, start + when);
        assert_int_equal(client_wheel_expired(&wheel, start + when - 1), CLIENT_NONE);
        assert_true(client_wheel_next(&wheel) <= start + when + TICK_NS);
        assert_int_equal(client_wheel_expired(&wheel, start + when + TICK_NS), 0);
        assert_int_equal(client_wheel_expired(&wheel, start + when + TICK_NS), CLIENT_NONE);
    }
}

static void a_timer_beyond_the_wheel_fires_early_and_not_never(void **state)
{
    (void)state;
    client_wheel_arm(&wheel, 3, 10 * TURN_NS);
    assert_true(client_wheel_next(&wheel) < TURN_NS);
    assert_int_equal(client_wheel_expired(&wheel, TURN_NS), 3);
}

static void a_timer_of_the_past_fires_at_the_next_tick(void **state)
{
    (void)state;
    assert_int_equal(client_wheel_expired(&wheel, 5 * TURN_NS), CLIENT_NONE);
    client_wheel_arm(&wheel, 4, TICK_NS);
    assert_int_equal(client_wheel_expired(&wheel, 5 * TURN_NS + 2 * TICK_NS), 4);
}

static void a_wheel_without_timers_never_wakes(void **state)
{
    (void)state;
    assert_int_equal(client_wheel_next(&wheel), UINT64_MAX);
    client_wheel_arm(&wheel, 1, TICK_NS);
    client_wheel_disarm(&wheel, 1);
    client_wheel_disarm(&wheel, 1);
    assert_int_equal(client_wheel_next(&wheel), UINT64_MAX);
}

static void random_timers_fire_like_a_list(void **state)
{
    (void)state;
    struct prng prng = {.state = 11};
    uint64_t due[TIMERS] = {0}, now = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        const uint32_t i = prng_below(&prng, TIMERS);
        client_wheel_disarm(&wheel, i);
        due[i] = 0;
        if (prng_below(&prng, 4) != 0) {
            due[i] = now + 1 + prng_below(&prng, (uint32_t)(TURN_NS / 2));
            client_wheel_arm(&wheel, i, due[i]);
        }
        now += prng_below(&prng, (uint32_t)(4 * TICK_NS));
        uint32_t fired;
        while ((fired = client_wheel_expired(&wheel, now)) != CLIENT_NONE) {
            assert_int_not_equal(due[fired], 0);
            assert_true(due[fired] <= now);
            due[fired] = 0;
        }
        for (uint32_t j = 0; j < TIMERS; j++)
            assert_true(due[j] == 0 || due[j] + TICK_NS > now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_timer_fires_within_a_tick_and_never_early, setup),
        cmocka_unit_test_setup(a_timer_beyond_the_wheel_fires_early_and_not_never, setup),
        cmocka_unit_test_setup(a_timer_of_the_past_fires_at_the_next_tick, setup),
        cmocka_unit_test_setup(a_wheel_without_timers_never_wakes, setup),
        cmocka_unit_test_setup(random_timers_fire_like_a_list, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
