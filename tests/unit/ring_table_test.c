/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ring_fixture.h"

static struct ring_fixture fixture;

/* What each worker of each member has. */
struct shares {
    uint32_t total[TORC_NODES_MAX][TORC_WORKERS_MAX];
    uint32_t heads[TORC_NODES_MAX][TORC_WORKERS_MAX];
    uint32_t tails[TORC_NODES_MAX][TORC_WORKERS_MAX];
};
static struct shares shares;

static void count_shares(const struct ring *ring)
{
    memset(&shares, 0, sizeof shares);
    for (uint32_t i = 0; i < ring->partitions; i++) {
        const struct ring_replica *row = ring_chain(ring, i);
        for (uint16_t place = 0; place < ring->replicas; place++) {
            assert_true(row[place].worker < ring->member[row[place].member].workers);
            shares.total[row[place].member][row[place].worker]++;
        }
        const struct ring_replica *tail = &row[ring->replicas - 1];
        shares.heads[row->member][row->worker]++;
        shares.tails[tail->member][tail->worker]++;
    }
}

static void check_within_one(const uint32_t *count, uint16_t workers)
{
    uint32_t least = count[0];
    uint32_t most = count[0];
    for (uint16_t i = 1; i < workers; i++) {
        least = count[i] < least ? count[i] : least;
        most = count[i] > most ? count[i] : most;
    }
    assert_true(most - least <= 1);
}

static void workers_share_replicas_heads_and_tails_evenly(void **state)
{
    (void)state;
    for (uint32_t partitions = 1; partitions <= 300; partitions += 13) {
        for (uint16_t members = 1; members <= 9; members++) {
            fixture_init(&fixture, partitions, members, members < 4 ? members : 4, 1);
            for (uint16_t i = 0; i < members; i++)
                fixture.member[i].workers = (uint16_t)(1 + (i * 5) % 7); /* not all alike */
            struct ring *ring = fixture_build(&fixture);
            count_shares(ring);
            for (uint16_t i = 0; i < members; i++) {
                check_within_one(shares.total[i], ring->member[i].workers);
                check_within_one(shares.heads[i], ring->member[i].workers);
                check_within_one(shares.tails[i], ring->member[i].workers);
            }
            free(ring);
        }
    }
}

static void the_same_spec_gives_the_same_ring(void **state)
{
    (void)state;
    fixture_init(&fixture, 100, 7, 3, 4);
    struct ring *one = fixture_build(&fixture);
    struct ring *other = fixture_build(&fixture);
    assert_memory_equal(one->chain, other->chain, sizeof *one->chain * 300);
    assert_memory_equal(one->owner, other->owner, sizeof *one->owner * 100);
    free(one);
    free(other);
}

static void a_ring_says_what_its_spec_said(void **state)
{
    (void)state;
    fixture_init(&fixture, 100, 7, 3, 4);
    fixture.spec.epoch = 9;
    struct ring *ring = fixture_build(&fixture);
    assert_int_equal(ring->cluster, fixture.spec.cluster);
    assert_int_equal(ring->epoch, 9);
    assert_int_equal(ring->revision, 0);
    assert_int_equal(ring->partitions, 100);
    assert_int_equal(ring->replicas, 3);
    assert_int_equal(ring->members, 7);
    assert_memory_equal(&ring->class, &fixture.spec.class, sizeof ring->class);
    assert_memory_equal(ring->member, fixture.member, sizeof *ring->member * 7);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(ring->chain_epoch[i], 9);
        assert_int_equal(ring->chain_length[i], 3);
    }
    free(ring);
}

static void a_ring_lies_within_its_block(void **state)
{
    (void)state;
    fixture_init(&fixture, 777, 13, 5, 2);
    size_t bytes = ring_bytes(&fixture.spec);
    uint8_t *memory = fixture_memory(bytes + 64);
    const char *why;
    memset(memory, 0xa5, bytes + 64);
    assert_non_null(ring_build(&fixture.spec, memory, &why));
    for (size_t i = bytes; i < bytes + 64; i++)
        assert_int_equal(memory[i], 0xa5);
    free(memory);
}

