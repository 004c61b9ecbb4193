/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The checker: histories written by hand, good ones and one for each sentence that it can say; and
 * histories of a register that really is atomic, which it must accept, and refuse after one change
 * that matters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "engine/base/prng.h"
#include "tests/sim/checker.h"

/* ---- by hand ---- */

static struct history_op called(
    enum history_kind kind, uint64_t start, uint64_t end, uint64_t value, uint64_t version)
{
    return (struct history_op){.kind = (uint8_t)kind,
        .start_ns = start,
        .end_ns = end,
        .value = value,
        .version = version,
        .outcome = TORC_DONE,
        .status = TORC_STATUS_OK};
}

static struct history_op put(uint64_t start, uint64_t end, uint64_t value, uint64_t version)
{
    return called(HISTORY_PUT, start, end, value, version);
}

static struct history_op get(uint64_t start, uint64_t end, uint64_t value, uint64_t version)
{
    return called(HISTORY_GET, start, end, value, version);
}

static struct history_op del(uint64_t start, uint64_t end, uint64_t version)
{
    return called(HISTORY_DELETE, start, end, 0, version);
}

static struct history_op absent(uint64_t start, uint64_t end)
{
    struct history_op op = called(HISTORY_GET, start, end, HISTORY_NOTHING, 0);
    op.status = TORC_STATUS_NOT_FOUND;
    return op;
}

static struct history_op cas(
    uint64_t start, uint64_t end, uint64_t expected, uint64_t value, uint64_t version)
{
    struct history_op op = called(HISTORY_CAS, start, end, value, version);
    op.expected = expected;
    return op;
}

static struct history_op mismatch(uint64_t start, uint64_t end, uint64_t found)
{
    struct history_op op = called(HISTORY_CAS, start, end, 999, found);
    op.outcome = TORC_REFUSED;
    op.status = TORC_STATUS_MISMATCH;
    op.expected = 12345;
    return op;
}

static struct history_op unknown(struct history_op op)
{
    op.outcome = TORC_OUTCOME_UNKNOWN;
    op.status = TORC_STATUS_TIMED_OUT;
    op.version = 0;
    return op;
}

static struct history_op refused(struct history_op op)
{
    op.outcome = TORC_REFUSED;
    op.status = TORC_STATUS_FULL;
    op.version = 0;
    return op;
}

static struct checker_verdict check(const struct history_op *op, size_t count)
{
    struct history history;
    history_init(&history);
    for (size_t i = 0; i < count; i++)
        history_add(&history, &op[i]);
    struct checker_verdict verdict = checker_check(&history);
    history_free(&history);
    return verdict;
}

#define OPS(...)   ((const struct history_op[]){__VA_ARGS__})
#define CHECK(...) check(OPS(__VA_ARGS__), sizeof OPS(__VA_ARGS__) / sizeof(struct history_op))
#define HOLDS(...) assert_true(CHECK(__VA_ARGS__).holds)
#define BREAKS(says, ...)                                                                          \
    do {                                                                                           \
        struct checker_verdict verdict = CHECK(__VA_ARGS__);                                       \
        assert_false(verdict.holds);                                                               \
        assert_non_null(strstr(verdict.why, says));                                                \
    } while (0)

static void what_a_register_could_have_answered_holds(void **state)
{
    (void)state;
    assert_true(check(NULL, 0).holds);
    HOLDS(absent(0, 1));
    HOLDS(put(0, 1, 10, 1), get(2, 3, 10, 1));
    HOLDS(put(0, 9, 10, 1), absent(1, 2), get(3, 4, 10, 1)); /* it took effect in between */
    HOLDS(put(0, 9, 10, 1), put(0, 9, 11, 2), get(10, 11, 11, 2));
    HOLDS(put(0, 9, 10, 2), put(0, 9, 11, 1), get(10, 11, 10, 2));
    HOLDS(put(0, 1, 10, 1), del(2, 3, 2), absent(4, 5), put(6, 7, 11, 3), get(8, 9, 11, 3));
    HOLDS(put(0, 1, 10, 1), cas(2, 3, 1, 11, 2), mismatch(4, 5, 2), get(6, 7, 11, 2));
    HOLDS(put(0, 1, 10, 1), del(2, 3, 2), cas(4, 5, 0, 11, 3), get(6, 7, 11, 3));
}

static void unknown_calls_may_have_taken_effect_late_or_never(void **state)
{
    (void)state;
    HOLDS(put(0, 1, 10, 1), unknown(put(2, 3, 11, 0)), get(4, 5, 10, 1), get(6, 7, 11, 2));
    HOLDS(put(0, 1, 10, 1), unknown(put(2, 3, 11, 0)), get(4, 5, 10, 1));
    HOLDS(put(0, 1, 10, 1), unknown(del(2, 3, 0)), get(4, 5, 10, 1), absent(6, 7));
    struct history_op never = put(2, HISTORY_NEVER, 11, 0);
    never.outcome = 0;
    HOLDS(put(0, 1, 10, 1), never, get(4, 5, 11, 2));
    HOLDS(refused(put(0, 1, 10, 0)), absent(2, 3));
}

