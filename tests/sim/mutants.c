/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/mutants.h"

#include <stdio.h>

#ifndef TORC_MUTANTS

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

int mutants_all(const char *name, uint64_t search, uint64_t length_ns)
{
    (void)name;
    (void)search;
    (void)length_ns;
    return mutants_list();
}

#else

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"
#include "tests/sim/mutants_recorded.h"
#include "tests/sim/run.h"

#define MUTANTS_LENGTH_NS       6000000000u /* of a world: 0.1 minutes */
#define MUTANTS_RETRY_SEEDS     200u        /* where the recorded seed shows nothing any more */

struct mutant_info {
    const char *name, *what;
};
#define MUTANT_INFO(name, what) [MUTANT_##name] = {#name, what},
static const struct mutant_info mutants[MUTANT_COUNT] = {MUTANTS(MUTANT_INFO)};

static enum mutant mutant_named(const char *name)
{
    for (int i = 1; i < MUTANT_COUNT; i++)
        if (strcmp(mutants[i].name, name) == 0)
            return (enum mutant)i;
    return MUTANT_NONE;
}

bool mutants_choose(const char *name)
{
    mutant_on = mutant_named(name);
    return mutant_on != MUTANT_NONE;
}

int mutants_list(void)
{
    for (int i = 1; i < MUTANT_COUNT; i++)
        printf("%-30s %s\n", mutants[i].name, mutants[i].what);
    return 0;
}

/* What a process that runs worlds with a mutant says to the one that started it. */
struct hunt {
    uint64_t seed, last, length_ns; /* the world it is in; the last it may look at */
    bool caught;
    unsigned hung; /* worlds that did not end */
    char invariant[32];
    char why[512];
};

static struct hunt *hunt; /* of this process: for the handler */

static void hunt_assert(const char *what, const char *file, int line)
{
    hunt->caught = true;
    snprintf(hunt->invariant, sizeof hunt->invariant, "assertion");
    snprintf(hunt->why, sizeof hunt->why, "%s:%d: %s", file, line, what);
    _exit(0);
}

/* In the process that may crash. */
_Noreturn static void hunt_run(enum mutant mutant)
{
    struct run_options options = {.plan.minutes_ns = hunt->length_ns};
    mutant_on = mutant;
    base_assert_handler_set(hunt_assert);
    if (freopen("/dev/null", "w", stderr) == NULL)
        _exit(1);
    for (; hunt->seed <= hunt->last; hunt->seed++) {
        alarm(MUTANTS_SEED_S);
        struct run_result result = run_seed(hunt->seed, &options);
        if (result.held)
            continue;
        hunt->caught = true;
        snprintf(hunt->invariant, sizeof hunt->invariant, "%s", result.invariant);
        snprintf(hunt->why, sizeof hunt->why, "%s", result.why);
        _exit(0);
    }
    _exit(0);
}

/* One process; true if there may be more to look at behind the world in which it ended. */
static bool hunt_some(enum mutant mutant)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        hunt_run(mutant);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("torc-sim: fork");
        exit(2);
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        hunt->hung++;
        return hunt->seed++ < hunt->last;
    }
    if (WIFSIGNALED(status)) {
        hunt->caught = true;
        snprintf(hunt->invariant, sizeof hunt->invariant, "crash");
        snprintf(hunt->why, sizeof hunt->why, "signal %d", WTERMSIG(status));
    }
    return false;
}

static double wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Looks at the worlds from `seed` to `last`. */
static bool hunt_range(enum mutant mutant, uint64_t seed, uint64_t last, uint64_t length_ns)
{
    *hunt = (struct hunt){.seed = seed, .last = last, .length_ns = length_ns};
    while (hunt_some(mutant))
        ;
    hunt->why[strcspn(hunt->why, "\n")] = 0;
    return hunt->caught;
}

static bool hunt_one(enum mutant mutant, uint64_t search, uint64_t length_ns)
{
    double begin_s = wall_s();
    uint64_t seed = recorded[mutant];
    const char *note = "";
    length_ns = length_ns > 0 ? length_ns : MUTANTS_LENGTH_NS;
    if (search > 0) {
        hunt_range(mutant, 1, search, length_ns);
    } else if (seed == 0 || !hunt_range(mutant, seed, seed, length_ns)) {
        note = seed == 0 ? " (no seed is recorded)" : " (not by the recorded seed any more)";
        hunt_range(mutant, 1, MUTANTS_RETRY_SEEDS, length_ns);
    }
    printf("%-30s %s", mutants[mutant].name, hunt->caught ? "caught" : "NOT CAUGHT");
    printf(" by seed %5" PRIu64 "%s in %6.2f s: %s: %.110s", hunt->seed, note, wall_s() - begin_s,
        hunt->invariant, hunt->why);
    if (hunt->hung > 0)
        printf(" (%u worlds did not end)", hunt->hung);
    putchar('\n');
    fflush(stdout);
    return hunt->caught;
}

int mutants_all(const char *name, uint64_t search, uint64_t length_ns)
{
    enum mutant only = name == NULL ? MUTANT_NONE : mutant_named(name);
    unsigned caught = 0, looked = 0;
    if (name != NULL && only == MUTANT_NONE)
        return 2;
    hunt = mmap(NULL, sizeof *hunt, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (hunt == MAP_FAILED)
        return 2;
    for (int i = 1; i < MUTANT_COUNT; i++)
        if (only == MUTANT_NONE || (int)only == i) {
            caught += hunt_one((enum mutant)i, search, length_ns);
            looked++;
        }
    printf("%u of %u mutants are caught\n", caught, looked);
    return caught == looked ? 0 : 1;
}

#endif
