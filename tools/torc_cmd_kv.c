/* SPDX-License-Identifier: BSD-3-Clause
 *
 * put, get, del, cas.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/torc_cli.h"

struct call {
    struct cli *cli;
    const void *key;
    size_t key_bytes;
    const uint8_t *value;
    size_t value_bytes;
    uint64_t version;
    struct torc_result result;
};

/* ---- what is put ---- */

static uint8_t value_room[TORC_VALUE_BYTES_MAX + 1]; /* a byte too much is seen */

static int read_stdin(struct call *call)
{
    size_t used = 0;
    for (size_t got = 1; got > 0 && used <= TORC_VALUE_BYTES_MAX; used += got)
        got = fread(value_room + used, 1, TORC_VALUE_BYTES_MAX + 1 - used, stdin);
    if (ferror(stdin)) {
        cli_say(call->cli, "the standard input cannot be read");
        return CLI_USAGE;
    }
    call->value_bytes = used;
    return CLI_DONE;
}

static int take_value(struct call *call, const char *text)
{
    int status = CLI_DONE;
    call->value = value_room;
    if (strcmp(text, "-") == 0) {
        status = read_stdin(call);
    } else {
        call->value_bytes = strlen(text);
        if (call->value_bytes <= TORC_VALUE_BYTES_MAX)
            memcpy(value_room, text, call->value_bytes);
    }
    if (status == CLI_DONE && call->value_bytes > TORC_VALUE_BYTES_MAX) {
        cli_say(call->cli, "a value has at most %u bytes", TORC_VALUE_BYTES_MAX);
        status = CLI_USAGE;
    }
    return status;
}

/* ---- how it ended ---- */

static const char *outcome_name(enum torc_outcome outcome)
{
    switch (outcome) {
    case TORC_DONE:
        return "done";
    case TORC_REFUSED:
        return "refused";
    case TORC_OUTCOME_UNKNOWN:
        break;
    }
    return "unknown";
}

static void print_json(const struct call *call, bool with_value)
{
    const struct torc_result *result = &call->result;
    json_t *json = json_object();
    json_object_set_new(json, "key", cli_json_text(call->key, call->key_bytes));
    json_object_set_new(json, "key_hex", cli_json_hex(call->key, call->key_bytes));
    json_object_set_new(json, "outcome", json_string(outcome_name(result->outcome)));
    json_object_set_new(json, "status", json_string(torc_status_name((int)result->status)));
    json_object_set_new(json, "version", cli_json_u64(result->version));
    json_object_set_new(json, "retries", cli_json_u64(result->retries));
    if (with_value) {
        const bool found = result->value != NULL;
        json_object_set_new(
            json, "value", found ? cli_json_text(result->value, result->value_bytes) : json_null());
        json_object_set_new(json, "value_hex",
            found ? cli_json_hex(result->value, result->value_bytes) : json_null());
        json_object_set_new(
            json, "value_bytes", found ? cli_json_u64(result->value_bytes) : json_null());
    }
    cli_print_json(json);
}

static int exit_status(const struct call *call)
{
    const struct torc_result *result = &call->result;
    switch (result->outcome) {
    case TORC_DONE:
        return result->status == TORC_STATUS_OK ? CLI_DONE : CLI_NO;
    case TORC_REFUSED:
        return result->status == TORC_STATUS_TIMED_OUT ? CLI_UNREACHABLE : CLI_NO;
    case TORC_OUTCOME_UNKNOWN:
        break;
    }
    return CLI_UNKNOWN;
}

/* One line for a person where it did not end well. */
static void explain(const struct call *call)
{
    const struct torc_result *result = &call->result;
    const char *text = torc_status_text((int)result->status);
    if (result->outcome == TORC_OUTCOME_UNKNOWN)
        cli_say(call->cli, "the outcome is not known: %s", text);
    else if (result->outcome == TORC_REFUSED && result->status == TORC_STATUS_TIMED_OUT)
        cli_say(call->cli, "never sent: no answer from the node that serves the key within %g s",
            (double)call->cli->timeout_ns / 1e9);
    else if (result->outcome == TORC_REFUSED && result->status == TORC_STATUS_MISMATCH)
        cli_say(
            call->cli, "refused: the key has version %llu", (unsigned long long)result->version);
    else if (result->outcome == TORC_REFUSED)
        cli_say(call->cli, "refused: %s", text);
    else if (result->status != TORC_STATUS_OK)
        cli_say(call->cli, "%s", text);
}

