/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Arenas, assertions, texts of errors, pseudo-random numbers.
 */
#include <torc/error.h>
#include <torc/types.h>

#include "engine/base/prng.h"
#include "engine/base/text.h"
#include "tests/unit/memory_fixture.h"

static void cut(struct arena *arena, uint8_t *taken[3])
{
    taken[0] = ARENA_ARRAY(arena, uint8_t, 1);
    taken[1] = arena_take(arena, 0);
    taken[2] = (uint8_t *)ARENA_ARRAY(arena, uint64_t, 9);
}

static void counting_an_arena_says_what_cutting_it_takes(void **state)
{
    (void)state;
    uint8_t *taken[3];
    struct arena counting = memory_counting();
    cut(&counting, taken);
    for (int i = 0; i < 3; i++)
        assert_null(taken[i]);
    assert_int_equal(counting.used, 64 + 0 + 128);
    struct arena arena = memory_counted(counting);
    cut(&arena, taken);
    assert_int_equal(arena.used, counting.used);
    assert_ptr_equal(taken[0], arena.base);
    assert_ptr_equal(taken[2], arena.base + 64);
    free(arena.base);
}

static void what_an_arena_hands_out_shares_no_cache_line(void **state)
{
    (void)state;
    struct arena counting = {.capacity = 0};
    (void)arena_take(&counting, 1000);
    struct arena arena = memory_counted(counting);
    for (int i = 0; i < 16; i++)
        assert_int_equal((uintptr_t)arena_take(&arena, 3) % ARENA_ALIGN, 0);
    EXPECT_ASSERTION((void)arena_take(&arena, 1));
    free(arena.base);
}

static void an_arena_refuses_a_size_that_wraps(void **state)
{
    (void)state;
    struct arena counting = memory_counting();
    EXPECT_ASSERTION((void)arena_take(&counting, SIZE_MAX - 5));
}

static void an_assertion_that_holds_is_silent(void **state)
{
    (void)state;
    base_assert_handler_set(memory_assert_caught);
    int calls = 0;
    TORC_ASSERT(++calls == 1);
    assert_int_equal(calls, 1);
    base_assert_handler_set(NULL);
}

static void every_error_and_status_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (int error = 0; error <= TORC_ESTOPPED; error++) {
        assert_string_equal(torc_strerror(error), torc_strerror(-error));
        for (int other = 0; other < error; other++)
            assert_string_not_equal(torc_strerror(error), torc_strerror(other));
    }
    assert_string_equal(torc_strerror(-10000), "an error that this version does not know");
    for (int status = 0; status <= TORC_STATUS_NO_SERVICE; status++)
        for (int other = 0; other < status; other++) {
            assert_string_not_equal(torc_status_text(status), torc_status_text(other));
            assert_string_not_equal(torc_status_name(status), torc_status_name(other));
        }
    assert_string_equal(torc_status_name(TORC_STATUS_NOT_FOUND), "NOT_FOUND");
    assert_string_equal(torc_status_name(60000), "UNKNOWN_STATUS");
    assert_string_equal(torc_status_text(-1), "a status that this version does not know");
}

static void a_text_is_cut_where_its_room_ends(void **state)
{
    (void)state;
    char buffer[24];
    memset(buffer, 'x', sizeof buffer);
    struct text text;
    text_init(&text, buffer, 20);
    assert_string_equal(buffer, "");
    text_add(&text, "node ");
    text_add_number(&text, 0);
    text_add(&text, " ");
    text_add_address(&text, 0x0a000203, 65535);
    assert_string_equal(buffer, "node 0 10.0.2.3:655");
    text_add(&text, "more");
    assert_string_equal(buffer, "node 0 10.0.2.3:655");
    assert_int_equal(text.bytes, 19);
    assert_int_equal(buffer[20], 'x');
}

static void a_number_is_written_to_its_last_digit(void **state)
{
    (void)state;
    char buffer[24];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    text_add_number(&text, UINT64_MAX);
    assert_string_equal(buffer, "18446744073709551615");
}

/* The published first values of SplitMix64 with seed 1234567. */
static void the_same_seed_gives_the_same_numbers_for_ever(void **state)
{
    (void)state;
    static const uint64_t values[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821)};
    struct prng prng = {1234567};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_true(prng_next(&prng) == values[i]);
}

static void numbers_below_a_limit_are_even(void **state)
{
    (void)state;
    uint32_t seen[7] = {0};
    struct prng prng = {1};
    for (int i = 0; i < 70000; i++)
        seen[prng_below(&prng, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 9600, 10400);
    assert_int_equal(prng_below(&prng, 1), 0);
    assert_int_equal(prng_below(&prng, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counting_an_arena_says_what_cutting_it_takes),
        cmocka_unit_test(what_an_arena_hands_out_shares_no_cache_line),
        cmocka_unit_test(an_arena_refuses_a_size_that_wraps),
        cmocka_unit_test(an_assertion_that_holds_is_silent),
        cmocka_unit_test(every_error_and_status_has_a_text_of_its_own),
        cmocka_unit_test(a_text_is_cut_where_its_room_ends),
        cmocka_unit_test(a_number_is_written_to_its_last_digit),
        cmocka_unit_test(the_same_seed_gives_the_same_numbers_for_ever),
        cmocka_unit_test(numbers_below_a_limit_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
