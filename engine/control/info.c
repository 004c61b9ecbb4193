/* SPDX-License-Identifier: BSD-3-Clause
 *
 * INFO: pieces of what control keeps. No answer is longer than its question, so that nobody can
 * make a node send more than he sent himself.
 */
#include <string.h>

#include "engine/control/internal.h"

struct info_source {
    const uint8_t *bytes;
    uint32_t total;
    uint64_t generation;
};

static struct info_source info_stats(struct control *control, uint32_t offset)
{
    if (offset == 0 && (control->stats_generation == 0 ||
                           control->now_ns - control->stats_ns >= CONTROL_STATS_FRESH_NS)) {
        control_stats_write(control);
        control->stats_ns = control->now_ns;
        control->stats_generation++;
    }
    return (struct info_source){
        (const uint8_t *)control->stats, control->stats_bytes, control->stats_generation};
}

/* What a question is about; nothing for a kind that does not exist. */
static struct info_source info_source(struct control *control, const struct wire_info *info)
{
    if (info->kind == WIRE_INFO_STATS)
        return info_stats(control, info->offset);
    if (info->kind == WIRE_INFO_RING)
        return (struct info_source){control->image, control->image_bytes, control->revision};
    return (struct info_source){0};
}

static uint16_t info_status(const struct info_source *source, const struct wire_info *info)
{
    if (source->bytes == NULL)
        return TORC_STATUS_INVALID;
    if (source->generation == 0)
        return TORC_STATUS_NOT_READY;
    if (info->generation != 0 && info->generation != source->generation)
        return TORC_STATUS_WRONG_EPOCH;
    return info->offset <= source->total ? TORC_STATUS_OK : TORC_STATUS_INVALID;
}

void control_info(struct control *control, const struct wire_view *view, struct torc_addr from)
{
    const struct wire_info *info = (const struct wire_info *)view->frames;
    uint8_t buffer[WIRE_PACKET_BYTES];
    struct wire_builder builder;
    struct wire_packet header = control_header(control, WIRE_CHUNK);
    control->counters.info_received++;
    if (view->header.length < WIRE_PACKET_MIN + sizeof(struct wire_chunk))
        return; /* no room for any answer */
    struct info_source source = info_source(control, info);
    header.number = view->header.number;
    header.receiver_worker = view->header.sender_worker;
    wire_start(&builder, buffer, sizeof buffer, &header);
    uint16_t status = info_status(&source, info);
    uint32_t room = (uint32_t)(view->header.length - WIRE_PACKET_MIN - sizeof(struct wire_chunk)) &
                    ~(WIRE_ALIGN - 1);
    uint32_t left = status == TORC_STATUS_OK ? source.total - info->offset : 0;
    uint32_t bytes = left < room ? left : room;
    if (bytes > WIRE_CHUNK_BYTES_MAX)
        bytes = WIRE_CHUNK_BYTES_MAX;
    struct wire_chunk *chunk =
        (struct wire_chunk *)wire_add(&builder, WIRE_FRAME_CHUNK, (uint32_t)sizeof *chunk + bytes);
    chunk->kind = info->kind;
    chunk->offset = info->offset;
    chunk->generation = source.generation;
    chunk->total = source.total;
    chunk->status = status;
    chunk->bytes = (uint16_t)bytes;
    if (bytes > 0)
        memcpy(chunk + 1, source.bytes + info->offset, bytes);
    control_send(control, buffer, wire_seal(&builder, control->cluster), from);
    control->counters.info_answered++;
}
