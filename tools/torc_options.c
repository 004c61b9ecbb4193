/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Options of all verbs: a table, and one loop over it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/torc_cli.h"

struct option {
    const char *name;
    const char *value; /* what it is called in --help; NULL: none follows */
    const char *what;
    unsigned bit;
    /* NULL, or what is wrong with the value. */
    const char *(*take)(struct cli *cli, const char *value);
};

/* ---- values ---- */

static const char *number(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    static char why[96];
    char *end = NULL;
    const unsigned long long value = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == 0 && value >= low && value <= high) {
        *out = value;
        return NULL;
    }
    snprintf(why, sizeof why, "must be a number from %llu to %llu", (unsigned long long)low,
        (unsigned long long)high);
    return why;
}

static const char *take_json(struct cli *cli, const char *value)
{
    (void)value;
    cli->json = true;
    return NULL;
}

static const char *take_help(struct cli *cli, const char *value)
{
    (void)value;
    cli->help = true;
    return NULL;
}

static const char *take_progress(struct cli *cli, const char *value)
{
    (void)value;
    cli->progress = true;
    return NULL;
}

static const char *take_verify(struct cli *cli, const char *value)
{
    (void)value;
    cli->verify = true;
    return NULL;
}

static const char *take_seed(struct cli *cli, const char *value)
{
    cli->seed = value;
    return NULL;
}

static const char *take_timeout(struct cli *cli, const char *value)
{
    char *end = NULL;
    const double seconds = strtod(value, &end);
    if (*value == 0 || *end != 0 || !(seconds > 0) || seconds > 86400)
        return "must be seconds, more than 0 and at most 86400, such as 2.5";
    cli->timeout_ns = (uint64_t)(seconds * 1e9);
    return NULL;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *take_hex(struct cli *cli, const char *value)
{
    const size_t length = strlen(value);
    free(cli->hex);
    cli->hex = malloc(length / 2 + 1);
    cli->hex_bytes = length / 2;
    if (length % 2 != 0 || cli->hex == NULL)
        return "must be pairs of hexadecimal digits, such as 836164";
    for (size_t i = 0; i < length / 2; i++) {
        const int high = digit(value[2 * i]), low = digit(value[2 * i + 1]);
        if (high < 0 || low < 0)
            return "must be pairs of hexadecimal digits, such as 836164";
        cli->hex[i] = (uint8_t)(high << 4 | low);
    }
    return NULL;
}

static const char *take_nodes(struct cli *cli, const char *value)
{
    return number(value, 1, TORC_NODES_MAX, &cli->nodes);
}

static const char *take_partitions(struct cli *cli, const char *value)
{
    return number(value, 1, TORC_PARTITIONS_MAX, &cli->partitions);
}

static const char *take_replicas(struct cli *cli, const char *value)
{
    return number(value, 1, TORC_REPLICAS_MAX, &cli->replicas);
}

static const char *take_hash(struct cli *cli, const char *value)
{
    if (strcmp(value, "xxh3") != 0 && strcmp(value, "sha1") != 0)
        return "must be xxh3 or sha1";
    cli->hash = *value == 'x' ? TORC_HASH_XXH3 : TORC_HASH_SHA1;
    return NULL;
}

static const char *take_claim(struct cli *cli, const char *value)
{
    if (strcmp(value, "spread") != 0 && strcmp(value, "blocks") != 0)
        return "must be spread or blocks";
    cli->claim = *value == 's' ? TORC_CLAIM_SPREAD : TORC_CLAIM_BLOCKS;
    return NULL;
}

static const char *take_keys(struct cli *cli, const char *value)
{
    return number(value, 1, 1000000000, &cli->keys);
}

static const char *take_value(struct cli *cli, const char *value)
{
    return number(value, 0, TORC_VALUE_BYTES_MAX, &cli->value_bytes);
}

static const char *take_window(struct cli *cli, const char *value)
{
    return number(value, 1, 65536, &cli->window);
}

static const char *take_prefix(struct cli *cli, const char *value)
{
    if (strlen(value) > 64)
        return "must have at most 64 characters";
    cli->prefix = value;
    return NULL;
}

static const struct option options[] = {
    {"--json", NULL, "print one JSON object", CLI_JSON, take_json},
    {"--seed", "ADDRESS[:PORT][,...]",
        "nodes to ask for the ring (TORC_SEED; " CLI_SEED_DEFAULT ")", CLI_SEED, take_seed},
    {"--timeout", "SECONDS", "how long a call may take (5)", CLI_TIMEOUT, take_timeout},
    {"--hex", "DIGITS", "the key, as hexadecimal digits, in place of KEY", CLI_HEX, take_hex},
    {"--nodes", "N", "compute without a cluster: a ring of nodes 1 to N", CLI_NODES, take_nodes},
    {"--partitions", "Q", "... of Q partitions (64)", CLI_NODES, take_partitions},
    {"--replicas", "N", "... in chains of N (3, or as many as nodes)", CLI_NODES, take_replicas},
    {"--hash", "xxh3|sha1", "... by this hash (xxh3)", CLI_NODES, take_hash},
    {"--claim", "spread|blocks", "... dealt to nodes like this (spread)", CLI_NODES, take_claim},
    {"--keys", "N", "how many keys (100000)", CLI_KEYS, take_keys},
    {"--value", "BYTES", "length of each value (64)", CLI_KEYS, take_value},
    {"--window", "W", "puts in flight at once (256)", CLI_KEYS, take_window},
    {"--prefix", "TEXT", "what the keys begin with (load:)", CLI_KEYS, take_prefix},
    {"--verify", NULL, "read all keys back and compare every byte", CLI_KEYS, take_verify},
    {"--progress", NULL, "draw the progress also where stderr is no terminal", CLI_KEYS,
        take_progress},
    {"--help", NULL, "this", ~0u, take_help},
};

/* ---- the loop ---- */

static const struct option *find(const struct cli_verb *verb, const char *text, size_t length)
{
    for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++)
        if ((options[i].bit & verb->options) != 0 && strlen(options[i].name) == length &&
            strncmp(options[i].name, text, length) == 0)
            return &options[i];
    return NULL;
}

