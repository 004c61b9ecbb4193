/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"
#include "engine/chain/chain.h"
#include "engine/chain/internal.h"

static bool chain_has_room(struct chain_set *set, uint32_t vnode, uint32_t bytes)
{
    const struct chain *chain = &set->chain[vnode];
    return !log_window_full(set->log, vnode) &&
           log_room(set->log, bytes, chain->position, chain->length);
}

static void chain_append(struct chain_set *set, uint32_t vnode, const void *entry, uint32_t bytes)
{
    struct wire_entry *place = log_append(set->log, vnode, bytes);
    memcpy(place, entry, bytes);
    TORC_ASSERT(place->sequence == log_last(set->log, vnode) || MUTANT(append_out_of_order) ||
                MUTANT(duplicate_appended));
    COUNT(set->counters->entries_received);
    chain_appended(set, vnode);
}

static struct assembly_name chain_part_name(uint32_t vnode, uint64_t sequence)
{
    return (struct assembly_name){.vnode = vnode, .minor = sequence};
}

static void chain_stall(struct chain_set *set, uint32_t vnode)
{
    struct chain *chain = &set->chain[vnode];
    if (chain->stalled)
        return;
    chain->stalled = true;
    chain->stalled_next = set->stalled;
    set->stalled = vnode;
}

/* Appends the next entry from its assembly, if it is whole. False if there is none such or no room.
 */
static bool chain_append_assembled(struct chain_set *set, uint32_t vnode)
{
    uint64_t next = log_last(set->log, vnode) + 1;
    struct assembly_name name = chain_part_name(vnode, next);
    struct assembly *assembly = assembly_find(&set->parts, &name);
    if (assembly == NULL || !assembly_whole(assembly))
        return false;
    if (!chain_has_room(set, vnode, assembly->total)) {
        chain_stall(set, vnode);
        return false;
    }
    chain_append(set, vnode, assembly->bytes, assembly->total);
    assembly_end(&set->parts, assembly);
    return true;
}

/* Appends the next entry from the parked ones. False if it is not there or there is no room. */
static bool chain_append_parked(struct chain_set *set, uint32_t vnode)
{
    struct chain *chain = &set->chain[vnode];
    uint64_t next = log_last(set->log, vnode) + 1;
    const struct park_slot *slot = park_first(&set->park, chain->parked, next);
    if (slot == NULL)
        return false;
    if (slot->sequence == next && !MUTANT(park_drops_first)) {
        if (!chain_has_room(set, vnode, slot->bytes)) {
            chain_stall(set, vnode);
            return false;
        }
        chain_append(set, vnode, slot->entry, slot->bytes);
    }
    park_drop_first(&set->park, &chain->parked);
    return true;
}

/* Appends whatever follows without a gap. */
static void chain_append_waiting(struct chain_set *set, uint32_t vnode)
{
    while (chain_append_parked(set, vnode) || chain_append_assembled(set, vnode))
        ;
}

static bool chain_from(
    const struct chain_set *set, uint32_t vnode, uint32_t from, enum chain_direction direction)
{
    if (set->chain[vnode].link[direction] == from)
        return true;
    COUNT(set->counters->drop_not_neighbour);
    return false;
}

/* An entry that is not the next one. */
static enum chain_result chain_park(
    struct chain_set *set, uint32_t vnode, const struct wire_entry *entry)
{
    switch (park_keep(&set->park, &set->chain[vnode].parked, entry, wire_entry_bytes(entry))) {
    case PARK_KEPT:
        COUNT(set->counters->parked);
        return CHAIN_TAKEN;
    case PARK_KNOWN:
        COUNT(set->counters->drop_duplicate_entry);
        return CHAIN_TAKEN;
    default:
        COUNT(set->counters->drop_withheld);
        return CHAIN_WITHHELD;
    }
}

enum chain_result chain_forward(
    struct chain_set *set, uint32_t vnode, uint32_t from, const struct wire_entry *entry)
{
    const struct chain *chain = &set->chain[vnode];
    if (!chain_from(set, vnode, from, CHAIN_UP))
        return CHAIN_TAKEN;
    if (entry->class != chain->class || entry->partition != chain->partition ||
        entry->epoch > chain->epoch) {
        COUNT(set->counters->drop_misplaced_entry);
        return CHAIN_TAKEN;
    }
    uint64_t last = log_last(set->log, vnode);
    if (MUTANT(duplicate_appended) && entry->sequence == last && last > chain->committed)
        last--;
    if (entry->sequence <= last) {
        COUNT(set->counters->drop_duplicate_entry);
        return CHAIN_TAKEN;
    }
    if (entry->sequence != last + 1 && !MUTANT(append_out_of_order))
        return MUTANT(park_forgets) ? CHAIN_TAKEN : chain_park(set, vnode, entry);
    uint32_t bytes = wire_entry_bytes(entry);
    if (!chain_has_room(set, vnode, bytes)) {
        COUNT(set->counters->drop_withheld);
        return CHAIN_WITHHELD;
    }
    chain_append(set, vnode, entry, bytes);
    if (chain->parked != PARK_NONE || set->parts.used > 0)
        chain_append_waiting(set, vnode);
    return CHAIN_TAKEN;
}

