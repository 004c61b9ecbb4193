/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <torc/error.h>

#include "drivers/host/config_check.h"
#include "drivers/host/config_locate.h"
#include "drivers/host/config_report.h"
#include "drivers/host/config_schema.h"

#define FILE_BYTES_MAX (1u << 20) /* 1024 members take a tenth of it */

/* Converts the scalars of one section; `raw` NULL: all are missing. */
static int set_section(const struct config_report *report, const char *section,
    const struct config_field *field, const void *raw, void *out)
{
    char path[128];
    for (; field->key != NULL; field++) {
        const char *text = NULL;
        if (raw != NULL)
            memcpy(&text, (const char *)raw + field->raw, sizeof text);
        if (text == NULL)
            text = field->fallback;
        else if (!config_value_set(field, text, out)) {
            snprintf(path, sizeof path, "%s%s%s", section, section[0] != 0 ? "." : "", field->key);
            return config_unexpected(report, path, text);
        } else
            continue;
        /* A missing one: the reader saw to it that only those with a fallback are. */
        if (text != NULL && text[0] != 0 && !config_value_set(field, text, out))
            return config_wrong(report, section, "the default of %s is wrong", field->key);
    }
    return 0;
}

static int set_members(
    const struct config_report *report, const struct raw_cluster *raw, struct host_config *config)
{
    char section[64];
    config->member = calloc(raw->members_count, sizeof *config->member);
    if (config->member == NULL) {
        snprintf(report->error, HOST_ERROR_BYTES, "%s: no memory to read it", report->name);
        return -TORC_ENOMEM;
    }
    config->members = raw->members_count;
    for (uint32_t i = 0; i < raw->members_count; i++) {
        struct config_member member = {0};
        struct ring_member *out = &config->member[i];
        snprintf(section, sizeof section, "cluster.members[%u]", i);
        int result = set_section(report, section, config_member_fields, &raw->members[i], &member);
        if (result != 0)
            return result;
        out->id = (uint32_t)member.id;
        out->workers = (uint16_t)member.workers;
        out->address.ip = (uint32_t)member.address;
        out->address.port = (uint16_t)member.port;
        memcpy(out->name, member.name, sizeof out->name);
    }
    return 0;
}

static int convert(
    const struct config_report *report, const struct raw_config *raw, struct host_config *config)
{
    int result = set_section(report, "", config_root_fields, raw, config);
    if (result == 0)
        result = set_section(report, "cluster", config_cluster_fields, raw->cluster, config);
    if (result == 0)
        result = set_members(report, raw->cluster, config);
    if (result == 0)
        result = set_section(report, "memory", config_memory_fields, raw->memory, config);
    if (result == 0)
        result = set_section(report, "net", config_net_fields, raw->net, config);
    if (result == 0)
        result = set_section(report, "net.dpdk", config_dpdk_fields,
            raw->net != NULL ? raw->net->dpdk : NULL, config);
    if (result == 0)
        result = config_check(config, report);
    if (result == 0)
        result = config_derive(config, report);
    return result;
}

int host_config_parse(
    const char *name, const char *text, size_t bytes, struct host_config *config, char *error)
{
    struct config_report report = {.name = name, .text = text, .bytes = bytes, .error = error};
    cyaml_config_t reader = {.log_fn = config_report_log,
        .log_ctx = &report,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR};
    struct raw_config *raw = NULL;
    char problem[128];
    unsigned line = 1;
    memset(config, 0, sizeof *config);
    if (!config_is_mapping(text, bytes, &line, problem, sizeof problem)) {
        char expected[256];
        config_schema_expected("", expected, sizeof expected);
        snprintf(error, HOST_ERROR_BYTES, "%s:%u: %s; expected %s", name, line, problem, expected);
        return -TORC_ECONFIG;
    }
    cyaml_err_t cause = cyaml_load_data(
        (const uint8_t *)text, bytes, &reader, &config_schema, (cyaml_data_t **)&raw, NULL);
    if (cause != CYAML_OK)
        return config_report_reader(&report, cause);
    int result = convert(&report, raw, config);
    cyaml_free(&reader, &config_schema, raw, 0);
    if (result != 0)
        host_config_free(config);
    return result;
}

int host_config_load(const char *path, struct host_config *config, char *error)
{
    int result = -TORC_EIO;
    char *text = malloc(FILE_BYTES_MAX);
    FILE *file = fopen(path, "re");
    if (text == NULL || file == NULL) {
        snprintf(error, HOST_ERROR_BYTES, "%s: cannot be read: %s", path, strerror(errno));
    } else {
        size_t bytes = fread(text, 1, FILE_BYTES_MAX, file);
        if (ferror(file))
            snprintf(error, HOST_ERROR_BYTES, "%s: cannot be read: %s", path, strerror(errno));
        else if (bytes == FILE_BYTES_MAX)
            snprintf(error, HOST_ERROR_BYTES, "%s: longer than 1 MiB; no configuration is", path);
        else
            result = host_config_parse(path, text, bytes, config, error);
    }
    if (file != NULL)
        fclose(file);
    free(text);
    return result;
}

void host_config_free(struct host_config *config)
{
    free(config->member);
    memset(config, 0, sizeof *config);
}

void host_config_node(const struct host_config *config, struct node_config *node)
{
    const struct host_cluster *cluster = &config->cluster;
    memset(node, 0, sizeof *node);
    node->self = (uint32_t)config->node;
    node->config_hash = config->config_hash;
    node->log_bytes = config->log_bytes;
    node->ring = (struct ring_spec){
        .cluster = config->cluster_id,
        .epoch = 1,
        .partitions = (uint32_t)cluster->partitions,
        .replicas = (uint16_t)cluster->replicas,
        .members = (uint16_t)config->members,
        .hash = (uint8_t)cluster->hash,
        .claim = (uint8_t)cluster->claim,
        .class =
            {
                .session_window = (uint16_t)cluster->session_window,
                .sessions = (uint16_t)cluster->sessions,
                .window = (uint16_t)cluster->window,
                .kv_blocks = config->kv_blocks,
                .session_idle_ms = (uint32_t)(cluster->session_idle_ns / 1000000),
            },
        .member = config->member,
    };
}
