/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ring, hash, replicas, peer: what the ring says, of a cluster or computed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/torc_cli.h"

/* ---- words ---- */

static const char *hash_name(unsigned hash)
{
    return hash == TORC_HASH_SHA1 ? "sha1" : "xxh3";
}

static const char *claim_name(unsigned claim)
{
    return claim == TORC_CLAIM_BLOCKS ? "blocks" : "spread";
}

static const char *state_name(const struct ring_member *member)
{
    if (member->state == RING_MEMBER_LOST)
        return "lost";
    return member->incarnation != 0 ? "ok" : "unheard";
}

static const char *address_text(const struct ring_member *member)
{
    static char text[32];
    const uint32_t ip = member->address.ip;
    snprintf(text, sizeof text, "%u.%u.%u.%u:%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255,
        member->address.port);
    return text;
}

static const char *role_name(uint32_t at, uint32_t length)
{
    if (length == 1)
        return "only";
    return at == 0 ? "head" : at + 1 == length ? "tail" : "middle";
}

static char role_letter(uint32_t at, uint32_t length)
{
    if (at == 0)
        return 'H';
    return at + 1 == length ? 'T' : 'm';
}

/* ---- JSON ---- */

static json_t *json_chain(const struct ring *ring, uint32_t partition)
{
    json_t *chain = json_array();
    for (uint32_t i = 0; i < ring->chain_length[partition]; i++)
        json_array_append_new(
            chain, cli_json_u64(ring->member[ring_chain(ring, partition)[i].member].id));
    return chain;
}

static json_t *json_point(const struct ring *ring, uint32_t partition)
{
    char point[RING_DECIMAL_BYTES];
    return json_string(ring_point_decimal(ring->partitions, partition + 1, point));
}

static json_t *json_member(const struct ring_member *member)
{
    char incarnation[24];
    snprintf(incarnation, sizeof incarnation, "%016llx", (unsigned long long)member->incarnation);
    json_t *json = json_object();
    json_object_set_new(json, "node", cli_json_u64(member->id));
    json_object_set_new(json, "name", json_string(member->name));
    json_object_set_new(json, "address", json_string(address_text(member)));
    json_object_set_new(json, "workers", cli_json_u64(member->workers));
    json_object_set_new(json, "state", json_string(state_name(member)));
    json_object_set_new(json, "incarnation", json_string(incarnation));
    return json;
}

static void print_ring_json(const struct ring *ring)
{
    json_t *json = json_object(), *partitions = json_array(), *nodes = json_array();
    for (uint32_t i = 0; i < ring->partitions; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "index", cli_json_u64(i));
        json_object_set_new(one, "point", json_point(ring, i));
        json_object_set_new(one, "owner", cli_json_u64(ring->member[ring->owner[i]].id));
        json_object_set_new(one, "chain", json_chain(ring, i));
        json_array_append_new(partitions, one);
    }
    for (uint32_t i = 0; i < ring->members; i++)
        json_array_append_new(nodes, json_member(&ring->member[i]));
    json_object_set_new(json, "epoch", cli_json_u64(ring->epoch));
    json_object_set_new(json, "hash", json_string(hash_name(ring->hash)));
    json_object_set_new(json, "claim", json_string(claim_name(ring->claim)));
    json_object_set_new(json, "replicas", cli_json_u64(ring->replicas));
    json_object_set_new(json, "nodes", nodes);
    json_object_set_new(json, "partitions", partitions);
    cli_print_json(json);
}

/* ---- the picture ---- */

#define PICTURE_NODES 32u

/*
 *                                                        node 1 2 3
 *   index                    point   owner  chain             -----
 *       0   1217918031109085765...       1  1 > 2 > 3         H m T
 */
static void print_row(const struct ring *ring, uint32_t partition, int width)
{
    char point[RING_DECIMAL_BYTES], chain[128];
    char place[PICTURE_NODES];
    int used = 0;
    const uint32_t length = ring->chain_length[partition];
    memset(place, '.', sizeof place);
    for (uint32_t i = 0; i < length; i++) {
        const uint16_t member = ring_chain(ring, partition)[i].member;
        used += snprintf(chain + used, sizeof chain - (size_t)used, "%s%u", i == 0 ? "" : " > ",
            ring->member[member].id);
        if (member < PICTURE_NODES)
            place[member] = role_letter(i, length);
    }
    printf("%7u  %49s  %5u  %-*s", partition,
        ring_point_decimal(ring->partitions, partition + 1, point),
        ring->member[ring->owner[partition]].id, width, chain);
    for (uint32_t i = 0; ring->members <= PICTURE_NODES && i < ring->members; i++)
        printf(" %3c", place[i]);
    putchar('\n');
}

