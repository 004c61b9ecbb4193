/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A mailbox between two threads that do not wait for each other: every packet that was put comes
 * out once, whole and in order.
 */
#include <pthread.h>
#include <sched.h>

#include "engine/base/mailbox.h"
#include "engine/base/prng.h"
#include "tests/unit/memory_fixture.h"

#define PACKETS 100000u
#define SLOTS   16u

static uint32_t packet_bytes(uint32_t number)
{
    return 4 + number * 37 % 200;
}

static void *produce(void *context)
{
    struct mailbox *mailbox = context;
    uint8_t packet[256];
    for (uint32_t number = 0; number < PACKETS; number++) {
        memset(packet, (int)number, sizeof packet);
        memcpy(packet, &number, sizeof number);
        struct torc_addr address = {.ip = ~number, .port = (uint16_t)number};
        while (!mailbox_put(mailbox, packet, packet_bytes(number), address))
            (void)sched_yield();
    }
    return NULL;
}

/* Is the packet the one with that number, to its last byte? */
static bool whole(const struct mailbox_packet *packet, uint32_t number)
{
    uint8_t wanted[256];
    memset(wanted, (int)number, sizeof wanted);
    memcpy(wanted, &number, sizeof number);
    return packet->bytes == packet_bytes(number) && packet->address.ip == ~number &&
           packet->address.port == (uint16_t)number &&
           memcmp(packet->data, wanted, packet->bytes) == 0;
}

static void packets_cross_threads_whole_and_in_order(void **state)
{
    (void)state;
    static struct mailbox mailbox;
    struct arena counting = memory_counting();
    mailbox_init(NULL, &counting, SLOTS);
    struct arena arena = memory_counted(counting);
    mailbox_init(&mailbox, &arena, SLOTS);
    struct prng prng = {5};
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, NULL, produce, &mailbox), 0);
    uint32_t wrong = 0;
    for (uint32_t number = 0; number < PACKETS;) {
        uint32_t most = 1 + prng_below(&prng, SLOTS);
        uint32_t count = 0;
        const struct mailbox_packet *packet;
        while (count < most && (packet = mailbox_peek_at(&mailbox, count)) != NULL)
            wrong += !whole(packet, number + count++);
        mailbox_pop(&mailbox, count);
        number += count;
        if (count == 0)
            (void)sched_yield();
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    assert_int_equal(wrong, 0);
    assert_null(mailbox_peek(&mailbox));
    free(arena.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_cross_threads_whole_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
