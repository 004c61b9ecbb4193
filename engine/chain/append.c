/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"
#include "engine/chain/chain.h"
#include "engine/chain/internal.h"

void chain_init(struct chain *chain, uint16_t class, uint16_t partition)
{
    *chain = (struct chain){.class = class,
        .partition = partition,
        .link = {CHAIN_NO_LINK, CHAIN_NO_LINK},
        .pending_next = {CHAIN_NO_ITEM, CHAIN_NO_ITEM},
        .parked = PARK_NONE,
        .stalled_next = CHAIN_NO_ITEM};
}

uint64_t *chain_refuses(struct chain_set *set, uint32_t vnode, uint32_t bytes)
{
    const struct chain *chain = &set->chain[vnode];
    if (log_window_full(set->log, vnode))
        return &set->counters->busy_window;
    if (!log_room(set->log, bytes, chain->position, chain->length))
        return &set->counters->busy_log;
    return NULL;
}

void chain_appended(struct chain_set *set, uint32_t vnode)
{
    struct chain *chain = &set->chain[vnode];
    if (!chain_is_tail(chain)) {
        chain_pend(set, vnode, CHAIN_DOWN);
        if (MUTANT(head_commits) && chain_is_head(chain))
            chain->committed = log_last(set->log, vnode);
        if (!MUTANT(middle_commits) || chain_is_head(chain))
            return;
    }
    /* "the tail commits what it has" (rule 4, durability memory) */
    chain->committed = log_last(set->log, vnode);
    if (!chain_is_head(chain))
        chain_pend(set, vnode, CHAIN_UP);
}

const struct wire_entry *chain_create(struct chain_set *set, uint32_t vnode,
    const struct wire_request *request, struct torc_addr client)
{
    struct chain *chain = &set->chain[vnode];
    TORC_ASSERT(chain_is_head(chain) || MUTANT(two_writers));
    uint32_t bytes = (uint32_t)(sizeof(struct wire_entry) - sizeof *request) + request->length;
    struct wire_entry *entry = log_append(set->log, vnode, bytes);
    memcpy(&entry->request, request, request->length);
    entry->kind = WIRE_ENTRY_REQUEST;
    entry->flags = 0;
    entry->client_port = client.port;
    entry->class = chain->class;
    entry->partition = chain->partition;
    entry->client_ip = client.ip;
    entry->epoch = chain->epoch;
    entry->sequence = log_last(set->log, vnode) + MUTANT(number_skipped);
    wire_entry_sign(entry);
    COUNT(set->counters->entries_created);
    chain_appended(set, vnode);
    return entry;
}
