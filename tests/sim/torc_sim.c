/* SPDX-License-Identifier: BSD-3-Clause
 *
 * torc-sim: whole clusters and their clients on a clock that is a number, in a world that a seed
 * draws. Exit: 0 all held, 1 something did not, 2 usage.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/mutants.h"
#include "tests/sim/run.h"

#define STORY_LINES 30u

struct options {
    uint64_t seed, seeds;
    struct run_options run;
    const char *mutant;
    bool json, trace, search;
    double minutes;
};

static void usage(FILE *out)
{
    fputs("usage: torc-sim --seed N [--seeds K] [--nodes M] [--minutes V] [--trace] [--json]\n"
          "                [--mutant NAME|all|list [--search]] [--benchmark]\n"
          "\n"
          "  --seed N      the world to run; the same seed is the same world everywhere\n"
          "  --seeds K     run K worlds, from seed N on (default 1)\n"
          "  --nodes M     1 to 9 nodes (default: drawn)\n"
          "  --minutes V   virtual minutes of work before everything heals (default 1)\n"
          "  --trace       tell every frame and event\n"
          "  --json        one JSON object a line\n"
          "  --mutant NAME run with that planted bug (a build with -Dmutants=true)\n"
          "     all        show that each is caught, by its recorded seed; --search looks for "
          "one,\n                from seed 1 to K (10,000)\n"
          "     list       name them\n"
          "  --benchmark   three nodes, 1,000 calls a virtual second, no faults: how fast is it?\n",
        out);
}

static bool number(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && *end == 0 && end != text && text[0] != '-';
}

static int bad(const char *option, const char *what)
{
    fprintf(stderr, "torc-sim: %s: %s (torc-sim --help)\n", option, what);
    return 2;
}

static double wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Text inside a JSON string: quotes and line ends escaped. */
static void print_json_text(const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        if (*text == '\n')
            fputs("\\n", stdout);
        else
            putchar(*text);
    }
}

static void print_json(uint64_t seed, const struct run_result *r)
{
    printf("{\"seed\": %" PRIu64 ", \"held\": %s, \"hash\": \"%016" PRIx64 "\", \"calls\": %" PRIu64
           ", \"done\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"unknown\": %" PRIu64
           ", \"never\": %" PRIu64 ", \"packets\": %" PRIu64 ", \"virtual_ns\": %" PRIu64
           ", \"invariant\": \"%s\", \"why\": \"",
        seed, r->held ? "true" : "false", r->hash, r->calls, r->done, r->refused, r->unknown,
        r->never, r->packets, r->virtual_ns, r->invariant);
    print_json_text(r->why);
    fputs("\"}\n", stdout);
}

/* Is a line of the story about that partition, or about all? ` p7 `, or ` -- ` for events. */
static bool tells_of(const char *line, size_t bytes, const char *partition)
{
    return partition[0] == 0 || memmem(line, bytes, partition, strlen(partition)) != NULL ||
           memmem(line, bytes, " -- ", 4) != NULL;
}

/* The last lines of a story, up to some time, that tell of a partition (text " p7 "; "": of
 * anything). */
static void print_last(const char *text, size_t bytes, const char *partition, uint64_t until_us)
{
    const char *line[STORY_LINES] = {NULL};
    unsigned found = 0;
    size_t end = bytes;
    while (end > 0 && found < STORY_LINES) {
        size_t from = end - 1;
        while (from > 0 && text[from - 1] != '\n')
            from--;
        bool late = strtoull(text + from + 1, NULL, 10) > until_us;
        if (!late && tells_of(text + from, end - from, partition))
            line[found++] = text + from;
        end = from;
    }
    while (found > 0) {
        const char *next = line[--found];
        size_t length = (size_t)((const char *)memchr(next, '\n', bytes) - next) + 1;
        fwrite(next, 1, length, stdout);
    }
}

/* The world once more, with the story of its last moments before the failure. */
static void print_story(
    uint64_t seed, const struct options *options, const struct run_result *failed)
{
    char *text = NULL, partition[16] = "";
    size_t bytes = 0;
    struct run_options again = options->run;
    again.trace = open_memstream(&text, &bytes);
    run_seed(seed, &again);
    fclose(again.trace);
    const char *named = strstr(failed->why, "partition ");
    unsigned number;
    if (named != NULL && sscanf(named, "partition %u", &number) == 1)
        snprintf(partition, sizeof partition, " p%u ", number);
    printf("  the last of what was sent%s%s:\n", partition[0] != 0 ? " of" : "", partition);
    print_last(text, bytes, partition, (failed->failed_ns - RUN_BEGIN_NS) / 1000);
    free(text);
}

static void print_failure(uint64_t seed, const struct options *options, const struct run_result *r)
{
    char plan_text[400];
    struct plan plan = plan_draw(seed, &options->run.plan);
    plan_describe(&plan, plan_text, sizeof plan_text);
    printf("seed %" PRIu64 ": %s does not hold\n  %s\n  world: %s\n", seed, r->invariant, r->why,
        plan_text);
    if (!options->trace)
        print_story(seed, options, r);
    printf("  replay: torc-sim --seed %" PRIu64, seed);
    if (options->run.plan.nodes > 0)
        printf(" --nodes %u", options->run.plan.nodes);
    if (options->minutes != 1)
        printf(" --minutes %g", options->minutes);
    if (options->mutant != NULL)
        printf(" --mutant %s", options->mutant);
    printf(" --trace\n");
}

