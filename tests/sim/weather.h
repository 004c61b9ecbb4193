/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The weather: what befalls the world while the crew works. Partitions, pauses, clocks, crashes of
 * clients, members that restart without their memory.
 */
#ifndef TESTS_SIM_WEATHER_H
#define TESTS_SIM_WEATHER_H

#include "tests/sim/crew.h"

struct weather;

/* `story`: called with a sentence for each event; may be NULL. */
struct weather *weather_create(struct world *world, const struct plan *plan, struct crew *crew,
    void (*story)(void *context, const char *what), void *context);
void weather_destroy(struct weather *weather);

/* When the next event is; UINT64_MAX: never. */
uint64_t weather_next_ns(const struct weather *weather);
/* Whatever is due now. */
void weather_turn(struct weather *weather);

/*
 * Everything heals. If a member restarted since the cluster did, the whole cluster restarts, since
 * nothing else would help it: a new era.
 */
void weather_clear(struct weather *weather);

#endif
