/* SPDX-License-Identifier: BSD-3-Clause
 *
 * load: many puts in flight, then, if asked, everything read back and compared.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/histogram.h"
#include "engine/base/prng.h"
#include "tools/torc_cli.h"

#define KEY_BYTES 96u

struct load;

/* One call in flight, with what must stay until it ends. */
struct flight {
    struct load *load;
    uint64_t number; /* of the key */
    uint64_t begun_ns;
    char key[KEY_BYTES];
    uint8_t *value;
};

/* One pass over all keys: puts, or gets. */
struct pass {
    const char *name;
    uint64_t done, not_found, wrong, refused, unknown, retries;
    uint64_t begun_ns, ended_ns;
    struct histogram latency;
};

struct load {
    const struct cli *cli;
    struct torc_client *client;
    struct flight *flight, **idle;
    uint32_t idle_count;
    uint8_t *acknowledged; /* a bit a key */
    uint8_t *expected;
    uint64_t next, ended, lost;
    uint64_t failed_in_a_row;
    enum torc_status last_failure;
    struct pass put, get;
    struct pass *pass;
    uint64_t shown_ns;
    bool drawn;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double latency_us(const struct pass *pass, double percent)
{
    return (double)histogram_percentile(&pass->latency, percent) / 1e3;
}

static double seconds(const struct pass *pass)
{
    return (double)(pass->ended_ns - pass->begun_ns) / 1e9;
}

static double per_second(const struct pass *pass)
{
    const double time = seconds(pass);
    return time > 0 ? (double)pass->done / time : 0;
}

/* ---- keys and values ---- */

static size_t make_key(const struct load *load, uint64_t number, char *key)
{
    return (size_t)snprintf(
        key, KEY_BYTES, "%s%llu", load->cli->prefix, (unsigned long long)number);
}

/* Each key's value is its own, so that a value under the wrong key is seen. */
static void make_value(uint64_t number, uint8_t *value, size_t bytes)
{
    struct prng prng = {.state = number};
    for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
        const uint64_t word = prng_next(&prng);
        const size_t rest = bytes - i < sizeof word ? bytes - i : sizeof word;
        memcpy(value + i, &word, rest);
    }
}

/* ---- progress ---- */

static void show(struct load *load, bool last)
{
    const uint64_t at = now_ns();
    if (!load->drawn || (!last && at - load->shown_ns < 100000000u))
        return;
    load->shown_ns = at;
    const uint64_t keys = load->cli->keys;
    const unsigned width = 40, full = (unsigned)(load->ended * width / keys);
    char bar[41];
    memset(bar, '.', width);
    memset(bar, '#', full);
    bar[width] = 0;
    const double time = (double)(at - load->pass->begun_ns) / 1e9;
    fprintf(stderr, "\r%-4s [%s] %3u%% %8.0f/s ", load->pass->name, bar,
        (unsigned)(load->ended * 100 / keys), time > 0 ? (double)load->ended / time : 0);
    if (last)
        fputc('\n', stderr);
}

/* ---- calls ---- */

static void failed(struct load *load, const struct torc_result *result)
{
    struct pass *pass = load->pass;
    if (result->outcome == TORC_REFUSED)
        pass->refused++;
    else
        pass->unknown++;
    load->failed_in_a_row++;
    load->last_failure = result->status;
}

static void ended(struct load *load, struct flight *flight, const struct torc_result *result)
{
    struct pass *pass = load->pass;
    load->idle[load->idle_count++] = flight;
    load->ended++;
    pass->retries += result->retries;
    if (result->outcome != TORC_DONE)
        return;
    load->failed_in_a_row = 0;
    histogram_record(&pass->latency, now_ns() - flight->begun_ns);
}

static void put_ended(void *context, const struct torc_result *result)
{
    struct flight *flight = context;
    struct load *load = flight->load;
    ended(load, flight, result);
    if (result->outcome != TORC_DONE) {
        failed(load, result);
        return;
    }
    load->put.done++;
    load->acknowledged[flight->number / 8] |= (uint8_t)(1u << (flight->number % 8));
}

