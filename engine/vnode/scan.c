/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What need not be done at once: a worker looks at a few vnodes every now and then.
 */
#include "engine/vnode/internal.h"

static void vnode_scan_sessions(struct vnode_set *set, uint32_t vnode)
{
    if (set->ring != NULL && !set->vnode[vnode].member_lost &&
        chain_is_head(&set->chains.chain[vnode]))
        vnode_close_idle(set, vnode);
}

static void vnode_scan_requests(struct vnode_set *set)
{
    uint64_t now_ns = set->chains.now_ns;
    if (now_ns < VNODE_PART_IDLE_NS)
        return;
    struct assembly *old = assembly_oldest(&set->requests, now_ns - VNODE_PART_IDLE_NS);
    if (old != NULL)
        assembly_end(&set->requests, old);
}

void vnode_scan(struct vnode_set *set, uint32_t count)
{
    uint32_t vnodes = set->chains.vnodes;
    vnode_scan_requests(set);
    chain_scan_parts(&set->chains);
    for (uint32_t i = 0; i < count && i < vnodes; i++) {
        uint32_t vnode = set->scan;
        set->scan = vnode + 1 < vnodes ? vnode + 1 : 0;
        chain_scan(&set->chains, vnode);
        vnode_scan_sessions(set, vnode);
    }
}
