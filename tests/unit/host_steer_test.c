/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packets between workers where the port has fewer queues than workers.
 */
#include "drivers/host/steer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/wire/messages.h"

#define SLOTS 4u

struct setup {
    struct steer steer;
    void *memory;
};

static struct setup make(unsigned workers, unsigned queues)
{
    struct setup setup = {0};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    steer_init(&setup.steer, &arena, workers, queues, SLOTS);
    size_t bytes = arena.used;
    setup.memory = aligned_alloc(64, bytes);
    assert_non_null(setup.memory);
    memset(setup.memory, 0, bytes);
    arena_init(&arena, setup.memory, bytes);
    steer_init(&setup.steer, &arena, workers, queues, SLOTS);
    assert_int_equal(arena.used, bytes);
    return setup;
}

/* A packet for a worker, which says so only in its header. */
static struct wire_packet packet_for(uint16_t worker, uint64_t number)
{
    return (struct wire_packet){.magic = WIRE_MAGIC,
        .version = WIRE_VERSION,
        .type = WIRE_DATA,
        .length = WIRE_PACKET_MIN,
        .receiver_worker = worker,
        .number = number};
}

static struct torc_rx received(const struct wire_packet *packet)
{
    return (struct torc_rx){
        .data = (const uint8_t *)packet, .bytes = sizeof *packet, .from = {0x7f000001, 9}};
}

static uint64_t number_of(const struct torc_rx *rx)
{
    struct wire_packet packet;
    assert_int_equal(rx->bytes, sizeof packet);
    memcpy(&packet, rx->data, sizeof packet);
    return packet.number;
}

static void test_what_belongs_to_others_is_passed_on_and_gaps_closed(void **state)
{
    (void)state;
    struct setup s = make(3, 1);
    struct wire_packet packets[5];
    struct torc_rx rx[5];
    static const uint16_t to[5] = {1, 0, 2, 1, 0};
    for (unsigned i = 0; i < 5; i++) {
        packets[i] = packet_for(to[i], i);
        rx[i] = received(&packets[i]);
    }
    assert_int_equal(steer_pass(&s.steer, 0, rx, 5), 2);
    assert_int_equal(number_of(&rx[0]), 1);
    assert_int_equal(number_of(&rx[1]), 4);
    struct torc_rx got[8];
    assert_int_equal(steer_take(&s.steer, 1, got, 8), 2);
    assert_int_equal(number_of(&got[0]), 0);
    assert_int_equal(number_of(&got[1]), 3);
    assert_int_equal(got[0].from.port, 9);
    assert_int_equal(steer_take(&s.steer, 2, got, 8), 1);
    assert_int_equal(number_of(&got[0]), 2);
    struct torc_net_stats stats = {0};
    steer_stats(&s.steer, &stats);
    assert_int_equal(stats.rx_steered, 3);
    assert_int_equal(stats.rx_mailbox_full, 0);
    free(s.memory);
}

static void test_a_taken_packet_stays_until_it_is_released(void **state)
{
    (void)state;
    struct setup s = make(2, 1);
    struct wire_packet packet = packet_for(1, 7);
    struct torc_rx rx = received(&packet);
    struct torc_rx got[2];
    for (unsigned i = 0; i < SLOTS; i++) {
        rx = received(&packet);
        assert_int_equal(steer_pass(&s.steer, 0, &rx, 1), 0);
    }
    assert_int_equal(steer_take(&s.steer, 1, got, 1), 1);
    packet = packet_for(1, 8);
    rx = received(&packet);
    steer_pass(&s.steer, 0, &rx, 1); /* no room: the taken one still holds its place */
    assert_int_equal(number_of(&got[0]), 7);
    struct torc_net_stats stats = {0};
    steer_stats(&s.steer, &stats);
    assert_int_equal(stats.rx_mailbox_full, 1);
    assert_int_equal(stats.rx_steered, SLOTS);
    steer_release(&s.steer, 1);
    rx = received(&packet);
    steer_pass(&s.steer, 0, &rx, 1);
    uint64_t last = 0;
    uint32_t more = 0;
    while (steer_take(&s.steer, 1, got, 2) > 0 && more < 10) {
        more++;
        last = number_of(&got[0]);
        steer_release(&s.steer, 1);
    }
    assert_int_equal(more, 2); /* 3 + the new one, two at a time */
    assert_int_equal(last, 7);
    free(s.memory);
}

static void test_a_packet_for_a_worker_that_does_not_exist_stays(void **state)
{
    (void)state;
    struct setup s = make(2, 1);
    struct wire_packet packet = packet_for(2, 1);
    uint8_t junk[3] = {1, 2, 3};
    struct torc_rx rx[2] = {received(&packet), {.data = junk, .bytes = sizeof junk}};
    assert_int_equal(steer_pass(&s.steer, 0, rx, 2), 2);
    assert_int_equal(rx[1].bytes, 3);
    free(s.memory);
}

