/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Percentiles against a sorted list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/histogram.h"
#include "engine/base/prng.h"

static struct histogram histogram;

static int empty_before(void **state)
{
    (void)state;
    memset(&histogram, 0xff, sizeof histogram);
    histogram_init(&histogram);
    return 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void without_records_all_is_zero(void **state)
{
    (void)state;
    assert_true(histogram_percentile(&histogram, 50) == 0);
    assert_true(histogram_percentile(&histogram, 100) == 0);
    assert_true(histogram_mean(&histogram) == 0);
}

static void short_durations_are_exact(void **state)
{
    (void)state;
    for (uint64_t ns = 0; ns < 256; ns++) {
        assert_int_equal(histogram_bucket(ns), ns);
        histogram_record(&histogram, ns);
    }
    assert_true(histogram_percentile(&histogram, 0) == 0);
    assert_true(histogram_percentile(&histogram, 50) == 127);
    assert_true(histogram_percentile(&histogram, 100) == 255);
    assert_true(histogram_mean(&histogram) == 127);
}

static void buckets_follow_each_other_without_gap_or_overlap(void **state)
{
    (void)state;
    uint32_t last = 0;
    for (uint64_t ns = 1; ns < 1u << 20; ns++) {
        uint32_t bucket = histogram_bucket(ns);
        assert_true(bucket == last || bucket == last + 1);
        last = bucket;
    }
    assert_int_equal(histogram_bucket((UINT64_C(1) << HISTOGRAM_BITS) - 1), HISTOGRAM_BUCKETS - 1);
    for (uint32_t bit = 8; bit < HISTOGRAM_BITS; bit++)
        assert_int_equal(
            histogram_bucket((UINT64_C(1) << bit) - 1) + 1, histogram_bucket(UINT64_C(1) << bit));
}

static void percentiles_are_right_to_one_in_128(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    static uint64_t sorted[COUNT];
    static const double percents[] = {0.001, 1, 25, 50, 90, 99, 99.9, 99.99, 100};
    struct prng prng = {7};
    for (int i = 0; i < COUNT; i++) {
        sorted[i] = prng_next(&prng) >> (24 + prng_below(&prng, 32));
        histogram_record(&histogram, sorted[i]);
    }
    qsort(sorted, COUNT, sizeof *sorted, compare);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        double at = COUNT * percents[i] / 100;
        uint64_t rank = (uint64_t)(at + 0.999999);
        uint64_t exact = sorted[rank == 0 ? 0 : rank - 1];
        uint64_t said = histogram_percentile(&histogram, percents[i]);
        assert_true(said >= exact && said - exact <= exact / 128);
    }
    assert_true(histogram_percentile(&histogram, 100) == sorted[COUNT - 1]);
}

static void a_percentile_is_not_rounded_up_to_the_next_record(void **state)
{
    (void)state;
    for (int i = 0; i < 999; i++)
        histogram_record(&histogram, 10);
    histogram_record(&histogram, 200);
    assert_true(histogram_percentile(&histogram, 99.9) == 10);
    assert_true(histogram_percentile(&histogram, 99.91) == 200);
}

static void the_longest_durations_count_as_the_limit(void **state)
{
    (void)state;
    histogram_record(&histogram, UINT64_MAX / 4);
    histogram_record(&histogram, 5);
    assert_true(histogram_percentile(&histogram, 50) == 5);
    assert_true(histogram_percentile(&histogram, 100) == (UINT64_C(1) << HISTOGRAM_BITS) - 1);
    assert_true(histogram.max_ns == UINT64_MAX / 4);
}

static void merging_is_recording_in_one(void **state)
{
    (void)state;
    static struct histogram part[3];
    memset(part, 0, sizeof part);
    struct prng prng = {9};
    for (int i = 0; i < 10000; i++) {
        uint64_t ns = prng_next(&prng) >> 40;
        histogram_record(&histogram, ns);
        histogram_record(&part[i % 3], ns);
    }
    histogram_merge(&part[0], &part[1]);
    histogram_merge(&part[0], &part[2]);
    assert_memory_equal(&part[0], &histogram, sizeof histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_records_all_is_zero, empty_before),
        cmocka_unit_test_setup(short_durations_are_exact, empty_before),
        cmocka_unit_test_setup(buckets_follow_each_other_without_gap_or_overlap, empty_before),
        cmocka_unit_test_setup(percentiles_are_right_to_one_in_128, empty_before),
        cmocka_unit_test_setup(a_percentile_is_not_rounded_up_to_the_next_record, empty_before),
        cmocka_unit_test_setup(the_longest_durations_count_as_the_limit, empty_before),
        cmocka_unit_test_setup(merging_is_recording_in_one, empty_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