static int run_all(const struct options *options)
{
    uint64_t failures = 0, calls = 0, virtual_ns = 0, hash = 0;
    double begin_s = wall_s();
    for (uint64_t i = 0; i < options->seeds; i++) {
        struct run_result r = run_seed(options->seed + i, &options->run);
        failures += !r.held;
        calls += r.calls;
        virtual_ns += r.virtual_ns;
        hash = hash * 31 + r.hash;
        if (options->json)
            print_json(options->seed + i, &r);
        else if (!r.held)
            print_failure(options->seed + i, options, &r);
    }
    double s = wall_s() - begin_s;
    if (!options->json)
        printf("%" PRIu64 " seeds from %" PRIu64 ": %" PRIu64 " failed; %" PRIu64
               " calls, %.0f virtual s in %.2f s (%.0f times real time), hash %016" PRIx64 "\n",
            options->seeds, options->seed, failures, calls, (double)virtual_ns / 1e9, s,
            (double)virtual_ns / 1e9 / s, hash);
    return failures > 0 ? 1 : 0;
}

enum {
    OPTION_SEED = 1,
    OPTION_SEEDS,
    OPTION_NODES,
    OPTION_MINUTES,
    OPTION_TRACE,
    OPTION_JSON,
    OPTION_MUTANT,
    OPTION_SEARCH,
    OPTION_BENCHMARK,
    OPTION_HELP
};

static int take_minutes(struct options *options, const char *text)
{
    char *end;
    options->minutes = strtod(text, &end);
    if (*end != 0 || end == text || !(options->minutes > 0 && options->minutes <= 100000))
        return bad("--minutes", "a number above 0 is wanted");
    options->run.plan.minutes_ns = (uint64_t)(options->minutes * 60e9);
    return 0;
}

static int take_option(struct options *options, int option, const char *text)
{
    uint64_t value = 0;
    switch (option) {
    case OPTION_SEED:
        return number(text, &options->seed) ? 0 : bad("--seed", "a whole number is wanted");
    case OPTION_SEEDS:
        return number(text, &options->seeds) && options->seeds > 0
                   ? 0
                   : bad("--seeds", "a whole number above 0 is wanted");
    case OPTION_NODES:
        if (!number(text, &value) || value < 1 || value > WORLD_NODES_MAX)
            return bad("--nodes", "1 to 9 is wanted");
        options->run.plan.nodes = (unsigned)value;
        return 0;
    case OPTION_MINUTES:
        return take_minutes(options, text);
    case OPTION_TRACE:
        options->trace = true;
        options->run.trace = stdout;
        return 0;
    case OPTION_JSON:
        options->json = true;
        return 0;
    case OPTION_MUTANT:
        options->mutant = text;
        return 0;
    case OPTION_SEARCH:
        options->search = true;
        return 0;
    case OPTION_BENCHMARK:
        options->run.plan.benchmark = options->run.no_checks = true;
        return 0;
    case OPTION_HELP:
        usage(stdout);
        exit(0);
    default:
        usage(stderr);
        return 2;
    }
}

static int run_mutant(const struct options *options)
{
    const char *name = options->mutant;
    uint64_t most = options->seeds > 1 ? options->seeds : MUTANTS_SEEDS_MAX;
    if (strcmp(name, "list") == 0)
        return mutants_list();
    if (strcmp(name, "all") == 0)
        return mutants_all(NULL, options->search ? most : 0, options->run.plan.minutes_ns);
    if (!mutants_choose(name))
        return bad(name, "no such mutant in this build: --mutant list names them; "
                         "meson setup -Dmutants=true builds them in");
    if (options->search)
        return mutants_all(name, most, options->run.plan.minutes_ns);
    return run_all(options);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"seed", 1, NULL, OPTION_SEED},
        {"seeds", 1, NULL, OPTION_SEEDS}, {"nodes", 1, NULL, OPTION_NODES},
        {"minutes", 1, NULL, OPTION_MINUTES}, {"trace", 0, NULL, OPTION_TRACE},
        {"json", 0, NULL, OPTION_JSON}, {"mutant", 1, NULL, OPTION_MUTANT},
        {"search", 0, NULL, OPTION_SEARCH}, {"benchmark", 0, NULL, OPTION_BENCHMARK},
        {"help", 0, NULL, OPTION_HELP}, {NULL, 0, NULL, 0}};
    struct options options = {.seed = 1, .seeds = 1, .minutes = 1};
    int option;
    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        int wrong = take_option(&options, option, optarg);
        if (wrong != 0)
            return wrong;
    }
    if (optind < argc)
        return bad(argv[optind], "an argument that means nothing here");
    return options.mutant != NULL ? run_mutant(&options) : run_all(&options);
}
