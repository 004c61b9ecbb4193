/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The log at its edges: sizes, windows, many vnodes, places that are used again.
 */
#include "tests/unit/log_fixture.h"

static void append(struct log_stream *log, uint32_t vnode, uint32_t bytes)
{
    assert_true(log_room(log, bytes, 0, 1));
    uint64_t number = log_last(log, vnode) + 1;
    fixture_fill(log_append(log, vnode, bytes), vnode, number, bytes);
    fixture_check(log_entry(log, vnode, number), vnode, number, bytes);
}

static void a_new_log_is_empty(void **state)
{
    (void)state;
    void *memory;
    struct log_stream *log = fixture_log(0, 3, 16, &memory);
    for (uint32_t v = 0; v < 3; v++) {
        assert_true(log_last(log, v) == 0);
        assert_true(log_released(log, v) == 0);
        assert_false(log_window_full(log, v));
    }
    assert_true(log_used_bytes(log) == 0);
    assert_true(log_capacity_bytes(log) <= log_bytes_min());
    free(memory);
}

static void the_window_bounds_what_is_unreleased(void **state)
{
    (void)state;
    void *memory;
    struct log_stream *log = fixture_log(0, 2, 4, &memory);
    for (int i = 0; i < 4; i++)
        append(log, 1, 100);
    assert_true(log_window_full(log, 1));
    assert_false(log_window_full(log, 0));
    EXPECT_ASSERTION((void)log_append(log, 1, 100));
    log_release(log, 1, 1);
    assert_false(log_window_full(log, 1));
    append(log, 1, 100);
    assert_true(log_window_full(log, 1));
    free(memory);
}

static void releasing_again_changes_nothing(void **state)
{
    (void)state;
    void *memory;
    struct log_stream *log = fixture_log(0, 1, 8, &memory);
    for (int i = 0; i < 5; i++)
        append(log, 0, 100);
    log_release(log, 0, 3);
    uint64_t used = log_used_bytes(log);
    log_release(log, 0, 3);
    log_release(log, 0, 1);
    assert_true(log_used_bytes(log) == used);
    assert_true(log_released(log, 0) == 3);
    EXPECT_ASSERTION(log_release(log, 0, 6));
    free(memory);
}

static void only_numbers_it_holds_have_an_entry(void **state)
{
    (void)state;
    void *memory;
    struct log_stream *log = fixture_log(0, 1, 8, &memory);
    for (int i = 0; i < 5; i++)
        append(log, 0, 100);
    log_release(log, 0, 2);
    EXPECT_ASSERTION((void)log_entry(log, 0, 2));
    EXPECT_ASSERTION((void)log_entry(log, 0, 6));
    EXPECT_ASSERTION((void)log_entry(log, 0, 0));
    fixture_check(log_entry(log, 0, 3), 0, 3, 100);
    fixture_check(log_entry(log, 0, 5), 0, 5, 100);
    free(memory);
}

/* Around what separates small from large, and at both ends. */
static void every_size_is_kept_whole(void **state)
{
    (void)state;
    void *memory;
    struct log_stream *log = fixture_log(0, 1, 8, &memory);
    for (uint32_t bytes = 80; bytes < 120; bytes++) {
        append(log, 0, bytes);
        log_release(log, 0, log_last(log, 0));
    }
    for (uint32_t bytes = LOG_SMALL_BYTES - 20; bytes < LOG_SMALL_BYTES + 20; bytes++) {
        append(log, 0, bytes);
        append(log, 0, bytes);
        log_release(log, 0, log_last(log, 0));
    }
    for (uint32_t bytes = WIRE_ENTRY_BYTES_MAX - 9; bytes <= WIRE_ENTRY_BYTES_MAX; bytes++) {
        append(log, 0, bytes);
        log_release(log, 0, log_last(log, 0));
    }
    assert_true(log_used_bytes(log) == 0);
    free(memory);
}

static void holds_65536_vnodes(void **state)
{
    (void)state;
    void *memory;
    struct log_stream *log = fixture_log(0, LOG_VNODES_MAX, 8, &memory);
    static const uint32_t some[] = {0, 1, 32767, 32768, 65534, 65535};
    for (int round = 0; round < 4000; round++)
        for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
            if (log_window_full(log, some[i]))
                log_release(log, some[i], log_last(log, some[i]) - (i == 0 ? 7 : 1));
            append(log, some[i], 80 + (uint32_t)i * 500);
        }
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        assert_true(log_last(log, some[i]) == 4000);
    free(memory);
}

/* A stream with little in flight stays in little memory, that is, in the cache. */
static void what_was_freed_last_is_used_first(void **state)
{
    (void)state;
    void *memory;
    struct log_stream *log = fixture_log(64u << 20, 1, 64, &memory);
    const struct wire_entry *low = NULL;
    const struct wire_entry *high = NULL;
    for (uint64_t n = 1; n <= 100000; n++) {
        append(log, 0, 144);
        const struct wire_entry *entry = log_entry(log, 0, n);
        low = low == NULL || entry < low ? entry : low;
        high = high == NULL || entry > high ? entry : high;
        if (n > 32)
            log_release(log, 0, n - 32);
    }
    assert_true((const uint8_t *)high - (const uint8_t *)low < 2 * (int64_t)LOG_SEGMENT_BYTES);
    assert_true(log_moved_bytes(log) == 0);
    free(memory);
}

static void a_member_nearer_the_tail_may_use_more(void **state)
{
    (void)state;
    void *memory;
    struct log_stream *log = fixture_log(0, 1, 65536, &memory);
    for (uint32_t position = 0; position < TORC_REPLICAS_MAX + 1; position++) {
        uint32_t length = TORC_REPLICAS_MAX + 1;
        uint32_t more = 0;
        for (; log_room(log, LOG_SMALL_BYTES - 16, position, length); more++)
            (void)log_append(log, 0, LOG_SMALL_BYTES - 16);
        assert_true(more >= 1);
        for (more = 0; log_room(log, WIRE_ENTRY_BYTES_MAX, position, length); more++)
            (void)log_append(log, 0, WIRE_ENTRY_BYTES_MAX);
        assert_true(more >= 1);
    }
    assert_false(log_room(log, LOG_SMALL_BYTES - 16, 0, 1));
    assert_true(log_room(log, 80, 0, 1) || log_used_bytes(log) + 88 > log_capacity_bytes(log));
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_log_is_empty),
        cmocka_unit_test(the_window_bounds_what_is_unreleased),
        cmocka_unit_test(releasing_again_changes_nothing),
        cmocka_unit_test(only_numbers_it_holds_have_an_entry),
        cmocka_unit_test(every_size_is_kept_whole),
        cmocka_unit_test(holds_65536_vnodes),
        cmocka_unit_test(what_was_freed_last_is_used_first),
        cmocka_unit_test(a_member_nearer_the_tail_may_use_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
