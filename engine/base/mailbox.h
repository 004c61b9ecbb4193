/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A mailbox: a queue of packets between two threads, one that puts and one that takes. Bounded;
 * wait-free; copies, so that no buffer is ever owned by two cores. Producer and consumer positions
 * lie on cache lines of their own, each with a private copy of the other's, read again only when
 * the queue looks full (or empty).
 */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include <torc/types.h>

#define MAILBOX_PACKET_BYTES 1488u

struct mailbox_packet {
    struct torc_addr address; /* from whom, or to whom */
    uint32_t bytes;
    uint32_t reserved;
    uint8_t data[MAILBOX_PACKET_BYTES];
};

struct mailbox {
    struct mailbox_packet *slot;
    uint64_t mask;
    uint64_t put __attribute__((aligned(64)));   /* written by the producer */
    uint64_t taken_seen;                         /* the producer's copy of `taken` */
    uint64_t full;                               /* how often the producer found no room */
    uint64_t taken __attribute__((aligned(64))); /* written by the consumer */
    uint64_t put_seen;                           /* the consumer's copy of `put` */
} __attribute__((aligned(64)));

/* `slots` is a power of 2. */
void mailbox_init(struct mailbox *mailbox, struct arena *arena, uint32_t slots);

/* Producer. False, counted, if there is no room or the packet is longer than a slot. */
bool mailbox_put(
    struct mailbox *mailbox, const void *data, uint32_t bytes, struct torc_addr address);

/* Consumer. The oldest packet, which stays in its place until mailbox_pop; NULL if there is none.
 */
const struct mailbox_packet *mailbox_peek(struct mailbox *mailbox);
/* Consumer. The packet `ahead` places behind the oldest (0: the oldest); NULL if there is none. */
const struct mailbox_packet *mailbox_peek_at(struct mailbox *mailbox, uint32_t ahead);
void mailbox_pop(struct mailbox *mailbox, uint32_t count);

#endif
