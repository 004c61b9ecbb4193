/* SPDX-License-Identifier: BSD-3-Clause
 *
 * While a cluster starts, a member that was met restarts. One who had heard of the new one, but was
 * not named by it yet, began to serve with the one that was, and called the new one returned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/cluster/tale.h"

#define MS TALE_MS

/* Loses those HELLOs of 1 to 2 that name 2. */
static bool lose_naming(
    void *context, struct torc_addr from, struct torc_addr to, const void *packet, uint32_t bytes)
{
    const struct wire_packet *header = packet;
    (void)context;
    (void)bytes;
    return from.ip == world_address(1, 0).ip && to.ip == world_address(2, 0).ip &&
           header->type == WIRE_HELLO && header->receiver_incarnation != 0;
}

static void nobody_serves_with_one_that_is_known_to_be_gone(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){.nodes = 3, .partitions = 3});
    world_kill(world, 3);
    world_run(world, 100 * MS); /* 1 and 2 have met */
    world_kill(world, 1);
    world_lose_if(world, lose_naming, NULL);
    world_start(world, 1);
    world_run(world, 100 * MS);
    world_start(world, 3);
    world_run(world, 100 * MS);
    assert_int_equal(node_state(world_node(world, 2)), NODE_STARTING);
    world_lose_if(world, NULL, NULL);
    assert_true(world_serving(world, 2000 * MS));
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_serves_with_one_that_is_known_to_be_gone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
