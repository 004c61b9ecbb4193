/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/mutants.h"

#include <stdio.h>

bool mutants_choose(const char *name)
{
    (void)name;
    return false;
}

int mutants_list(void)
{
    fputs("torc-sim: this build has no mutants: meson setup -Dmutants=true\n", stderr);
    return 2;
}

int mutants_all(bool search)
{
    (void)search;
    return mutants_list();
}
