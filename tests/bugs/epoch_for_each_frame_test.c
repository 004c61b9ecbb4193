/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Each frame of an older chain epoch was answered with a packet of its own: up to 58 packets for
 * one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/cluster/forge.h"

#define MS 1000000ull

static unsigned answers, epochs;

static bool count_epochs(
    void *context, struct torc_addr from, struct torc_addr to, const void *packet, uint32_t bytes)
{
    struct wire_view view;
    (void)context;
    (void)from;
    if (to.ip != world_address(2, 0).ip ||
        wire_open(packet, bytes, WORLD_CLUSTER, &view) != WIRE_TAKEN)
        return false;
    const uint8_t *cursor = view.frames;
    const struct wire_frame *frame;
    unsigned before = epochs;
    while ((frame = wire_next(&view, &cursor)) != NULL)
        epochs += frame->type == WIRE_FRAME_EPOCH && frame->epoch == 1;
    answers += epochs > before;
    return false;
}

static void a_packet_of_an_older_epoch_gets_one_answer(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){.nodes = 3, .partitions = 3});
    assert_true(world_serving(world, 100 * MS));
    struct forge forge;
    forge_data(&forge, world, 2, 1, 1);
    for (unsigned i = 0; i < 58; i++) {
        struct wire_committed *committed =
            forge_frame(&forge, WIRE_FRAME_COMMITTED, 0, sizeof *committed);
        committed->frame.epoch = 0;
    }
    world_lose_if(world, count_epochs, NULL);
    forge_send(&forge);
    world_run(world, MS);
    assert_int_equal(answers, 1);
    assert_int_equal(epochs, 58);
    assert_int_equal(WORLD_COUNTER(world, 1, drop_old_epoch), 58);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_of_an_older_epoch_gets_one_answer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
