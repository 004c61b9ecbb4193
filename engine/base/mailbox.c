/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/base/mailbox.h"

#include <string.h>

#include "engine/base/assert.h"

void mailbox_init(struct mailbox *mailbox, struct arena *arena, uint32_t slots)
{
    TORC_ASSERT(slots != 0 && (slots & (slots - 1)) == 0);
    struct mailbox_packet *slot = ARENA_ARRAY(arena, struct mailbox_packet, slots);
    if (mailbox == NULL || slot == NULL) /* counting the arena */
        return;
    memset(mailbox, 0, sizeof *mailbox);
    mailbox->slot = slot;
    mailbox->mask = slots - 1;
}

bool mailbox_put(
    struct mailbox *mailbox, const void *data, uint32_t bytes, struct torc_addr address)
{
    uint64_t put = mailbox->put;
    if (put - mailbox->taken_seen > mailbox->mask)
        mailbox->taken_seen = __atomic_load_n(&mailbox->taken, __ATOMIC_ACQUIRE);
    if (put - mailbox->taken_seen > mailbox->mask || bytes > MAILBOX_PACKET_BYTES) {
        __atomic_store_n(&mailbox->full, mailbox->full + 1, __ATOMIC_RELAXED);
        return false;
    }
    struct mailbox_packet *slot = &mailbox->slot[put & mailbox->mask];
    slot->address = address;
    slot->bytes = bytes;
    memcpy(slot->data, data, bytes);
    __atomic_store_n(&mailbox->put, put + 1, __ATOMIC_RELEASE);
    return true;
}

const struct mailbox_packet *mailbox_peek_at(struct mailbox *mailbox, uint32_t ahead)
{
    uint64_t at = mailbox->taken + ahead;
    if (mailbox->put_seen <= at)
        mailbox->put_seen = __atomic_load_n(&mailbox->put, __ATOMIC_ACQUIRE);
    return mailbox->put_seen <= at ? NULL : &mailbox->slot[at & mailbox->mask];
}

const struct mailbox_packet *mailbox_peek(struct mailbox *mailbox)
{
    return mailbox_peek_at(mailbox, 0);
}

void mailbox_pop(struct mailbox *mailbox, uint32_t count)
{
    TORC_ASSERT(mailbox->put_seen - mailbox->taken >= count);
    __atomic_store_n(&mailbox->taken, mailbox->taken + count, __ATOMIC_RELEASE);
}