static void get_ended(void *context, const struct torc_result *result)
{
    struct flight *flight = context;
    struct load *load = flight->load;
    const bool promised = load->acknowledged[flight->number / 8] >> (flight->number % 8) & 1;
    ended(load, flight, result);
    if (result->outcome != TORC_DONE) {
        failed(load, result);
        return;
    }
    if (result->status == TORC_STATUS_NOT_FOUND) {
        load->get.not_found++;
        load->lost += promised;
        return;
    }
    const size_t bytes = load->cli->value_bytes;
    make_value(flight->number, load->expected, bytes);
    if (result->value_bytes == bytes && memcmp(result->value, load->expected, bytes) == 0) {
        load->get.done++;
        return;
    }
    load->get.wrong++;
    load->lost += promised;
}

static int begin(struct load *load, uint64_t number)
{
    struct flight *flight = load->idle[load->idle_count - 1];
    const size_t key_bytes = make_key(load, number, flight->key);
    const size_t bytes = load->cli->value_bytes;
    const uint64_t timeout = load->cli->timeout_ns;
    flight->number = number;
    flight->begun_ns = now_ns();
    int status;
    if (load->pass == &load->put) {
        make_value(number, flight->value, bytes);
        status = torc_client_put(
            load->client, flight->key, key_bytes, flight->value, bytes, timeout, put_ended, flight);
    } else {
        status = torc_client_get(load->client, flight->key, key_bytes, timeout, get_ended, flight);
    }
    if (status == 0)
        load->idle_count--;
    return status;
}

/* Gives up once a whole window failed without a single success between. */
static bool hopeless(const struct load *load)
{
    return load->failed_in_a_row > load->cli->window;
}

static void run_pass(struct load *load, struct pass *pass, const char *name)
{
    const uint64_t keys = load->cli->keys;
    load->pass = pass;
    load->next = load->ended = load->failed_in_a_row = 0;
    pass->name = name;
    pass->begun_ns = now_ns();
    while (load->ended < load->next || (load->next < keys && !interrupted && !hopeless(load))) {
        while (load->next < keys && load->idle_count > 0 && !interrupted && !hopeless(load) &&
               begin(load, load->next) == 0)
            load->next++;
        torc_client_poll(load->client, 100000000u);
        show(load, false);
    }
    pass->ended_ns = now_ns();
    show(load, true);
}

/* ---- the report ---- */

static json_t *pass_json(const struct pass *pass)
{
    json_t *json = json_object();
    json_object_set_new(json, "done", cli_json_u64(pass->done));
    json_object_set_new(json, "not_found", cli_json_u64(pass->not_found));
    json_object_set_new(json, "wrong", cli_json_u64(pass->wrong));
    json_object_set_new(json, "refused", cli_json_u64(pass->refused));
    json_object_set_new(json, "unknown", cli_json_u64(pass->unknown));
    json_object_set_new(json, "retries", cli_json_u64(pass->retries));
    json_object_set_new(json, "seconds", json_real(seconds(pass)));
    json_object_set_new(json, "per_second", json_real(per_second(pass)));
    json_object_set_new(json, "p50_us", json_real(latency_us(pass, 50)));
    json_object_set_new(json, "p99_us", json_real(latency_us(pass, 99)));
    json_object_set_new(json, "p999_us", json_real(latency_us(pass, 99.9)));
    return json;
}

static void print_json(const struct load *load)
{
    const struct cli *cli = load->cli;
    json_t *json = json_object();
    json_object_set_new(json, "keys", cli_json_u64(cli->keys));
    json_object_set_new(json, "value_bytes", cli_json_u64(cli->value_bytes));
    json_object_set_new(json, "window", cli_json_u64(cli->window));
    json_object_set_new(json, "put", pass_json(&load->put));
    json_object_set_new(json, "get", cli->verify ? pass_json(&load->get) : json_null());
    json_object_set_new(json, "lost", cli->verify ? cli_json_u64(load->lost) : json_null());
    cli_print_json(json);
}

