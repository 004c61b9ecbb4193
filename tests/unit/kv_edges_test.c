/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The store at its edges: versions, the quota to the last block, the longest key and value, and
 * what a long life leaves behind.
 */
#include "engine/base/prng.h"
#include "engine/services/kv_store.h"
#include "tests/unit/kv_fixture.h"

#define EXPECT(answer, wanted_status, wanted_version)                                              \
    do {                                                                                           \
        struct torc_answer expect_answer = (answer);                                               \
        assert_int_equal(expect_answer.status, TORC_STATUS_##wanted_status);                       \
        assert_true(expect_answer.version == (wanted_version));                                    \
    } while (0)

static void a_version_is_the_number_of_the_entry(void **state)
{
    (void)state;
    struct kv_fixture store = fixture_kv(1, 100);
    EXPECT(fixture_put_text(&store, "a", 5), OK, 1u);
    EXPECT(fixture_put_text(&store, "b", 5), OK, 2u);
    EXPECT(fixture_put_text(&store, "a", 6), OK, 3u);
    EXPECT(fixture_get_text(&store, "a"), OK, 3u);
    EXPECT(fixture_delete_text(&store, "a"), OK, 4u);
    EXPECT(fixture_delete_text(&store, "a"), NOT_FOUND, 0u);
    EXPECT(fixture_get_text(&store, "a"), NOT_FOUND, 0u);
    EXPECT(fixture_put_text(&store, "a", 0), OK, 6u);
    EXPECT(fixture_get_text(&store, "b"), OK, 2u);
    fixture_kv_free(&store);
}

static void compare_and_set_takes_the_version_it_has_and_no_other(void **state)
{
    (void)state;
    struct kv_fixture store = fixture_kv(1, 100);
    EXPECT(fixture_cas_text(&store, "a", 7, 5), MISMATCH, 0u);
    EXPECT(fixture_cas_text(&store, "a", 0, 5), OK, 2u);
    EXPECT(fixture_cas_text(&store, "a", 0, 5), MISMATCH, 2u);
    EXPECT(fixture_cas_text(&store, "a", 2, 50), OK, 4u);
    EXPECT(fixture_cas_text(&store, "a", 2, 50), MISMATCH, 4u);
    EXPECT(fixture_delete_text(&store, "a"), OK, 6u);
    EXPECT(fixture_cas_text(&store, "a", 4, 5), MISMATCH, 0u);
    EXPECT(fixture_cas_text(&store, "a", 0, 5), OK, 8u);
    fixture_kv_free(&store);
}

static void full_leaves_the_old_value_and_a_healthy_store(void **state)
{
    (void)state;
    struct kv_fixture store = fixture_kv(1, 10);
    EXPECT(fixture_put_text(&store, "big", 101 + 7 * 120), OK, 1u); /* 8 blocks */
    assert_true(kv_blocks_used(store.kv, 0) == 8);
    EXPECT(fixture_put_text(&store, "two", 101 + 120), OK, 2u);
    EXPECT(fixture_put_text(&store, "x", 0), FULL, 0u);
    EXPECT(fixture_cas_text(&store, "x", 0, 0), FULL, 0u);
    EXPECT(fixture_put_text(&store, "two", 101 + 121), FULL, 2u);
    EXPECT(fixture_cas_text(&store, "two", 2, 101 + 121), FULL, 2u);
    assert_int_equal(fixture_get_text(&store, "two").total, 101 + 120);
    fixture_check_out(&store, 2, 0, 101 + 120);
    EXPECT(fixture_put_text(&store, "two", 101), OK, 7u);
    EXPECT(fixture_put_text(&store, "x", 103), OK, 8u);
    EXPECT(fixture_put_text(&store, "y", 0), FULL, 0u);
    EXPECT(fixture_delete_text(&store, "big"), OK, 10u);
    assert_true(kv_blocks_used(store.kv, 0) == 2 && kv_keys(store.kv, 0) == 2);
    fixture_kv_free(&store);
}

/* Keys with good hashes, or all with one: as many small items as blocks, not one less. */
static void fill_to_the_last_block(bool one_hash)
{
    enum { QUOTA = 5000 };
    struct kv_fixture store = fixture_kv(2, QUOTA);
    for (int round = 0; round < 3; round++) {
        for (uint32_t k = 0; k <= QUOTA; k++) {
            uint64_t hash = one_hash ? 5 : fixture_hash((uint8_t *)&k, sizeof k);
            struct torc_answer answer = fixture_write(&store, 1, KV_PUT, &k, sizeof k, hash, 64, 0);
            assert_int_equal(answer.status, k < QUOTA ? TORC_STATUS_OK : TORC_STATUS_FULL);
        }
        assert_true(kv_keys(store.kv, 1) == QUOTA && kv_keys(store.kv, 0) == 0);
        for (uint32_t k = 0; k < QUOTA; k++) {
            uint64_t hash = one_hash ? 5 : fixture_hash((uint8_t *)&k, sizeof k);
            EXPECT(
                fixture_get(&store, 1, &k, sizeof k, hash, 0, 64), OK, store.sequence - QUOTA + k);
        }
        for (uint32_t k = 0; k < QUOTA; k++) {
            uint32_t key = round == 1 ? QUOTA - 1 - k : k;
            uint64_t hash = one_hash ? 5 : fixture_hash((uint8_t *)&key, sizeof key);
            EXPECT(fixture_write(&store, 1, KV_DELETE, &key, sizeof key, hash, 0, 0), OK,
                store.sequence);
        }
        assert_true(kv_keys(store.kv, 1) == 0 && kv_blocks_used(store.kv, 1) == 0);
    }
    fixture_kv_free(&store);
}

static void the_quota_is_the_only_limit(void **state)
{
    (void)state;
    fill_to_the_last_block(false);
}

static void the_quota_is_the_only_limit_even_for_one_hash(void **state)
{
    (void)state;
    fill_to_the_last_block(true);
}

static void the_longest_key_and_value_are_kept_and_read_in_parts(void **state)
{
    (void)state;
    struct kv_fixture store = fixture_kv(1, 9000);
    uint8_t key[TORC_KEY_BYTES_MAX];
    memset(key, 'k', sizeof key);
    uint32_t bytes = TORC_VALUE_BYTES_MAX;
    EXPECT(fixture_write(&store, 0, KV_PUT, key, sizeof key, 1, bytes, 0), OK, 1u);
    assert_true(kv_blocks_used(store.kv, 0) == kv_blocks(sizeof key, bytes));
    for (uint32_t from = 0; from < bytes; from += 1336) {
        struct torc_answer answer = fixture_get(&store, 0, key, sizeof key, 1, from, 1336);
        assert_int_equal(answer.total, bytes);
        assert_int_equal(answer.bytes, bytes - from < 1336 ? bytes - from : 1336);
        assert_memory_equal(store.out, store.value + from, answer.bytes);
    }
    struct prng prng = {1};
    for (int i = 0; i < 20000; i++) {
        uint32_t from = prng_below(&prng, bytes + 1);
        struct torc_answer answer = fixture_get(&store, 0, key, sizeof key, 1, from, 9);
        assert_memory_equal(store.out, store.value + from, answer.bytes);
    }
    assert_int_equal(fixture_get(&store, 0, key, sizeof key, 1, UINT32_MAX, 9).bytes, 0);
    key[1023]++;
    EXPECT(fixture_get(&store, 0, key, sizeof key, 1, 0, 9), NOT_FOUND, 0u);
    fixture_kv_free(&store);
}

/* Any block of n within about twice the logarithm of n steps, for every length in between. */
static void any_part_of_a_value_is_few_steps_away(void **state)
{
    (void)state;
    struct kv_fixture store = fixture_kv(1, 9000);
    for (uint32_t blocks = 2; blocks <= 8700; blocks = blocks * 3 / 2 + 1) {
        (void)fixture_put_text(&store, "k", 104 - 1 + (blocks - 1) * 120);
        uint32_t *steps = calloc(store.kv->blocks.count + 1, sizeof *steps);
        uint32_t at = store.kv->home->block[0];
        uint32_t most = 0;
        uint32_t bound = 2;
        for (uint32_t n = blocks; n > 1; n /= 2)
            bound += 2;
        for (uint32_t i = 1; i < blocks; i++) {
            const struct kv_block *block = kv_block_at(store.kv, at);
            uint32_t to[2] = {block->next, block->jump};
            for (int j = 0; j < 2; j++)
                if (steps[to[j]] == 0 || steps[to[j]] > steps[at] + 1)
                    steps[to[j]] = steps[at] + 1;
            at = block->next;
            most = steps[at] > most ? steps[at] : most;
        }
        assert_int_equal(kv_block_at(store.kv, at)->next, 0);
        assert_true(most <= bound);
        free(steps);
    }
    fixture_kv_free(&store);
}

static void what_is_outside_the_limits_is_invalid(void **state)
{
    (void)state;
    struct kv_fixture store = fixture_kv(1, 100);
    uint8_t key[TORC_KEY_BYTES_MAX + 1] = {0};
    EXPECT(fixture_write(&store, 0, KV_PUT, key, 0, 1, 5, 0), INVALID, 0u);
    EXPECT(fixture_write(&store, 0, KV_PUT, key, sizeof key, 1, 5, 0), INVALID, 0u);
    EXPECT(fixture_write(&store, 0, 19, key, 8, 1, 5, 0), NO_SERVICE, 0u);
    struct torc_command command = {.operation = 129, .key = key, .key_bytes = 8};
    struct torc_answer answer;
    store.service->ops->read(store.service, 0, &command, store.out, 8, &answer);
    assert_int_equal(answer.status, TORC_STATUS_NO_SERVICE);
    assert_int_equal(answer.bytes, 0);
    assert_true(kv_keys(store.kv, 0) == 0);
    fixture_kv_free(&store);
}

/* Keys that come and go for ever use no more of the index than those that are there. */
static void a_long_life_leaves_nothing_behind(void **state)
{
    (void)state;
    enum { QUOTA = 700 };
    struct kv_fixture store = fixture_kv(1, QUOTA);
    for (uint64_t k = 0; k < 200000; k++) {
        uint64_t hash = fixture_hash((uint8_t *)&k, sizeof k);
        EXPECT(fixture_write(&store, 0, KV_PUT, &k, sizeof k, hash, 64, 0), OK, store.sequence);
        if (k < QUOTA - 1)
            continue;
        uint64_t old = k - (QUOTA - 1);
        hash = fixture_hash((uint8_t *)&old, sizeof old);
        EXPECT(
            fixture_write(&store, 0, KV_DELETE, &old, sizeof old, hash, 0, 0), OK, store.sequence);
    }
    uint32_t overflows = store.kv->overflows.fresh;
    for (uint32_t at = store.kv->overflows.unused; at != 0; at = store.kv->overflow[at].next)
        overflows--;
    assert_true(overflows < QUOTA / KV_BUCKET_LOAD / 4);
    assert_int_equal(store.kv->blocks.fresh, QUOTA);
    fixture_kv_free(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_is_the_number_of_the_entry),
        cmocka_unit_test(compare_and_set_takes_the_version_it_has_and_no_other),
        cmocka_unit_test(full_leaves_the_old_value_and_a_healthy_store),
        cmocka_unit_test(the_quota_is_the_only_limit),
        cmocka_unit_test(the_quota_is_the_only_limit_even_for_one_hash),
        cmocka_unit_test(the_longest_key_and_value_are_kept_and_read_in_parts),
        cmocka_unit_test(any_part_of_a_value_is_few_steps_away),
        cmocka_unit_test(what_is_outside_the_limits_is_invalid),
        cmocka_unit_test(a_long_life_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
