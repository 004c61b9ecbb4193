/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What building a ring and reading one from an image share. Control or a client, while no one else
 * knows the ring.
 */
#ifndef RING_TABLE_H
#define RING_TABLE_H

#include "engine/ring/ring.h"

/* What decides how large a ring is, and all else that is not a table. */
struct ring_shape {
    uint64_t cluster;
    uint64_t epoch;
    uint32_t partitions;
    uint16_t replicas;
    uint16_t members;
    uint8_t hash;
    uint8_t claim;
    struct ring_class class;
};

/* What is wrong with a shape or a member, in a sentence for the operator; NULL: nothing. */
const char *ring_shape_fault(const struct ring_shape *shape);
const char *ring_member_fault(const struct ring_member *member);

/* Bytes of the block of a ring of a shape without fault. */
size_t ring_shape_bytes(const struct ring_shape *shape);

/* A ring of that shape in `memory`, its tables zero. */
struct ring *ring_shape_lay(const struct ring_shape *shape, void *memory);

/* Fills by_id from member. Returns false if two have one id. */
bool ring_index_members(struct ring *ring);

#endif
