/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The crew: real clients that call as the plan says, crash and are replaced, and write down what
 * they were told.
 */
#ifndef TESTS_SIM_CREW_H
#define TESTS_SIM_CREW_H

#include "engine/base/prng.h"
#include "tests/sim/history.h"
#include "tests/sim/plan.h"

struct crew;

struct crew *crew_create(struct world *world, const struct plan *plan, struct history *history);
void crew_destroy(struct crew *crew);

/* A client dies with all it was doing, and another begins in its place. */
void crew_crash(struct crew *crew, unsigned client);

/* The cluster lost its memory: all clients are replaced, keys begin anew. */
void crew_new_era(struct crew *crew);

/* No new calls. */
void crew_stop(struct crew *crew);

/* Calls under way. */
unsigned crew_pending(const struct crew *crew);

/* The name of key 0, 1, ...; NULL: there are no more. */
const char *crew_key(const struct crew *crew, unsigned key);

/* Its partition. */
unsigned crew_partition(const struct crew *crew, unsigned key);

/* Reads every key of this era once. */
void crew_read_all(struct crew *crew);
/* Of those reads: how many ended without an answer. */
unsigned crew_unread(const struct crew *crew);

/* A value that is none that was ever written came back; NULL: none did. */
const char *crew_damage(const struct crew *crew);

/* Calls that ended later than their deadline allows, or twice. */
const char *crew_broken(const struct crew *crew);

#endif
