/* SPDX-License-Identifier: BSD-3-Clause
 *
 * While a node waited for others, its control wanted to be called again at once, for ever: it had a
 * ring to publish, and could not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/cluster/world.h"

#define MS 1000000ull

static void control_sleeps_while_others_are_missing(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){.nodes = 3});
    world_kill(world, 3);
    world_run(world, 50 * MS);
    uint64_t now_ns = world_now_ns(world);
    assert_int_equal(node_state(world_node(world, 1)), NODE_STARTING);
    assert_true(node_control_step(world_node(world, 1), now_ns) > now_ns);
    world_destroy(world);
}

static void control_sleeps_once_all_serve(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){.nodes = 3});
    assert_true(world_serving(world, 100 * MS));
    world_run(world, 50 * MS);
    uint64_t now_ns = world_now_ns(world);
    assert_true(node_control_step(world_node(world, 1), now_ns) > now_ns);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_sleeps_while_others_are_missing),
        cmocka_unit_test(control_sleeps_once_all_serve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
