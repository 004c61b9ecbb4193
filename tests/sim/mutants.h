/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Planted bugs (engine/base/mutant.h): wrong versions of the engine's code, switched on by name in
 * a build with -Dmutants=true. Each shows that the simulator would see such a bug.
 */
#ifndef TESTS_SIM_MUTANTS_H
#define TESTS_SIM_MUTANTS_H

#include <stdbool.h>
#include <stdint.h>

/* Switches one on; false if there is none of that name in this build. */
bool mutants_choose(const char *name);

/* Prints the names, and what is wrong in each. Returns an exit code. */
int mutants_list(void);

/*
 * Shows for each mutant, or the one of that name, that it is caught: by its recorded seed (and if a
 * change of the engine made another world of that seed, by one of the first 200); or, with `search`
 * above 0, by looking from seed 1 on, up to that one. The worlds are of so many virtual ns; 0: 6 s.
 * Each runs in a process of its own: an assertion that trips, and a crash, count as caught; a world
 * that does not end within MUTANTS_SEED_S does not. Returns 0 if all were caught, 2 if there is no
 * such mutant.
 */
#define MUTANTS_SEED_S    20u
#define MUTANTS_SEEDS_MAX 10000u
int mutants_all(const char *name, uint64_t search, uint64_t length_ns);

#endif
