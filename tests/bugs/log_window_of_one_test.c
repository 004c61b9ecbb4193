/* SPDX-License-Identifier: BSD-3-Clause
 *
 * With a window of one entry the index of every second vnode was not aligned: undefined, and slow
 * or worse where the machine minds.
 */
#include "tests/unit/log_fixture.h"

static void every_index_is_aligned_at_every_window(void **state)
{
    (void)state;
    for (uint32_t window = 1; window <= 64; window *= 2) {
        void *memory;
        struct log_stream *log = fixture_log(0, 5, window, &memory);
        for (uint32_t vnode = 0; vnode < 5; vnode++)
            assert_int_equal((uintptr_t)log_vnode(log, vnode) % _Alignof(struct log_vnode), 0);
        free(memory);
    }
}

static void vnodes_with_a_window_of_one_keep_apart(void **state)
{
    (void)state;
    void *memory;
    struct log_stream *log = fixture_log(0, 3, 1, &memory);
    for (uint64_t number = 1; number <= 100; number++)
        for (uint32_t vnode = 0; vnode < 3; vnode++) {
            if (number > 1) {
                fixture_check(log_entry(log, vnode, number - 1), vnode, number - 1, 100);
                assert_true(log_window_full(log, vnode));
                log_release(log, vnode, number - 1);
            }
            assert_true(log_room(log, 100, 0, 1));
            fixture_fill(log_append(log, vnode, 100), vnode, number, 100);
        }
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_is_aligned_at_every_window),
        cmocka_unit_test(vnodes_with_a_window_of_one_keep_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
