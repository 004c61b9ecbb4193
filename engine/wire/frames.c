/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The shape of every frame type: one row of the table and, where lengths depend on fields, one
 * function.
 */
#include "engine/wire/frames.h"

#include <string.h>

#include "engine/base/assert.h"
#include "engine/wire/check.h"

#define IN(type)        ((uint8_t)(1u << (type)))
#define HEAD_ONLY       ((uint16_t)sizeof(struct wire_frame))
#define WHOLE           UINT16_MAX
#define LONGEST         WIRE_FRAMES_BYTES
#define PLUS_HEAD(type) (sizeof(struct wire_frame) + sizeof(struct type))

/* clang-format off */
const struct wire_frame_rule wire_frame_rules[WIRE_FRAME_TYPES] = {
    /*                           min                               max                              covered    packets           of no vnode */
    [0]                       = {0,                                0,                               WHOLE,     0,                false},
    [WIRE_FRAME_HELLO]        = {sizeof(struct wire_hello),        sizeof(struct wire_hello),       WHOLE,     IN(WIRE_HELLO),   true},
    [WIRE_FRAME_LINK_ACK]     = {sizeof(struct wire_link_ack),     sizeof(struct wire_link_ack),    WHOLE,     IN(WIRE_DATA),    true},
    [WIRE_FRAME_FORWARD]      = {PLUS_HEAD(wire_entry),            LONGEST,                         HEAD_ONLY, IN(WIRE_DATA),    false},
    [WIRE_FRAME_FORWARD_PART] = {sizeof(struct wire_forward_part), LONGEST,                         WHOLE,     IN(WIRE_DATA),    false},
    [WIRE_FRAME_COMMITTED]    = {sizeof(struct wire_committed),    sizeof(struct wire_committed),   WHOLE,     IN(WIRE_DATA),    false},
    [WIRE_FRAME_EPOCH]        = {sizeof(struct wire_frame),        sizeof(struct wire_frame),       WHOLE,     IN(WIRE_DATA),    false},
    [WIRE_FRAME_WRITE]        = {PLUS_HEAD(wire_request),          LONGEST,                         HEAD_ONLY, IN(WIRE_REQUEST), false},
    [WIRE_FRAME_WRITE_PART]   = {sizeof(struct wire_write_part),   LONGEST,                         WHOLE,     IN(WIRE_REQUEST), false},
    [WIRE_FRAME_PART_ACK]     = {sizeof(struct wire_part_ack),     sizeof(struct wire_part_ack),    WHOLE,     IN(WIRE_REPLY),   false},
    [WIRE_FRAME_READ]         = {PLUS_HEAD(wire_request),          LONGEST,                         HEAD_ONLY, IN(WIRE_REQUEST), false},
    [WIRE_FRAME_REPLY]        = {sizeof(struct wire_reply),        LONGEST,                         WHOLE,     IN(WIRE_REPLY),   false},
    [WIRE_FRAME_INFO]         = {sizeof(struct wire_info),         LONGEST,                         WHOLE,     IN(WIRE_INFO),    true},
    [WIRE_FRAME_CHUNK]        = {sizeof(struct wire_chunk),        LONGEST,                         WHOLE,     IN(WIRE_CHUNK),   true},
    [WIRE_FRAME_REFUSE]       = {sizeof(struct wire_refuse),       sizeof(struct wire_refuse),      WHOLE,     IN(WIRE_REFUSE),  true},
};
/* clang-format on */

static bool is_zero(const uint8_t *bytes, size_t count)
{
    uint8_t any = 0;
    for (size_t i = 0; i < count; i++)
        any |= bytes[i];
    return any == 0;
}

/*
 * Is the frame exactly `used` bytes and their padding long, and the padding 0? At most 7 bytes,
 * which are the upper ones of the frame's last eight.
 */
