/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A client learns of its session from the tail, before the head hears that the session is
 * committed. The head answered the client's first request with UNKNOWN_SESSION, which ends a
 * session; it must say BUSY instead, and take the request once it knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/cluster/hand.h"

#define MS 1000000ull

/* Loses packets to the head that carry a commit number. */
static bool lose_committed_to_the_head(
    void *context, struct torc_addr from, struct torc_addr to, const void *packet, uint32_t bytes)
{
    struct wire_view view;
    (void)context;
    (void)from;
    if (to.ip != world_address(1, 0).ip ||
        wire_open(packet, bytes, WORLD_CLUSTER, &view) != WIRE_TAKEN)
        return false;
    const uint8_t *cursor = view.frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(&view, &cursor)) != NULL)
        if (frame->type == WIRE_FRAME_COMMITTED)
            return true;
    return false;
}

static void the_head_says_busy_until_it_hears_of_the_session(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){.nodes = 3, .partitions = 3});
    assert_true(world_serving(world, 100 * MS));
    char key[16];
    hand_key(world, 0, 0, key);
    world_lose_if(world, lose_committed_to_the_head, NULL);

    struct hand hand = hand_new(world, 0);
    assert_true(hand_open(&hand, 0, 77));
    struct hand_reply reply = hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    assert_true(reply.came);
    assert_int_equal(reply.status, TORC_STATUS_BUSY);
    assert_true(reply.delay_us > 0);
    assert_true(WORLD_COUNTER(world, 1, entries_applied) == 0);

    world_lose_if(world, NULL, NULL);
    world_run(world, 500 * MS);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, hand.number, key, "v", 0);
    reply = hand_wait(&hand, hand.number, 100 * MS);
    assert_true(reply.came);
    assert_int_equal(reply.status, TORC_STATUS_OK);
    world_destroy(world);
}

static void a_session_that_no_entry_opens_stays_unknown(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){.nodes = 3, .partitions = 3});
    assert_true(world_serving(world, 100 * MS));
    char key[16];
    hand_key(world, 0, 0, key);
    struct hand hand = hand_new(world, 0);
    hand.session = (struct wire_session){.epoch = 1, .number = 1};
    struct hand_reply reply = hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    assert_true(reply.came);
    assert_int_equal(reply.status, TORC_STATUS_UNKNOWN_SESSION);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_says_busy_until_it_hears_of_the_session),
        cmocka_unit_test(a_session_that_no_entry_opens_stays_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
