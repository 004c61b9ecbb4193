/* SPDX-License-Identifier: BSD-3-Clause
 *
 * torc: the command line of a cluster.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/torc_cli.h"

static const struct cli_verb *const families[] = {
    cli_verbs_kv, cli_verbs_ring, cli_verbs_stats, cli_verbs_load};

static const struct cli_verb *find(const char *name)
{
    for (unsigned i = 0; i < sizeof families / sizeof families[0]; i++)
        for (const struct cli_verb *verb = families[i]; verb->name != NULL; verb++)
            if (strcmp(verb->name, name) == 0)
                return verb;
    return NULL;
}

static void usage(FILE *to)
{
    fputs("usage: torc VERB [ARGUMENTS] [OPTIONS]\n\n", to);
    for (unsigned i = 0; i < sizeof families / sizeof families[0]; i++)
        for (const struct cli_verb *verb = families[i]; verb->name != NULL; verb++)
            fprintf(to, "  %-9s %s\n", verb->name, verb->what);
    fputs("\n"
          "torc VERB --help says more. A cluster is found through --seed ADDRESS[:PORT][,...], or\n"
          "TORC_SEED, or else " CLI_SEED_DEFAULT ".\n"
          "\n"
          "exit status: 0 done; 1 not found, or refused; 2 usage; 3 the outcome is not known;\n"
          "4 the cluster cannot be reached\n",
        to);
}

static int run(const struct cli_verb *verb, int count, char **values)
{
    struct cli cli = {.verb = verb->name};
    const char **arguments = calloc((size_t)count + 1, sizeof *arguments);
    cli.argument = arguments; /* verbs move it on */
    int status = arguments == NULL ? CLI_NO : cli_parse(&cli, verb, count, values);
    if (status == CLI_DONE && cli.help)
        cli_help(verb);
    else if (status == CLI_DONE)
        status = verb->run(&cli);
    free(cli.hex);
    free(arguments);
    return status;
}

int main(int count, char **values)
{
    if (count < 2) {
        usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(values[1], "--help") == 0 || strcmp(values[1], "-h") == 0 ||
        strcmp(values[1], "help") == 0) {
        usage(stdout);
        return CLI_DONE;
    }
    if (strcmp(values[1], "--version") == 0) {
        puts("torc " TORC_VERSION);
        return CLI_DONE;
    }
    const struct cli_verb *verb = find(values[1]);
    if (verb == NULL) {
        fprintf(stderr, "torc: unknown verb %s; torc --help lists them\n", values[1]);
        return CLI_USAGE;
    }
    const int status = run(verb, count - 2, values + 2);
    if (fflush(stdout) != 0 && status == CLI_DONE) {
        fprintf(stderr, "torc %s: the output could not be written\n", verb->name);
        return CLI_NO;
    }
    return status;
}
