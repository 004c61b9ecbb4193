/* SPDX-License-Identifier: BSD-3-Clause
 *
 * State: what the members of a chain hold once everything is quiet, and what a link may have under
 * way.
 */
#ifndef TESTS_SIM_STATE_H
#define TESTS_SIM_STATE_H

#include "tests/cluster/world.h"

/* Do all members of the key's chain answer it alike? If not, says so in `why`. */
bool state_same(struct world *world, const char *key, char *why, size_t bytes);

/* Does a link of the worker have more packets in flight than it has credit for? */
bool state_over_credit(const struct node *node, unsigned worker);

#endif
