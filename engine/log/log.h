/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A log stream in memory: the entries of all vnodes of one worker, with an index per vnode. It is
 * the retransmission buffer: an entry stays until it is released.
 *
 * Memory is segments of LOG_SEGMENT_BYTES, each with a count of live bytes; a segment whose
 * entries are all released is free again, last freed first used, so that a busy stream stays in
 * the cache. Entries longer than a quarter segment take a large slot of their own. Where a few
 * stragglers hold segments, their entries are moved on: a straggling vnode never blocks its stream.
 *
 *   segment   | record | record | record | ... | unused: less than the next record wanted |
 *   record    prefix: bytes, vnode, slot | entry, padded to 8 with zeros
 *   index     per vnode: last | released | handle[window], by number & (window - 1)
 *   handle    (entry - memory) / 8; at or above large_first: in a large slot
 *
 * Context: the worker that owns it.
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/assert.h"
#include "engine/wire/messages.h"

#define LOG_SEGMENT_BYTES 32768u /* two in turn should stay in a core's cache */
#define LOG_SEGMENT_SHIFT 15u
#define LOG_SMALL_BYTES   (LOG_SEGMENT_BYTES / 4) /* longest record that lies in a segment */
#define LOG_CLASSES       (TORC_REPLICAS_MAX + 1) /* the longest chain, and its joiner */
#define LOG_WINDOW_MAX    65536u
#define LOG_VNODES_MAX    65536u
static_assert(LOG_SEGMENT_BYTES == 1u << LOG_SEGMENT_SHIFT, "shift");

struct log_stream;

/*
 * A stream of about `bytes` of memory (log_bytes_min at least) for `vnodes` vnodes with at most
 * `window` (a power of 2, to LOG_WINDOW_MAX) unreleased entries each. Half of the bytes is for
 * large entries. Beside them the index takes vnodes * (16 + 4 * window) bytes (24 for a window of
 * 1), and each segment and slot 8 or 4. NULL when the arena only counts. log_bytes_min is the least
 * that holds one of the largest entries for each place in the longest chain.
 */
uint64_t log_bytes_min(void);
struct log_stream *log_create(
    struct arena *arena, uint64_t bytes, uint32_t vnodes, uint32_t window);

/*
 * Is there room for an entry of `bytes` from a member at `position` (0: head) of a chain of
 * `length`, a joiner counted? Who is nearer the tail may use more: each step away from it a
 * sixteenth less, but always at least one largest entry less. So streams that wait for each other
 * never all stand still (the structured buffer pool of Merlin and Schweitzer, 1980): a member that
 * is refused room holds an entry of a member's at least as near its tail, which waits, if it does,
 * for one that is nearer still; and a tail waits for nobody. Separate accounts for small and large
 * entries. Moves entries where that makes room: those of one segment at most in a call.
 */
static inline bool log_room(
    struct log_stream *log, uint32_t bytes, uint32_t position, uint32_t length);

/*
 * Room for the next entry (number log_last + 1) of a vnode: `bytes` unpadded, 8-aligned, padding
 * zeroed. Requires log_room(..) just before and a window that is not full. The entry counts as
 * appended at once; the caller fills it in before it calls anything else of the log.
 */
static inline struct wire_entry *log_append(struct log_stream *log, uint32_t vnode, uint32_t bytes);

/* Highest number appended; highest released. last - released is at most the window. */
static inline uint64_t log_last(const struct log_stream *log, uint32_t vnode);
static inline uint64_t log_released(const struct log_stream *log, uint32_t vnode);
static inline bool log_window_full(const struct log_stream *log, uint32_t vnode);

/* The entry of a number in (released, last]. Valid until the next log_append or log_room of the
 * stream. */
static inline const struct wire_entry *log_entry(
    const struct log_stream *log, uint32_t vnode, uint64_t sequence);

/* Releases all entries up to `sequence` (at most last). Nothing if they are already. */
void log_release(struct log_stream *log, uint32_t vnode, uint64_t sequence);

/* Live bytes now, and the stream's capacity, both accounts. A large entry counts as its slot. */
uint64_t log_used_bytes(const struct log_stream *log);
uint64_t log_capacity_bytes(const struct log_stream *log);
/* Bytes of entries that were moved because stragglers held segments, since the start. */
uint64_t log_moved_bytes(const struct log_stream *log);

/* ---- below: what the inline functions need. Nobody else looks inside. ---- */

/* Before each entry. Says whose it is, which the entry, being the same everywhere, cannot. */
struct log_record {
    uint32_t bytes; /* of the record: this prefix and the padded entry */
    uint16_t vnode;
    uint16_t slot; /* number & (window - 1) */
};
static_assert(sizeof(struct log_record) == WIRE_ALIGN, "entries are 8-aligned");

/* Where the entries of one vnode lie. */
struct log_vnode {
    uint64_t last;
    uint64_t released;
    uint32_t handle[];
};

