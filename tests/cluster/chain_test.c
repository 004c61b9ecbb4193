/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Chains of one to five members, packet by packet: each test is a story.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/hand.h"

#define MS 1000000ull

static struct world *serving(struct world_config config)
{
    struct world *world = world_create(&config);
    assert_true(world_serving(world, 100 * MS));
    return world;
}

static void assert_story(const struct world *world, const char *expected)
{
    if (strcmp(world_story_text(world), expected) != 0)
        print_message(
            "--- the story was\n%s--- and should be\n%s---\n", world_story_text(world), expected);
    assert_string_equal(world_story_text(world), expected);
}

static void a_put_travels_down_the_chain_and_the_acknowledgement_up(void **state)
{
    (void)state;
    struct world *world = serving((struct world_config){.nodes = 3, .partitions = 3});
    struct hand hand = hand_new(world, 0);
    assert_true(hand_open(&hand, 0, 77));
    char key[16];
    hand_key(world, 0, 0, key);
    world_story(world, false);
    struct hand_reply reply = hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    assert_true(reply.came);
    assert_int_equal(reply.status, TORC_STATUS_OK);
    world_run(world, MS);
    assert_story(world, "[     0] c0 > 1  write p0 put k3 r1\n"
                        "[     5] 1 > 2  forward p0 #2 put k3 r1\n"
                        "[    10] 2 > 3  forward p0 #2 put k3 r1\n"
                        "[    15] 3 > c0  reply p0 r1 ok\n"
                        "[    15] 3 > 2  committed p0 #2\n"
                        "[    20] 2 > 1  committed p0 #2\n");
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_travels_down_the_chain_and_the_acknowledgement_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
