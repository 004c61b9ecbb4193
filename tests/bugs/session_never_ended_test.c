/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A head found a session idle, marked it as being closed, and then had no room for the entry that
 * closes it. Marked, it was never found idle again, and its place was lost for good.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/cluster/hand.h"

#define MS 1000000ull

static void a_session_that_could_not_be_closed_is_closed_later(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){
        .nodes = 3, .partitions = 3, .class = {.sessions = 1, .window = 1, .session_idle_ms = 50}});
    assert_true(world_serving(world, 100 * MS));
    char key[16];
    hand_key(world, 0, 0, key);
    struct hand gone = hand_new(world, 0), next = hand_new(world, 1);
    assert_true(hand_open(&gone, 0, 77));

    world_cut(world, 1, 2, true); /* its put fills the window for longer than it may be idle */
    hand_send(&gone, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 200 * MS);
    world_heal(world);
    world_run(world, 500 * MS);
    assert_true(hand_open(&next, 0, 78));
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_that_could_not_be_closed_is_closed_later)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