/* One option at values[*at], which moves past its value. */
static int take_option(
    struct cli *cli, const struct cli_verb *verb, int count, char **values, int *at)
{
    const char *text = values[*at];
    const size_t length = strcspn(text, "=");
    const struct option *option = strcmp(text, "-h") == 0
                                      ? &options[sizeof options / sizeof options[0] - 1]
                                      : find(verb, text, length);
    if (option == NULL) {
        cli_say(
            cli, "unknown option %.*s; torc %s --help lists them", (int)length, text, verb->name);
        return CLI_USAGE;
    }
    const char *value = text[length] == '=' ? text + length + 1 : NULL;
    if (option->value != NULL && value == NULL && *at + 1 < count)
        value = values[++*at];
    if ((option->value != NULL) != (value != NULL)) {
        cli_say(
            cli, "%s %s", option->name, option->value != NULL ? "wants a value" : "takes no value");
        return CLI_USAGE;
    }
    const char *why = option->take(cli, value);
    if (why == NULL)
        return CLI_DONE;
    cli_say(cli, "%s %s: %s", option->name, value, why);
    return CLI_USAGE;
}

static void defaults(struct cli *cli)
{
    const char *seed = getenv("TORC_SEED");
    cli->seed = seed != NULL && *seed != 0 ? seed : CLI_SEED_DEFAULT;
    cli->timeout_ns = 5000000000u;
    cli->partitions = 64;
    cli->hash = TORC_HASH_XXH3;
    cli->claim = TORC_CLAIM_SPREAD;
    cli->keys = 100000;
    cli->value_bytes = 64;
    cli->window = 256;
    cli->prefix = "load:";
}

static int check_arguments(const struct cli *cli, const struct cli_verb *verb)
{
    const int given = cli->arguments + (cli->hex != NULL);
    if (cli->help || (given >= verb->arguments_min && given <= verb->arguments_max))
        return CLI_DONE;
    cli_say(cli, "%s; usage: torc %s %s",
        given < verb->arguments_min ? "something is missing" : "too many arguments", verb->name,
        verb->usage);
    return CLI_USAGE;
}

int cli_parse(struct cli *cli, const struct cli_verb *verb, int count, char **values)
{
    bool only_arguments = false;
    defaults(cli);
    for (int i = 0; i < count; i++) {
        if (!only_arguments && strcmp(values[i], "--") == 0) {
            only_arguments = true;
        } else if (only_arguments || values[i][0] != '-' || values[i][1] == 0) {
            cli->argument[cli->arguments++] = values[i];
        } else {
            const int status = take_option(cli, verb, count, values, &i);
            if (status != CLI_DONE)
                return status;
        }
    }
    return check_arguments(cli, verb);
}

void cli_help(const struct cli_verb *verb)
{
    printf("usage: torc %s %s\n\n%s.\n%s\n", verb->name, verb->usage, verb->what, verb->more);
    for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct option *option = &options[i];
        if ((option->bit & verb->options) == 0)
            continue;
        char left[64];
        snprintf(
            left, sizeof left, "%s %s", option->name, option->value != NULL ? option->value : "");
        printf("  %-32s %s\n", left, option->what);
    }
}
