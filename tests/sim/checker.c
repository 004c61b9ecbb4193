/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every write that took effect has a version, given out by the log in the order in which writes
 * took effect; so a key's history is linearizable in that order if and only if no call that ended
 * before another began has the higher rank:
 *
 *   4v      the write of version v (put, cas, delete)
 *   4v + 1  whoever saw version v: a get, a cas that did not match, a delete or get that found
 *           nothing after the delete of version v
 *   4v + 2  a delete of unknown outcome that took effect after version v
 *   4v + 3  whoever found nothing because of that
 *
 * Who found nothing has no version to tell: it gets the lowest rank that is possible, which leaves
 * most room for all others. Where a delete of unknown outcome could explain an absence, it does:
 * the checker never raises a false alarm, at the price of believing in such a delete more than
 * once.
 */
#include "tests/sim/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT64_MAX

struct ranked {
    const struct history_op *op;
    size_t number; /* in the history */
    uint64_t rank; /* NOWHERE: no effect, and saw nothing */
    bool absent;   /* found nothing: to be ranked in the sweep */
};

/* One key's calls. */
struct checked {
    const struct history *history;
    struct ranked *call; /* [count] */
    size_t count;
    struct ranked **by_version; /* writes with a version, in order */
    size_t writes;
    uint64_t unknown_write_ns; /* earliest start of a write or delete of unknown outcome, NOWHERE:
                                  none */
    uint64_t unknown_delete_ns;
    struct checker_verdict *verdict;
};

__attribute__((format(printf, 4, 5))) static void violation(struct checked *key,
    const struct ranked *first, const struct ranked *second, const char *format, ...)
{
    struct checker_verdict *verdict = key->verdict;
    if (!verdict->holds)
        return;
    verdict->holds = false;
    verdict->key = first->op->key;
    verdict->op[verdict->ops++] = first->number;
    if (second != NULL)
        verdict->op[verdict->ops++] = second->number;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict->why, sizeof verdict->why, format, arguments);
    va_end(arguments);
}

static bool is_write(const struct history_op *op)
{
    return op->kind != HISTORY_GET;
}

static bool is_done(const struct history_op *op)
{
    return op->outcome == TORC_DONE;
}

static bool is_unknown(const struct history_op *op)
{
    return op->outcome == TORC_OUTCOME_UNKNOWN || op->outcome == 0;
}

/* An unknown call may take effect whenever it likes. */
static uint64_t end_of(const struct history_op *op)
{
    return is_unknown(op) && is_write(op) ? HISTORY_NEVER : op->end_ns;
}

/* ---- who wrote which version ---- */

static void rank_by_own_answer(struct ranked *call)
{
    const struct history_op *op = call->op;
    call->rank = NOWHERE;
    if (is_done(op) && op->kind == HISTORY_GET) {
        call->absent = op->value == HISTORY_NOTHING;
        call->rank = call->absent ? NOWHERE : 4 * op->version + 1;
    } else if (is_done(op) && op->status == TORC_STATUS_OK) {
        call->rank = 4 * op->version;
    } else if (is_done(op) && op->status == TORC_STATUS_NOT_FOUND) {
        call->absent = true;
    } else if (op->kind == HISTORY_CAS && op->outcome == TORC_REFUSED &&
               op->status == TORC_STATUS_MISMATCH) {
        call->absent = op->version == 0;
        call->rank = call->absent ? NOWHERE : 4 * op->version + 1;
    }
}

static int by_value(const void *a, const void *b)
{
    const struct ranked *const *x = a, *const *y = b;
    return (*x)->op->value < (*y)->op->value ? -1 : (*x)->op->value > (*y)->op->value;
}

static int by_rank(const void *a, const void *b)
{
    const struct ranked *const *x = a, *const *y = b;
    return (*x)->rank < (*y)->rank ? -1 : (*x)->rank > (*y)->rank;
}

static int by_start(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->op->start_ns != y->op->start_ns)
        return x->op->start_ns < y->op->start_ns ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static struct ranked *writer_of(struct ranked **values, size_t count, uint64_t value)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (values[middle]->op->value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && values[low]->op->value == value ? values[low] : NULL;
}

