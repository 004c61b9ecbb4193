/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/log/log.h"
#include "engine/base/mutant.h"

#include <string.h>

#define LOG_PAGE 4096u
#define LOG_LARGE_BYTES                                                                            \
    ((uint32_t)((sizeof(struct log_record) + WIRE_ENTRY_BYTES_MAX + LOG_PAGE - 1) &                \
                ~(LOG_PAGE - 1)))
#define LOG_LARGE_UNITS  (LOG_LARGE_BYTES / WIRE_ALIGN)
#define LOG_LARGE_MIN    LOG_CLASSES /* one for each class */
#define LOG_SEGMENTS_MIN 8u
#define LOG_SHARES       16u /* a step away from the tail costs one of so many shares */
#define LOG_BYTES_MAX    (((uint64_t)UINT32_MAX + 1) * WIRE_ALIGN) /* what a handle can name */

/*
 * What may be live in n segments. One is being filled and one kept free to move entries into. If
 * the others together hold no more than three quarters of their bytes, then one of them holds no
 * more than that; its live entries, moved into the free one, leave room there for one more small
 * entry, and it becomes the free one.
 */
static uint64_t log_segments_capacity(uint32_t segments)
{
    return (uint64_t)(segments - 2) * (LOG_SEGMENT_BYTES - LOG_SMALL_BYTES);
}
static_assert(
    LOG_CLASSES * LOG_SMALL_BYTES <= (LOG_SEGMENTS_MIN - 2) * (LOG_SEGMENT_BYTES - LOG_SMALL_BYTES),
    "each class has at least one small entry more than the one below");
static_assert(LOG_CLASSES <= LOG_SHARES, "shares");

uint64_t log_bytes_min(void)
{
    return (uint64_t)LOG_SEGMENTS_MIN * LOG_SEGMENT_BYTES +
           (uint64_t)LOG_LARGE_MIN * LOG_LARGE_BYTES;
}

static void log_limits(struct log_stream *log)
{
    uint64_t small = log_segments_capacity(log->segments);
    uint64_t small_step =
        small / LOG_SHARES > LOG_SMALL_BYTES ? small / LOG_SHARES : LOG_SMALL_BYTES;
    uint32_t large_step = log->large_slots > LOG_SHARES ? log->large_slots / LOG_SHARES : 1;
    for (uint32_t steps = 0; steps < LOG_CLASSES; steps++) {
        log->limit[steps] = small - steps * small_step;
        log->large_limit[steps] = log->large_slots - steps * large_step;
    }
}

struct log_stream *log_create(struct arena *arena, uint64_t bytes, uint32_t vnodes, uint32_t window)
{
    TORC_ASSERT(window != 0 && (window & (window - 1)) == 0 && window <= LOG_WINDOW_MAX);
    TORC_ASSERT(vnodes <= LOG_VNODES_MAX);
    bytes = bytes < log_bytes_min() ? log_bytes_min() : bytes;
    bytes = bytes > LOG_BYTES_MAX ? LOG_BYTES_MAX : bytes;
    uint32_t large = (uint32_t)(bytes / 2 / LOG_LARGE_BYTES);
    large = large < LOG_LARGE_MIN ? LOG_LARGE_MIN : large;
    uint32_t segments = (uint32_t)((bytes - (uint64_t)large * LOG_LARGE_BYTES) / LOG_SEGMENT_BYTES);
    uint64_t memory_bytes =
        (uint64_t)segments * LOG_SEGMENT_BYTES + (uint64_t)large * LOG_LARGE_BYTES;
    size_t handles = window > 1 ? window : 2; /* the next log_vnode is 8-aligned too */
    size_t stride = sizeof(struct log_vnode) + handles * sizeof(uint32_t);

    struct log_stream *log = ARENA_ARRAY(arena, struct log_stream, 1);
    uint8_t *memory = ARENA_ARRAY(arena, uint8_t, memory_bytes);
    uint8_t *index = ARENA_ARRAY(arena, uint8_t, vnodes * stride);
    uint32_t *live = ARENA_ARRAY(arena, uint32_t, segments);
    uint32_t *free = ARENA_ARRAY(arena, uint32_t, segments);
    uint32_t *large_free = ARENA_ARRAY(arena, uint32_t, large);
    if (log == NULL)
        return NULL;
    *log = (struct log_stream){.memory = memory,
        .index = index,
        .live = live,
        .free = free,
        .large_free = large_free,
        .index_stride = stride,
        .mask = window - 1,
        .vnodes = vnodes,
        .segments = segments,
        .large_slots = large,
        .large_first = segments << (LOG_SEGMENT_SHIFT - 3)};
    for (uint32_t i = segments; i-- > 1;) /* segment 0 is current, 1 the next */
        free[log->free_count++] = i;
    for (uint32_t i = large; i-- > 0;)
        large_free[log->large_free_count++] = i;
    log_limits(log);
    return log;
}

/* ---- large entries ---- */

