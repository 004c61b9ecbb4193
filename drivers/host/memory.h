/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A node's memory: one block, taken and touched at start, so that a node that has started never
 * meets a page fault, and one that cannot have its memory says so before it serves.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/node/node.h"

struct host_memory {
    void *base; /* zeroed; NULL: none */
    uint64_t bytes;
};

/*
 * 0, or -TORC_ENOMEM with one line in `error` that names what is needed, for what (`terms`, up to
 * one without a name), what there is, and what to change.
 */
int host_memory_take(struct host_memory *memory, uint64_t bytes,
    const struct node_memory_term *terms, char *error, size_t error_bytes);
void host_memory_give(struct host_memory *memory);

/* Bytes that this process may still take, by what the system and its control group say. */
uint64_t host_memory_available(void);

/* "log streams 16.0 MiB + kv 64.0 MiB = 80.0 MiB" */
void host_memory_sum(
    uint64_t bytes, const struct node_memory_term *terms, char *text, size_t text_bytes);

#endif
