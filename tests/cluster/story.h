/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packets as a story that a person can read: one line a frame.
 */
#ifndef TESTS_CLUSTER_STORY_H
#define TESTS_CLUSTER_STORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <torc/types.h>

struct story;

/* `links`: tells HELLOs and link acknowledgements too. Times count from start_ns. */
struct story *story_create(uint64_t start_ns, bool links);
void story_destroy(struct story *story);
void story_packet(struct story *story, uint64_t now_ns, struct torc_addr from, struct torc_addr to,
    const void *packet, uint32_t bytes, bool lost);
/* Writes to a file instead of keeping a text. */
void story_to(struct story *story, FILE *file);
const char *story_text(const struct story *story);

#endif