static void print_pass(const struct pass *pass)
{
    printf("%-4s %10llu done in %.2f s: %.0f/s, p50 %.0f us, p99 %.0f us, p99.9 %.0f us; "
           "%llu sent again\n",
        pass->name, (unsigned long long)pass->done, seconds(pass), per_second(pass),
        latency_us(pass, 50), latency_us(pass, 99), latency_us(pass, 99.9),
        (unsigned long long)pass->retries);
    if (pass->refused + pass->unknown + pass->not_found + pass->wrong != 0)
        printf("     %10llu refused, %llu unknown, %llu not found, %llu with other bytes\n",
            (unsigned long long)pass->refused, (unsigned long long)pass->unknown,
            (unsigned long long)pass->not_found, (unsigned long long)pass->wrong);
}

static int report(const struct load *load)
{
    const struct cli *cli = load->cli;
    const uint64_t failures =
        load->put.refused + load->get.refused + load->get.not_found + load->get.wrong;
    if (cli->json)
        print_json(load);
    else
        print_pass(&load->put);
    if (!cli->json && cli->verify)
        print_pass(&load->get);
    if (hopeless(load))
        cli_say(cli, "gave up after %llu calls in a row failed: %s",
            (unsigned long long)load->failed_in_a_row, torc_status_text((int)load->last_failure));
    if (load->lost != 0)
        cli_say(cli, "%llu acknowledged keys are lost", (unsigned long long)load->lost);
    if (load->lost != 0 || failures != 0)
        return CLI_NO;
    if (load->put.unknown + load->get.unknown != 0)
        return CLI_UNKNOWN;
    return interrupted ? CLI_NO : CLI_DONE;
}

/* ---- the verb ---- */

static bool prepare(struct load *load)
{
    const struct cli *cli = load->cli;
    const size_t bytes = cli->value_bytes + 1;
    load->flight = calloc(cli->window, sizeof *load->flight);
    load->idle = calloc(cli->window, sizeof(struct flight *));
    load->acknowledged = calloc(cli->keys / 8 + 1, 1);
    load->expected = malloc(bytes);
    if (load->flight == NULL || load->idle == NULL || load->acknowledged == NULL ||
        load->expected == NULL)
        return false;
    for (uint32_t i = 0; i < cli->window; i++) {
        struct flight *flight = &load->flight[i];
        *flight = (struct flight){.load = load, .value = malloc(bytes)};
        if (flight->value == NULL)
            return false;
        load->idle[load->idle_count++] = flight;
    }
    return true;
}

static void release(struct load *load)
{
    for (uint32_t i = 0; load->flight != NULL && i < load->cli->window; i++)
        free(load->flight[i].value);
    free(load->flight);
    free(load->idle);
    free(load->acknowledged);
    free(load->expected);
    free(load);
}

static int run_load(struct cli *cli)
{
    int status = CLI_NO;
    struct load *load = calloc(1, sizeof *load);
    if (load == NULL)
        return CLI_NO;
    load->cli = cli;
    load->drawn = cli->progress || (!cli->json && isatty(STDERR_FILENO));
    if (!prepare(load)) {
        cli_say(cli, "not enough memory for %llu values of %llu bytes",
            (unsigned long long)cli->window, (unsigned long long)cli->value_bytes);
    } else if ((load->client = cli_connect(cli, &status)) != NULL) {
        const struct sigaction action = {.sa_handler = interrupt};
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        run_pass(load, &load->put, "put");
        if (cli->verify && !interrupted && !hopeless(load))
            run_pass(load, &load->get, "get");
        status = report(load);
        torc_client_close(load->client);
    }
    release(load);
    return status;
}

const struct cli_verb cli_verbs_load[] = {
    {"load", "[--keys N] [--value BYTES] [--window W] [--verify]",
        "put many keys at once, and report throughput and latency",
        "\nExits with 1 if an acknowledged key was lost or a call was refused, with 3 if the\n"
        "outcome of some is not known.\n\n"
        "--json: keys, value_bytes, window, put, get (done, not_found, wrong, refused, unknown,\n"
        "retries, seconds, per_second, p50_us, p99_us, p999_us; null without --verify), lost.\n",
        CLI_CLUSTER | CLI_KEYS, 0, 0, run_load},
    {0}};
