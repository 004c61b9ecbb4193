/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/config_schema.h"

#include <stdio.h>
#include <string.h>

#include "drivers/host/config.h"

#define MIB (1ull << 20)
#define TIB (1ull << 40)
#define SEC 1000000000ull
#define DAY (24ull * 3600 * SEC)

static const struct config_choice hashes[] = {
    {"xxh3", TORC_HASH_XXH3}, {"sha1", TORC_HASH_SHA1}, {NULL, 0}};
static const struct config_choice claims[] = {
    {"spread", TORC_CLAIM_SPREAD}, {"blocks", TORC_CLAIM_BLOCKS}, {NULL, 0}};
static const struct config_choice switches[] = {{"true", 1}, {"false", 0}, {NULL, 0}};
static const struct config_choice idles[] = {
    {"adaptive", HOST_IDLE_ADAPTIVE}, {"poll", HOST_IDLE_POLL}, {NULL, 0}};

/* X(struct, key, where it goes, kind, min, max, choices, what stands for a missing one) */
#define ROOT(X)                                                                                    \
    X(raw_config, node, node, NUMBER, 1, UINT32_MAX, NULL, NULL)                                   \
    X(raw_config, idle, idle, CHOICE, 0, 0, idles, "adaptive")
#define CLUSTER(X)                                                                                 \
    X(raw_cluster, name, cluster.name, NAME, 1, HOST_CLUSTER_NAME_BYTES - 1, NULL, NULL)           \
    X(raw_cluster, partitions, cluster.partitions, NUMBER, 1, TORC_PARTITIONS_MAX, NULL, NULL)     \
    X(raw_cluster, replicas, cluster.replicas, NUMBER, 1, TORC_REPLICAS_MAX, NULL, NULL)           \
    X(raw_cluster, hash, cluster.hash, CHOICE, 0, 0, hashes, "xxh3")                               \
    X(raw_cluster, claim, cluster.claim, CHOICE, 0, 0, claims, "spread")                           \
    X(raw_cluster, window, cluster.window, POWER, 4, 32768, NULL, "256")                           \
    X(raw_cluster, sessions, cluster.sessions, NUMBER, 1, 65535, NULL, "64")                       \
    X(raw_cluster, session_window, cluster.session_window, POWER, 1, 4096, NULL, "64")             \
    X(raw_cluster, session_idle, cluster.session_idle_ns, DURATION, SEC, DAY, NULL, "60s")
#define MEMBER(X)                                                                                  \
    X(raw_member, id, id, NUMBER, 1, UINT32_MAX, NULL, NULL)                                       \
    X(raw_member, name, name, NAME, 1, RING_NAME_BYTES - 1, NULL, NULL)                            \
    X(raw_member, address, address, ADDRESS, 0, 0, NULL, NULL)                                     \
    X(raw_member, port, port, NUMBER, 1, 65535, NULL, NULL)                                        \
    X(raw_member, workers, workers, NUMBER, 1, TORC_WORKERS_MAX, NULL, "1")
#define MEMORY(X)                                                                                  \
    X(raw_memory, kv, kv_bytes, SIZE, MIB, 16 * TIB, NULL, "64MiB")                                \
    X(raw_memory, log, log_bytes, SIZE, MIB, TIB, NULL, "16MiB")
#define NET(X)                                                                                     \
    X(raw_net, driver, driver, NAME, 1, HOST_DRIVER_NAME_BYTES - 1, NULL, "socket")                \
    X(raw_net, queues, queues, NUMBER, 1, TORC_WORKERS_MAX, NULL, "")
#define DPDK(X)                                                                                    \
    X(raw_dpdk, device, dpdk.device, TEXT, 1, HOST_DEVICE_BYTES - 1, NULL, NULL)                   \
    X(raw_dpdk, hugepages, dpdk.hugepages, CHOICE, 0, 0, switches, "false")                        \
    X(raw_dpdk, prefix, dpdk.prefix, NUMBER, 1, 32, NULL, "24")                                    \
    X(raw_dpdk, gateway, dpdk.gateway, ADDRESS, 0, 0, NULL, "")                                    \
    X(raw_dpdk, vlan, dpdk.vlan, NUMBER, 0, 4094, NULL, "0")

#define FIELD(section, result, key, out, kind, min, max, choices, fallback)                        \
    {#key, offsetof(struct section, key), offsetof(struct result, out), CONFIG_##kind, (min),      \
        (max), (choices), (fallback)},
#define CONFIG_FIELD(section, ...) FIELD(section, host_config, __VA_ARGS__)
#define MEMBER_FIELD(section, ...) FIELD(section, config_member, __VA_ARGS__)
#define FIELDS_END                                                                                 \
    {                                                                                              \
        NULL, 0, 0, CONFIG_TEXT, 0, 0, NULL, NULL                                                  \
    }

