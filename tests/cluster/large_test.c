/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Values that fit no packet: to the head in parts, down the chain in parts, back in pieces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/parts.h"
#include "tests/cluster/tale.h"

#define MS TALE_MS

static void a_value_of_three_parts_travels_down_the_chain(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts = parts_put(&hand, 0, key, 3000, 1);
    world_story(world, false);
    for (uint32_t i = 0; i < parts.count; i++)
        parts_send(&parts, i);
    world_run(world, MS);
    tale_is(world, "[     0] c0 > 1  write p0 #1 part 1 of 3\n"
                   "[     0] c0 > 1  write p0 #1 part 2 of 3\n"
                   "[     0] c0 > 1  write p0 #1 part 3 of 3\n"
                   "[     5] 1 > c0  parts p0 #1: 1\n"
                   "[     5] 1 > c0  parts p0 #1: 2\n"
                   "[     5] 1 > c0  parts p0 #1: 3\n"
                   "[     5] 1 > 2  forward p0 #2 part 1 of 3\n"
                   "[     5] 1 > 2  forward p0 #2 part 2 of 3\n"
                   "[     5] 1 > 2  forward p0 #2 part 3 of 3\n"
                   "[    10] 2 > 3  forward p0 #2 part 1 of 3\n"
                   "[    10] 2 > 3  forward p0 #2 part 2 of 3\n"
                   "[    10] 2 > 3  forward p0 #2 part 3 of 3\n"
                   "[    15] 3 > c0  reply p0 r1 ok\n"
                   "[    15] 3 > 2  committed p0 #2\n"
                   "[    20] 2 > 1  committed p0 #2\n");
    assert_true(parts_are_there(&parts, key, 10 * MS));
    parts_free(&parts);
    world_destroy(world);
}

static void a_lost_part_alone_is_sent_again(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts = parts_put(&hand, 0, key, 3000, 1);
    struct tale_loss loss = {
        .from = 1, .to = 2, .type = WIRE_FRAME_FORWARD_PART, .skip = 1, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    for (uint32_t i = 0; i < parts.count; i++)
        parts_send(&parts, i);
    world_story(world, false);
    world_run(world, 2 * MS);
    assert_int_equal(tale_told(world, "1 > 2  forward p0 #2 part 1 of 3"), 1);
    assert_int_equal(tale_told(world, "1 > 2  forward p0 #2 part 2 of 3"), 1);
    assert_int_equal(tale_told(world, "1 > 2  forward p0 #2 part 3 of 3"), 1);
    assert_int_equal(tale_told(world, "3 > c0  reply p0 r1 ok"), 1);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_resent), 1);
    parts_free(&parts);
    world_destroy(world);
}

static void the_head_tells_what_came(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts = parts_put(&hand, 0, key, 10 * WIRE_PART_BYTES, 1);
    static const uint32_t order[] = {3, 0, 9, 1};
    static const struct {
        uint32_t gapless;
        uint64_t bitmap;
    } told[] = {{0, 4}, {1, 2}, {1, 0x82}, {2, 0x41}};
    for (unsigned i = 0; i < 4; i++) {
        parts_send(&parts, order[i]);
        world_run(world, 20000);
        parts_listen(&parts);
        assert_int_equal(parts.gapless, told[i].gapless);
        assert_int_equal(parts.bitmap, told[i].bitmap);
    }
    assert_true(parts_persist(&parts, 100 * MS));
    assert_int_equal(parts.reply.status, TORC_STATUS_OK);
    parts_free(&parts);
    world_destroy(world);
}

static void a_part_that_comes_late_gets_the_first_answer(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts = parts_put(&hand, 0, key, 3000, 1);
    assert_true(parts_persist(&parts, 100 * MS));
    world_run(world, MS);
    uint64_t version = parts.reply.version;
    parts.reply.came = false;
    parts_send(&parts, 1);
    world_run(world, MS);
    parts_listen(&parts);
    assert_true(parts.reply.came);
    assert_int_equal(parts.reply.version, version);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_created), 2);
    parts_free(&parts);
    world_destroy(world);
}

static void a_large_request_under_way_needs_no_part_again(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts = parts_put(&hand, 0, key, 3000, 1);
    world_cut(world, 1, 2, true);
    for (uint32_t i = 0; i < parts.count; i++)
        parts_send(&parts, i);
    world_run(world, 20000);
    parts_send(&parts, 0);
    world_run(world, 20000);
    parts_listen(&parts);
    assert_int_equal(parts.gapless, parts.count);
    assert_int_equal(WORLD_COUNTER(world, 1, retry_in_flight), 1);
    parts_free(&parts);
    world_destroy(world);
}

/* ---- no buffer ---- */

