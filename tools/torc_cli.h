/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The command line: its verbs, and what they share.
 *
 *   torc.c            which verb          torc_ring_view.c   a ring, from a cluster or computed
 *   torc_options.c    what was asked      torc_cmd_*.c       one file for each family of verbs
 */
#ifndef TOOLS_TORC_CLI_H
#define TOOLS_TORC_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <torc/client.h>

#include "engine/ring/ring.h"

enum cli_exit {
    CLI_DONE = 0,
    CLI_NO = 1, /* not found, refused, or something was lost */
    CLI_USAGE = 2,
    CLI_UNKNOWN = 3,
    CLI_UNREACHABLE = 4,
};

#define CLI_SEED_DEFAULT "127.0.0.1:7400"

/* Options, as bits: which ones a verb takes. */
enum cli_option {
    CLI_JSON = 1 << 0,
    CLI_SEED = 1 << 1,
    CLI_TIMEOUT = 1 << 2,
    CLI_HEX = 1 << 3,
    CLI_NODES = 1 << 4, /* and --partitions, --replicas, --hash, --claim */
    CLI_KEYS = 1 << 5,  /* and --value, --window, --prefix, --verify, --progress */
    CLI_VERSION = 1 << 6,
    CLI_CLUSTER = CLI_JSON | CLI_SEED | CLI_TIMEOUT,
};

struct cli {
    const char *verb;
    bool json, help, verify, progress;
    const char *seed;
    uint64_t timeout_ns;
    uint8_t *hex; /* the key that --hex gave; NULL: none */
    size_t hex_bytes;
    uint64_t nodes; /* 0: ask a cluster */
    uint64_t partitions, replicas;
    uint64_t hash, claim; /* enum torc_hash, enum torc_claim */
    uint64_t keys, value_bytes, window;
    const char *prefix;
    const char **argument;
    int arguments;
};

struct cli_verb {
    const char *name;
    const char *usage; /* behind "torc NAME " */
    const char *what;  /* one line */
    const char *more;  /* the rest of --help */
    unsigned options;  /* enum cli_option */
    int arguments_min, arguments_max;
    int (*run)(struct cli *cli);
};

extern const struct cli_verb cli_verbs_kv[], cli_verbs_ring[], cli_verbs_stats[], cli_verbs_load[];

/* ---- torc_options.c ---- */

/* Reads argv[1..] of a verb. 0, or CLI_USAGE after one line on stderr. */
int cli_parse(struct cli *cli, const struct cli_verb *verb, int count, char **values);
void cli_help(const struct cli_verb *verb);

/* ---- torc_common.c ---- */

/* One line on stderr, "torc VERB: ...". */
__attribute__((format(printf, 2, 3))) void cli_say(const struct cli *cli, const char *format, ...);

/*
 * A client that has the ring, or NULL after one line on stderr, with what to exit with in *status.
 */
struct torc_client *cli_connect(const struct cli *cli, int *status);

/* Prints and frees. */
void cli_print_json(json_t *json);

/* The key of the call: --hex, or the first argument (taken off). NULL after a line on stderr. */
const void *cli_key(struct cli *cli, size_t *bytes);

json_t *cli_json_hex(const void *bytes, size_t count);
/* The bytes as a string where they are UTF-8 without a zero, else null. */
json_t *cli_json_text(const void *bytes, size_t count);
json_t *cli_json_u64(uint64_t value);

/* ---- torc_ring_view.c ---- */

/*
 * A ring to look at: computed where --nodes was given, else the cluster's. The view owns what it
 * points to, until cli_ring_close.
 */
struct cli_ring {
    const struct ring *ring;
    void *memory;
    struct torc_client *client;
};
/* CLI_DONE, or what to exit with after one line on stderr. */
int cli_ring_open(const struct cli *cli, struct cli_ring *view);
void cli_ring_close(struct cli_ring *view);

#endif
