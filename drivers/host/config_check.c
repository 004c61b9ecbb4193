/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/config_check.h"

#include <stdio.h>
#include <string.h>

#include <xxhash.h>

#include "drivers/host/config_locate.h"
#include "drivers/host/provider.h"
#include "engine/log/log.h"
#include "engine/services/kv.h"

#define PATH_BYTES    64u
#define KV_BLOCKS_MIN 128u              /* of a vnode; less is a mistake in the unit */
#define KV_BLOCKS_MAX (UINT32_MAX - 2u) /* of a worker: its store numbers them by 32 bits */

static const char *member_path(char path[PATH_BYTES], uint32_t index, const char *key)
{
    snprintf(path, PATH_BYTES, "cluster.members[%u].%s", index, key);
    return path;
}

/* The line on which a member's key stands, for "as on line 7". */
static unsigned member_line(const struct config_report *report, uint32_t index, const char *key)
{
    char path[PATH_BYTES];
    return config_locate(report->text, report->bytes, member_path(path, index, key), NULL);
}

/* Two members may share an address if their ports, one a worker, do not meet. */
static bool ports_meet(const struct ring_member *a, const struct ring_member *b)
{
    return a->address.ip == b->address.ip && a->address.port < b->address.port + b->workers &&
           b->address.port < a->address.port + a->workers;
}

static int check_pair(
    const struct host_config *config, const struct config_report *report, uint32_t i, uint32_t j)
{
    const struct ring_member *a = &config->member[j];
    const struct ring_member *b = &config->member[i];
    char path[PATH_BYTES];
    if (a->id == b->id)
        return config_wrong(report, member_path(path, i, "id"),
            "%u is taken on line %u; give each member an id of its own", b->id,
            member_line(report, j, "id"));
    if (strcmp(a->name, b->name) == 0)
        return config_wrong(report, member_path(path, i, "name"),
            "\"%s\" is taken on line %u; give each member a name of its own", b->name,
            member_line(report, j, "name"));
    if (ports_meet(a, b))
        return config_wrong(report, member_path(path, i, "port"),
            "ports %u to %u meet those of %s on line %u, %u to %u; each worker needs a port of "
            "its own",
            b->address.port, b->address.port + b->workers - 1, a->name,
            member_line(report, j, "port"), a->address.port, a->address.port + a->workers - 1);
    return 0;
}

static int check_members(const struct host_config *config, const struct config_report *report)
{
    char path[PATH_BYTES];
    for (uint32_t i = 0; i < config->members; i++) {
        const struct ring_member *member = &config->member[i];
        if (member->address.port + member->workers > 65536)
            return config_wrong(report, member_path(path, i, "port"),
                "%u workers from port %u on go past 65535; choose a port up to %u", member->workers,
                member->address.port, 65536 - member->workers);
        for (uint32_t j = 0; j < i; j++) {
            int result = check_pair(config, report, i, j);
            if (result != 0)
                return result;
        }
    }
    return 0;
}

static int find_self(struct host_config *config, const struct config_report *report)
{
    for (uint32_t i = 0; i < config->members; i++) {
        if (config->member[i].id == config->node) {
            config->self = i;
            return 0;
        }
    }
    return config_wrong(report, "node",
        "no member has the id %llu; write the id of one of cluster.members",
        (unsigned long long)config->node);
}

static int check_net(struct host_config *config, const struct config_report *report)
{
    uint16_t workers = config->member[config->self].workers;
    char names[128];
    host_provider_names(names, sizeof names);
    if (host_provider_find(config->driver) == NULL)
        return config_wrong(report, "net.driver", "\"%s\" is no driver of this build; expected %s",
            config->driver, names);
    if (config->queues == 0)
        config->queues = workers;
    if (config->queues > workers)
        return config_wrong(report, "net.queues",
            "%llu is more than the %u workers of this node; write a number from 1 to %u",
            (unsigned long long)config->queues, workers, workers);
    if (host_provider_find(config->driver)->needs_device && config->dpdk.device[0] == 0)
        return config_wrong(report, "net.dpdk.device",
            "missing; the driver %s needs to know its port, such as net_af_packet0,iface=eth0",
            config->driver);
    return 0;
}

