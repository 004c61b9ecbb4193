/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parking: entries that came before one they follow. They wait beside the log, in order, until the
 * gap is filled (rule 2: a member appends only the next entry). Bounded in number; without room
 * the packet is not acknowledged and comes again.
 *
 * Context: the worker that owns it.
 */
#ifndef CHAIN_PARK_H
#define CHAIN_PARK_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/wire/messages.h"

#define PARK_NONE UINT32_MAX

struct park_slot {
    uint64_t sequence;
    uint32_t next;
    uint32_t bytes; /* of the entry, unpadded */
    uint8_t entry[WIRE_FRAMES_BYTES] __attribute__((aligned(8)));
};

struct park {
    struct park_slot *slot;
    uint32_t count;
    uint32_t free; /* first of the free list */
};

void park_init(struct park *park, struct arena *arena, uint32_t slots);

enum park_result { PARK_KEPT, PARK_KNOWN, PARK_FULL };

/* Keeps a copy of an entry in the list that begins at *first, ordered by number. */
enum park_result park_keep(
    struct park *park, uint32_t *first, const struct wire_entry *entry, uint32_t bytes);

/* The first of a list, if its number is `sequence` or less; NULL otherwise. */
const struct park_slot *park_first(const struct park *park, uint32_t first, uint64_t sequence);

/* Forgets the first of a list. */
void park_drop_first(struct park *park, uint32_t *first);

#endif
