/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A plan: the world that a seed draws. Everything that a run does follows from it.
 */
#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

#include "tests/cluster/world.h"

struct plan {
    uint64_t seed;
    struct world_config world;
    uint64_t length_ns; /* of the run, before everything heals */
    /* clients */
    unsigned clients;
    unsigned keys;
    unsigned hot_keys;            /* so many of them get hot_share of the calls */
    unsigned hot_share;           /* of 100 */
    uint64_t calls_per_s;         /* of all clients, of virtual time */
    unsigned reads, deletes, cas; /* of 100; the rest are puts */
    uint32_t value_bytes;         /* most of a small value */
    unsigned large;               /* of 1000 written values */
    uint32_t large_bytes;
    uint64_t deadline_ns; /* of a call */
    /* weather: mean times between two events, 0: never */
    uint64_t cut_every_ns, cut_for_ns;
    uint64_t pause_every_ns, pause_for_ns;
    uint64_t clock_every_ns;
    uint64_t crash_every_ns;   /* of a client */
    uint64_t restart_every_ns; /* of a member, and some time later of the whole cluster */
    unsigned drift_ppm;
    unsigned strays; /* of 1000 packets between members: carry a frame of another epoch */
};

/* What the command line fixes; 0: drawn. */
struct plan_options {
    unsigned nodes;
    uint64_t minutes_ns;
    bool benchmark; /* three nodes, 1,000 calls a second, no faults */
};

struct plan plan_draw(uint64_t seed, const struct plan_options *options);

/* One line for a person. */
void plan_describe(const struct plan *plan, char *text, size_t bytes);

#endif
