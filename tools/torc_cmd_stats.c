/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stats: what the nodes count, side by side.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/torc_cli.h"

#define STATS_BYTES (1u << 20)

struct node_stats {
    struct torc_member_info member;
    int status;   /* of torc_client_stats */
    json_t *json; /* name -> number or string */
};

/* "name value\n"...: what is a whole number becomes one, the rest stays text. */
static json_t *parse(char *text)
{
    json_t *json = json_object();
    char *next = NULL;
    for (char *line = strtok_r(text, "\n", &next); line != NULL;
         line = strtok_r(NULL, "\n", &next)) {
        char *value = strchr(line, ' ');
        if (value == NULL)
            continue;
        *value++ = 0;
        char *end = NULL;
        const unsigned long long number = strtoull(value, &end, 10);
        if (*value >= '0' && *value <= '9' && *end == 0)
            json_object_set_new(json, line, cli_json_u64(number));
        else
            json_object_set_new(json, line, json_string(value));
    }
    return json;
}

static void ask(struct torc_client *client, struct node_stats *node, uint64_t timeout_ns)
{
    char *text = malloc(STATS_BYTES);
    node->status = -TORC_ENOMEM;
    if (text != NULL)
        node->status = torc_client_stats(client, node->member.id, timeout_ns, text, STATS_BYTES);
    node->json = node->status >= 0 ? parse(text) : json_object();
    free(text);
}

/* ---- printing ---- */

static void print_value(const json_t *value)
{
    if (json_is_integer(value))
        printf(" %14lld", (long long)json_integer_value(value));
    else
        printf(" %14s", value != NULL ? json_string_value(value) : "-");
}

static bool all_zero(const struct node_stats *nodes, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(nodes[i].json, name);
        if (value != NULL && (!json_is_integer(value) || json_integer_value(value) != 0))
            return false;
    }
    return true;
}

/* A row a name, a column a node; rows of zeros are left out. */
static void print_table(const struct node_stats *nodes, uint32_t count)
{
    json_t *names = json_object();
    const char *name;
    json_t *value;
    for (uint32_t i = 0; i < count; i++)
        json_object_update_missing(names, nodes[i].json);
    printf("%-36s", "node");
    for (uint32_t i = 0; i < count; i++)
        printf(" %14u", nodes[i].member.id);
    putchar('\n');
    json_object_foreach(names, name, value)
    {
        if (all_zero(nodes, count, name))
            continue;
        printf("%-36s", name);
        for (uint32_t i = 0; i < count; i++)
            print_value(json_object_get(nodes[i].json, name));
        putchar('\n');
    }
    json_decref(names);
}

static void print_json(const struct node_stats *nodes, uint32_t count)
{
    json_t *json = json_object(), *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "node", cli_json_u64(nodes[i].member.id));
        json_object_set_new(one, "name", json_string(nodes[i].member.name));
        json_object_set_new(one, "reachable", json_boolean(nodes[i].status >= 0));
        json_object_set(one, "stats", nodes[i].json);
        json_array_append_new(list, one);
    }
    json_object_set_new(json, "nodes", list);
    cli_print_json(json);
}

/* ---- the verb ---- */

/* The nodes asked for: one, or all. 0: there is no such node. */
static uint32_t choose(const struct cli *cli, struct torc_client *client, struct node_stats *nodes)
{
    uint32_t count = 0;
    struct torc_member_info member;
    for (uint32_t i = 0; torc_client_member(client, i, &member) == 0; i++)
        if (cli->arguments == 0 || strtoul(cli->argument[0], NULL, 10) == member.id)
            nodes[count++].member = member;
    if (count == 0)
        cli_say(cli, "there is no node %s in the ring", cli->argument[0]);
    return count;
}

static int report(const struct cli *cli, struct node_stats *nodes, uint32_t count)
{
    uint32_t answered = 0;
    for (uint32_t i = 0; i < count; i++) {
        answered += nodes[i].status >= 0;
        if (nodes[i].status < 0)
            cli_say(cli, "node %u (%s): %s", nodes[i].member.id, nodes[i].member.name,
                torc_strerror(nodes[i].status));
    }
    if (cli->json)
        print_json(nodes, count);
    else if (answered > 0)
        print_table(nodes, count);
    if (answered == 0)
        return CLI_UNREACHABLE;
    return answered == count ? CLI_DONE : CLI_NO;
}

static int run_stats(struct cli *cli)
{
    int status = CLI_DONE;
    struct torc_client *client = cli_connect(cli, &status);
    if (client == NULL)
        return status;
    struct node_stats *nodes = calloc(TORC_NODES_MAX, sizeof *nodes);
    const uint32_t count = nodes == NULL ? 0 : choose(cli, client, nodes);
    for (uint32_t i = 0; i < count; i++)
        ask(client, &nodes[i], cli->timeout_ns);
    status = count == 0 ? CLI_NO : report(cli, nodes, count);
    for (uint32_t i = 0; i < count; i++)
        json_decref(nodes[i].json);
    free(nodes);
    torc_client_close(client);
    return status;
}

const struct cli_verb cli_verbs_stats[] = {
    {"stats", "[N]", "show what all nodes, or node N, count",
        "\nRows in which every node has 0 are left out, except with --json.\n\n"
        "--json: nodes (node, name, reachable, stats: each name with its number or text).\n",
        CLI_CLUSTER, 0, 1, run_stats},
    {0}};
