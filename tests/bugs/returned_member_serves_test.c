/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A member that restarts has an empty memory. Nobody may bind it as if it were new, or else it
 * publishes a ring of its own and, as a tail, answers reads with "no such key".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/hand.h"

static void a_member_that_returned_never_serves(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){.nodes = 3, .partitions = 3});
    assert_true(world_serving(world, 100000000));
    struct hand hand = hand_new(world, 0);
    char key[16];
    hand_key(world, 0, 0, key);
    assert_true(hand_open(&hand, 0, 1));
    assert_int_equal(hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0).status, TORC_STATUS_OK);
    world_kill(world, 3);
    world_run(world, 50000000);
    world_start(world, 3);
    world_run(world, 5000000000);
    assert_int_not_equal(node_state(world_node(world, 3)), NODE_SERVING);
    char trouble[256];
    node_trouble(world_node(world, 3), trouble, sizeof trouble);
    assert_non_null(strstr(trouble, "earlier incarnation of this node"));
    struct hand_reply reply = hand_do(&hand, 0, WIRE_OP_GET, key, NULL, 0);
    assert_true(reply.came);
    assert_int_equal(reply.status, TORC_STATUS_MEMBER_LOST); /* and says why */
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_member_that_returned_never_serves)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
