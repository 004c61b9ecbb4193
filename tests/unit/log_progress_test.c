/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Chains that run through the same nodes in every order, each node one log with little memory,
 * heads that append for as long as they may: do all entries come through? And does the same not
 * hold where position counts for nothing, so that the test is known to see it?
 */
#include "tests/unit/log_fixture.h"

enum { NODES = 5, CHAINS = 24, WINDOW = 256 };

struct chain {
    uint32_t length;
    uint32_t node[NODES];
    uint64_t created;
    uint32_t bytes[WINDOW]; /* by number */
};

struct cluster {
    struct log_stream *log[NODES];
    void *memory[NODES];
    struct chain chain[CHAINS];
    struct prng prng;
    bool positions; /* do they count? */
};

static void cluster_init(struct cluster *cluster, uint64_t seed, bool positions)
{
    memset(cluster, 0, sizeof *cluster);
    cluster->prng.state = seed;
    cluster->positions = positions;
    for (int i = 0; i < NODES; i++)
        cluster->log[i] = fixture_log(0, CHAINS, WINDOW, &cluster->memory[i]);
    for (int i = 0; i < CHAINS; i++) {
        struct chain *chain = &cluster->chain[i];
        chain->length = 2 + prng_below(&cluster->prng, NODES - 1);
        for (uint32_t at = 0; at < NODES; at++) {
            uint32_t with = prng_below(&cluster->prng, at + 1);
            chain->node[at] = chain->node[with];
            chain->node[with] = at;
        }
    }
}

static void cluster_free(struct cluster *cluster)
{
    for (int i = 0; i < NODES; i++)
        free(cluster->memory[i]);
}

/* The member at `position` appends the next entry, if there is one and it may. */
static bool advance(struct cluster *cluster, uint32_t number, uint32_t position)
{
    struct chain *chain = &cluster->chain[number];
    struct log_stream *log = cluster->log[chain->node[position]];
    uint64_t before =
        position == 0 ? chain->created : log_last(cluster->log[chain->node[position - 1]], number);
    uint64_t next = log_last(log, number) + 1;
    if (next > before || log_window_full(log, number))
        return false;
    uint32_t bytes = chain->bytes[next % WINDOW];
    if (!log_room(log, bytes, cluster->positions ? position : chain->length - 1, chain->length))
        return false;
    (void)log_append(log, number, bytes);
    return true;
}

/* A member learns what the tail has, and releases it. */
static bool release(struct cluster *cluster, uint32_t number, uint32_t position)
{
    const struct chain *chain = &cluster->chain[number];
    struct log_stream *log = cluster->log[chain->node[position]];
    uint64_t committed = log_last(cluster->log[chain->node[chain->length - 1]], number);
    if (log_released(log, number) >= committed)
        return false;
    log_release(log, number, committed);
    return true;
}

/* Clients: a next entry for a head that has none waiting. */
static void create(struct cluster *cluster, uint32_t number)
{
    struct chain *chain = &cluster->chain[number];
    if (chain->created != log_last(cluster->log[chain->node[0]], number))
        return;
    uint32_t dice = prng_below(&cluster->prng, 8);
    chain->bytes[++chain->created % WINDOW] =
        dice == 0 ? LOG_SMALL_BYTES + prng_below(&cluster->prng, 1000000)
                  : 80 + prng_below(&cluster->prng, LOG_SMALL_BYTES - 96);
}

/* Random appends, heads preferred as `heads` of 8 says, few releases, until much is stuck. */
static void crowd(struct cluster *cluster, uint32_t heads)
{
    for (int i = 0; i < 20000; i++) {
        uint32_t number = prng_below(&cluster->prng, CHAINS);
        bool head = prng_below(&cluster->prng, 8) < heads;
        uint32_t position = head ? 0 : prng_below(&cluster->prng, cluster->chain[number].length);
        if (position == 0)
            create(cluster, number);
        (void)advance(cluster, number, position);
        if (prng_below(&cluster->prng, 64) == 0)
            (void)release(cluster, number, position);
    }
}

/* No new entries; whatever can move does. Are all through? */
static bool drains(struct cluster *cluster)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (uint32_t c = 0; c < CHAINS; c++)
            for (uint32_t p = 0; p < cluster->chain[c].length; p++) {
                moved |= advance(cluster, c, p);
                moved |= release(cluster, c, p);
            }
    }
    for (int i = 0; i < NODES; i++)
        if (log_used_bytes(cluster->log[i]) != 0)
            return false;
    return true;
}

static void chains_that_cross_never_all_stand_still(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct cluster cluster;
        cluster_init(&cluster, seed, true);
        for (uint32_t heads = 8; heads > 0; heads -= 2) {
            crowd(&cluster, heads);
            assert_true(log_used_bytes(cluster.log[0]) > 0);
            assert_true(drains(&cluster));
        }
        cluster_free(&cluster);
    }
}

static void without_positions_they_do(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_init(&cluster, 1, false);
    crowd(&cluster, 8);
    assert_false(drains(&cluster));
    cluster_free(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_that_cross_never_all_stand_still),
        cmocka_unit_test(without_positions_they_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