static void keys_are_checked_by_themselves(void **state)
{
    (void)state;
    struct history_op other = get(4, 5, 20, 1);
    struct history_op write = put(0, 1, 20, 1);
    other.key = write.key = 3;
    HOLDS(write, put(2, 3, 10, 2), other, get(6, 7, 10, 2));
    other.value = 10;
    BREAKS("never written to the key", write, put(2, 3, 10, 2), other);
}

static void each_violation_is_named(void **state)
{
    (void)state;
    BREAKS("never written to the key", put(0, 1, 10, 1), get(2, 3, 11, 1));
    BREAKS("write that was refused", refused(put(0, 1, 10, 0)), get(2, 3, 10, 1));
    BREAKS("one write has two versions", put(0, 1, 10, 1), get(2, 3, 10, 2));
    BREAKS("one write has two versions", unknown(put(0, 1, 10, 0)), get(2, 3, 10, 1),
        get(4, 5, 10, 2));
    BREAKS("two writes have one version", put(0, 1, 10, 1), put(2, 3, 11, 1));
    BREAKS("although the key had another version", put(0, 1, 10, 1), put(2, 3, 11, 2),
        cas(4, 5, 1, 12, 3));
    BREAKS("a key that was deleted", put(0, 1, 10, 1), del(2, 3, 2), cas(4, 5, 2, 12, 3));
    BREAKS("although there was one", put(0, 1, 10, 1), cas(2, 3, 0, 12, 2));
    BREAKS("was there all the time", put(0, 1, 10, 1), absent(2, 3));
    BREAKS("belongs before it", put(0, 1, 10, 1), put(2, 3, 11, 2), get(4, 5, 10, 1));
    BREAKS("belongs before it", put(0, 1, 10, 2), put(2, 3, 11, 1));
    BREAKS("belongs before it", put(0, 1, 10, 1), put(0, 9, 11, 2), get(2, 3, 11, 2),
        get(4, 5, 10, 1));
    BREAKS("belongs before it", put(0, 1, 10, 1), put(2, 3, 11, 2), mismatch(4, 5, 1));
    BREAKS("belongs before it", put(0, 1, 10, 1), unknown(put(2, 3, 11, 0)), get(4, 5, 11, 2),
        get(6, 7, 10, 1));
}

/* ---- a register that is atomic ---- */

struct reg {
    uint64_t value, version, versions; /* version 0: no such key */
};

/* The call takes effect now. */
static void reg_take(struct reg *reg, struct history_op *op)
{
    op->outcome = TORC_DONE;
    op->status = TORC_STATUS_OK;
    bool there = reg->value != HISTORY_NOTHING;
    bool writes = op->kind == HISTORY_PUT || (op->kind == HISTORY_DELETE && there) ||
                  (op->kind == HISTORY_CAS && (there ? reg->version : 0) == op->expected);
    if (writes) {
        op->version = reg->version = ++reg->versions;
        reg->value = op->kind == HISTORY_DELETE ? HISTORY_NOTHING : op->value;
    } else if (op->kind == HISTORY_CAS) {
        op->outcome = TORC_REFUSED;
        op->status = TORC_STATUS_MISMATCH;
        op->version = there ? reg->version : 0;
    } else {
        op->status = there ? TORC_STATUS_OK : TORC_STATUS_NOT_FOUND;
        op->value = reg->value;
        op->version = there ? reg->version : 0;
    }
}

struct drawn {
    unsigned calls, keys, unknowns; /* unknowns: of 1000 */
    unsigned deletes;               /* of 100 */
};

static enum history_kind draw_kind(struct prng *prng, const struct drawn *drawn)
{
    unsigned draw = prng_below(prng, 100);
    if (draw < drawn->deletes)
        return HISTORY_DELETE;
    return draw < 55 ? HISTORY_GET : draw < 85 ? HISTORY_PUT : HISTORY_CAS;
}

/* Calls in the order in which they take effect, 10 ns apart, each with a span around that. */
static void draw_history(struct history *history, struct prng *prng, const struct drawn *drawn)
{
    struct reg *reg = calloc(drawn->keys, sizeof *reg);
    history_init(history);
    for (unsigned i = 0; i < drawn->calls; i++) {
        uint32_t key = prng_below(prng, drawn->keys);
        uint64_t at_ns = 1000 + 10 * (uint64_t)i;
        struct history_op op = {.kind = (uint8_t)draw_kind(prng, drawn),
            .key = key,
            .start_ns = at_ns - prng_below(prng, 200),
            .end_ns = at_ns + 1 + prng_below(prng, 200)};
        if (op.kind == HISTORY_PUT || op.kind == HISTORY_CAS)
            op.value = i + 1;
        if (op.kind == HISTORY_CAS)
            op.expected = prng_below(prng, 3) == 0 ? 0 : reg[key].version;
        bool lost = prng_below(prng, 1000) < drawn->unknowns;
        bool happens = !lost || prng_below(prng, 2) == 0;
        if (happens)
            reg_take(&reg[key], &op);
        if (lost) {
            op.end_ns = at_ns + 1;
            op.outcome = TORC_OUTCOME_UNKNOWN;
            op.version = 0;
        }
        history_add(history, &op);
    }
    free(reg);
}