/* A get names value and version: the write of that value took effect, once, with that version. */
static void match_get(struct checked *key, struct ranked **values, size_t count, struct ranked *get)
{
    struct ranked *write = writer_of(values, count, get->op->value);
    if (write == NULL) {
        violation(key, get, NULL, "a get found a value that was never written to the key");
    } else if (!is_done(write->op) && !is_unknown(write->op)) {
        violation(key, get, write, "a get found the value of a write that was refused");
    } else if (write->rank == NOWHERE) {
        write->rank = 4 * get->op->version;
    } else if (write->rank != 4 * get->op->version) {
        violation(key, get, write,
            "one write has two versions: it took effect twice, or a get named the wrong one");
    }
}

static void match_gets(struct checked *key)
{
    struct ranked **values = malloc((key->count + 1) * sizeof(struct ranked *));
    size_t count = 0;
    for (size_t i = 0; i < key->count; i++)
        if (key->call[i].op->kind == HISTORY_PUT || key->call[i].op->kind == HISTORY_CAS)
            values[count++] = &key->call[i];
    qsort(values, count, sizeof(struct ranked *), by_value);
    for (size_t i = 0; i < key->count; i++)
        if (key->call[i].op->kind == HISTORY_GET && key->call[i].rank != NOWHERE)
            match_get(key, values, count, &key->call[i]);
    free(values);
}

static void collect_writes(struct checked *key)
{
    for (size_t i = 0; i < key->count; i++) {
        struct ranked *call = &key->call[i];
        if (is_write(call->op) && call->rank != NOWHERE && call->rank % 4 == 0)
            key->by_version[key->writes++] = call;
        if (!is_write(call->op) || !is_unknown(call->op))
            continue;
        if (call->op->start_ns < key->unknown_write_ns)
            key->unknown_write_ns = call->op->start_ns;
        if (call->op->kind == HISTORY_DELETE && call->op->start_ns < key->unknown_delete_ns)
            key->unknown_delete_ns = call->op->start_ns;
    }
    qsort(key->by_version, key->writes, sizeof(struct ranked *), by_rank);
    for (size_t i = 1; i < key->writes; i++)
        if (key->by_version[i]->rank == key->by_version[i - 1]->rank)
            violation(
                key, key->by_version[i], key->by_version[i - 1], "two writes have one version");
}

/* ---- compare and set: nothing between what it expected and what it wrote ---- */

static void check_cas(struct checked *key, size_t i)
{
    const struct ranked *cas = key->by_version[i];
    const struct ranked *before = i > 0 ? key->by_version[i - 1] : NULL;
    uint64_t expected = cas->op->expected;
    if (cas->op->kind != HISTORY_CAS)
        return;
    if (expected != 0) {
        if (before != NULL && before->rank > 4 * expected)
            violation(key, cas, before, "a cas took effect although the key had another version");
        else if (before != NULL && before->rank == 4 * expected &&
                 before->op->kind == HISTORY_DELETE)
            violation(key, cas, before, "a cas took effect on a key that was deleted");
    } else if (before != NULL && before->op->kind != HISTORY_DELETE &&
               key->unknown_delete_ns > end_of(cas->op)) {
        violation(
            key, cas, before, "a cas that wanted no such key took effect although there was one");
    }
}

/* ---- the sweep: ranks never fall from what ended to what begins after it ---- */

/* The last write with a rank of at most `rank`; NULL: none. */
static const struct ranked *write_at(const struct checked *key, uint64_t rank, size_t *next)
{
    size_t low = 0, high = key->writes;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (key->by_version[middle]->rank <= rank)
            low = middle + 1;
        else
            high = middle;
    }
    *next = low;
    return low > 0 ? key->by_version[low - 1] : NULL;
}

/* The lowest rank at which the key was absent, not below `least`. */
static uint64_t absent_rank(const struct checked *key, uint64_t least, const struct history_op *op)
{
    size_t next;
    const struct ranked *now = write_at(key, least, &next);
    uint64_t base = now == NULL ? 0 : now->rank;
    if (now == NULL || now->op->kind == HISTORY_DELETE)
        return least > base + 1 ? least : base + 1;
    if (key->unknown_delete_ns <= op->end_ns)
        return least > base + 3 ? least : base + 3;
    while (next < key->writes && key->by_version[next]->op->kind != HISTORY_DELETE)
        next++;
    return next < key->writes ? key->by_version[next]->rank + 1 : NOWHERE;
}

