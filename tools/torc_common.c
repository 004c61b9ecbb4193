/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/torc_cli.h"

void cli_say(const struct cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "torc %s: ", cli->verb);
    /* The analyser of clang 14 does not see va_start. */
    vfprintf(stderr, format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
    fputc('\n', stderr);
    va_end(arguments);
}

/* ---- the cluster ---- */

static void say_unreachable(const struct cli *cli, const struct torc_client *client, int error)
{
    const char *trouble = torc_client_trouble(client);
    if (error == -TORC_EVERSION)
        cli_say(cli, "%s: %s; use a torc of the cluster's version", cli->seed, trouble);
    else if (*trouble != 0)
        cli_say(cli, "%s: no ring within %g s: %s; torc stats or the nodes' output says more",
            cli->seed, (double)cli->timeout_ns / 1e9, trouble);
    else
        cli_say(cli,
            "%s: no node answered within %g s; start the cluster, or name one of its nodes with "
            "--seed or TORC_SEED",
            cli->seed, (double)cli->timeout_ns / 1e9);
}

struct torc_client *cli_connect(const struct cli *cli, int *status)
{
    struct torc_client_options options = {0};
    struct torc_client *client = NULL;
    struct torc_ring_info info;
    char error[256];
    if (cli->window > 4096)
        options.requests = (uint32_t)cli->window;
    const int code = torc_client_create(cli->seed, &options, &client, error, sizeof error);
    if (code != 0) {
        cli_say(cli, "%s", error);
        *status = code == -TORC_EINVAL ? CLI_USAGE : CLI_UNREACHABLE;
        return NULL;
    }
    const int ring = torc_client_ring(client, cli->timeout_ns, &info);
    *status = CLI_DONE;
    if (ring == 0)
        return client;
    say_unreachable(cli, client, ring);
    *status = CLI_UNREACHABLE;
    torc_client_close(client);
    return NULL;
}

/* ---- keys, JSON ---- */

const void *cli_key(struct cli *cli, size_t *bytes)
{
    const void *key = cli->hex;
    *bytes = cli->hex_bytes;
    if (key == NULL) {
        key = cli->argument[0];
        *bytes = strlen(cli->argument[0]);
        cli->argument++;
        cli->arguments--;
    }
    if (*bytes >= 1 && *bytes <= TORC_KEY_BYTES_MAX)
        return key;
    cli_say(cli, "a key has 1 to %u bytes; this one has %zu", TORC_KEY_BYTES_MAX, *bytes);
    return NULL;
}

void cli_print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(json);
}

json_t *cli_json_hex(const void *bytes, size_t count)
{
    char *text = malloc(2 * count + 1);
    if (text == NULL)
        return json_null();
    for (size_t i = 0; i < count; i++)
        sprintf(text + 2 * i, "%02x", ((const uint8_t *)bytes)[i]);
    json_t *json = json_stringn(text, 2 * count);
    free(text);
    return json;
}

json_t *cli_json_text(const void *bytes, size_t count)
{
    json_t *json = memchr(bytes, 0, count) == NULL ? json_stringn(bytes, count) : NULL;
    return json != NULL ? json : json_null();
}

json_t *cli_json_u64(uint64_t value)
{
    return json_integer((json_int_t)value);
}