static void every_history_of_an_atomic_register_holds(void **state)
{
    (void)state;
    struct prng prng = {7};
    for (unsigned run = 0; run < 3000; run++) {
        struct drawn drawn = {.calls = 1 + prng_below(&prng, 120),
            .keys = 1 + prng_below(&prng, 3),
            .unknowns = prng_below(&prng, 2) * prng_below(&prng, 300),
            .deletes = prng_below(&prng, 30)};
        struct history history;
        draw_history(&history, &prng, &drawn);
        struct checker_verdict verdict = checker_check(&history);
        if (!verdict.holds)
            fail_msg("run %u: %s", run, verdict.why);
        history_free(&history);
    }
}

static bool is_read(const struct history_op *op)
{
    return op->kind == HISTORY_GET && op->outcome == TORC_DONE;
}

static bool is_put(const struct history_op *op)
{
    return op->kind == HISTORY_PUT && op->outcome == TORC_DONE;
}

/* A put that ended before the get began, and one that ended before that put began. */
static bool find_older(const struct history *history, const struct history_op *read,
    const struct history_op **newer, const struct history_op **older)
{
    *newer = *older = NULL;
    for (size_t i = 0; i < history->count; i++) {
        const struct history_op *op = &history->op[i];
        if (!is_put(op) || op->key != read->key || op->end_ns >= read->start_ns)
            continue;
        if (*newer != NULL && (*newer)->end_ns < op->start_ns) {
            *older = *newer;
            *newer = op;
            return true;
        }
        *newer = *newer == NULL ? op : *newer;
    }
    return false;
}

enum change { CHANGE_STALE, CHANGE_ABSENT, CHANGE_VALUE, CHANGE_VERSION, CHANGE_REFUSED, CHANGES };

/* One change that no atomic register could explain. False: the history has no place for it. */
static bool change_one(struct history *history, enum change change, size_t from)
{
    const struct history_op *newer, *older;
    for (size_t i = 0; i < history->count; i++) {
        struct history_op *op = &history->op[(i + from) % history->count];
        if (!is_read(op) || op->value == HISTORY_NOTHING ||
            !find_older(history, op, &newer, &older))
            continue;
        struct history_op *write = &history->op[op->value - 1];
        if (change == CHANGE_STALE) {
            op->value = older->value;
            op->version = older->version;
        } else if (change == CHANGE_ABSENT) {
            op->value = HISTORY_NOTHING;
            op->version = 0;
            op->status = TORC_STATUS_NOT_FOUND;
        } else if (change == CHANGE_VALUE) {
            op->value = op->value == older->value ? newer->value : older->value;
        } else if (change == CHANGE_VERSION) {
            op->version++;
        } else {
            write->outcome = TORC_REFUSED;
            write->status = TORC_STATUS_FULL;
        }
        return true;
    }
    return false;
}

static void one_change_that_matters_is_seen(void **state)
{
    (void)state;
    struct prng prng = {11};
    unsigned changed[CHANGES] = {0};
    for (unsigned run = 0; run < 3000; run++) {
        struct drawn drawn = {.calls = 40 + prng_below(&prng, 80),
            .keys = 1 + prng_below(&prng, 2),
            .unknowns = prng_below(&prng, 2) * 50};
        struct history history;
        draw_history(&history, &prng, &drawn);
        enum change change = (enum change)(run % CHANGES);
        if (change_one(&history, change, prng_below(&prng, 100))) {
            changed[change]++;
            if (checker_check(&history).holds)
                fail_msg("run %u: change %d was not seen", run, (int)change);
        }
        history_free(&history);
    }
    for (unsigned i = 0; i < CHANGES; i++)
        assert_true(changed[i] > 300);
}

static void a_million_calls_take_seconds(void **state)
{
    (void)state;
    struct prng prng = {13};
    struct drawn drawn = {.calls = 1000000, .keys = 10, .unknowns = 5, .deletes = 5};
    struct history history;
    draw_history(&history, &prng, &drawn);
    struct timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    struct checker_verdict verdict = checker_check(&history);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double s = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9;
    print_message("%.2f s for a million calls of 10 keys\n", s);
    assert_true(verdict.holds);
    assert_true(s < 20); /* about half a second where nothing instruments it */
    history_free(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_register_could_have_answered_holds),
        cmocka_unit_test(unknown_calls_may_have_taken_effect_late_or_never),
        cmocka_unit_test(keys_are_checked_by_themselves),
        cmocka_unit_test(each_violation_is_named),
        cmocka_unit_test(every_history_of_an_atomic_register_holds),
        cmocka_unit_test(one_change_that_matters_is_seen),
        cmocka_unit_test(a_million_calls_take_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