/* Ended calls in order of their ends, folded into the highest rank among them. */
struct ended {
    struct ranked **heap; /* by end */
    size_t count;
    uint64_t most;
    const struct ranked *who;
};

static bool ends_before(const struct ranked *a, const struct ranked *b)
{
    return end_of(a->op) < end_of(b->op);
}

static void ended_put(struct ended *ended, struct ranked *call)
{
    size_t i = ended->count++;
    while (i > 0 && ends_before(call, ended->heap[(i - 1) / 2])) {
        ended->heap[i] = ended->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    ended->heap[i] = call;
}

static struct ranked *ended_take(struct ended *ended)
{
    struct ranked *first = ended->heap[0];
    struct ranked *last = ended->heap[--ended->count];
    size_t i = 0;
    while (2 * i + 1 < ended->count) {
        size_t child = 2 * i + 1;
        if (child + 1 < ended->count && ends_before(ended->heap[child + 1], ended->heap[child]))
            child++;
        if (!ends_before(ended->heap[child], last))
            break;
        ended->heap[i] = ended->heap[child];
        i = child;
    }
    ended->heap[i] = last;
    return first;
}

static void ended_until(struct ended *ended, uint64_t start_ns)
{
    while (ended->count > 0 && end_of(ended->heap[0]->op) < start_ns) {
        const struct ranked *call = ended_take(ended);
        if (call->rank > ended->most || ended->who == NULL) {
            ended->most = call->rank;
            ended->who = call;
        }
    }
}

static void sweep_call(struct checked *key, struct ended *ended, struct ranked *call)
{
    ended_until(ended, call->op->start_ns);
    if (call->absent) {
        call->rank = absent_rank(key, ended->most, call->op);
        if (call->rank == NOWHERE)
            violation(key, call, ended->who,
                "a call found no such key although it was there all the time");
    }
    if (call->rank == NOWHERE)
        return;
    if (call->rank < ended->most)
        violation(key, call, ended->who,
            "a call that began after another had ended belongs before it: it was stale, or an "
            "answered "
            "write was lost");
    ended_put(ended, call);
}

static void sweep(struct checked *key)
{
    struct ended ended = {.heap = malloc((key->count + 1) * sizeof(struct ranked *))};
    for (size_t i = 0; i < key->count && key->verdict->holds; i++)
        sweep_call(key, &ended, &key->call[i]);
    free(ended.heap);
}

static void check_key(const struct history *history, struct ranked *calls, size_t count,
    struct checker_verdict *verdict)
{
    struct checked key = {.history = history,
        .call = calls,
        .count = count,
        .verdict = verdict,
        .by_version = malloc((count + 1) * sizeof(struct ranked *)),
        .unknown_write_ns = NOWHERE,
        .unknown_delete_ns = NOWHERE};
    qsort(calls, count, sizeof *calls, by_start);
    for (size_t i = 0; i < count; i++)
        rank_by_own_answer(&calls[i]);
    match_gets(&key);
    collect_writes(&key);
    for (size_t i = 0; i < key.writes; i++)
        check_cas(&key, i);
    sweep(&key);
    free(key.by_version);
}

struct checker_verdict checker_check(const struct history *history)
{
    struct checker_verdict verdict = {.holds = true};
    uint32_t keys = 0;
    for (size_t i = 0; i < history->count; i++)
        if (history->op[i].key >= keys)
            keys = history->op[i].key + 1;
    size_t *start = calloc((size_t)keys + 2, sizeof *start);
    struct ranked *calls = calloc(history->count + 1, sizeof *calls);
    for (size_t i = 0; i < history->count; i++)
        start[history->op[i].key + 2]++;
    for (uint32_t k = 1; k < keys + 2; k++)
        start[k] += start[k - 1];
    for (size_t i = 0; i < history->count; i++)
        calls[start[history->op[i].key + 1]++] =
            (struct ranked){.op = &history->op[i], .number = i};
    for (uint32_t k = 0; k < keys && verdict.holds; k++)
        check_key(history, calls + start[k], start[k + 1] - start[k], &verdict);
    free(calls);
    free(start);
    return verdict;
}
