/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <torc/error.h>

#define PAGE_BYTES 4096u
#define SUM_BYTES  400u
#define CGROUP     "/sys/fs/cgroup"

static void human(uint64_t bytes, char *text, size_t text_bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = (double)bytes;
    size_t i = 0;
    for (; value >= 1024 && i + 1 < sizeof unit / sizeof unit[0]; i++)
        value /= 1024;
    snprintf(text, text_bytes, i == 0 ? "%.0f %s" : "%.1f %s", value, unit[i]);
}

void host_memory_sum(
    uint64_t bytes, const struct node_memory_term *terms, char *text, size_t text_bytes)
{
    char size[32];
    size_t used = 0;
    for (const struct node_memory_term *i = terms; i->name != NULL && used < text_bytes; i++) {
        human(i->bytes, size, sizeof size);
        used += (size_t)snprintf(
            text + used, text_bytes - used, "%s%s %s", i == terms ? "" : " + ", i->name, size);
    }
    human(bytes, size, sizeof size);
    if (used < text_bytes)
        snprintf(text + used, text_bytes - used, " = %s", size);
}

/* The number after `key` in a file of the kernel's, times `factor`; UINT64_MAX if there is none. */
static uint64_t file_number(const char *path, const char *key, uint64_t factor)
{
    char line[256];
    uint64_t value = UINT64_MAX;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return value;
    while (fgets(line, sizeof line, file) != NULL) {
        size_t length = strlen(key);
        char *end = NULL;
        if (strncmp(line, key, length) != 0)
            continue;
        uint64_t number = strtoull(line + length, &end, 10);
        if (end != line + length)
            value = number * factor;
        break;
    }
    fclose(file);
    return value;
}

/* What the control group of this process still grants; UINT64_MAX where nothing limits it. */
static uint64_t group_available(void)
{
    char group[512] = "";
    char path[600];
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file == NULL)
        return UINT64_MAX;
    while (fgets(group, sizeof group, file) != NULL && strncmp(group, "0::", 3) != 0)
        group[0] = 0;
    fclose(file);
    group[strcspn(group, "\n")] = 0;
    if (group[0] == 0)
        return UINT64_MAX;
    snprintf(path, sizeof path, CGROUP "%s/memory.max", group + 3);
    uint64_t limit = file_number(path, "", 1);
    snprintf(path, sizeof path, CGROUP "%s/memory.current", group + 3);
    uint64_t current = file_number(path, "", 1);
    if (limit == UINT64_MAX || current == UINT64_MAX)
        return UINT64_MAX;
    return limit > current ? limit - current : 0;
}

uint64_t host_memory_available(void)
{
    uint64_t machine = file_number("/proc/meminfo", "MemAvailable:", 1024);
    uint64_t group = group_available();
    return machine < group ? machine : group;
}

static int too_little(uint64_t bytes, uint64_t available, const struct node_memory_term *terms,
    char *error, size_t error_bytes)
{
    char sum[SUM_BYTES];
    char have[32];
    host_memory_sum(bytes, terms, sum, sizeof sum);
    human(available, have, sizeof have);
    snprintf(error, error_bytes,
        "memory: too little: %s available, needed: %s; lower memory.kv or memory.log", have, sum);
    return -TORC_ENOMEM;
}

/* Makes the system provide every page now. */
static int populate(uint8_t *base, uint64_t bytes)
{
    if (madvise(base, bytes, MADV_POPULATE_WRITE) == 0)
        return 0;
    if (errno != EINVAL)
        return -1;
    for (uint64_t at = 0; at < bytes; at += PAGE_BYTES) /* a kernel before 5.14 */
        *(volatile uint8_t *)(base + at) = 0;
    return 0;
}

int host_memory_take(struct host_memory *memory, uint64_t bytes,
    const struct node_memory_term *terms, char *error, size_t error_bytes)
{
    uint64_t available = host_memory_available();
    memory->base = NULL;
    memory->bytes = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    if (memory->bytes < bytes || memory->bytes > available)
        return too_little(bytes, available, terms, error, error_bytes);
    void *base =
        mmap(NULL, memory->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return too_little(bytes, available, terms, error, error_bytes);
    madvise(base, memory->bytes, MADV_HUGEPAGE); /* where there are none, small ones serve */
    if (populate(base, memory->bytes) != 0) {
        munmap(base, memory->bytes);
        return too_little(bytes, available, terms, error, error_bytes);
    }
    memory->base = base;
    return 0;
}

void host_memory_give(struct host_memory *memory)
{
    if (memory->base != NULL)
        munmap(memory->base, memory->bytes);
    memory->base = NULL;
}
