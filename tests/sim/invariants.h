/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The rules of replication, asserted from outside after every step of every worker, over the
 * engine's own memory.
 *
 *   one writer   what stands at (partition, number) is the same entry on every member, for ever,
 * and was first in the head's log prefix       no member has an entry that its predecessor does not
 * have (or has released: committed) commit       no member holds for committed what a full member
 * of its chain lacks; commit numbers never go back; nobody is answered before (checked by the
 * history) apply        exactly the committed entries are applied, in order; replicas that applied
 * the same number hold the same state bounds       window, log memory
 */
#ifndef TESTS_SIM_INVARIANTS_H
#define TESTS_SIM_INVARIANTS_H

#include <stdbool.h>

#include "tests/cluster/world.h"

struct invariants;

struct invariants *invariants_create(struct world *world, unsigned nodes, unsigned workers);
void invariants_destroy(struct invariants *invariants);

/* After a step of that worker. */
void invariants_check(struct invariants *invariants, unsigned id, unsigned worker);

/* A node was started (with an empty memory), or the whole cluster was. */
void invariants_restarted(struct invariants *invariants, unsigned id);

/* Everything is quiet: all members of each chain hold the same, all is committed and applied. */
void invariants_check_quiet(struct invariants *invariants);

/* The first rule that was broken, as a sentence; NULL: none. */
const char *invariants_broken(const struct invariants *invariants);

/* Entries looked at so far. */
uint64_t invariants_entries(const struct invariants *invariants);

#endif
