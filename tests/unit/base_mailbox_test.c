/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Mailboxes, by one thread: what is put comes out, once, in order, and nothing else does.
 */
#include "engine/base/mailbox.h"
#include "engine/base/prng.h"
#include "tests/unit/memory_fixture.h"

struct box {
    struct mailbox mailbox;
    void *memory;
};

static struct box *box_new(uint32_t slots)
{
    struct box *box = NULL;
    assert_int_equal(posix_memalign((void **)&box, 64, sizeof *box), 0);
    memset(box, 0xff, sizeof *box);
    struct arena counting = memory_counting();
    mailbox_init(NULL, &counting, slots);
    struct arena arena = memory_counted(counting);
    mailbox_init(&box->mailbox, &arena, slots);
    assert_int_equal(arena.used, counting.used);
    box->memory = arena.base;
    return box;
}

static void box_free(struct box *box)
{
    free(box->memory);
    free(box);
}

static bool put(struct box *box, uint32_t number)
{
    uint8_t packet[MAILBOX_PACKET_BYTES];
    uint32_t bytes = 4 + number % (MAILBOX_PACKET_BYTES - 3);
    memset(packet, (int)number, bytes);
    memcpy(packet, &number, sizeof number);
    return mailbox_put(&box->mailbox, packet, bytes, (struct torc_addr){number, 7});
}

static void check(const struct mailbox_packet *packet, uint32_t number)
{
    assert_non_null(packet);
    assert_int_equal(packet->bytes, 4 + number % (MAILBOX_PACKET_BYTES - 3));
    assert_int_equal(packet->address.ip, number);
    assert_int_equal(packet->address.port, 7);
    assert_memory_equal(packet->data, &number, sizeof number);
    for (uint32_t i = 4; i < packet->bytes; i++)
        assert_int_equal(packet->data[i], (uint8_t)number);
}

static void packets_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct box *box = box_new(8);
    struct prng prng = {3};
    uint32_t put_count = 0;
    uint32_t taken = 0;
    for (int i = 0; i < 20000; i++) {
        if (prng_below(&prng, 2) == 0) {
            bool room = put_count - taken < 8;
            assert_int_equal(put(box, put_count), room);
            put_count += room;
            continue;
        }
        uint32_t waiting = put_count - taken;
        uint32_t count = prng_below(&prng, waiting + 1);
        for (uint32_t ahead = 0; ahead < waiting; ahead++)
            check(mailbox_peek_at(&box->mailbox, ahead), taken + ahead);
        assert_null(mailbox_peek_at(&box->mailbox, waiting));
        mailbox_pop(&box->mailbox, count);
        taken += count;
    }
    assert_true(taken > 1000);
    box_free(box);
}

static void a_packet_stays_until_it_is_popped(void **state)
{
    (void)state;
    struct box *box = box_new(1);
    assert_null(mailbox_peek(&box->mailbox));
    assert_true(put(box, 5));
    check(mailbox_peek(&box->mailbox), 5);
    assert_false(put(box, 6));
    check(mailbox_peek(&box->mailbox), 5);
    mailbox_pop(&box->mailbox, 1);
    assert_null(mailbox_peek(&box->mailbox));
    assert_true(put(box, 6));
    check(mailbox_peek(&box->mailbox), 6);
    box_free(box);
}

static void what_finds_no_room_is_counted(void **state)
{
    (void)state;
    struct box *box = box_new(4);
    uint8_t longer[MAILBOX_PACKET_BYTES + 1] = {0};
    for (uint32_t i = 0; i < 7; i++)
        assert_int_equal(put(box, i), i < 4);
    assert_int_equal(box->mailbox.full, 3);
    mailbox_pop(&box->mailbox, mailbox_peek(&box->mailbox) != NULL);
    assert_false(mailbox_put(&box->mailbox, longer, sizeof longer, (struct torc_addr){0}));
    assert_int_equal(box->mailbox.full, 4);
    assert_true(mailbox_put(&box->mailbox, longer, sizeof longer - 1, (struct torc_addr){0}));
    box_free(box);
}

static void more_than_was_seen_cannot_be_popped(void **state)
{
    (void)state;
    struct box *box = box_new(4);
    assert_true(put(box, 1));
    EXPECT_ASSERTION(mailbox_pop(&box->mailbox, 1));
    assert_non_null(mailbox_peek(&box->mailbox));
    EXPECT_ASSERTION(mailbox_pop(&box->mailbox, 2));
    mailbox_pop(&box->mailbox, 1);
    box_free(box);
}

static void slots_are_a_power_of_two(void **state)
{
    (void)state;
    struct arena counting = memory_counting();
    EXPECT_ASSERTION(mailbox_init(NULL, &counting, 0));
    EXPECT_ASSERTION(mailbox_init(NULL, &counting, 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_come_out_as_they_went_in),
        cmocka_unit_test(a_packet_stays_until_it_is_popped),
        cmocka_unit_test(what_finds_no_room_is_counted),
        cmocka_unit_test(more_than_was_seen_cannot_be_popped),
        cmocka_unit_test(slots_are_a_power_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
