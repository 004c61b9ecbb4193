/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Assemblies: entries and requests that are too long for a packet, put together again from their
 * parts. Bounded in number; each is of the largest size. Named by (vnode, two numbers): an entry by
 * its epoch and sequence, a client's request by its session and number.
 *
 * Context: the worker that owns them.
 */
#ifndef CHAIN_ASSEMBLY_H
#define CHAIN_ASSEMBLY_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/wire/messages.h"

#define ASSEMBLY_PARTS_MAX ((WIRE_ENTRY_BYTES_MAX + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES)
#define ASSEMBLY_WORDS     ((ASSEMBLY_PARTS_MAX + 63) / 64)

struct assembly_name {
    uint32_t vnode;
    uint32_t reserved;
    uint64_t major[2]; /* entry: its epoch, 0; request: its session */
    uint64_t minor;    /* number */
};

struct assembly {
    struct assembly_name name;
    bool used;
    uint32_t total;   /* bytes */
    uint32_t parts;   /* that it consists of */
    uint32_t missing; /* parts that have not come */
    uint32_t gapless; /* parts that came without a gap from the first */
    uint64_t touched_ns;
    uint64_t came[ASSEMBLY_WORDS];
    uint8_t *bytes; /* 8-aligned, total of them */
};

struct assembly_pool {
    struct assembly *assembly;
    uint32_t count;
    uint32_t used;
};

/* `count` assemblies; nothing is set when the arena only counts. */
void assembly_pool_init(struct assembly_pool *pool, struct arena *arena, uint32_t count);

struct assembly *assembly_find(struct assembly_pool *pool, const struct assembly_name *name);

/* A new one for `total` bytes; NULL if none of them is free. */
struct assembly *assembly_start(
    struct assembly_pool *pool, const struct assembly_name *name, uint32_t total, uint64_t now_ns);

/*
 * Takes a part: its bytes, as many as wire_open checked for (total, offset). False if total is not
 * the assembly's.
 */
bool assembly_add(struct assembly *assembly, uint32_t total, uint32_t offset, const uint8_t *bytes,
    uint64_t now_ns);

static inline bool assembly_whole(const struct assembly *assembly)
{
    return assembly->missing == 0;
}

/* Which of the 64 parts after the first missing one came: bit i for part gapless + 1 + i. */
uint64_t assembly_bitmap(const struct assembly *assembly);

void assembly_end(struct assembly_pool *pool, struct assembly *assembly);

/* The one that was not touched for the longest, if that is since before `before_ns`; else NULL. */
struct assembly *assembly_oldest(struct assembly_pool *pool, uint64_t before_ns);

#endif