static void more_at_once_than_there_are_buffers_wait(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts[9];
    hand.awaited = 1;
    for (unsigned i = 0; i < 9; i++) {
        parts[i] = parts_put(&hand, 0, key, 3000, (uint8_t)i);
        parts_send(&parts[i], 0);
    }
    world_run(world, MS);
    parts_listen(&parts[8]);
    assert_int_equal(parts[8].gapless, 0);
    assert_true(parts[8].delay_us > 0);
    assert_int_equal(WORLD_COUNTER(world, 1, busy_parts), 1);
    for (unsigned i = 0; i < 9; i++)
        assert_true(parts_persist(&parts[i], 100 * MS));
    for (unsigned i = 0; i < 9; i++)
        parts_free(&parts[i]);
    tale_at_rest(world);
    world_destroy(world);
}

static void requests_given_up_make_room(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    hand.awaited = 1;
    for (unsigned i = 0; i < 8; i++) {
        struct parts parts = parts_put(&hand, 0, key, 3000, (uint8_t)i);
        parts_send(&parts, 0);
        parts_free(&parts);
    }
    struct parts last = parts_put(&hand, 0, key, 3000, 9);
    world_run(world, MS);
    parts_send(&last, 0);
    world_run(world, MS);
    parts_listen(&last);
    assert_true(last.delay_us > 0);
    world_run(world, 2500 * MS);
    assert_true(parts_persist(&last, 100 * MS));
    parts_free(&last);
    world_destroy(world);
}

static void a_request_that_is_not_what_was_signed_is_refused_whole(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts = parts_put(&hand, 0, key, 3000, 1);
    ((uint8_t *)parts.request)[2000] ^= 1;
    for (uint32_t i = 0; i < parts.count; i++)
        parts_send(&parts, i);
    world_run(world, MS);
    parts_listen(&parts);
    assert_false(parts.reply.came);
    assert_int_equal(parts.gapless, 0);
    assert_true(parts.delay_us > 0);
    assert_int_equal(WORLD_COUNTER(world, 1, drop_bad_part), 1);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_created), 1);
    parts_free(&parts);
    world_destroy(world);
}

/* ---- the largest, over bad lines ---- */

static void a_mebibyte_survives_the_loss_of_three_in_ten(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_faults(world, 300, 100, 10, 30000);
    struct parts parts = parts_put(&hand, 0, key, TORC_VALUE_BYTES_MAX, 7);
    assert_true(parts_persist(&parts, 20000 * MS));
    assert_int_equal(parts.reply.status, TORC_STATUS_OK);
    assert_int_equal(parts.reply.version, 2);
    assert_true(parts_are_there(&parts, key, 20000 * MS));
    world_faults(world, 0, 0, 0, 0);
    tale_at_rest(world);
    for (unsigned id = 1; id <= 3; id++) {
        assert_int_equal(WORLD_COUNTER(world, id, entries_applied), 2);
        assert_int_equal(WORLD_COUNTER(world, id, chains_resent), 0);
    }
    parts_free(&parts);
    world_destroy(world);
}

static void many_large_values_at_once_all_end_as_they_were(void **state)
{
    (void)state;
    struct world *world = tale_world(
        &(struct world_config){.nodes = 3, .partitions = 3, .class = {.kv_blocks = 60000}});
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts[6];
    hand.awaited = 1;
    world_cut(world, 2, 1, true); /* so that all of them lie in the log at once */
    for (unsigned i = 0; i < 6; i++) {
        hand_key(world, 0, i, key);
        parts[i] = parts_put(&hand, 0, key, 200000, (uint8_t)i);
        for (uint32_t k = 0; k < parts[i].count; k++)
            parts_send(&parts[i], k);
        world_run(world, 50000);
    }
    assert_int_equal(WORLD_COUNTER(world, 1, entries_created), 7);
    world_heal(world);
    world_faults(world, 100, 0, 0, 30000);
    for (unsigned i = 0; i < 6; i++) {
        hand_key(world, 0, i, key);
        assert_true(parts_persist(&parts[i], 10000 * MS));
        assert_int_equal(parts[i].reply.status, TORC_STATUS_OK);
        assert_true(parts_are_there(&parts[i], key, 10000 * MS));
        parts_free(&parts[i]);
    }
    world_faults(world, 0, 0, 0, 0);
    tale_at_rest(world);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_created), 7);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_of_three_parts_travels_down_the_chain),
        cmocka_unit_test(a_lost_part_alone_is_sent_again),
        cmocka_unit_test(the_head_tells_what_came),
        cmocka_unit_test(a_part_that_comes_late_gets_the_first_answer),
        cmocka_unit_test(a_large_request_under_way_needs_no_part_again),
        cmocka_unit_test(more_at_once_than_there_are_buffers_wait),
        cmocka_unit_test(requests_given_up_make_room),
        cmocka_unit_test(a_request_that_is_not_what_was_signed_is_refused_whole),
        cmocka_unit_test(a_mebibyte_survives_the_loss_of_three_in_ten),
        cmocka_unit_test(many_large_values_at_once_all_end_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
