/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Planted bugs: wrong versions of the engine's code, switched on by name in a build with
 * -Dmutants=true. Each shows that the simulator would see such a bug.
 */
#ifndef TESTS_SIM_MUTANTS_H
#define TESTS_SIM_MUTANTS_H

#include <stdbool.h>

/* Switches one on; false if there is none of that name in this build. */
bool mutants_choose(const char *name);

/* Prints the names. Returns an exit code. */
int mutants_list(void);

/*
 * Shows for each mutant that it is caught: by its recorded seed, or, with `search`, by looking from
 * seed 1 on, up to 10,000. Returns 0 if all were.
 */
int mutants_all(bool search);

#endif
