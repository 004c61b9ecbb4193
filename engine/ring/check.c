/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a configuration, or an image from the network, may say.
 */
#include <string.h>

#include "engine/ring/table.h"

static bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static const char *class_fault(const struct ring_class *class)
{
    if (!is_power_of_two(class->session_window))
        return "the class's session window must be a power of 2";
    if (!is_power_of_two(class->window))
        return "the class's window must be a power of 2";
    if (class->sessions == 0)
        return "the class must allow at least one session";
    return NULL;
}

const char *ring_shape_fault(const struct ring_shape *shape)
{
    if (shape->cluster == 0)
        return "the cluster id must not be 0";
    if (shape->epoch == 0)
        return "the epoch must not be 0";
    if (shape->partitions < 1 || shape->partitions > TORC_PARTITIONS_MAX)
        return "there must be 1 to 65536 partitions";
    if (shape->members < 1 || shape->members > TORC_NODES_MAX)
        return "there must be 1 to 1024 nodes";
    if (shape->replicas < 1 || shape->replicas > TORC_REPLICAS_MAX)
        return "there must be 1 to 8 replicas";
    if (shape->replicas > shape->members)
        return "there must not be more replicas than nodes";
    if (shape->hash != TORC_HASH_XXH3 && shape->hash != TORC_HASH_SHA1)
        return "the hash must be xxh3 or sha1";
    if (shape->claim != TORC_CLAIM_SPREAD && shape->claim != TORC_CLAIM_BLOCKS)
        return "the claim must be spread or blocks";
    return class_fault(&shape->class);
}

const char *ring_member_fault(const struct ring_member *member)
{
    if (member->id == 0)
        return "a node's id must not be 0";
    if (member->workers < 1 || member->workers > TORC_WORKERS_MAX)
        return "a node must have 1 to 64 workers";
    if ((uint32_t)member->address.port + member->workers - 1 > UINT16_MAX)
        return "a node's ports, one a worker, must not pass 65535";
    if (member->state != RING_MEMBER_OK && member->state != RING_MEMBER_LOST)
        return "a node is in a state that does not exist";
    if (memchr(member->name, 0, sizeof member->name) == NULL)
        return "a node's name must be shorter than 32 bytes";
    return NULL;
}