/*
 * An assembly for a part. The last free one is for an entry that is the next of its vnode: it can
 * be appended and freed as soon as it is whole, whatever else waits, so that assemblies never all
 * wait for one that finds none.
 */
static struct assembly *chain_assembly(
    struct chain_set *set, uint32_t vnode, const struct wire_forward_part *part)
{
    struct assembly_name name = chain_part_name(vnode, part->sequence);
    struct assembly *assembly = assembly_find(&set->parts, &name);
    if (assembly != NULL)
        return assembly;
    bool next = part->sequence == log_last(set->log, vnode) + 1;
    if (!next && set->parts.used + 1 >= set->parts.count)
        return NULL;
    return assembly_start(&set->parts, &name, part->total, set->now_ns);
}

/* A whole entry out of parts: is it what its frame and its signatures say? */
static bool chain_assembled_right(
    struct chain_set *set, uint32_t vnode, const struct assembly *assembly)
{
    const struct chain *chain = &set->chain[vnode];
    const struct wire_entry *entry = (const struct wire_entry *)assembly->bytes;
    return wire_entry_check(entry, assembly->total) == WIRE_TAKEN && entry->class == chain->class &&
           entry->partition == chain->partition && entry->epoch <= chain->epoch &&
           entry->sequence == assembly->name.minor;
}

enum chain_result chain_forward_part(
    struct chain_set *set, uint32_t vnode, uint32_t from, const struct wire_forward_part *part)
{
    if (!chain_from(set, vnode, from, CHAIN_UP))
        return CHAIN_TAKEN;
    if (part->sequence <= log_last(set->log, vnode)) {
        COUNT(set->counters->drop_duplicate_entry);
        return CHAIN_TAKEN;
    }
    struct assembly *assembly = chain_assembly(set, vnode, part);
    if (assembly == NULL) {
        COUNT(set->counters->drop_withheld);
        return CHAIN_WITHHELD;
    }
    bool was_whole = assembly_whole(assembly);
    if (!assembly_add(
            assembly, part->total, part->offset, (const uint8_t *)(part + 1), set->now_ns)) {
        COUNT(set->counters->drop_bad_part);
        return CHAIN_TAKEN;
    }
    if (was_whole || !assembly_whole(assembly))
        return CHAIN_TAKEN;
    if (!chain_assembled_right(set, vnode, assembly)) {
        COUNT(set->counters->drop_bad_part);
        assembly_end(&set->parts, assembly);
        return CHAIN_WITHHELD;
    }
    chain_append_waiting(set, vnode);
    return CHAIN_TAKEN;
}

void chain_scan_parts(struct chain_set *set)
{
    for (uint32_t i = 0; i < set->parts.count && set->parts.used > 0; i++) {
        struct assembly *assembly = &set->parts.assembly[i];
        if (assembly->used && !assembly_whole(assembly) &&
            set->now_ns - assembly->touched_ns >= CHAIN_PART_IDLE_NS)
            assembly_end(&set->parts, assembly);
    }
}

enum chain_result chain_committed(
    struct chain_set *set, uint32_t vnode, uint32_t from, const struct wire_committed *committed)
{
    struct chain *chain = &set->chain[vnode];
    if (!chain_from(set, vnode, from, CHAIN_DOWN))
        return CHAIN_TAKEN;
    if (committed->sequence > log_last(set->log, vnode)) {
        COUNT(set->counters
                  ->drop_bad_committed); /* a successor cannot have more than its predecessor */
        return CHAIN_TAKEN;
    }
    if (committed->sequence <= chain->committed && !MUTANT(commit_goes_back))
        return CHAIN_TAKEN;
    chain->committed = committed->sequence;
    if (MUTANT(commit_ahead) && chain->committed < log_last(set->log, vnode))
        chain->committed++;
    if (!chain_is_head(chain) && !MUTANT(commit_unsent))
        chain_pend(set, vnode, CHAIN_UP);
    return CHAIN_TAKEN;
}

uint32_t chain_stalled_take(struct chain_set *set)
{
    uint32_t first = set->stalled;
    set->stalled = CHAIN_NO_ITEM;
    return first;
}

uint32_t chain_retry(struct chain_set *set, uint32_t vnode)
{
    struct chain *chain = &set->chain[vnode];
    uint32_t next = chain->stalled_next;
    chain->stalled_next = CHAIN_NO_ITEM;
    chain->stalled = false;
    chain_append_waiting(set, vnode);
    return next;
}
