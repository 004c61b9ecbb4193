/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Rings swapped under the eyes of real threads. A released ring is poisoned and freed, so a reader
 * that still holds it sees nonsense, AddressSanitizer a use after free, ThreadSanitizer a race.
 *
 * That the tests see a broken grace period was tried, by releasing at once in ring_retire: the
 * first two fail in every build, and the last with either sanitizer. The third passes: there, that
 * all readers have adopted the newer ring protects the older one too, which is what two steps are
 * for.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "engine/ring/publish.h"
#include "tests/unit/ring_fixture.h"

#define READERS       3u
#define RINGS_MOST    20000u
#define RINGS_LEAST   10u
#define PENDING_MOST  512u /* retired and not yet released: bounds the memory */
#define SECONDS_MOST  1.0
#define PATIENCE_S    10.0 /* on a machine that is busy with other things */
#define YIELDS        100u
#define STAMP(epoch)  ((epoch)*0x9e3779b97f4a7c15u | 1)
#define POISON        0xdb
#define PAUSE_NS      200000
#define GRACE_LOOK_NS 30000000

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void pause_ns(long ns)
{
    struct timespec pause = {.tv_nsec = ns};
    nanosleep(&pause, NULL);
}

/* Waits until *value is at least `least`; false if that takes too long. */
static bool wait_until(atomic_ulong *value, unsigned long least)
{
    for (unsigned i = 0; i < YIELDS && atomic_load(value) < least; i++)
        (void)sched_yield();
    double end = now_s() + PATIENCE_S;
    while (atomic_load(value) < least) {
        if (now_s() > end)
            return false;
        pause_ns(PAUSE_NS);
    }
    return true;
}

/* A ring whose every part follows from its epoch, so that a reader can check it. */
static struct ring *make_ring(uint64_t epoch)
{
    static struct ring_fixture fixture;
    uint16_t members = (uint16_t)(3 + epoch % 5);
    fixture_init(&fixture, 16 + (uint32_t)(epoch % 3) * 48, members, 3, 4);
    fixture.spec.epoch = epoch;
    fixture.spec.cluster = STAMP(epoch);
    struct ring *ring = fixture_build(&fixture);
    ring->revision = epoch;
    return ring;
}

static bool ring_is_whole(const struct ring *ring)
{
    uint64_t epoch = ring->epoch;
    if (ring->cluster != STAMP(epoch) || ring->revision != epoch ||
        ring->members != 3 + epoch % 5 || ring->partitions != 16 + (epoch % 3) * 48)
        return false;
    for (uint32_t i = 0; i < ring->partitions; i++) {
        const struct ring_replica *row = ring_chain(ring, i);
        if (ring->chain_epoch[i] != epoch || ring->chain_length[i] != 3 ||
            ring->owner[i] != row[0].member)
            return false;
        for (unsigned place = 0; place < 3; place++) {
            if (row[place].member >= ring->members || row[place].worker >= 4)
                return false;
        }
    }
    return true;
}

/* Runs on liburcu's thread. */
static void release(struct ring *ring, void *context)
{
    atomic_ulong *released = context;
    memset(ring, POISON, ring->bytes);
    free(ring);
    atomic_fetch_add(released, 1);
}

/* ---- one reader that does what it is told ---- */

enum told { TOLD_READ = 1, TOLD_GO_ON, TOLD_END };

struct obedient {
    struct ring_slot slot;
    atomic_ulong told;
    atomic_ulong done;
    atomic_ulong released;
    bool whole; /* read by the test after `done` says so */
    void (*go_on)(void);
    pthread_t thread;
};

static void *obedient_run(void *argument)
{
    struct obedient *reader = argument;
    ring_reader_register();
    (void)wait_until(&reader->told, TOLD_READ);
    const struct ring *ring = ring_read(&reader->slot);
    reader->whole = ring_is_whole(ring);
    atomic_store(&reader->done, TOLD_READ);
    (void)wait_until(&reader->told, TOLD_GO_ON);
    reader->whole = reader->whole && ring_is_whole(ring);
    reader->go_on();
    atomic_store(&reader->done, TOLD_GO_ON);
    (void)wait_until(&reader->told, TOLD_END);
    ring_online(); /* harmless if it never went offline */
    ring_reader_unregister();
    return NULL;
}

/*
 * The reader holds a ring while it is replaced and retired; only when it calls `go_on` may the ring
 * be released. It then stays where it is, so that nothing else ends the grace period.
 */
static void check_held_until(void (*go_on)(void))
{
    static struct obedient reader;
    memset(&reader, 0, sizeof reader);
    reader.go_on = go_on;
    assert_null(ring_publish(&reader.slot, make_ring(1)));
    assert_int_equal(pthread_create(&reader.thread, NULL, obedient_run, &reader), 0);
    atomic_store(&reader.told, TOLD_READ);
    assert_true(wait_until(&reader.done, TOLD_READ));

    struct ring *old = ring_publish(&reader.slot, make_ring(2));
    ring_retire(old, release, &reader.released);
    pause_ns(GRACE_LOOK_NS);
    unsigned long early = atomic_load(&reader.released);

    atomic_store(&reader.told, TOLD_GO_ON);
    bool done = wait_until(&reader.done, TOLD_GO_ON) && wait_until(&reader.released, 1);
    atomic_store(&reader.told, TOLD_END);
    assert_int_equal(pthread_join(reader.thread, NULL), 0);
    free(ring_publish(&reader.slot, NULL));
    assert_int_equal(early, 0);
    assert_true(done);
    assert_true(reader.whole);
}