static void test_every_queue_reaches_every_worker(void **state)
{
    (void)state;
    struct setup s = make(4, 4);
    for (uint16_t queue = 0; queue < 4; queue++) {
        for (uint16_t worker = 0; worker < 4; worker++) {
            struct wire_packet packet = packet_for(worker, (uint64_t)queue * 4u + worker);
            struct torc_rx rx = received(&packet);
            assert_int_equal(steer_pass(&s.steer, queue, &rx, 1), queue == worker);
        }
    }
    for (uint16_t worker = 0; worker < 4; worker++) {
        struct torc_rx got[8];
        uint64_t seen = 0;
        assert_int_equal(steer_take(&s.steer, worker, got, 8), 3);
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(number_of(&got[i]) % 4, worker);
            seen |= 1ull << (number_of(&got[i]) / 4);
        }
        assert_int_equal(seen, 0xf & ~(1u << worker));
        steer_release(&s.steer, worker);
        assert_int_equal(steer_take(&s.steer, worker, got, 8), 0);
    }
    free(s.memory);
}

static void test_no_queue_starves_another(void **state)
{
    (void)state;
    struct setup s = make(3, 2);
    for (uint16_t queue = 0; queue < 2; queue++) {
        for (unsigned i = 0; i < SLOTS; i++) {
            struct wire_packet packet = packet_for(2, queue);
            struct torc_rx rx = received(&packet);
            steer_pass(&s.steer, queue, &rx, 1);
        }
    }
    unsigned from[2] = {0};
    for (unsigned i = 0; i < 4; i++) {
        struct torc_rx got[1];
        assert_int_equal(steer_take(&s.steer, 2, got, 1), 1);
        from[number_of(&got[0])]++;
        steer_release(&s.steer, 2);
    }
    assert_int_equal(from[0], 2);
    assert_int_equal(from[1], 2);
    free(s.memory);
}

static void test_workers_without_a_queue_send_through_the_one_they_share(void **state)
{
    (void)state;
    struct setup s = make(5, 2); /* workers 2 and 4 send through 0, worker 3 through 1 */
    uint8_t buffers[8][64];
    struct torc_tx tx[8] = {0};
    for (unsigned i = 0; i < 8; i++)
        tx[i] = (struct torc_tx){.data = buffers[i], .capacity = sizeof buffers[i]};
    for (uint16_t worker = 2; worker < 5; worker++) {
        uint8_t data[2] = {(uint8_t)worker, 1};
        struct torc_tx out[2] = {{.data = data, .bytes = 2, .to = {1, worker}},
            {.data = data, .bytes = 1, .to = {2, worker}}};
        steer_give(&s.steer, worker, out, 2);
    }
    assert_int_equal(steer_collect(&s.steer, 1, tx, 8), 2);
    assert_int_equal(tx[0].data[0], 3);
    assert_int_equal(tx[0].bytes, 2);
    assert_int_equal(tx[0].to.ip, 1);
    assert_int_equal(tx[1].to.ip, 2);
    assert_int_equal(steer_collect(&s.steer, 0, tx, 3), 3);
    assert_int_equal(steer_collect(&s.steer, 0, tx, 8), 1);
    assert_int_equal(steer_collect(&s.steer, 0, tx, 8), 0);
    free(s.memory);
}

static void test_what_a_port_cannot_take_is_counted(void **state)
{
    (void)state;
    struct setup s = make(2, 1);
    uint8_t small[16];
    uint8_t data[32] = {0};
    struct torc_tx tx = {.data = small, .capacity = sizeof small};
    struct torc_tx out = {.data = data, .bytes = sizeof data};
    for (unsigned i = 0; i < SLOTS + 1; i++)
        steer_give(&s.steer, 1, &out, 1);
    assert_int_equal(steer_collect(&s.steer, 0, &tx, 1), 0);
    struct torc_net_stats stats = {0};
    steer_stats(&s.steer, &stats);
    assert_int_equal(stats.tx_dropped, SLOTS + 1);
    free(s.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_belongs_to_others_is_passed_on_and_gaps_closed),
        cmocka_unit_test(test_a_taken_packet_stays_until_it_is_released),
        cmocka_unit_test(test_a_packet_for_a_worker_that_does_not_exist_stays),
        cmocka_unit_test(test_every_queue_reaches_every_worker),
        cmocka_unit_test(test_no_queue_starves_another),
        cmocka_unit_test(test_workers_without_a_queue_send_through_the_one_they_share),
        cmocka_unit_test(test_what_a_port_cannot_take_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
