/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A draining node waited for entries that can never be committed, since a member of their chain is
 * lost, and for packets to that member: it never ended but by its deadline.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/cluster/hand.h"

#define MS 1000000ull

static bool drained(struct world *world, void *context)
{
    return node_drained(world_node(world, *(unsigned *)context));
}

/* A world in which a put was under way on partition 0 when `id` went down. */
static struct world *world_without(unsigned id, bool returns)
{
    struct world *world = world_create(&(struct world_config){.nodes = 3, .partitions = 3});
    assert_true(world_serving(world, 100 * MS));
    struct hand hand = hand_new(world, 0);
    char key[16];
    hand_key(world, 0, 0, key);
    assert_true(hand_open(&hand, 0, 77));
    world_kill(world, id);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 50 * MS);
    if (returns)
        world_start(world, id);
    world_run(world, 2000 * MS);
    return world;
}

static void what_a_lost_member_keeps_from_ending_is_not_waited_for(void **state)
{
    (void)state;
    for (unsigned lost = 2; lost <= 3; lost++) {
        struct world *world = world_without(lost, true);
        for (unsigned id = 1; id < 3; id++) {
            if (id == lost)
                continue;
            node_drain(world_node(world, id));
            assert_true(world_run_until(world, drained, &id, 100 * MS));
        }
        world_destroy(world);
    }
}

static void what_may_still_end_is_waited_for(void **state)
{
    (void)state;
    unsigned id = 1;
    struct world *world = world_without(3, false);
    node_drain(world_node(world, id));
    assert_false(world_run_until(world, drained, &id, 100 * MS));
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_lost_member_keeps_from_ending_is_not_waited_for),
        cmocka_unit_test(what_may_still_end_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
