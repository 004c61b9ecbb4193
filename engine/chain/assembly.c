/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/chain/assembly.h"

#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"

void assembly_pool_init(struct assembly_pool *pool, struct arena *arena, uint32_t count)
{
    struct assembly *assembly = ARENA_ARRAY(arena, struct assembly, count);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *bytes = arena_take(arena, ASSEMBLY_PARTS_MAX * WIRE_PART_BYTES);
        if (assembly != NULL)
            assembly[i].bytes = bytes;
    }
    if (assembly != NULL)
        *pool = (struct assembly_pool){.assembly = assembly, .count = count};
}

static bool assembly_named(const struct assembly *assembly, const struct assembly_name *name)
{
    return assembly->used && assembly->name.vnode == name->vnode &&
           assembly->name.minor == name->minor && assembly->name.major[0] == name->major[0] &&
           assembly->name.major[1] == name->major[1];
}

struct assembly *assembly_find(struct assembly_pool *pool, const struct assembly_name *name)
{
    if (pool->used == 0)
        return NULL;
    for (uint32_t i = 0; i < pool->count; i++)
        if (assembly_named(&pool->assembly[i], name))
            return &pool->assembly[i];
    return NULL;
}

struct assembly *assembly_start(
    struct assembly_pool *pool, const struct assembly_name *name, uint32_t total, uint64_t now_ns)
{
    TORC_ASSERT(total > 0 && total <= WIRE_ENTRY_BYTES_MAX);
    for (uint32_t i = 0; i < pool->count; i++) {
        struct assembly *assembly = &pool->assembly[i];
        if (assembly->used)
            continue;
        uint32_t parts = (total + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES;
        *assembly = (struct assembly){.name = *name,
            .used = true,
            .total = total,
            .parts = parts,
            .missing = parts,
            .touched_ns = now_ns,
            .bytes = assembly->bytes};
        pool->used++;
        return assembly;
    }
    return NULL;
}

static bool assembly_came(const struct assembly *assembly, uint32_t part)
{
    return assembly->came[part >> 6] >> (part & 63) & 1;
}

bool assembly_add(struct assembly *assembly, uint32_t total, uint32_t offset, const uint8_t *bytes,
    uint64_t now_ns)
{
    if (total != assembly->total || offset >= total || offset % WIRE_PART_BYTES != 0)
        return false;
    uint32_t part = offset / WIRE_PART_BYTES;
    assembly->touched_ns = now_ns;
    if (assembly_came(assembly, part) && !(MUTANT(part_counted_twice) && assembly->missing > 0))
        return true;
    uint32_t left = total - offset - MUTANT(part_short);
    memcpy(assembly->bytes + offset, bytes, left < WIRE_PART_BYTES ? left : WIRE_PART_BYTES);
    assembly->came[part >> 6] |= (uint64_t)1 << (part & 63);
    assembly->missing--;
    while (assembly->gapless < assembly->parts && assembly_came(assembly, assembly->gapless))
        assembly->gapless++;
    return true;
}

uint64_t assembly_bitmap(const struct assembly *assembly)
{
    uint64_t bitmap = 0;
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t part = assembly->gapless + 1 + i;
        if (part < assembly->parts && assembly_came(assembly, part))
            bitmap |= (uint64_t)1 << i;
    }
    return bitmap;
}

void assembly_end(struct assembly_pool *pool, struct assembly *assembly)
{
    TORC_ASSERT(assembly->used && pool->used > 0);
    assembly->used = false;
    pool->used--;
}

struct assembly *assembly_oldest(struct assembly_pool *pool, uint64_t before_ns)
{
    struct assembly *oldest = NULL;
    for (uint32_t i = 0; i < pool->count && pool->used > 0; i++) {
        struct assembly *assembly = &pool->assembly[i];
        if (assembly->used && assembly->touched_ns < before_ns &&
            (oldest == NULL || assembly->touched_ns < oldest->touched_ns))
            oldest = assembly;
    }
    return oldest;
}
