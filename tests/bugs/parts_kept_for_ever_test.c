/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parts of an entry that never becomes whole kept a member's buffer for ever, and there are eight.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/cluster/forge.h"
#include "tests/cluster/parts.h"
#include "tests/cluster/tale.h"

#define MS TALE_MS

/* The first parts of seven entries that are not the next one: more are withheld. */
static void send_parts(struct world *world, uint64_t number)
{
    for (uint64_t i = 0; i < 7; i++) {
        struct forge forge;
        forge_data(&forge, world, 1, 2, number + i);
        struct wire_forward_part *part =
            forge_frame(&forge, WIRE_FRAME_FORWARD_PART, 0, sizeof *part + WIRE_PART_BYTES);
        part->entry_epoch = 1;
        part->sequence = number + i;
        part->total = 5000;
        forge_send(&forge);
    }
    world_run(world, MS);
}

static void parts_that_do_not_move_are_dropped(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    send_parts(world, 1000);
    assert_int_equal(WORLD_COUNTER(world, 2, drop_withheld), 0);
    send_parts(world, 2000);
    assert_int_equal(WORLD_COUNTER(world, 2, drop_withheld), 7);
    world_run(world, 10000 * MS);
    send_parts(world, 3000);
    assert_int_equal(WORLD_COUNTER(world, 2, drop_withheld), 7);
    world_destroy(world);
}

/* An outage in the middle of a large entry: what was acknowledged may have been dropped since. */
static void an_entry_whose_parts_were_dropped_comes_again(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts = parts_put(&hand, 0, key, 50000, 1);
    struct tale_loss loss = {
        .from = 1, .to = 2, .type = WIRE_FRAME_FORWARD_PART, .skip = 20, .count = UINT32_MAX};
    world_lose_if(world, tale_lose, &loss);
    for (uint32_t part = 0; part < parts.count; part++)
        parts_send(&parts, part);
    world_run(world, 10000 * MS);
    world_lose_if(world, NULL, NULL);
    world_run(world, 3000 * MS);
    assert_int_equal(WORLD_COUNTER(world, 3, entries_applied), 2);
    assert_true(parts_are_there(&parts, key, 100 * MS));
    parts_free(&parts);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_that_do_not_move_are_dropped),
        cmocka_unit_test(an_entry_whose_parts_were_dropped_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
