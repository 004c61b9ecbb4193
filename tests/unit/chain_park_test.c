/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parked entries: in order whatever order they came in, each once, bounded.
 */
#include "engine/base/prng.h"
#include "engine/chain/park.h"
#include "tests/unit/log_fixture.h"

static struct park fixture_park(uint32_t slots, void **memory)
{
    struct park park = {0};
    struct arena counting = memory_counting();
    park_init(&park, &counting, slots);
    assert_null(park.slot);
    struct arena arena = memory_counted(counting);
    park_init(&park, &arena, slots);
    assert_int_equal(arena.used, counting.used);
    *memory = arena.base;
    return park;
}

static enum park_result keep(
    struct park *park, uint32_t *first, uint32_t vnode, uint64_t number, uint32_t bytes)
{
    uint64_t entry[WIRE_FRAMES_BYTES / 8];
    fixture_fill((struct wire_entry *)entry, vnode, number, bytes);
    return park_keep(park, first, (const struct wire_entry *)entry, bytes);
}

static uint32_t free_slots(const struct park *park)
{
    uint32_t count = 0;
    for (uint32_t i = park->free; i != PARK_NONE; i = park->slot[i].next)
        count++;
    return count;
}

static void nothing_is_parked_at_first(void **state)
{
    (void)state;
    void *memory;
    struct park park = fixture_park(4, &memory);
    uint32_t first = PARK_NONE;
    assert_null(park_first(&park, PARK_NONE, UINT64_MAX));
    EXPECT_ASSERTION(park_drop_first(&park, &first));
    free(memory);
}

static void an_entry_is_kept_whole_at_every_size(void **state)
{
    (void)state;
    void *memory;
    struct park park = fixture_park(1, &memory);
    for (uint32_t bytes = sizeof(struct wire_entry); bytes <= WIRE_FRAMES_BYTES; bytes++) {
        uint32_t first = PARK_NONE;
        assert_int_equal(keep(&park, &first, 3, bytes, bytes), PARK_KEPT);
        const struct park_slot *slot = park_first(&park, first, bytes);
        assert_non_null(slot);
        assert_int_equal(slot->bytes, bytes);
        const struct wire_entry *entry = (const struct wire_entry *)slot->entry;
        assert_true(entry->sequence == bytes && slot->sequence == bytes);
        for (uint32_t i = sizeof *entry; i < bytes; i++)
            assert_int_equal(slot->entry[i], (uint8_t)(3 * 31 + bytes * 7));
        park_drop_first(&park, &first);
        assert_int_equal(first, PARK_NONE);
    }
    uint32_t first = PARK_NONE;
    uint64_t large[WIRE_FRAMES_BYTES / 8 + 1] = {0};
    EXPECT_ASSERTION(
        park_keep(&park, &first, (const struct wire_entry *)large, WIRE_FRAMES_BYTES + 1));
    free(memory);
}

static void the_first_shows_only_when_its_turn_has_come(void **state)
{
    (void)state;
    void *memory;
    struct park park = fixture_park(4, &memory);
    uint32_t first = PARK_NONE;
    assert_int_equal(keep(&park, &first, 0, 7, 100), PARK_KEPT);
    assert_null(park_first(&park, first, 6));
    assert_true(park_first(&park, first, 7)->sequence == 7);
    assert_true(park_first(&park, first, 8)->sequence == 7); /* overtaken: to be dropped */
    free(memory);
}

static void an_entry_is_kept_once(void **state)
{
    (void)state;
    void *memory;
    struct park park = fixture_park(4, &memory);
    uint32_t first = PARK_NONE;
    const uint64_t numbers[] = {5, 9, 7};
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(keep(&park, &first, 0, numbers[i], 100), PARK_KEPT);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(keep(&park, &first, 0, numbers[i], 100), PARK_KNOWN);
    assert_int_equal(free_slots(&park), 1);
    free(memory);
}

static void what_finds_no_slot_is_told_so(void **state)
{
    (void)state;
    void *memory;
    struct park park = fixture_park(2, &memory);
    uint32_t a = PARK_NONE, b = PARK_NONE;
    assert_int_equal(keep(&park, &a, 0, 3, 100), PARK_KEPT);
    assert_int_equal(keep(&park, &b, 1, 3, 100), PARK_KEPT);
    assert_int_equal(keep(&park, &a, 0, 2, 100), PARK_FULL);
    assert_int_equal(keep(&park, &a, 0, 3, 100), PARK_KNOWN); /* known needs no slot */
    park_drop_first(&park, &b);
    assert_int_equal(keep(&park, &a, 0, 2, 100), PARK_KEPT);
    assert_true(park_first(&park, a, UINT64_MAX)->sequence == 2);
    free(memory);

    struct park none = fixture_park(0, &memory);
    a = PARK_NONE;
    assert_int_equal(keep(&none, &a, 0, 3, 100), PARK_FULL);
    free(memory);
}

#define LISTS   5u
#define SLOTS   64u
#define NUMBERS 200u

/* Many lists in one park, against a plain table of what each holds. */
static void lists_are_ordered_and_apart(void **state)
{
    (void)state;
    static bool held[LISTS][NUMBERS];
    void *memory;
    struct prng prng = {11};
    struct park park = fixture_park(SLOTS, &memory);
    uint32_t first[LISTS], count = 0;
    memset(held, 0, sizeof held);
    memset(first, 0xff, sizeof first);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t list = prng_below(&prng, LISTS);
        uint32_t number = prng_below(&prng, NUMBERS);
        if (prng_below(&prng, 2) == 0) {
            enum park_result expected = held[list][number] ? PARK_KNOWN
                                        : count == SLOTS   ? PARK_FULL
                                                           : PARK_KEPT;
            assert_int_equal(keep(&park, &first[list], list, number, 80), expected);
            count += expected == PARK_KEPT;
            held[list][number] = held[list][number] || expected == PARK_KEPT;
        } else {
            uint32_t lowest = 0;
            while (lowest < NUMBERS && !held[list][lowest])
                lowest++;
            const struct park_slot *slot = park_first(&park, first[list], number);
            assert_int_equal(slot != NULL, lowest <= number);
            if (slot == NULL)
                continue;
            assert_int_equal(slot->sequence, lowest);
            assert_int_equal(((const struct wire_entry *)slot->entry)->sequence, lowest);
            park_drop_first(&park, &first[list]);
            held[list][lowest] = false;
            count--;
        }
        assert_int_equal(free_slots(&park), SLOTS - count);
    }
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_parked_at_first),
        cmocka_unit_test(an_entry_is_kept_whole_at_every_size),
        cmocka_unit_test(the_first_shows_only_when_its_turn_has_come),
        cmocka_unit_test(an_entry_is_kept_once),
        cmocka_unit_test(what_finds_no_slot_is_told_so),
        cmocka_unit_test(lists_are_ordered_and_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
