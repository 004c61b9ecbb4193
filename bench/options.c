/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <torc/types.h>

#include "bench/floor.h"
#include "engine/client/client.h"

static const char options_help[] =
    "usage: bench-chain [OPTION...]\n"
    "\n"
    "A client and three nodes on one core, in one thread, over DPDK's ring ports: what a "
    "replicated\n"
    "put costs, beside the least that it could cost there (the floor), measured in turns.\n"
    "\n"
    "  --value BYTES       of each value (64)\n"
    "  --batch N           requests a packet of the client's, entries a packet of the floor's (1)\n"
    "  --window N          puts in flight (128, or 32 packets full where that is more)\n"
    "  --keys N            in the store, put before, overwritten at random (1000000)\n"
    "  --partitions N      of the ring (64)\n"
    "  --seconds S         measured of each: wire floor, store floor, engine (6)\n"
    "  --rounds N          into which that is cut; the medians of the rounds count (5)\n"
    "  --loops N           N loops of each, a clock that only loops move: for counting "
    "instructions\n"
    "  --verify N          keys put and read back at the end (10000)\n"
    "  --floor-log MIB     a replica's log in the floor (256)\n"
    "  --hugepages         let DPDK use hugepages (needs some)\n"
    "  --json              one JSON object instead of text\n";

enum options_name {
    OPTION_VALUE = 1,
    OPTION_BATCH,
    OPTION_WINDOW,
    OPTION_KEYS,
    OPTION_PARTITIONS,
    OPTION_SECONDS,
    OPTION_ROUNDS,
    OPTION_LOOPS,
    OPTION_VERIFY,
    OPTION_FLOOR_LOG,
    OPTION_HUGEPAGES,
    OPTION_JSON,
    OPTION_HELP,
};

static const struct option options_known[] = {
    {"value", required_argument, NULL, OPTION_VALUE},
    {"batch", required_argument, NULL, OPTION_BATCH},
    {"window", required_argument, NULL, OPTION_WINDOW},
    {"keys", required_argument, NULL, OPTION_KEYS},
    {"partitions", required_argument, NULL, OPTION_PARTITIONS},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"rounds", required_argument, NULL, OPTION_ROUNDS},
    {"loops", required_argument, NULL, OPTION_LOOPS},
    {"verify", required_argument, NULL, OPTION_VERIFY},
    {"floor-log", required_argument, NULL, OPTION_FLOOR_LOG},
    {"hugepages", no_argument, NULL, OPTION_HUGEPAGES},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

/* The name without its dashes, for messages. */
static const char *options_name(int option)
{
    for (const struct option *known = options_known; known->name != NULL; known++)
        if (known->val == option)
            return known->name;
    return "?";
}

static bool options_number(int option, const char *text, double low, double high, double *number)
{
    char *end = NULL;
    *number = strtod(text, &end);
    if (end != text && *end == '\0' && *number >= low && *number <= high)
        return true;
    (void)fprintf(stderr, "bench-chain: --%s wants a number from %.10g to %.10g, not '%s'\n",
        options_name(option), low, high, text);
    return false;
}

static bool options_whole(int option, const char *text, uint32_t low, uint32_t high, uint32_t *out)
{
    double number;
    if (!options_number(option, text, low, high, &number))
        return false;
    *out = (uint32_t)number;
    return true;
}

static bool options_set(struct options *options, int option, const char *text)
{
    double loops;
    switch (option) {
    case OPTION_VALUE:
        return options_whole(option, text, 0, 1300, &options->value_bytes);
    case OPTION_BATCH:
        return options_whole(option, text, 1, 64, &options->batch);
    case OPTION_WINDOW:
        return options_whole(option, text, 1, 65536, &options->window);
    case OPTION_KEYS:
        return options_whole(option, text, 1, 100000000, &options->keys);
    case OPTION_PARTITIONS:
        return options_whole(option, text, 1, TORC_PARTITIONS_MAX, &options->partitions);
    case OPTION_SECONDS:
        return options_number(option, text, 0.001, 3600, &options->seconds);
    case OPTION_ROUNDS:
        return options_whole(option, text, 1, 100, &options->rounds);
    case OPTION_VERIFY:
        return options_whole(option, text, 0, 10000000, &options->verify);
    case OPTION_FLOOR_LOG:
        return options_whole(option, text, 1, 65536, &options->floor_log_mib);
    case OPTION_LOOPS:
        if (!options_number(option, text, 1, 1e12, &loops))
            return false;
        options->loops = (uint64_t)loops;
        return true;
    case OPTION_HUGEPAGES:
        return options->hugepages = true;
    default:
        return options->json = true;
    }
}

static bool options_agree(struct options *options)
{
    uint32_t most = floor_batch_most(options->value_bytes);
    if (options->batch > most) {
        (void)fprintf(stderr, "bench-chain: --batch: %u entries of %u bytes fit no packet, %u do\n",
            options->batch, options->value_bytes, most);
        return false;
    }
    if (options->window == 0)
        options->window = options->batch < 4 ? 128 : 32 * options->batch;
    if (options->loops != 0)
        options->rounds = 1;
    return true;
}

bool options_parse(struct options *options, int argc, char **argv, int *status)
{
    *options = (struct options){.value_bytes = 64,
        .batch = 1,
        .keys = 1000000,
        .partitions = 64,
        .seconds = 6,
        .rounds = 5,
        .verify = 10000,
        .floor_log_mib = 256};
    *status = 2;
    int option;
    while ((option = getopt_long(argc, argv, "", options_known, NULL)) != -1) {
        if (option == OPTION_HELP) {
            (void)fputs(options_help, stdout);
            *status = 0;
            return false;
        }
        if (option == '?' || !options_set(options, option, optarg))
            return false;
    }
    if (optind < argc) {
        (void)fprintf(stderr, "bench-chain: '%s' is no option; see --help\n", argv[optind]);
        return false;
    }
    return options_agree(options);
}