static void members_are_found_by_id_and_strangers_are_not(void **state)
{
    (void)state;
    for (uint16_t members = 1; members <= TORC_NODES_MAX; members = (uint16_t)(members * 2 + 1)) {
        fixture_init(&fixture, 4, members, 1, 1);
        for (uint16_t i = 0; i < members; i++)
            fixture.member[i].id = 0x80000000u - i * 977u;
        struct ring *ring = fixture_build(&fixture);
        for (uint16_t i = 0; i < members; i++) {
            assert_int_equal(ring_member_by_id(ring, fixture.member[i].id), i);
            assert_int_equal(ring_member_by_id(ring, fixture.member[i].id + 1), RING_NO_MEMBER);
        }
        assert_int_equal(ring_member_by_id(ring, 0), RING_NO_MEMBER);
        free(ring);
    }
}

/* The fixture, spoilt by the caller, is refused with that sentence; ring_bytes agrees if it can. */
static void check_refused(const char *sentence, bool by_shape)
{
    static uint8_t memory[1 << 16] __attribute__((aligned(64)));
    const char *why = NULL;
    assert_null(ring_build(&fixture.spec, memory, &why));
    assert_string_equal(why, sentence);
    assert_int_equal(ring_bytes(&fixture.spec) == 0, by_shape);
    fixture_init(&fixture, 12, 3, 3, 2);
}

static void a_wrong_shape_is_refused_by_name(void **state)
{
    (void)state;
    struct ring_spec *spec = &fixture.spec;
    fixture_init(&fixture, 12, 3, 3, 2);
    spec->cluster = 0;
    check_refused("the cluster id must not be 0", true);
    spec->epoch = 0;
    check_refused("the epoch must not be 0", true);
    spec->partitions = 0;
    check_refused("there must be 1 to 65536 partitions", true);
    spec->partitions = 65537;
    check_refused("there must be 1 to 65536 partitions", true);
    spec->members = 0;
    check_refused("there must be 1 to 1024 nodes", true);
    spec->members = 1025;
    check_refused("there must be 1 to 1024 nodes", true);
    spec->replicas = 0;
    check_refused("there must be 1 to 8 replicas", true);
    spec->replicas = 9;
    check_refused("there must be 1 to 8 replicas", true);
    spec->replicas = 4;
    check_refused("there must not be more replicas than nodes", true);
    spec->hash = 3;
    check_refused("the hash must be xxh3 or sha1", true);
    spec->claim = 0;
    check_refused("the claim must be spread or blocks", true);
    spec->class.session_window = 48;
    check_refused("the class's session window must be a power of 2", true);
    spec->class.window = 0;
    check_refused("the class's window must be a power of 2", true);
    spec->class.sessions = 0;
    check_refused("the class must allow at least one session", true);
}

static void a_wrong_member_is_refused_by_name(void **state)
{
    (void)state;
    fixture_init(&fixture, 12, 3, 3, 2);
    struct ring_member *last = &fixture.member[2];
    last->id = 0;
    check_refused("a node's id must not be 0", false);
    last->id = 1;
    check_refused("two nodes have the same id", false);
    last->workers = 0;
    check_refused("a node must have 1 to 64 workers", false);
    last->workers = 65;
    check_refused("a node must have 1 to 64 workers", false);
    last->address.port = 65535;
    check_refused("a node's ports, one a worker, must not pass 65535", false);
    last->state = 2;
    check_refused("a node is in a state that does not exist", false);
    memset(last->name, 'x', sizeof last->name);
    check_refused("a node's name must be shorter than 32 bytes", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_share_replicas_heads_and_tails_evenly),
        cmocka_unit_test(the_same_spec_gives_the_same_ring),
        cmocka_unit_test(a_ring_says_what_its_spec_said),
        cmocka_unit_test(a_ring_lies_within_its_block),
        cmocka_unit_test(members_are_found_by_id_and_strangers_are_not),
        cmocka_unit_test(a_wrong_shape_is_refused_by_name),
        cmocka_unit_test(a_wrong_member_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
