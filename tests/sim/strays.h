/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Strays: frames that a member of another chain epoch would send, slipped into real packets. They
 * are well formed and name the right nodes; only their epoch tells that nobody here may believe
 * them (rule 3).
 */
#ifndef TESTS_SIM_STRAYS_H
#define TESTS_SIM_STRAYS_H

#include "engine/base/prng.h"
#include "tests/cluster/world.h"

struct strays {
    struct prng prng;
    unsigned of_1000; /* packets between members that get one, if there is room */
    uint64_t sent;
};

/* Perhaps adds one to a packet, in its buffer of WIRE_PACKET_BYTES. Returns its length. */
uint32_t strays_slip_in(struct strays *strays, uint8_t *packet, uint32_t bytes);

#endif
