/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Assemblies: parts in any order, any number of times, become what they were cut from.
 */
#include "engine/base/prng.h"
#include "engine/chain/assembly.h"
#include "tests/unit/memory_fixture.h"

static struct assembly_pool fixture_pool(uint32_t count, void **memory)
{
    struct assembly_pool pool = {0};
    struct arena counting = memory_counting();
    assembly_pool_init(&pool, &counting, count);
    assert_null(pool.assembly);
    struct arena arena = memory_counted(counting);
    assembly_pool_init(&pool, &arena, count);
    assert_int_equal(arena.used, counting.used);
    *memory = arena.base;
    return pool;
}

static struct assembly_name name_of(uint32_t vnode, uint64_t minor)
{
    return (struct assembly_name){.vnode = vnode, .major = {1, 2}, .minor = minor};
}

static uint8_t byte_at(uint32_t offset)
{
    return (uint8_t)(offset * 31 + (offset >> 8));
}

/* Adds part `part` as it would come in a packet. */
static bool add(struct assembly *assembly, uint32_t part, uint64_t now_ns)
{
    uint8_t bytes[WIRE_PART_BYTES];
    uint32_t offset = part * WIRE_PART_BYTES;
    uint32_t left = assembly->total - offset;
    for (uint32_t i = 0; i < WIRE_PART_BYTES; i++)
        bytes[i] = i < left ? byte_at(offset + i) : 0xee; /* not to be read */
    return assembly_add(assembly, assembly->total, offset, bytes, now_ns);
}

static void check_bytes(const struct assembly *assembly)
{
    assert_int_equal((uintptr_t)assembly->bytes % 8, 0);
    for (uint32_t i = 0; i < assembly->total; i++)
        assert_int_equal(assembly->bytes[i], byte_at(i));
}

/* The bitmap as its contract has it, counted part by part. */
static void check_came(const struct assembly *assembly, const bool *came)
{
    uint32_t gapless = 0, missing = 0;
    uint64_t bitmap = 0;
    while (gapless < assembly->parts && came[gapless])
        gapless++;
    for (uint32_t i = 0; i < assembly->parts; i++)
        missing += !came[i];
    for (uint32_t i = 0; i < 64 && gapless + 1 + i < assembly->parts; i++)
        bitmap |= (uint64_t)came[gapless + 1 + i] << i;
    assert_int_equal(assembly->gapless, gapless);
    assert_int_equal(assembly->missing, missing);
    assert_int_equal(assembly_whole(assembly), missing == 0);
    assert_true(assembly_bitmap(assembly) == bitmap);
}

static void parts_in_any_order_become_the_whole(void **state)
{
    (void)state;
    static const uint32_t totals[] = {1, WIRE_PART_BYTES - 1, WIRE_PART_BYTES, WIRE_PART_BYTES + 1,
        WIRE_PART_BYTES * 63 + 5, WIRE_PART_BYTES * 64, WIRE_PART_BYTES * 65 + 1, 300000,
        WIRE_ENTRY_BYTES_MAX};
    void *memory;
    struct prng prng = {5};
    struct assembly_pool pool = fixture_pool(2, &memory);
    for (unsigned t = 0; t < sizeof totals / sizeof *totals; t++) {
        static bool came[ASSEMBLY_PARTS_MAX];
        struct assembly_name name = name_of(1, t);
        struct assembly *assembly = assembly_start(&pool, &name, totals[t], 1);
        memset(assembly->bytes, 0, totals[t]);
        memset(came, 0, sizeof came);
        assert_int_equal(
            assembly->parts, totals[t] / WIRE_PART_BYTES + (totals[t] % WIRE_PART_BYTES != 0));
        check_came(assembly, came);
        while (!assembly_whole(assembly)) {
            uint32_t part = prng_below(&prng, assembly->parts);
            assert_true(add(assembly, part, 2));
            came[part] = true;
            check_came(assembly, came);
        }
        check_bytes(assembly);
        assembly_end(&pool, assembly);
    }
    free(memory);
}

static void a_part_that_came_is_not_taken_again(void **state)
{
    (void)state;
    void *memory;
    struct assembly_pool pool = fixture_pool(1, &memory);
    struct assembly_name name = name_of(1, 1);
    struct assembly *assembly = assembly_start(&pool, &name, 2 * WIRE_PART_BYTES, 1);
    uint8_t other[WIRE_PART_BYTES] = {0};
    assert_true(add(assembly, 0, 2));
    assert_true(assembly_add(assembly, assembly->total, 0, other, 9));
    assert_int_equal(assembly->missing, 1);
    assert_true(assembly->touched_ns == 9);
    assert_true(add(assembly, 1, 2));
    check_bytes(assembly);
    free(memory);
}