struct log_stream {
    uint8_t *memory;
    uint8_t *index; /* vnodes times log_vnode, index_stride apart */
    uint32_t *live; /* per segment: bytes of live records; 0: free, or current and empty */
    size_t index_stride;
    uint64_t used; /* live bytes in segments */
    uint32_t mask; /* window - 1 */
    uint32_t vnodes;
    uint32_t current; /* the segment being filled */
    uint32_t fill;    /* bytes of it that are taken */
    uint32_t free_count;
    uint32_t segments;
    uint32_t *free; /* stack of free segments; one is always left for moving entries */
    uint32_t *large_free;
    uint32_t large_free_count;
    uint32_t large_slots;
    uint32_t large_first; /* handles from here on are in large slots */
    uint32_t reserved;
    uint64_t moved;
    uint64_t limit[LOG_CLASSES];       /* bytes in segments, by steps to the tail */
    uint32_t large_limit[LOG_CLASSES]; /* large slots, likewise */
};

bool log_room_large(const struct log_stream *log, uint32_t steps);
struct log_record *log_take_large(struct log_stream *log);
/* Makes the current segment have `bytes` left. There is room by account. */
void log_room_make(struct log_stream *log, uint32_t bytes);

static inline struct log_vnode *log_vnode(const struct log_stream *log, uint32_t vnode)
{
    return (struct log_vnode *)(log->index + vnode * log->index_stride);
}

static inline uint32_t log_record_bytes(uint32_t entry_bytes)
{
    return wire_pad(entry_bytes) + (uint32_t)sizeof(struct log_record);
}

static inline uint64_t log_last(const struct log_stream *log, uint32_t vnode)
{
    return log_vnode(log, vnode)->last;
}

static inline uint64_t log_released(const struct log_stream *log, uint32_t vnode)
{
    return log_vnode(log, vnode)->released;
}

static inline bool log_window_full(const struct log_stream *log, uint32_t vnode)
{
    const struct log_vnode *index = log_vnode(log, vnode);
    return index->last - index->released > log->mask;
}

static inline const struct wire_entry *log_entry(
    const struct log_stream *log, uint32_t vnode, uint64_t sequence)
{
    const struct log_vnode *index = log_vnode(log, vnode);
    TORC_ASSERT(sequence - index->released - 1 < index->last - index->released);
    uint64_t handle = index->handle[sequence & log->mask];
    return (const struct wire_entry *)(log->memory + handle * WIRE_ALIGN);
}

static inline bool log_room(
    struct log_stream *log, uint32_t bytes, uint32_t position, uint32_t length)
{
    uint32_t wanted = log_record_bytes(bytes);
    uint32_t steps = length - 1 - position;
    TORC_ASSERT(steps < LOG_CLASSES && bytes <= WIRE_ENTRY_BYTES_MAX);
    if (TORC_UNLIKELY(wanted > LOG_SMALL_BYTES))
        return log_room_large(log, steps);
    if (TORC_UNLIKELY(log->used + wanted > log->limit[steps]))
        return false;
    if (TORC_UNLIKELY(log->fill + wanted > LOG_SEGMENT_BYTES))
        log_room_make(log, wanted);
    return true;
}

/* The next `bytes` of the current segment, which has them. */
static inline struct log_record *log_take(struct log_stream *log, uint32_t bytes)
{
    uint64_t offset = ((uint64_t)log->current << LOG_SEGMENT_SHIFT) + log->fill;
    log->fill += bytes;
    TORC_ASSERT(log->fill <= LOG_SEGMENT_BYTES);
    log->live[log->current] += bytes;
    return (struct log_record *)(log->memory + offset);
}

static inline uint32_t log_handle(const struct log_stream *log, const struct log_record *record)
{
    return (uint32_t)((uint64_t)((const uint8_t *)(record + 1) - log->memory) / WIRE_ALIGN);
}

static inline struct wire_entry *log_append(struct log_stream *log, uint32_t vnode, uint32_t bytes)
{
    struct log_vnode *index = log_vnode(log, vnode);
    uint32_t wanted = log_record_bytes(bytes);
    struct log_record *record;
    TORC_ASSERT(vnode < log->vnodes && bytes >= sizeof(struct wire_entry));
    TORC_ASSERT(index->last - index->released <= log->mask);
    if (TORC_LIKELY(wanted <= LOG_SMALL_BYTES)) {
        record = log_take(log, wanted);
        log->used += wanted;
    } else {
        record = log_take_large(log);
    }
    uint32_t slot = (uint32_t)++index->last & log->mask;
    *record =
        (struct log_record){.bytes = wanted, .vnode = (uint16_t)vnode, .slot = (uint16_t)slot};
    index->handle[slot] = log_handle(log, record);
    *(uint64_t *)((uint8_t *)record + wanted - WIRE_ALIGN) = 0; /* the padding, if any */
    return (struct wire_entry *)(record + 1);
}

#endif
