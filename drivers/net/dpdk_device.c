/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/dpdk_device.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AF_PACKET_FRAMES 1024u
#define MEMIF_LOG2       10u
#define EAL_MEMORY_MIB   512u

/* The value of KEY= in "NAME,KEY=VALUE,...", cut to `bytes`; false if there is none. */
static bool device_value(const char *text, const char *key, char *value, size_t bytes)
{
    size_t length = strlen(key);
    for (const char *p = strchr(text, ','); p; p = strchr(p + 1, ',')) {
        if (strncmp(p + 1, key, length) != 0 || p[1 + length] != '=')
            continue;
        const char *from = p + 1 + length + 1;
        size_t n = strcspn(from, ",");
        snprintf(value, bytes, "%.*s", (int)n, from);
        return true;
    }
    return false;
}

static uint32_t device_number(const char *text, const char *key, uint32_t otherwise)
{
    char value[16];
    if (!device_value(text, key, value, sizeof value))
        return otherwise;
    return (uint32_t)strtoul(value, NULL, 10);
}

static void device_af_packet(struct dpdk_device *device)
{
    char value[16];
    size_t length = strlen(device->text);
    if (!device_value(device->text, "framecnt", value, sizeof value))
        snprintf(
            device->text + length, sizeof device->text - length, ",framecnt=%u", AF_PACKET_FRAMES);
    device->receive_packets = device_number(device->text, "framecnt", 0);
}

const char *dpdk_device_parse(struct dpdk_device *device, const char *text)
{
    memset(device, 0, sizeof *device);
    if (!text || !*text)
        return "no device is named; write one such as net_af_packet0,iface=eth0 or 0000:03:00.0";
    size_t name = strcspn(text, ",");
    if (strlen(text) + sizeof ",framecnt=1024" > sizeof device->text || name == 0 ||
        name >= sizeof device->name)
        return "the device's name is empty or too long";
    snprintf(device->text, sizeof device->text, "%s", text);
    memcpy(device->name, text, name);
    if (strchr(device->name, ':'))
        return NULL; /* on a bus */
    memcpy(device->driver, device->name, sizeof device->driver);
    while (name && isdigit((unsigned char)device->driver[name - 1]))
        device->driver[--name] = 0;
    if (strcmp(device->driver, "net_af_packet") == 0 || strcmp(device->driver, "net_af_xdp") == 0)
        device_value(text, "iface", device->iface, sizeof device->iface);
    if (strcmp(device->driver, "net_af_packet") == 0)
        device_af_packet(device);
    else if (strcmp(device->driver, "net_memif") == 0)
        device->receive_packets = 1u << (device_number(text, "rsize", MEMIF_LOG2) & 15u);
    return NULL;
}

static bool args_add(struct dpdk_eal_args *args, const char *value)
{
    size_t bytes = strlen(value) + 1;
    if (args->count == (int)DPDK_ARGS_MAX || args->used + bytes > sizeof args->text)
        return false;
    args->value[args->count++] = memcpy(args->text + args->used, value, bytes);
    args->used += bytes;
    return true;
}

static bool args_add2(struct dpdk_eal_args *args, const char *option, const char *value)
{
    return args_add(args, option) && args_add(args, value);
}

/* Only what is named may be touched: other ports of the machine are not ours. */
static bool args_devices(struct dpdk_eal_args *args, const struct torc_dpdk_eal_config *config)
{
    bool any = false;
    for (unsigned i = 0; i < config->devices; i++) {
        struct dpdk_device device;
        if (dpdk_device_parse(&device, config->device[i]) || device.driver[0])
            continue; /* virtual devices are made when they are opened */
        if (!args_add2(args, "-a", config->device[i]))
            return false;
        any = true;
    }
    return any || args_add(args, "--no-pci");
}

static bool args_memory(struct dpdk_eal_args *args, const struct torc_dpdk_eal_config *config)
{
    char text[32];
    uint32_t mib = config->memory_mib;
    if (!config->hugepages && mib == 0)
        mib = EAL_MEMORY_MIB;
    if (config->hugepages ? !args_add(args, "--in-memory")
                          : !args_add(args, "--no-huge") || !args_add(args, "--no-shconf"))
        return false;
    snprintf(text, sizeof text, "%u", mib);
    return mib == 0 || args_add2(args, "-m", text);
}

static bool args_names(struct dpdk_eal_args *args, const struct torc_dpdk_eal_config *config,
    const char *cpus, unsigned pid)
{
    char text[1024];
    snprintf(text, sizeof text, "0@(%s)", cpus); /* one core of EAL's, over all processors */
    if (!args_add2(args, "--lcores", text))
        return false;
    snprintf(text, sizeof text, "--log-level=%s", config->log_level ? config->log_level : "error");
    if (!args_add(args, text))
        return false;
    if (config->file_prefix)
        snprintf(text, sizeof text, "--file-prefix=%s", config->file_prefix);
    else
        snprintf(text, sizeof text, "--file-prefix=torc-%u", pid);
    return args_add(args, text) && (!config->no_telemetry || args_add(args, "--no-telemetry"));
}

const char *dpdk_eal_args_make(struct dpdk_eal_args *args,
    const struct torc_dpdk_eal_config *config, const char *cpus, unsigned pid)
{
    memset(args, 0, sizeof *args);
    bool fits = args_add(args, "torc") && args_names(args, config, cpus, pid) &&
                args_memory(args, config) && args_devices(args, config);
    for (const char *const *extra = config->extra; fits && extra && *extra; extra++)
        fits = args_add(args, *extra);
    return fits ? NULL : "more arguments for EAL than fit; give fewer";
}
