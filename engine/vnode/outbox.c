/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/vnode/outbox.h"

#include <string.h>

#include "engine/base/assert.h"

void outbox_begin(struct outbox *outbox, struct torc_burst *burst)
{
    outbox->burst = burst;
    outbox->open = 0;
    outbox->last = 0;
}

static void outbox_close(struct outbox *outbox, uint32_t number)
{
    struct outbox_packet *packet = &outbox->packet[number];
    packet->tx->bytes = wire_seal(&packet->builder, outbox->cluster);
    COUNT(outbox->counters->tx_packets);
    outbox->to[number] = (struct torc_addr){0};
}

/* Begins a packet in that place. */
static struct wire_builder *outbox_start(
    struct outbox *outbox, uint32_t number, struct torc_addr to)
{
    struct torc_burst *burst = outbox->burst;
    if (burst->tx_used == burst->tx_count) {
        COUNT(outbox->counters->tx_short);
        return NULL;
    }
    struct torc_tx *tx = &burst->tx[burst->tx_used++];
    struct outbox_packet *packet = &outbox->packet[number];
    tx->to = to;
    packet->tx = tx;
    outbox->to[number] = to;
    outbox->last = number;
    wire_start(&packet->builder, tx->data, outbox->packet_bytes, &outbox->header);
    return &packet->builder;
}

static bool outbox_is(const struct outbox *outbox, uint32_t number, struct torc_addr to)
{
    return outbox->to[number].ip == to.ip && outbox->to[number].port == to.port;
}

/* The place of that client's packet, or where one can begin. */
static uint32_t outbox_place(struct outbox *outbox, struct torc_addr to, bool *found)
{
    *found = true;
    if (outbox->last < outbox->open && outbox_is(outbox, outbox->last, to))
        return outbox->last;
    for (uint32_t i = 0; i < outbox->open; i++)
        if (outbox_is(outbox, i, to))
            return i;
    *found = false;
    if (outbox->open < OUTBOX_OPEN)
        return outbox->open++;
    uint32_t oldest = (outbox->last + 1) & (OUTBOX_OPEN - 1);
    if (outbox->to[oldest].port != 0)
        outbox_close(outbox, oldest);
    return oldest;
}

struct wire_builder *outbox_open(struct outbox *outbox, struct torc_addr to, uint32_t room)
{
    bool found;
    TORC_ASSERT(to.port != 0);
    uint32_t number = outbox_place(outbox, to, &found);
    if (!found)
        return outbox_start(outbox, number, to);
    struct wire_builder *builder = &outbox->packet[number].builder;
    outbox->last = number;
    if (wire_room(builder) >= room)
        return builder;
    outbox_close(outbox, number);
    return outbox_start(outbox, number, to);
}

void outbox_trim(struct wire_builder *builder, struct wire_frame *frame, uint32_t bytes)
{
    uint32_t padded = wire_pad(bytes);
    TORC_ASSERT(padded <= frame->length);
    builder->used -= frame->length - padded;
    frame->length = (uint16_t)padded;
    memset((uint8_t *)frame + bytes, 0, padded - bytes);
}

void outbox_take_back(struct wire_builder *builder, const struct wire_frame *frame)
{
    builder->used -= frame->length;
    builder->frames--;
}

void outbox_end(struct outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->open; i++)
        if (outbox->to[i].port != 0)
            outbox_close(outbox, i);
    outbox->open = 0;
}
