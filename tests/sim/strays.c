/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/strays.h"

#include <string.h>

/* The same frame as the other epoch might have it: its entry with another content, its commit
 * number one higher. */
static void stray_differ(struct wire_frame *frame, uint64_t epoch)
{
    frame->epoch = epoch;
    if (frame->type == WIRE_FRAME_COMMITTED) {
        ((struct wire_committed *)frame)->sequence++;
        return;
    }
    struct wire_entry *entry = (struct wire_entry *)(frame + 1);
    entry->request.argument ^= 1;
    wire_request_sign(&entry->request);
    wire_entry_sign(entry);
}

/* A frame of the packet to imitate; NULL: none. */
static const struct wire_frame *stray_model(const struct wire_view *view, struct strays *strays)
{
    const uint8_t *cursor = view->frames;
    const struct wire_frame *frame, *model = NULL;
    unsigned seen = 0;
    while ((frame = wire_next(view, &cursor)) != NULL)
        if (frame->type == WIRE_FRAME_FORWARD || frame->type == WIRE_FRAME_COMMITTED)
            if (prng_below(&strays->prng, ++seen) == 0)
                model = frame;
    return model;
}

static void stray_copy(struct wire_builder *builder, const struct wire_frame *frame)
{
    memcpy(
        wire_add(builder, (enum wire_frame_type)frame->type, frame->length), frame, frame->length);
}

uint32_t strays_slip_in(struct strays *strays, uint8_t *packet, uint32_t bytes)
{
    struct wire_view view;
    uint8_t before[WIRE_PACKET_BYTES] __attribute__((aligned(8)));
    if (strays->of_1000 == 0 || ((const struct wire_packet *)packet)->type != WIRE_DATA ||
        prng_below(&strays->prng, 1000) >= strays->of_1000)
        return bytes;
    memcpy(before, packet, bytes);
    if (wire_open(before, bytes, WORLD_CLUSTER, &view) != WIRE_TAKEN)
        return bytes;
    const struct wire_frame *model = stray_model(&view, strays);
    if (model == NULL || bytes - WIRE_PACKET_MIN + model->length > WIRE_FRAMES_BYTES)
        return bytes;
    struct wire_builder builder;
    wire_start(&builder, packet, WIRE_PACKET_BYTES, &view.header);
    uint64_t epoch = prng_below(&strays->prng, 2) == 0 ? model->epoch - 1 : model->epoch + 1;
    struct wire_frame *stray = wire_add(&builder, (enum wire_frame_type)model->type, model->length);
    memcpy(stray, model, model->length);
    stray_differ(stray, epoch);
    const uint8_t *cursor = view.frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(&view, &cursor)) != NULL)
        stray_copy(&builder, frame);
    strays->sent++;
    return wire_seal(&builder, WORLD_CLUSTER);
}
