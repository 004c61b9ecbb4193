/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The log against a model that only remembers sizes: what is in it, what it says of itself, and
 * that entries stay whole whatever is moved around them.
 */
#include "tests/unit/log_fixture.h"

enum { VNODES = 7, WINDOW = 64 };

/* Of the smallest log: eight segments, two of them held back, the others to three quarters. */
#define SMALL_CAPACITY (6u * (LOG_SEGMENT_BYTES / 4 * 3))

struct model {
    uint32_t bytes[VNODES][WINDOW];
    uint64_t last[VNODES];
    uint64_t released[VNODES];
    uint64_t small; /* live bytes of records */
    uint64_t large; /* live entries */
};

static uint32_t record_bytes(uint32_t bytes)
{
    return ((bytes + 7) & ~7u) + 8;
}

static void count(struct model *model, uint32_t bytes, int sign)
{
    if (record_bytes(bytes) > LOG_SMALL_BYTES)
        model->large += (uint64_t)sign;
    else
        model->small += (uint64_t)((int64_t)sign * record_bytes(bytes));
}

static bool append(struct log_stream *log, struct model *model, uint32_t vnode, uint32_t bytes)
{
    bool full = model->last[vnode] - model->released[vnode] == WINDOW;
    assert_int_equal(log_window_full(log, vnode), full);
    if (full || !log_room(log, bytes, 0, 1))
        return false;
    uint64_t number = ++model->last[vnode];
    model->bytes[vnode][number % WINDOW] = bytes;
    count(model, bytes, 1);
    fixture_fill(log_append(log, vnode, bytes), vnode, number, bytes);
    return true;
}

static void release(struct log_stream *log, struct model *model, uint32_t vnode, uint64_t to)
{
    log_release(log, vnode, to);
    while (model->released[vnode] < to)
        count(model, model->bytes[vnode][++model->released[vnode] % WINDOW], -1);
}

static void check_vnode(const struct log_stream *log, const struct model *model, uint32_t vnode)
{
    assert_true(log_last(log, vnode) == model->last[vnode]);
    assert_true(log_released(log, vnode) == model->released[vnode]);
    for (uint64_t n = model->released[vnode] + 1; n <= model->last[vnode]; n++)
        fixture_check(log_entry(log, vnode, n), vnode, n, model->bytes[vnode][n % WINDOW]);
}

static void check_account(const struct log_stream *log, const struct model *model)
{
    uint64_t slot = (record_bytes(WIRE_ENTRY_BYTES_MAX) + 4095) & ~4095u;
    assert_true(log_used_bytes(log) == model->small + model->large * slot);
}

/* One random step. Vnode 0 is the straggler: it releases one entry where others release all. */
static void step(struct log_stream *log, struct model *model, struct prng *prng)
{
    uint32_t vnode = prng_below(prng, VNODES);
    uint64_t live = model->last[vnode] - model->released[vnode];
    if (prng_below(prng, 3) != 0) {
        (void)append(log, model, vnode, fixture_size(prng));
    } else if (vnode != 0) {
        uint64_t to = model->released[vnode] + prng_below(prng, (uint32_t)live + 1);
        release(log, model, vnode, to);
    } else if (live == WINDOW) {
        release(log, model, 0, model->released[0] + 1);
    }
}

static void holds_what_was_appended_and_nothing_else(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        void *memory;
        struct log_stream *log = fixture_log(0, VNODES, WINDOW, &memory);
        struct model model = {0};
        struct prng prng = {seed};
        for (int i = 0; i < 30000; i++) {
            step(log, &model, &prng);
            check_account(log, &model);
            if (i % 256 == 0)
                for (uint32_t v = 0; v < VNODES; v++)
                    check_vnode(log, &model, v);
        }
        assert_true(log_moved_bytes(log) > 0);
        for (uint32_t v = 0; v < VNODES; v++)
            release(log, &model, v, model.last[v]);
        assert_true(log_used_bytes(log) == 0);
        free(memory);
    }
}

/* Whatever the account admits there is a place for: fill it to the brim around stragglers. */
static void admits_exactly_what_the_account_has_room_for(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        void *memory;
        struct log_stream *log = fixture_log(0, VNODES, WINDOW, &memory);
        struct model model = {0};
        struct prng prng = {seed};
        uint32_t refused = 0;
        for (int i = 0; i < 20000; i++) {
            uint32_t vnode = prng_below(&prng, VNODES);
            uint32_t bytes = 4000 + prng_below(&prng, LOG_SMALL_BYTES - 4016);
            bool fits = model.small + record_bytes(bytes) <= SMALL_CAPACITY;
            if (model.last[vnode] - model.released[vnode] < WINDOW) {
                assert_int_equal(append(log, &model, vnode, bytes), fits);
                refused += !fits;
            }
            uint32_t other = prng_below(&prng, VNODES);
            if (!fits && model.released[other] < model.last[other])
                release(log, &model, other, model.released[other] + 1);
        }
        assert_true(refused > 1000 && log_moved_bytes(log) > 0);
        for (uint32_t v = 0; v < VNODES; v++)
            check_vnode(log, &model, v);
        free(memory);
    }
}

static void one_straggling_entry_in_each_segment_blocks_nobody(void **state)
{
    (void)state;
    void *memory;
    struct log_stream *log = fixture_log(0, 2, 4096, &memory);
    uint32_t bytes = 1000;
    uint64_t straggler = 0;
    for (uint64_t n = 1; n <= 40000; n++) {
        assert_true(log_room(log, bytes, 0, 3));
        fixture_fill(log_append(log, 1, bytes), 1, n, bytes);
        if (n % 50 == 0)
            log_release(log, 1, n);
        if (n % 100 != 0)
            continue;
        assert_true(log_room(log, 88, 0, 3));
        fixture_fill(log_append(log, 0, 88), 0, ++straggler, 88);
    }
    assert_true(straggler == 400);
    for (uint64_t n = 1; n <= straggler; n++)
        fixture_check(log_entry(log, 0, n), 0, n, 88);
    /* they were few: moving them cost little beside what was written */
    assert_true(log_moved_bytes(log) > 0);
    assert_true(log_moved_bytes(log) < 40000u * bytes / 10);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_was_appended_and_nothing_else),
        cmocka_unit_test(admits_exactly_what_the_account_has_room_for),
        cmocka_unit_test(one_straggling_entry_in_each_segment_blocks_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
