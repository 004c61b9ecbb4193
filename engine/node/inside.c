/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/node/inside.h"

#include "engine/node/internal.h"

uint32_t inside_vnodes(const struct node *node, unsigned worker)
{
    return node->worker[worker]->vnodes.chains.vnodes;
}

struct inside_vnode inside_vnode(const struct node *node, unsigned worker, uint32_t number)
{
    const struct vnode_set *set = &node->worker[worker]->vnodes;
    const struct chain *chain = &set->chains.chain[number];
    return (struct inside_vnode){.partition = chain->partition,
        .position = chain->position,
        .length = chain->length,
        .epoch = chain->epoch,
        .last = log_last(set->chains.log, number),
        .released = log_released(set->chains.log, number),
        .committed = chain->committed,
        .applied = set->vnode[number].applied,
        .sessions = session_count(set->sessions, number),
        .log = set->chains.log,
        .number = number};
}

const struct wire_entry *inside_entry(const struct inside_vnode *vnode, uint64_t sequence)
{
    return log_entry(vnode->log, vnode->number, sequence);
}

uint64_t inside_log_used(const struct node *node, unsigned worker)
{
    return log_used_bytes(node->worker[worker]->vnodes.chains.log);
}

uint64_t inside_log_capacity(const struct node *node, unsigned worker)
{
    return log_capacity_bytes(node->worker[worker]->vnodes.chains.log);
}

const struct counters *inside_counters(const struct node *node, unsigned worker)
{
    return &node->meeting.worker[worker].counters;
}