static inline enum wire_drop check_end(const struct wire_frame *frame, uint32_t used)
{
    if (frame->length != wire_pad(used))
        return WIRE_DROP_bad_frame_length;
    const uint32_t padding = frame->length - used;
    if (padding == 0)
        return WIRE_TAKEN;
    uint64_t last;
    memcpy(&last, (const uint8_t *)frame + frame->length - sizeof last, sizeof last);
    return last >> 8 * (sizeof last - padding) == 0 ? WIRE_TAKEN : WIRE_DROP_bad_padding;
}

/*
 * Do the bytes of an answer lie within the whole they are of? An answer without bytes may echo
 * any offset that was asked for. 64 bits, since offset and total are anybody's.
 */
static bool piece_fits(uint64_t offset, uint64_t bytes, uint64_t total)
{
    return bytes == 0 || offset + bytes <= total;
}

/* room is more than 0, so a length that wraps around agrees with none. */
static inline enum wire_drop check_forward(const struct wire_frame *frame)
{
    const struct wire_entry *entry = (const struct wire_entry *)(frame + 1);
    const uint32_t room = frame->length - (uint32_t)sizeof *frame;
    if (wire_pad(wire_entry_bytes(entry)) != room)
        return WIRE_DROP_bad_request;
    const enum wire_drop drop = check_entry(entry, wire_entry_bytes(entry));
    if (TORC_UNLIKELY(drop != WIRE_TAKEN))
        return drop;
    if (entry->class != frame->class || entry->partition != frame->partition)
        return WIRE_DROP_bad_request;
    return check_end(frame, (uint32_t)sizeof *frame + wire_entry_bytes(entry));
}

/* WRITE and READ. */
static inline enum wire_drop check_write(const struct wire_frame *frame, bool read)
{
    const struct wire_request *request = (const struct wire_request *)(frame + 1);
    const uint32_t room = frame->length - (uint32_t)sizeof *frame;
    if (wire_pad(request->length) != room)
        return WIRE_DROP_bad_request;
    const enum wire_drop drop = check_request(request, request->length);
    if (TORC_UNLIKELY(drop != WIRE_TAKEN))
        return drop;
    if (WIRE_OP_IS_READ(request->operation) != read)
        return WIRE_DROP_bad_request;
    return check_end(frame, (uint32_t)sizeof *frame + request->length);
}

/* A part of `total` bytes from `offset`, behind `head` bytes of the frame. */
static enum wire_drop check_part(
    const struct wire_frame *frame, uint32_t head, uint32_t total, uint32_t offset)
{
    if (offset % WIRE_PART_BYTES != 0 || offset >= total)
        return WIRE_DROP_bad_request;
    const uint32_t rest = total - offset;
    return check_end(frame, head + (rest < WIRE_PART_BYTES ? rest : WIRE_PART_BYTES));
}

static enum wire_drop check_forward_part(const struct wire_frame *frame)
{
    const struct wire_forward_part *part = (const struct wire_forward_part *)frame;
    if (part->total < sizeof(struct wire_entry) || part->total > WIRE_ENTRY_BYTES_MAX)
        return WIRE_DROP_bad_request;
    return check_part(frame, sizeof *part, part->total, part->offset);
}

static enum wire_drop check_write_part(const struct wire_frame *frame)
{
    const struct wire_write_part *part = (const struct wire_write_part *)frame;
    if (part->total < sizeof(struct wire_request) || part->total > WIRE_REQUEST_BYTES_MAX)
        return WIRE_DROP_bad_request;
    return check_part(frame, sizeof *part, part->total, part->offset);
}

static inline enum wire_drop check_reply(const struct wire_frame *frame)
{
    const struct wire_reply *reply = (const struct wire_reply *)frame;
    if (!piece_fits(reply->offset, reply->bytes, reply->total) ||
        reply->total > TORC_VALUE_BYTES_MAX)
        return WIRE_DROP_bad_request;
    return check_end(frame, (uint32_t)sizeof *reply + reply->bytes);
}

