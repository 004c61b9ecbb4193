/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sessions of a whole cluster: when they end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/cluster/hand.h"

#define MS UINT64_C(1000000)

static struct world *idle_world(void)
{
    struct world_config config = {.seed = 1, .nodes = 3, .class = {.session_idle_ms = 50}};
    struct world *world = world_create(&config);
    assert_true(world_serving(world, 100 * MS));
    return world;
}

static void a_session_opened_after_a_long_silence_is_not_idle(void **state)
{
    (void)state;
    struct world *world = idle_world();
    world_run(world, 500 * MS);
    struct hand hand = hand_new(world, 0);
    char key[16];
    hand_key(world, 0, 0, key);
    assert_true(hand_open(&hand, 0, 77));
    world_run(world, 30 * MS);
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    world_destroy(world);
}

static void a_session_that_nobody_uses_ends(void **state)
{
    (void)state;
    struct world *world = idle_world();
    struct hand hand = hand_new(world, 0);
    char key[16];
    hand_key(world, 0, 0, key);
    assert_true(hand_open(&hand, 0, 77));
    for (int i = 0; i < 10; i++) {
        world_run(world, 20 * MS);
        assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    }
    world_run(world, 300 * MS);
    assert_int_equal(
        hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_UNKNOWN_SESSION);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_opened_after_a_long_silence_is_not_idle),
        cmocka_unit_test(a_session_that_nobody_uses_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
