/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A mailbox used by one thread: what the copies and the ordering cost, not what two cores pay for
 * a line they share.
 */
#include "bench/micro.h"
#include "engine/base/mailbox.h"

#define MAILBOX_SLOTS 64u

static void micro_mailbox(struct gbench *bench, int64_t bytes)
{
    static struct mailbox mailbox;
    struct arena counting = micro_counting();
    mailbox_init(NULL, &counting, MAILBOX_SLOTS);
    struct arena arena = micro_arena(&counting);
    mailbox_init(&mailbox, &arena, MAILBOX_SLOTS);
    const uint8_t data[MAILBOX_PACKET_BYTES] = {0};
    const struct torc_addr address = {.ip = 1, .port = 2};
    while (gbench_next(bench, MAILBOX_SLOTS)) {
        for (unsigned i = 0; i < MAILBOX_SLOTS; i++)
            gbench_keep(mailbox_put(&mailbox, data, (uint32_t)bytes, address));
        for (unsigned i = 0; i < MAILBOX_SLOTS; i++) {
            gbench_keep(mailbox_peek(&mailbox)->bytes);
            mailbox_pop(&mailbox, 1);
        }
    }
}

void micro_mailbox_register(void)
{
    static const int64_t bytes[] = {64, 1472};
    gbench_register("mailbox/put_pop", micro_mailbox, "bytes", bytes, 2);
}
