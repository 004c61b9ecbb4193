/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Is a history linearizable? For each key by itself (linearizability is local: Herlihy and Wing,
 * 1990): is there an order of the calls, each somewhere between its start and its end, that a
 * register with compare-and-set would have answered like this?
 */
#ifndef TESTS_SIM_CHECKER_H
#define TESTS_SIM_CHECKER_H

#include <stdbool.h>

#include "tests/sim/history.h"

struct checker_verdict {
    bool holds;
    uint32_t key; /* of the violation */
    size_t op[4]; /* calls that cannot be ordered, most telling first */
    unsigned ops;
    char why[256]; /* one sentence */
};

/*
 * Checks a history of any number of keys. Calls of outcome UNKNOWN, or that never ended, may have
 * taken effect at any time after their start, or never. Refused calls had no effect (a cas that
 * did not match read the key). O(n log n) in the number of calls.
 */
struct checker_verdict checker_check(const struct history *history);

#endif