static void print_picture(const struct ring *ring)
{
    const int width = (int)ring->replicas * 7 - 3 < 6 ? 6 : (int)ring->replicas * 7 - 3;
    printf("epoch %llu: %u partitions, %u nodes, chains of %u, hash %s, claim %s\n\n",
        (unsigned long long)ring->epoch, ring->partitions, ring->members, ring->replicas,
        hash_name(ring->hash), claim_name(ring->claim));
    printf("%7s  %49s  %5s  %-*s", "index", "point", "owner", width, "chain");
    for (uint32_t i = 0; ring->members <= PICTURE_NODES && i < ring->members; i++)
        printf(" %3u", ring->member[i].id);
    putchar('\n');
    for (uint32_t i = 0; i < ring->partitions; i++)
        print_row(ring, i, width);
    for (uint32_t i = 0; i < ring->members; i++)
        if (ring->member[i].state == RING_MEMBER_LOST)
            printf("node %u (%s) restarted: its chains refuse writes until the whole cluster is "
                   "restarted\n",
                ring->member[i].id, ring->member[i].name);
}

static int run_ring(struct cli *cli)
{
    struct cli_ring view;
    const int status = cli_ring_open(cli, &view);
    if (status == CLI_DONE && cli->json)
        print_ring_json(view.ring);
    else if (status == CLI_DONE)
        print_picture(view.ring);
    cli_ring_close(&view);
    return status;
}

/* ---- hash and replicas ---- */

struct located {
    const struct ring *ring;
    struct ring_hash hash;
    char hash_hex[48];
    char hash_decimal[RING_DECIMAL_BYTES];
    char point[RING_DECIMAL_BYTES];
    uint32_t partition;
    uint32_t owner;
};

static void locate(struct located *at, const struct ring *ring, const void *key, size_t key_bytes)
{
    at->ring = ring;
    at->hash = ring_hash_key((enum torc_hash)ring->hash, key, key_bytes);
    for (unsigned i = 0; i < 5; i++)
        snprintf(at->hash_hex + (size_t)8 * i, 9, "%08x", at->hash.word[i]);
    ring_decimal(&at->hash, at->hash_decimal);
    at->partition = ring_partition(ring, &at->hash);
    ring_point_decimal(ring->partitions, at->partition + 1, at->point);
    at->owner = ring->member[ring->owner[at->partition]].id;
}

static json_t *located_json(const struct located *at)
{
    json_t *json = json_object();
    json_object_set_new(json, "hash", json_string(at->hash_hex));
    json_object_set_new(json, "hash_decimal", json_string(at->hash_decimal));
    json_object_set_new(json, "partition", cli_json_u64(at->partition));
    json_object_set_new(json, "point", json_string(at->point));
    json_object_set_new(json, "owner", cli_json_u64(at->owner));
    json_object_set_new(json, "replicas", json_chain(at->ring, at->partition));
    return json;
}

static void print_hash(const struct located *at)
{
    const struct ring *ring = at->ring;
    printf("hash       %s (%s)\n           %s\n", at->hash_hex, hash_name(ring->hash),
        at->hash_decimal);
    printf("partition  %u (index from 0, of %u)\npoint      %s\nowner      %u\nreplicas   ",
        at->partition, ring->partitions, at->point, at->owner);
    for (uint32_t i = 0; i < ring->chain_length[at->partition]; i++)
        printf(
            "%s%u", i == 0 ? "" : ",", ring->member[ring_chain(ring, at->partition)[i].member].id);
    putchar('\n');
}

static void print_replicas(const struct located *at, bool json)
{
    const struct ring *ring = at->ring;
    json_t *all = located_json(at), *chain = json_array();
    const uint32_t length = ring->chain_length[at->partition];
    for (uint32_t i = 0; i < length; i++) {
        const struct ring_replica *replica = &ring_chain(ring, at->partition)[i];
        const struct ring_member *member = &ring->member[replica->member];
        json_t *one = json_member(member);
        json_object_set_new(one, "role", json_string(role_name(i, length)));
        json_object_set_new(one, "worker", cli_json_u64(replica->worker));
        json_array_append_new(chain, one);
        if (!json)
            printf("%-7s node %u  %s  %s  worker %u\n", role_name(i, length), member->id,
                member->name, address_text(member), replica->worker);
    }
    json_object_set_new(all, "chain", chain);
    if (json)
        cli_print_json(all);
    else
        json_decref(all);
}

