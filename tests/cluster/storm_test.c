/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Storms: real clients, whole clusters, hostile networks. Nothing acknowledged is lost, nothing is
 * applied twice, every call ends, and afterwards the members hold the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/cluster/load.h"

#define MS 1000000ull
#define S  1000000000ull

static void report(struct world *world, const struct load *load, unsigned nodes)
{
    struct load_result r = load_result(load);
    const struct client_counters *c = load_counters(load, 0);
    print_message("done %llu refused %llu unknown %llu hits %llu; client 0: retries %llu timeouts "
                  "%llu busy %llu; virtual %llu ms\n",
        (unsigned long long)r.done, (unsigned long long)r.refused, (unsigned long long)r.unknown,
        (unsigned long long)r.hits, (unsigned long long)c->retries, (unsigned long long)c->timeouts,
        (unsigned long long)c->busy, (unsigned long long)world_now_ns(world) / MS);
    for (int i = 0; i < 32; i++)
        if (r.statuses[i] > 0)
            print_message("  %s: %llu\n", torc_status_name(i), (unsigned long long)r.statuses[i]);
    for (unsigned id = 1; id <= nodes; id++)
        print_message("  node %u: created %llu received %llu applied %llu resent %llu lost %llu "
                      "rto %llu parked %llu withheld %llu stuck %llu\n",
            id, (unsigned long long)WORLD_COUNTER(world, id, entries_created),
            (unsigned long long)WORLD_COUNTER(world, id, entries_received),
            (unsigned long long)WORLD_COUNTER(world, id, entries_applied),
            (unsigned long long)WORLD_COUNTER(world, id, entries_resent),
            (unsigned long long)WORLD_COUNTER(world, id, links_lost_packets),
            (unsigned long long)WORLD_COUNTER(world, id, links_timeouts),
            (unsigned long long)WORLD_COUNTER(world, id, parked),
            (unsigned long long)WORLD_COUNTER(world, id, drop_withheld),
            (unsigned long long)WORLD_COUNTER(world, id, chains_resent));
}

static void storm(struct world_config config, struct load_config work)
{
    struct world *world = world_create(&config);
    assert_true(world_serving(world, 10 * S));
    struct load *load = load_create(world, &work);
    assert_true(load_run(load, 600 * S));
    world_faults(world, 0, 0, 0, 0);
    assert_true(load_verify(load, 60 * S));
    world_run(world, 2 * S);
    report(world, load, config.nodes);
    struct load_result result = load_result(load);
    assert_int_equal(result.mismatches, 0);
    uint64_t created = 0, applied = 0;
    for (unsigned id = 1; id <= config.nodes; id++) {
        created += WORLD_COUNTER(world, id, entries_created);
        applied += WORLD_COUNTER(world, id, entries_applied);
        assert_int_equal(WORLD_COUNTER(world, id, chains_resent), 0);
    }
    unsigned replicas = config.replicas > 0 ? config.replicas : config.nodes < 3 ? config.nodes : 3;
    assert_int_equal(applied, created * replicas);
    assert_int_equal(result.unknown, 0); /* no node failed and no deadline was near */
    assert_int_equal(result.refused, 0);
    load_destroy(load);
    world_destroy(world);
}

static const struct load_config usual = {.clients = 3,
    .keys = 40,
    .operations = 1500,
    .in_flight = 16,
    .value_bytes = 200,
    .deadline_ns = 60 * S};

static void calm(void **state)
{
    (void)state;
    storm((struct world_config){.seed = 1, .nodes = 3, .partitions = 8}, usual);
}

static void loss_of_a_tenth(void **state)
{
    (void)state;
    storm((struct world_config){.seed = 2, .nodes = 3, .partitions = 8, .loss = 100}, usual);
}

static void everything_at_once(void **state)
{
    (void)state;
    storm((struct world_config){.seed = 3,
              .nodes = 3,
              .partitions = 7,
              .loss = 300,
              .duplication = 300,
              .corruption = 50,
              .jitter_ns = 500000,
              .workers = 2},
        usual);
}

static void chain_of_five(void **state)
{
    (void)state;
    storm((struct world_config){.seed = 4,
              .nodes = 5,
              .replicas = 5,
              .partitions = 5,
              .loss = 100,
              .duplication = 100,
              .jitter_ns = 100000},
        usual);
}

static void chain_of_one(void **state)
{
    (void)state;
    storm((struct world_config){.seed = 5,
              .nodes = 1,
              .partitions = 3,
              .loss = 200,
              .duplication = 200,
              .jitter_ns = 100000},
        usual);
}

static void large_values(void **state)
{
    (void)state;
    struct load_config work = usual;
    work.operations = 150;
    work.keys = 12;
    work.in_flight = 6;
    work.large = 300;
    work.large_bytes = 300000;
    storm((struct world_config){.seed = 6,
              .nodes = 3,
              .partitions = 4,
              .loss = 100,
              .duplication = 50,
              .jitter_ns = 50000},
        work);
}

/* A world drawn from a seed: size, load, and every kind of fault. */
static void drawn(uint64_t seed)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15u;
    unsigned nodes = 1 + (unsigned)(x >> 8) % 6;
    unsigned most = nodes < 5 ? nodes : 5;
    struct world_config config = {.seed = seed,
        .nodes = nodes,
        .workers = 1 + (unsigned)(x >> 16) % 3,
        .partitions = 1 + (unsigned)(x >> 24) % 40,
        .replicas = 1 + (unsigned)(x >> 32) % most,
        .claim = 1 + (unsigned)(x >> 12) % 2,
        .loss = (unsigned)(x >> 40) % 301,
        .duplication = (unsigned)(x >> 20) % 501,
        .corruption = (unsigned)(x >> 28) % 51,
        .jitter_ns = (x >> 36) % 2000000,
        .receive_packets = 16u << ((x >> 44) % 6),
        .class = {.window = (uint16_t)(4u << ((x >> 48) % 6)), .kv_blocks = 8192}};
    struct load_config work = usual;
    work.operations = 400;
    work.large = (unsigned)(x >> 52) % 3 == 0 ? 50 : 0;
    work.large_bytes = 100000;
    print_message("seed %llu\n", (unsigned long long)seed);
    storm(config, work);
}

static void worlds_drawn_from_seeds(void **state)
{
    (void)state;
    const char *first = getenv("TORC_SEED_FIRST"), *count = getenv("TORC_SEED_COUNT");
    uint64_t seed = first == NULL ? 1000 : strtoull(first, NULL, 10);
    uint64_t end = seed + (count == NULL ? 12 : strtoull(count, NULL, 10));
    for (; seed < end; seed++)
        drawn(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calm),
        cmocka_unit_test(loss_of_a_tenth),
        cmocka_unit_test(everything_at_once),
        cmocka_unit_test(chain_of_five),
        cmocka_unit_test(chain_of_one),
        cmocka_unit_test(large_values),
        cmocka_unit_test(worlds_drawn_from_seeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