static enum wire_drop check_chunk(const struct wire_frame *frame)
{
    const struct wire_chunk *chunk = (const struct wire_chunk *)frame;
    if (!piece_fits(chunk->offset, chunk->bytes, chunk->total))
        return WIRE_DROP_bad_request;
    return check_end(frame, (uint32_t)sizeof *chunk + chunk->bytes);
}

/* As long as its sender likes, all zeros behind its fields. */
static enum wire_drop check_info(const struct wire_frame *frame)
{
    const size_t used = sizeof(struct wire_info);
    if (!is_zero((const uint8_t *)frame + used, frame->length - used))
        return WIRE_DROP_bad_padding;
    return WIRE_TAKEN;
}

static enum wire_drop check_hello(const struct wire_frame *frame)
{
    const struct wire_hello *hello = (const struct wire_hello *)frame;
    return memchr(hello->name, 0, sizeof hello->name) != NULL ? WIRE_TAKEN : WIRE_DROP_bad_request;
}

static enum wire_drop check_link_ack(const struct wire_frame *frame)
{
    const struct wire_link_ack *ack = (const struct wire_link_ack *)frame;
    return ack->reserved == 0 ? WIRE_TAKEN : WIRE_DROP_bad_flags;
}

static enum wire_drop check_refuse(const struct wire_frame *frame)
{
    const struct wire_refuse *refuse = (const struct wire_refuse *)frame;
    if (!is_zero(refuse->reserved, sizeof refuse->reserved))
        return WIRE_DROP_bad_flags;
    return refuse->version_min <= refuse->version_max ? WIRE_TAKEN : WIRE_DROP_bad_request;
}

static inline enum wire_drop check_rule(
    const struct wire_frame *frame, enum wire_packet_type packet)
{
    const uint32_t type = frame->type < WIRE_FRAME_TYPES ? frame->type : 0;
    const struct wire_frame_rule *rule = &wire_frame_rules[type];
    if ((rule->packets & IN(packet)) == 0)
        return WIRE_DROP_bad_frame_type;
    if (frame->length < rule->min || frame->length > rule->max)
        return WIRE_DROP_bad_frame_length;
    if (frame->flags != 0)
        return WIRE_DROP_bad_flags;
    if (rule->of_no_vnode && (frame->class | frame->partition | frame->epoch) != 0)
        return WIRE_DROP_bad_flags;
    return WIRE_TAKEN;
}

static inline enum wire_drop check_body(const struct wire_frame *frame)
{
    switch ((enum wire_frame_type)frame->type) {
    case WIRE_FRAME_FORWARD:
        return check_forward(frame);
    case WIRE_FRAME_WRITE:
        return check_write(frame, false);
    case WIRE_FRAME_READ:
        return check_write(frame, true);
    case WIRE_FRAME_REPLY:
        return check_reply(frame);
    case WIRE_FRAME_LINK_ACK:
        return check_link_ack(frame);
    case WIRE_FRAME_FORWARD_PART:
        return check_forward_part(frame);
    case WIRE_FRAME_WRITE_PART:
        return check_write_part(frame);
    case WIRE_FRAME_HELLO:
        return check_hello(frame);
    case WIRE_FRAME_INFO:
        return check_info(frame);
    case WIRE_FRAME_CHUNK:
        return check_chunk(frame);
    case WIRE_FRAME_REFUSE:
        return check_refuse(frame);
    case WIRE_FRAME_COMMITTED:
    case WIRE_FRAME_EPOCH:
    case WIRE_FRAME_PART_ACK:
        break; /* any value of any field is well formed */
    }
    return WIRE_TAKEN;
}

enum wire_drop wire_frames_check(const struct wire_view *view)
{
    const enum wire_packet_type packet = view->header.type;
    const uint8_t *cursor = view->frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(view, &cursor)) != NULL) {
        enum wire_drop drop = check_rule(frame, packet);
        if (TORC_LIKELY(drop == WIRE_TAKEN))
            drop = check_body(frame);
        if (TORC_UNLIKELY(drop != WIRE_TAKEN))
            return drop;
    }
    return WIRE_TAKEN;
}
