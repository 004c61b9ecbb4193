/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Between the files of vnode/.
 */
#ifndef VNODE_INTERNAL_H
#define VNODE_INTERNAL_H

#include "engine/vnode/vnode.h"

/* A REPLY frame in a packet that has room for it, all but the status filled in. */
struct wire_reply *vnode_reply_frame(struct vnode_set *set, struct wire_builder *builder,
    const struct vnode_caller *caller, uint32_t value_bytes);

struct vnode_caller vnode_caller_of(
    const struct wire_frame *frame, const struct wire_request *request, struct torc_addr address);

/* The service's view of a request. */
static inline struct torc_command vnode_command(
    const struct wire_request *request, uint64_t sequence)
{
    const uint8_t *key = wire_request_key(request);
    return (struct torc_command){.operation = request->operation,
        .key_bytes = request->key_bytes,
        .value_bytes = wire_request_value_bytes(request),
        .key = key,
        .value = wire_request_value(request),
        .hash = ring_hash_quick(key, request->key_bytes),
        .argument = request->argument,
        .sequence = sequence};
}

/* A request for the vnode's partition by the ring's hash? */
bool vnode_owns_key(
    const struct vnode_set *set, const struct wire_request *request, uint16_t partition);

/* A client's request that came whole: decides, appends, answers. */
void vnode_request(struct vnode_set *set, uint32_t vnode, const struct wire_request *request,
    const struct vnode_caller *caller);

/* The head writes an entry that ends a session nobody has used for long, if there is one, and room.
 */
void vnode_close_idle(struct vnode_set *set, uint32_t vnode);

#endif