static int run_located(struct cli *cli, bool replicas)
{
    struct cli_ring view = {0};
    struct located at;
    size_t key_bytes = 0;
    const void *key = cli_key(cli, &key_bytes);
    const int status = key == NULL ? CLI_USAGE : cli_ring_open(cli, &view);
    if (status == CLI_DONE) {
        locate(&at, view.ring, key, key_bytes);
        if (replicas)
            print_replicas(&at, cli->json);
        else if (cli->json)
            cli_print_json(located_json(&at));
        else
            print_hash(&at);
    }
    cli_ring_close(&view);
    return status;
}

static int run_hash(struct cli *cli)
{
    return run_located(cli, false);
}

static int run_replicas(struct cli *cli)
{
    return run_located(cli, true);
}

/* ---- peer ---- */

static json_t *peer_json(const struct ring *ring, uint16_t index)
{
    uint64_t owned = 0, heads = 0, tails = 0, replicas = 0;
    for (uint32_t i = 0; i < ring->partitions; i++) {
        const uint32_t length = ring->chain_length[i];
        owned += ring->owner[i] == index;
        heads += ring_chain(ring, i)[0].member == index;
        tails += ring_chain(ring, i)[length - 1].member == index;
        for (uint32_t j = 0; j < length; j++)
            replicas += ring_chain(ring, i)[j].member == index;
    }
    json_t *json = json_member(&ring->member[index]);
    json_object_set_new(json, "owned", cli_json_u64(owned));
    json_object_set_new(json, "replicas", cli_json_u64(replicas));
    json_object_set_new(json, "heads", cli_json_u64(heads));
    json_object_set_new(json, "tails", cli_json_u64(tails));
    return json;
}

static void print_peer(json_t *json)
{
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value)
    {
        if (json_is_string(value))
            printf("%-12s %s\n", name, json_string_value(value));
        else
            printf("%-12s %lld\n", name, (long long)json_integer_value(value));
    }
    json_decref(json);
}

static int run_peer(struct cli *cli)
{
    struct cli_ring view;
    char *end = NULL;
    const char *text = cli->argument[0];
    const unsigned long id = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || id == 0 || id > UINT32_MAX) {
        cli_say(cli, "%s: a node is named by its number, from 1", text);
        return CLI_USAGE;
    }
    int status = cli_ring_open(cli, &view);
    if (status == CLI_DONE) {
        const uint16_t member = ring_member_by_id(view.ring, (uint32_t)id);
        if (member == RING_NO_MEMBER) {
            cli_say(cli, "there is no node %lu in the ring", id);
            status = CLI_NO;
        } else if (cli->json) {
            cli_print_json(peer_json(view.ring, member));
        } else {
            print_peer(peer_json(view.ring, member));
        }
    }
    cli_ring_close(&view);
    return status;
}

#define WITHOUT                                                                                    \
    "\nWith --nodes it is computed, without a cluster. Partitions have an index from 0; the\n"     \
    "point of index i is (i + 1) * floor(2^160 / Q). Where points are numbered from 1 to Q, "      \
    "point\n"                                                                                      \
    "number n is that of index n - 1.\n"

const struct cli_verb cli_verbs_ring[] = {
    {"ring", "[--nodes N ...]", "show the ring: a row a partition with its point, owner and chain",
        WITHOUT
        "\nBehind each row, a column a node: H head, m middle, T tail.\n\n"
        "--json: epoch, hash, claim, replicas, nodes (node, name, address, workers, state,\n"
        "incarnation), partitions (index, point as a decimal string, owner, chain).\n",
        CLI_CLUSTER | CLI_NODES, 0, 0, run_ring},
    {"hash", "KEY | --hex DIGITS [--nodes N ...]", "show where a key falls",
        WITHOUT
        "\n--json: hash (40 hexadecimal digits), hash_decimal, partition (its index), point\n"
        "(a decimal string), owner, replicas (node ids, head first).\n",
        CLI_CLUSTER | CLI_NODES | CLI_HEX, 1, 1, run_hash},
    {"replicas", "KEY | --hex DIGITS [--nodes N ...]", "show the nodes that hold a key",
        WITHOUT "\n--json: as torc hash, and chain (node, name, address, workers, state,\n"
                "incarnation, role, worker), head first.\n",
        CLI_CLUSTER | CLI_NODES | CLI_HEX, 1, 1, run_replicas},
    {"peer", "N", "show a node: its address, and what it holds",
        "\n--json: node, name, address, workers, state (ok, lost, unheard), incarnation, owned,\n"
        "replicas, heads, tails.\n",
        CLI_CLUSTER | CLI_NODES, 1, 1, run_peer},
    {0}};