static void a_part_that_contradicts_the_others_is_refused(void **state)
{
    (void)state;
    void *memory;
    struct assembly_pool pool = fixture_pool(1, &memory);
    struct assembly_name name = name_of(1, 1);
    uint32_t total = 2 * WIRE_PART_BYTES + 5;
    struct assembly *assembly = assembly_start(&pool, &name, total, 1);
    uint8_t bytes[WIRE_PART_BYTES] = {0};
    assert_false(assembly_add(assembly, total - 1, 0, bytes, 2));
    assert_false(assembly_add(assembly, total + 1, 0, bytes, 2));
    assert_false(assembly_add(assembly, total, 1, bytes, 2));
    assert_false(assembly_add(assembly, total, 3 * WIRE_PART_BYTES, bytes, 2));
    assert_false(
        assembly_add(assembly, total, UINT32_MAX / WIRE_PART_BYTES * WIRE_PART_BYTES, bytes, 2));
    assert_int_equal(assembly->missing, 3);
    assert_true(assembly->touched_ns == 1);
    free(memory);
}

static void each_is_found_by_its_whole_name(void **state)
{
    (void)state;
    void *memory;
    struct assembly_pool pool = fixture_pool(5, &memory);
    struct assembly_name name[5] = {
        name_of(1, 1), name_of(2, 1), name_of(1, 2), name_of(1, 1), name_of(1, 1)};
    struct assembly *assembly[5];
    name[3].major[0] = 9;
    name[4].major[1] = 9;
    assert_null(assembly_find(&pool, &name[0]));
    for (unsigned i = 0; i < 5; i++) {
        assert_null(assembly_find(&pool, &name[i]));
        assembly[i] = assembly_start(&pool, &name[i], 10, 1);
    }
    for (unsigned i = 0; i < 5; i++)
        assert_ptr_equal(assembly_find(&pool, &name[i]), assembly[i]);
    assembly_end(&pool, assembly[2]);
    assert_null(assembly_find(&pool, &name[2]));
    EXPECT_ASSERTION(assembly_end(&pool, assembly[2]));
    free(memory);
}

static void no_more_than_the_pool_at_once(void **state)
{
    (void)state;
    void *memory;
    struct assembly_pool pool = fixture_pool(3, &memory);
    struct assembly *assembly[3];
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 3; i++) {
            struct assembly_name name = name_of(i, round);
            assembly[i] = assembly_start(&pool, &name, 3000 + i, 1);
            assert_non_null(assembly[i]);
            assert_int_equal(assembly[i]->missing, 3); /* nothing of who was here before */
            assert_true(add(assembly[i], 1, 1));
        }
        struct assembly_name name = name_of(9, 9);
        assert_null(assembly_start(&pool, &name, 10, 1));
        for (unsigned i = 0; i < 3; i++)
            assembly_end(&pool, assembly[(i + round) % 3]);
        assert_int_equal(pool.used, 0);
    }
    struct assembly_name name = name_of(1, 1);
    EXPECT_ASSERTION(assembly_start(&pool, &name, 0, 1));
    EXPECT_ASSERTION(assembly_start(&pool, &name, WIRE_ENTRY_BYTES_MAX + 1, 1));
    free(memory);
}

static void the_oldest_is_the_one_untouched_for_longest(void **state)
{
    (void)state;
    void *memory;
    struct assembly_pool pool = fixture_pool(3, &memory);
    struct assembly *assembly[3];
    assert_null(assembly_oldest(&pool, UINT64_MAX));
    for (unsigned i = 0; i < 3; i++) {
        struct assembly_name name = name_of(i, 1);
        assembly[i] = assembly_start(&pool, &name, 3 * WIRE_PART_BYTES, 100 + i);
    }
    assert_null(assembly_oldest(&pool, 100));
    assert_ptr_equal(assembly_oldest(&pool, 101), assembly[0]);
    assert_true(add(assembly[0], 2, 200));
    assert_ptr_equal(assembly_oldest(&pool, 1000), assembly[1]);
    assembly_end(&pool, assembly[1]);
    assert_ptr_equal(assembly_oldest(&pool, 1000), assembly[2]);
    assembly_end(&pool, assembly[2]);
    assert_ptr_equal(assembly_oldest(&pool, 1000), assembly[0]);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_in_any_order_become_the_whole),
        cmocka_unit_test(a_part_that_came_is_not_taken_again),
        cmocka_unit_test(a_part_that_contradicts_the_others_is_refused),
        cmocka_unit_test(each_is_found_by_its_whole_name),
        cmocka_unit_test(no_more_than_the_pool_at_once),
        cmocka_unit_test(the_oldest_is_the_one_untouched_for_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
