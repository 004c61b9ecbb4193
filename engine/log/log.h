/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A log stream in memory: the entries of all vnodes of one worker, with an index per vnode. It is
 * the retransmission buffer: an entry stays until it is released.
 *
 * Memory is segments of LOG_SEGMENT_BYTES, each with a count of live entries; a segment whose
 * entries are all released is free again, last freed first used, so that a busy stream stays in
 * the cache. Entries longer than a quarter segment take a large slot of their own. Where a few
 * stragglers hold segments, log_compact moves their entries on: a straggling vnode never blocks
 * its stream.
 *
 * Context: the worker that owns it.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/wire/messages.h"

#define LOG_SEGMENT_BYTES 131072u

struct log_stream;

/*
 * A stream of about `bytes` of memory for `vnodes` vnodes with at most `window` (a power of 2)
 * unreleased entries each. A share of the bytes is set aside for large entries. NULL when the arena
 * only counts. log_bytes_min is the least that holds a few of the largest entries.
 */
uint64_t log_bytes_min(void);
struct log_stream *log_create(
    struct arena *arena, uint64_t bytes, uint32_t vnodes, uint32_t window);

/*
 * Is there room for an entry of `bytes` from a member at `position` (0: head) of a chain of
 * `length`? A member may use (position + 1) / length of the memory: who is nearer the tail may
 * use more, so that streams which wait for each other never all stand still (the structured buffer
 * pool of Merlin and Schweitzer, 1980). Separate accounts for small and large entries. Compacts
 * if that helps.
 */
bool log_room(struct log_stream *log, uint32_t bytes, uint32_t position, uint32_t length);

/*
 * Room for the next entry (number log_last + 1) of a vnode: `bytes` unpadded, 8-aligned, padding
 * zeroed. Requires log_room(..) just before and a window that is not full. The entry counts as
 * appended at once; the caller fills it in before it calls anything else of the log.
 */
struct wire_entry *log_append(struct log_stream *log, uint32_t vnode, uint32_t bytes);

/* Highest number appended; highest released. last - released is at most the window. */
uint64_t log_last(const struct log_stream *log, uint32_t vnode);
uint64_t log_released(const struct log_stream *log, uint32_t vnode);
bool log_window_full(const struct log_stream *log, uint32_t vnode);

/* The entry of a number in (released, last]. Valid until the next log_append or log_room of the
 * stream. */
const struct wire_entry *log_entry(const struct log_stream *log, uint32_t vnode, uint64_t sequence);

/* Releases all entries up to `sequence` (at most last). Nothing if they are already. */
void log_release(struct log_stream *log, uint32_t vnode, uint64_t sequence);

/* Live bytes now, and the stream's capacity, both accounts. */
uint64_t log_used_bytes(const struct log_stream *log);
uint64_t log_capacity_bytes(const struct log_stream *log);

#endif