static int end(const struct call *call, int code, bool with_value)
{
    if (code == -TORC_EINVAL || code == -TORC_EAGAIN) { /* never taken */
        cli_say(call->cli, "%s", torc_strerror(code));
        return CLI_NO;
    }
    if (call->cli->json)
        print_json(call, with_value);
    explain(call);
    return exit_status(call);
}

/* ---- the verbs ---- */

static int run_put(struct cli *cli)
{
    struct call call = {.cli = cli};
    call.key = cli_key(cli, &call.key_bytes);
    int status = call.key == NULL ? CLI_USAGE : take_value(&call, cli->argument[0]);
    struct torc_client *client = status == CLI_DONE ? cli_connect(cli, &status) : NULL;
    if (client != NULL)
        status = end(&call,
            torc_put(client, call.key, call.key_bytes, call.value, call.value_bytes,
                cli->timeout_ns, &call.result),
            false);
    torc_client_close(client);
    return status;
}

static int run_get(struct cli *cli)
{
    struct call call = {.cli = cli};
    call.key = cli_key(cli, &call.key_bytes);
    int status = call.key == NULL ? CLI_USAGE : CLI_DONE;
    struct torc_client *client = status == CLI_DONE ? cli_connect(cli, &status) : NULL;
    if (client != NULL) {
        const int code = torc_get(client, call.key, call.key_bytes, value_room,
            TORC_VALUE_BYTES_MAX, cli->timeout_ns, &call.result);
        status = end(&call, code, true);
        if (code == 0 && !cli->json) {
            fwrite(value_room, 1, call.result.value_bytes, stdout);
            putchar('\n');
        }
    }
    torc_client_close(client);
    return status;
}

static int run_del(struct cli *cli)
{
    struct call call = {.cli = cli};
    call.key = cli_key(cli, &call.key_bytes);
    int status = call.key == NULL ? CLI_USAGE : CLI_DONE;
    struct torc_client *client = status == CLI_DONE ? cli_connect(cli, &status) : NULL;
    if (client != NULL)
        status = end(&call,
            torc_delete(client, call.key, call.key_bytes, cli->timeout_ns, &call.result), false);
    torc_client_close(client);
    return status;
}

static int run_cas(struct cli *cli)
{
    struct call call = {.cli = cli};
    char *rest = NULL;
    call.key = cli_key(cli, &call.key_bytes);
    if (call.key == NULL)
        return CLI_USAGE;
    const char *version = cli->argument[0];
    call.version = strtoull(version, &rest, 10);
    if (*version < '0' || *version > '9' || *rest != 0) {
        cli_say(cli, "%s: the version must be a number; 0: the key must not exist", version);
        return CLI_USAGE;
    }
    int status = take_value(&call, cli->argument[1]);
    struct torc_client *client = status == CLI_DONE ? cli_connect(cli, &status) : NULL;
    if (client != NULL)
        status = end(&call,
            torc_cas(client, call.key, call.key_bytes, call.value, call.value_bytes, call.version,
                cli->timeout_ns, &call.result),
            false);
    torc_client_close(client);
    return status;
}

#define FIELDS                                                                                     \
    "\n--json: key (null if not UTF-8), key_hex, outcome (done, refused, unknown), status,\n"      \
    "version, retries"

const struct cli_verb cli_verbs_kv[] = {
    {"put", "KEY VALUE|- | --hex DIGITS VALUE|-", "store a value under a key",
        "\n-: the value is read from the standard input, up to 1,048,576 bytes.\n" FIELDS ".\n",
        CLI_CLUSTER | CLI_HEX, 2, 2, run_put},
    {"get", "KEY | --hex DIGITS", "print the value of a key, and a newline",
        FIELDS ", value (null if not UTF-8), value_hex, value_bytes.\n", CLI_CLUSTER | CLI_HEX, 1,
        1, run_get},
    {"del", "KEY | --hex DIGITS", "delete a key", FIELDS ".\n", CLI_CLUSTER | CLI_HEX, 1, 1,
        run_del},
    {"cas", "KEY VERSION VALUE|- | --hex DIGITS VERSION VALUE|-",
        "store a value if the key still has that version (torc get --json shows it)",
        "\nVERSION 0: if the key does not exist.\n" FIELDS ".\n", CLI_CLUSTER | CLI_HEX, 3, 3,
        run_cas},
    {0}};