bool log_room_large(const struct log_stream *log, uint32_t steps)
{
    return log->large_slots - log->large_free_count < log->large_limit[steps];
}

struct log_record *log_take_large(struct log_stream *log)
{
    TORC_ASSERT(log->large_free_count != 0);
    uint64_t slot = log->large_free[--log->large_free_count];
    if (MUTANT(large_slot_twice))
        slot = 0;
    return (struct log_record *)(log->memory + (uint64_t)log->large_first * WIRE_ALIGN +
                                 slot * LOG_LARGE_BYTES);
}

static void log_give_large(struct log_stream *log, uint32_t handle)
{
    uint32_t slot = (handle - log->large_first) / LOG_LARGE_UNITS;
    log->large_free[log->large_free_count++] = slot;
    TORC_ASSERT(log->large_free_count <= log->large_slots);
}

/* ---- segments ---- */

/* Takes live bytes from a segment; without any it is free, or, being filled, empty again. */
static void log_segment_give(struct log_stream *log, uint32_t segment, uint32_t bytes)
{
    TORC_ASSERT(log->live[segment] >= bytes);
    log->live[segment] -= bytes;
    if (TORC_LIKELY(log->live[segment] != 0))
        return;
    if (segment == log->current)
        log->fill = 0;
    else
        log->free[log->free_count++] = segment;
}

static void log_segment_open(struct log_stream *log)
{
    TORC_ASSERT(log->free_count != 0 && log->live[log->current] != 0);
    log->current = log->free[--log->free_count];
    log->fill = 0;
}

void log_release(struct log_stream *log, uint32_t vnode, uint64_t sequence)
{
    struct log_vnode *index = log_vnode(log, vnode);
    TORC_ASSERT(sequence <= index->last);
    while (index->released < sequence) {
        uint32_t handle = index->handle[++index->released & log->mask];
        if (TORC_UNLIKELY(handle >= log->large_first)) {
            log_give_large(log, handle);
            continue;
        }
        const struct log_record *record =
            (const struct log_record *)(log->memory + (uint64_t)handle * WIRE_ALIGN) - 1;
        log->used -= record->bytes;
        log_segment_give(log, handle >> (LOG_SEGMENT_SHIFT - 3), record->bytes);
    }
}

/* ---- stragglers ---- */

/* The sealed segment with the fewest live bytes. */
static uint32_t log_segment_sparsest(const struct log_stream *log)
{
    uint32_t found = log->current;
    uint32_t fewest = UINT32_MAX;
    for (uint32_t i = 0; i < log->segments; i++) {
        if (log->live[i] != 0 && log->live[i] < fewest && i != log->current) {
            fewest = log->live[i];
            found = i;
        }
    }
    TORC_ASSERT(found != log->current);
    return found;
}

/* Does the vnode's index still point at this record? The number that has its slot now, if any, may
 * be a later one, elsewhere; and if none has it, what the slot says is of the past. */
static bool log_record_live(const struct log_stream *log, const struct log_record *record)
{
    const struct log_vnode *index = log_vnode(log, record->vnode);
    uint64_t first = index->released + 1;
    uint64_t number = first + ((record->slot - first) & log->mask);
    return number <= index->last && index->handle[record->slot] == log_handle(log, record);
}

static void log_record_move(struct log_stream *log, const struct log_record *record)
{
    if (log->fill + record->bytes > LOG_SEGMENT_BYTES)
        log_segment_open(log);
    struct log_record *to = log_take(log, record->bytes);
    memcpy(to, record, record->bytes);
    log_vnode(log, to->vnode)->handle[to->slot] = log_handle(log, to);
    log->moved += to->bytes;
}

/* Moves the live records of the sparsest segment to where new ones go. */
static void log_compact(struct log_stream *log)
{
    uint32_t segment = log_segment_sparsest(log);
    const uint8_t *at = log->memory + ((uint64_t)segment << LOG_SEGMENT_SHIFT);
    while (log->live[segment] != 0) {
        const struct log_record *record = (const struct log_record *)at;
        at += record->bytes;
        if (log_record_live(log, record)) {
            log_record_move(log, record);
            log_segment_give(log, segment, record->bytes);
        }
    }
}

void log_room_make(struct log_stream *log, uint32_t bytes)
{
    if (log->free_count < 2)
        log_compact(log);
    if (log->fill + bytes > LOG_SEGMENT_BYTES)
        log_segment_open(log);
    TORC_ASSERT(log->free_count != 0);
}

/* ---- what others may know ---- */

uint64_t log_used_bytes(const struct log_stream *log)
{
    return log->used + (uint64_t)(log->large_slots - log->large_free_count) * LOG_LARGE_BYTES;
}

uint64_t log_capacity_bytes(const struct log_stream *log)
{
    return log->limit[0] + (uint64_t)log->large_limit[0] * LOG_LARGE_BYTES;
}

uint64_t log_moved_bytes(const struct log_stream *log)
{
    return log->moved;
}
