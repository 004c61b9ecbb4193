/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One run of the simulator: a seed's world from its beginning to its end, with everything that must
 * hold checked.
 */
#ifndef TESTS_SIM_RUN_H
#define TESTS_SIM_RUN_H

#include <stdbool.h>
#include <stdio.h>

#include "tests/sim/plan.h"

#define RUN_BEGIN_NS 1000000000u /* when a world begins; stories count from there */

struct run_options {
    struct plan_options plan;
    FILE *trace;    /* the story of every frame; NULL: none */
    bool no_checks; /* for measuring: the world alone */
};

struct run_result {
    bool held;
    char invariant[32]; /* name of what did not hold */
    char why[512];      /* and how, in a sentence */
    uint64_t hash;      /* of all packets and outcomes: the same seed gives the same, everywhere */
    uint64_t calls, done, refused, unknown, never;
    uint64_t packets, entries, virtual_ns;
    uint64_t
        failed_ns; /* world time of the failure; of a history: when the last call of it ended */
};

struct run_result run_seed(uint64_t seed, const struct run_options *options);

#endif
