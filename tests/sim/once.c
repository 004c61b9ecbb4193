/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/once.h"

#include <stdlib.h>
#include <string.h>

/* Two requests of a run having one name by chance: 2^-64 times their number squared. */
static uint64_t once_name(const struct wire_entry *entry)
{
    const struct wire_request *request = &entry->request;
    const uint64_t parts[] = {
        entry->partition, request->session.epoch, request->session.number, request->number};
    uint64_t name = 0;
    for (unsigned i = 0; i < 4; i++) {
        name = (name ^ parts[i]) * 0xbf58476d1ce4e5b9u;
        name = (name ^ name >> 29) * 0x94d049bb133111ebu;
        name ^= name >> 32;
    }
    return name | 1;
}

static bool once_put(struct once *once, uint64_t name)
{
    size_t at = (size_t)(name >> 8) & (once->room - 1);
    while (once->place[at] != 0) {
        if (once->place[at] == name)
            return false;
        at = (at + 1) & (once->room - 1);
    }
    once->place[at] = name;
    return true;
}

static void once_grow(struct once *once)
{
    struct once grown = {.room = once->room > 0 ? once->room * 2 : 1024};
    grown.place = calloc(grown.room, sizeof *grown.place);
    if (grown.place == NULL)
        abort();
    for (size_t i = 0; i < once->room; i++)
        if (once->place[i] != 0)
            once_put(&grown, once->place[i]);
    free(once->place);
    once->place = grown.place;
    once->room = grown.room;
}

bool once_add(struct once *once, const struct wire_entry *entry)
{
    if (entry->request.operation < WIRE_OP_PUT)
        return true;
    if (once->count * 2 >= once->room)
        once_grow(once);
    bool added = once_put(once, once_name(entry));
    once->count += added;
    return added;
}

void once_clear(struct once *once)
{
    if (once->room > 0)
        memset(once->place, 0, once->room * sizeof *once->place);
    once->count = 0;
}

void once_free(struct once *once)
{
    free(once->place);
}