int config_check(struct host_config *config, const struct config_report *report)
{
    int result = check_members(config, report);
    if (result == 0)
        result = find_self(config, report);
    if (result == 0 && config->cluster.replicas > config->members)
        result = config_wrong(report, "cluster.replicas",
            "%llu is more than the %u members; write a number from 1 to %u",
            (unsigned long long)config->cluster.replicas, config->members,
            config->members < TORC_REPLICAS_MAX ? config->members : TORC_REPLICAS_MAX);
    if (result == 0 && config->log_bytes < log_bytes_min())
        result = config_wrong(report, "memory.log",
            "too little for the largest entries; give at least %lluKiB",
            (unsigned long long)((log_bytes_min() + 1023) / 1024));
    return result == 0 ? check_net(config, report) : result;
}

/* ---- what follows ---- */

/* A worker holds the vnodes of its node divided by this, and at most two more. */
static uint64_t least_workers(const struct host_config *config)
{
    uint64_t least = TORC_WORKERS_MAX;
    for (uint32_t i = 0; i < config->members; i++)
        least = config->member[i].workers < least ? config->member[i].workers : least;
    return least;
}

static int derive_quota(struct host_config *config, const struct config_report *report)
{
    const struct host_cluster *cluster = &config->cluster;
    uint64_t replicas = cluster->partitions * cluster->replicas;
    uint64_t vnodes = (replicas + config->members - 1) / config->members + 1;
    uint64_t blocks = config->kv_bytes / KV_BLOCK_BYTES / vnodes;
    if (blocks < KV_BLOCKS_MIN)
        return config_wrong(report, "memory.kv",
            "too little for the %llu partitions of one node; give at least %lluKiB",
            (unsigned long long)vnodes,
            (unsigned long long)(vnodes * KV_BLOCKS_MIN * KV_BLOCK_BYTES / 1024));
    uint64_t most = KV_BLOCKS_MAX / (vnodes / least_workers(config) + 2);
    if (blocks > most)
        return config_wrong(report, "memory.kv",
            "too much: one worker's blocks are numbered by 32 bits; give at most %lluGiB, or each "
            "member more workers",
            (unsigned long long)((most * vnodes * KV_BLOCK_BYTES) >> 30));
    config->kv_blocks = (uint32_t)blocks;
    return 0;
}

static void feed(XXH3_state_t *state, const char *key, uint64_t value, const char *text)
{
    char line[128];
    int bytes = snprintf(line, sizeof line, "%s %llu %s\n", key, (unsigned long long)value, text);
    XXH3_64bits_update(state, line, (size_t)bytes);
}

/* The text that every node of a cluster must have alike, line by line, hashed. */
static void derive_hash(struct host_config *config, XXH3_state_t *state)
{
    const struct host_cluster *cluster = &config->cluster;
    XXH3_64bits_reset(state);
    feed(state, "name", 0, cluster->name);
    feed(state, "partitions", cluster->partitions, "");
    feed(state, "replicas", cluster->replicas, "");
    feed(state, "hash", cluster->hash, "");
    feed(state, "claim", cluster->claim, "");
    feed(state, "window", cluster->window, "");
    feed(state, "sessions", cluster->sessions, "");
    feed(state, "session_window", cluster->session_window, "");
    feed(state, "session_idle_ms", cluster->session_idle_ns / 1000000, "");
    feed(state, "kv_blocks", config->kv_blocks, "");
    for (uint32_t i = 0; i < config->members; i++) {
        const struct ring_member *member = &config->member[i];
        feed(state, "member", member->id, member->name);
        feed(state, "address", member->address.ip, "");
        feed(state, "port", member->address.port, "");
        feed(state, "workers", member->workers, "");
    }
    config->config_hash = XXH3_64bits_digest(state);
}

int config_derive(struct host_config *config, const struct config_report *report)
{
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL)
        return config_wrong(report, "", "no memory to read it");
    config->cluster_id = XXH3_64bits(config->cluster.name, strlen(config->cluster.name));
    if (config->cluster_id == 0)
        config->cluster_id = 1;
    int result = derive_quota(config, report);
    if (result == 0)
        derive_hash(config, state);
    XXH3_freeState(state);
    return result;
}
