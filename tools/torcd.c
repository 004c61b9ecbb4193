/* SPDX-License-Identifier: BSD-3-Clause
 *
 * torcd: one node as a process in the foreground. All it does is read its command line and wait
 * for a signal; the node is the library of include/torc/node.h.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <torc/error.h>
#include <torc/node.h>

#define DRAIN_MS         5000u
#define EXIT_USAGE       2
#define SECOND_SIGNAL_MS 100
#define EXIT_SIGNALS     128 /* and the signal's number, as a shell has it */

struct arguments {
    const char *config;
    bool check;
    const char *const *eal; /* NULL-terminated, or NULL */
};

static void print_help(FILE *out)
{
    char drivers[128];
    torc_node_drivers(drivers, sizeof drivers);
    fprintf(out,
        "usage: torcd --config FILE [--check] [-- EAL ARGUMENTS]\n"
        "\n"
        "Runs one node of a torc cluster in the foreground. SIGTERM or SIGINT ends what is under\n"
        "way, then the process, with 0; a second one ends it at once.\n"
        "\n"
        "  -c, --config FILE   the configuration (YAML)\n"
        "      --check         only reads and checks it: 0 if it is good\n"
        "  -h, --help          this text\n"
        "  -V, --version       the version\n"
        "\n"
        "Drivers of this build: %s. What follows -- goes to DPDK's EAL; none is needed.\n",
        drivers);
}

static int usage(const char *what, const char *which)
{
    fprintf(stderr, "torcd: %s%s; torcd --help shows what there is\n", what, which);
    return EXIT_USAGE;
}

/* What getopt did not understand, as it was written. */
static int bad_option(int kind, char **argv)
{
    char letter[3] = {'-', (char)optopt, 0};
    const char *written = argv[optind - 1];
    bool is_long = written[0] == '-' && written[1] == '-';
    return usage(kind == ':' ? "a value is missing after " : "unknown option ",
        is_long || optopt == 0 ? written : letter);
}

/* -1: run; else the process ends with it. */
static int parse(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option = 0;
    while ((option = getopt_long(argc, argv, "+:c:hV", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            arguments->config = optarg;
            break;
        case 'k':
            arguments->check = true;
            break;
        case 'h':
            print_help(stdout);
            return EXIT_SUCCESS;
        case 'V':
            puts("torcd " TORC_VERSION);
            return EXIT_SUCCESS;
        default:
            return bad_option(option, argv);
        }
    }
    if (optind < argc && strcmp(argv[optind - 1], "--") != 0)
        return usage("unexpected argument ", argv[optind]);
    if (optind < argc)
        arguments->eal = (const char *const *)&argv[optind];
    if (arguments->config == NULL)
        return usage("no configuration; give --config FILE", "");
    return -1;
}

static struct timespec first_signal;

/*
 * A second signal: whoever sends it does not want to wait. Unless it comes with the first: a
 * process group and its leader are often both told.
 */
static void end_at_once(int number)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t since_ms = (int64_t)(now.tv_sec - first_signal.tv_sec) * 1000 +
                       (now.tv_nsec - first_signal.tv_nsec) / 1000000;
    if (since_ms >= SECOND_SIGNAL_MS)
        _exit(EXIT_SIGNALS + number);
}

static int wait_and_stop(struct torc_node *node, const sigset_t *signals)
{
    int number = 0;
    struct sigaction at_once = {.sa_handler = end_at_once};
    while (sigwait(signals, &number) != 0)
        continue;
    clock_gettime(CLOCK_MONOTONIC, &first_signal);
    sigaction(SIGTERM, &at_once, NULL);
    sigaction(SIGINT, &at_once, NULL);
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
    torc_node_stop(node, DRAIN_MS);
    return EXIT_SUCCESS;
}

static int run(struct torc_node *node)
{
    char error[TORC_NODE_ERROR_BYTES];
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (torc_node_start(node, error) != 0) {
        fprintf(stderr, "torcd: %s\n", error);
        return EXIT_FAILURE;
    }
    return wait_and_stop(node, &signals);
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct torc_node *node = NULL;
    char error[TORC_NODE_ERROR_BYTES];
    int result = parse(argc, argv, &arguments);
    if (result >= 0)
        return result;
    struct torc_node_options options = {
        .config_path = arguments.config, .eal_arguments = arguments.eal};
    if (torc_node_create(&options, &node, error) != 0) {
        fprintf(stderr, "torcd: %s\n", error);
        return EXIT_FAILURE;
    }
    if (arguments.check)
        printf(
            "%s: good: node %u (%s)\n", arguments.config, torc_node_id(node), torc_node_name(node));
    else
        result = run(node);
    torc_node_destroy(node);
    return arguments.check ? EXIT_SUCCESS : result;
}
