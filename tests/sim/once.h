/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Once: a set of the requests that heads made entries of.
 */
#ifndef TESTS_SIM_ONCE_H
#define TESTS_SIM_ONCE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/wire/messages.h"

struct once {
    uint64_t *place; /* 0: free */
    size_t count, room;
};

/* Adds the request of an entry; false if it was in the set. Entries of the engine's own are not
 * added. */
bool once_add(struct once *once, const struct wire_entry *entry);
void once_clear(struct once *once);
void once_free(struct once *once);

#endif