const struct config_field config_root_fields[] = {ROOT(CONFIG_FIELD) FIELDS_END};
const struct config_field config_cluster_fields[] = {CLUSTER(CONFIG_FIELD) FIELDS_END};
const struct config_field config_member_fields[] = {MEMBER(MEMBER_FIELD) FIELDS_END};
const struct config_field config_memory_fields[] = {MEMORY(CONFIG_FIELD) FIELDS_END};
const struct config_field config_net_fields[] = {NET(CONFIG_FIELD) FIELDS_END};
const struct config_field config_dpdk_fields[] = {DPDK(CONFIG_FIELD) FIELDS_END};

/* ---- the same keys for the YAML reader ---- */

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define SCALAR(section, key, out, kind, min, max, choices, fallback)                               \
    CYAML_FIELD_STRING_PTR(#key, (fallback) == NULL ? CYAML_FLAG_POINTER : OPTIONAL,               \
        struct section, key, 0, CYAML_UNLIMITED),

static const cyaml_schema_field_t member_schema_fields[] = {MEMBER(SCALAR) CYAML_FIELD_END};
static const cyaml_schema_value_t member_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_member, member_schema_fields)};

static const cyaml_schema_field_t cluster_schema_fields[] = {
    CLUSTER(SCALAR) CYAML_FIELD_SEQUENCE("members", CYAML_FLAG_POINTER, struct raw_cluster, members,
        &member_schema, 1, TORC_NODES_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_field_t memory_schema_fields[] = {MEMORY(SCALAR) CYAML_FIELD_END};
static const cyaml_schema_field_t dpdk_schema_fields[] = {DPDK(SCALAR) CYAML_FIELD_END};
static const cyaml_schema_field_t net_schema_fields[] = {
    NET(SCALAR) CYAML_FIELD_MAPPING_PTR("dpdk", OPTIONAL, struct raw_net, dpdk, dpdk_schema_fields),
    CYAML_FIELD_END};
static const cyaml_schema_field_t root_schema_fields[] = {
    ROOT(SCALAR) CYAML_FIELD_MAPPING_PTR(
        "cluster", CYAML_FLAG_POINTER, struct raw_config, cluster, cluster_schema_fields),
    CYAML_FIELD_MAPPING_PTR("memory", OPTIONAL, struct raw_config, memory, memory_schema_fields),
    CYAML_FIELD_MAPPING_PTR("net", OPTIONAL, struct raw_config, net, net_schema_fields),
    CYAML_FIELD_END};
const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, root_schema_fields)};

/* ---- what belongs where ---- */

static const struct {
    const char *path; /* indexes left out */
    const struct config_field *fields;
    const char *more; /* keys that are no scalars */
} sections[] = {
    {"", config_root_fields, ", cluster, memory, net"},
    {"cluster", config_cluster_fields, ", members"},
    {"cluster.members[]", config_member_fields, ""},
    {"memory", config_memory_fields, ""},
    {"net", config_net_fields, ", dpdk"},
    {"net.dpdk", config_dpdk_fields, ""},
};
#define SECTIONS (sizeof sections / sizeof sections[0])

/* The path without the numbers in its brackets. */
static void without_indexes(const char *path, char *out, size_t bytes)
{
    size_t used = 0;
    bool inside = false;
    for (; *path != 0 && used + 1 < bytes; path++) {
        inside = inside && *path != ']';
        if (!inside)
            out[used++] = *path;
        inside = inside || *path == '[';
    }
    out[used] = 0;
}

static void section_keys(size_t section, char *text, size_t bytes)
{
    size_t used = (size_t)snprintf(text, bytes, "the keys");
    for (const struct config_field *i = sections[section].fields; i->key != NULL; i++)
        if (used < bytes)
            used += (size_t)snprintf(text + used, bytes - used, "%s %s",
                i == sections[section].fields ? "" : ",", i->key);
    if (used < bytes)
        snprintf(text + used, bytes - used, "%s", sections[section].more);
}

void config_schema_expected(const char *path, char *text, size_t bytes)
{
    char plain[256];
    without_indexes(path, plain, sizeof plain);
    snprintf(text, bytes, "a value");
    if (strcmp(plain, "cluster.members") == 0)
        snprintf(text, bytes, "a list of 1 to %u members", TORC_NODES_MAX);
    char *dot = strrchr(plain, '.');
    const char *key = dot == NULL ? plain : dot + 1;
    for (size_t i = 0; i < SECTIONS; i++) {
        size_t length = strlen(sections[i].path);
        if (strcmp(plain, sections[i].path) == 0) {
            section_keys(i, text, bytes);
            return;
        }
        if (length != (size_t)(dot == NULL ? 0 : dot - plain) ||
            memcmp(plain, sections[i].path, length) != 0)
            continue;
        for (const struct config_field *j = sections[i].fields; j->key != NULL; j++) {
            if (strcmp(j->key, key) == 0)
                config_value_expected(j, text, bytes);
        }
    }
}