static void a_ring_lives_until_its_reader_reports_a_quiescent_state(void **state)
{
    (void)state;
    check_held_until(ring_quiescent);
}

static void a_reader_that_went_offline_holds_nobody_up(void **state)
{
    (void)state;
    check_held_until(ring_offline);
}

/* ---- readers at full speed ---- */

struct crowd;

struct reader {
    struct crowd *crowd;
    atomic_ulong adopted; /* revision of the ring it last took up */
    unsigned long loops;
    unsigned long rings; /* different ones it saw */
    unsigned long broken;
    pthread_t thread;
};

struct crowd {
    struct ring_slot slot;
    atomic_bool stop;
    atomic_ulong released;
    unsigned long published;
    unsigned long retired;
    struct reader reader[READERS];
};

/* A worker's loop: one read, the work, one quiescent state; now and then it sleeps, offline. */
static void *reader_run(void *argument)
{
    struct reader *reader = argument;
    unsigned long last = 0;
    ring_reader_register();
    while (!atomic_load_explicit(&reader->crowd->stop, memory_order_relaxed)) {
        const struct ring *ring = ring_read(&reader->crowd->slot);
        if (ring->revision != last) {
            reader->rings++;
            reader->broken += ring->revision < last; /* never an older one */
            last = ring->revision;
            atomic_store_explicit(&reader->adopted, last, memory_order_release);
        }
        reader->broken += !ring_is_whole(ring);
        reader->loops++;
        ring_quiescent();
        if (reader->loops % 16 == 0)
            (void)sched_yield(); /* there are more threads than cores */
        if (reader->loops % 4096 == 0) {
            ring_offline();
            pause_ns(PAUSE_NS);
            ring_online();
        }
    }
    ring_reader_unregister();
    return NULL;
}

static bool all_adopted(struct crowd *crowd, unsigned long revision)
{
    for (unsigned i = 0; i < READERS; i++) {
        if (!wait_until(&crowd->reader[i].adopted, revision))
            return false;
    }
    return true;
}

/* Control: unpublish by publishing; if told so, wait for adoption; retire. */
static void swap_rings(struct crowd *crowd, bool wait_for_adoption)
{
    double end = now_s() + SECONDS_MOST;
    while (crowd->published < RINGS_MOST && now_s() < end) {
        struct ring *old = ring_publish(&crowd->slot, make_ring(crowd->published + 1));
        crowd->published++;
        if (wait_for_adoption)
            assert_true(all_adopted(crowd, crowd->published));
        ring_retire(old, release, &crowd->released);
        crowd->retired++;
        if (crowd->retired > PENDING_MOST)
            assert_true(wait_until(&crowd->released, crowd->retired - PENDING_MOST));
    }
}

static void check_swaps(bool wait_for_adoption)
{
    static struct crowd crowd;
    memset(&crowd, 0, sizeof crowd);
    crowd.published = 1;
    assert_null(ring_publish(&crowd.slot, make_ring(1)));
    for (unsigned i = 0; i < READERS; i++) {
        crowd.reader[i].crowd = &crowd;
        assert_int_equal(
            pthread_create(&crowd.reader[i].thread, NULL, reader_run, &crowd.reader[i]), 0);
    }
    assert_true(all_adopted(&crowd, 1));
    swap_rings(&crowd, wait_for_adoption);
    atomic_store(&crowd.stop, true);
    for (unsigned i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(crowd.reader[i].thread, NULL), 0);
        assert_int_equal(crowd.reader[i].broken, 0);
        assert_true(crowd.reader[i].rings >= 2);
    }
    ring_retire(ring_publish(&crowd.slot, NULL), release, &crowd.released);
    ring_retire(NULL, release, &crowd.released);
    ring_retire_barrier();
    assert_int_equal(atomic_load(&crowd.released), crowd.published);
    assert_true(crowd.published >= RINGS_LEAST);
    print_message("%lu rings, %lu loops of a reader\n", crowd.published, crowd.reader[0].loops);
}

static void readers_see_whole_rings_while_old_ones_retire_once_adopted(void **state)
{
    (void)state;
    check_swaps(true);
}

static void readers_see_whole_rings_while_old_ones_retire_at_once(void **state)
{
    (void)state;
    check_swaps(false);
}

/* An argument names the tests to run: a pattern. */
int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_lives_until_its_reader_reports_a_quiescent_state),
        cmocka_unit_test(a_reader_that_went_offline_holds_nobody_up),
        cmocka_unit_test(readers_see_whole_rings_while_old_ones_retire_once_adopted),
        cmocka_unit_test(readers_see_whole_rings_while_old_ones_retire_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
