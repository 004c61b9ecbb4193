/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where each mutant was seen first. For mutants.c alone.
 */
#ifndef TESTS_SIM_MUTANTS_RECORDED_H
#define TESTS_SIM_MUTANTS_RECORDED_H

#include "engine/base/mutant.h"

/* A world that shows it. */
struct recorded {
    uint32_t seed;
    uint32_t length_ms; /* 0: MUTANTS_LENGTH_NS */
};

static const struct recorded recorded[MUTANT_COUNT] = {
    [MUTANT_number_skipped] = {1, 0},
};

#endif
