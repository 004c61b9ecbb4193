/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/chain/park.h"

#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"

void park_init(struct park *park, struct arena *arena, uint32_t slots)
{
    struct park_slot *slot = ARENA_ARRAY(arena, struct park_slot, slots);
    if (slot == NULL)
        return;
    for (uint32_t i = 0; i < slots; i++)
        slot[i].next = i + 1 < slots ? i + 1 : PARK_NONE;
    *park = (struct park){.slot = slot, .count = slots, .free = slots > 0 ? 0 : PARK_NONE};
}

enum park_result park_keep(
    struct park *park, uint32_t *first, const struct wire_entry *entry, uint32_t bytes)
{
    TORC_ASSERT(bytes <= WIRE_FRAMES_BYTES);
    uint32_t *at = first;
    while (*at != PARK_NONE && park->slot[*at].sequence < entry->sequence && !MUTANT(park_order))
        at = &park->slot[*at].next;
    if (*at != PARK_NONE && park->slot[*at].sequence == entry->sequence)
        return PARK_KNOWN;
    if (park->free == PARK_NONE)
        return PARK_FULL;
    uint32_t number = park->free;
    struct park_slot *slot = &park->slot[number];
    park->free = slot->next;
    slot->sequence = entry->sequence;
    slot->bytes = bytes;
    memcpy(slot->entry, entry, bytes);
    slot->next = *at;
    *at = number;
    return PARK_KEPT;
}

const struct park_slot *park_first(const struct park *park, uint32_t first, uint64_t sequence)
{
    if (first == PARK_NONE || park->slot[first].sequence > sequence)
        return NULL;
    return &park->slot[first];
}

void park_drop_first(struct park *park, uint32_t *first)
{
    TORC_ASSERT(*first != PARK_NONE);
    uint32_t number = *first;
    *first = park->slot[number].next;
    park->slot[number].next = park->free;
    park->free = number;
}
