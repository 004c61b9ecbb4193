/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A look inside a node, for tests and simulation: read only, between two steps.
 */
#ifndef NODE_INSIDE_H
#define NODE_INSIDE_H

#include "engine/base/counters.h"
#include "engine/node/node.h"
#include "engine/wire/wire.h"

/* One vnode as it stands. */
struct inside_vnode {
    uint16_t partition;
    uint8_t position, length;
    uint64_t epoch;
    uint64_t last, released, committed, applied;
    uint32_t sessions;
    const void *log; /* for inside_entry */
    uint32_t number;
};

uint32_t inside_vnodes(const struct node *node, unsigned worker);
struct inside_vnode inside_vnode(const struct node *node, unsigned worker, uint32_t number);

/* An entry that is not yet released. */
const struct wire_entry *inside_entry(const struct inside_vnode *vnode, uint64_t sequence);

uint64_t inside_log_used(const struct node *node, unsigned worker);
uint64_t inside_log_capacity(const struct node *node, unsigned worker);
const struct counters *inside_counters(const struct node *node, unsigned worker);

#endif
