/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The socket driver over loopback.
 */
#include "drivers/net/socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <torc/error.h>

#define LOOPBACK 0x7f000001u

static struct torc_net *open_one(void)
{
    struct torc_socket_config config = {.address = {LOOPBACK, 0}, .ports = 1};
    struct torc_net *net = NULL;
    char error[256] = "";
    assert_int_equal(torc_socket_open(&config, &net, error, sizeof error), 0);
    assert_non_null(net);
    return net;
}

/* `ports` free ports in a row. */
static struct torc_net *open_row(uint32_t ports, uint32_t queues)
{
    for (uint16_t base = 21000; base < 30000; base = (uint16_t)(base + 64)) {
        struct torc_socket_config config = {
            .address = {LOOPBACK, base}, .ports = ports, .queues = queues};
        struct torc_net *net = NULL;
        char error[256];
        if (torc_socket_open(&config, &net, error, sizeof error) == 0)
            return net;
    }
    print_error("no free ports on loopback\n");
    abort();
}

static void send_text(struct torc_net *from, uint16_t port, const char *text, uint32_t times)
{
    struct torc_tx tx[TORC_TX_BURST] = {0};
    assert_int_equal(from->ops->buffers(from, 0, tx, TORC_TX_BURST), TORC_TX_BURST);
    for (uint32_t i = 0; i < times; i++) {
        assert_non_null(tx[i].data);
        tx[i].bytes = (uint32_t)strlen(text);
        memcpy(tx[i].data, text, tx[i].bytes);
        tx[i].to = (struct torc_addr){LOOPBACK, port};
    }
    from->ops->send(from, 0, tx, times, 0);
}

/* Receives once, after waiting for at most a second. */
static uint32_t receive(struct torc_net *net, unsigned queue, struct torc_rx *rx)
{
    net->ops->wait(net, queue, 1000000000u);
    return net->ops->receive(net, queue, rx, TORC_RX_BURST, 0);
}

static void test_a_packet_arrives_with_its_sender(void **state)
{
    (void)state;
    struct torc_net *a = open_one();
    struct torc_net *b = open_one();
    struct torc_rx rx[TORC_RX_BURST];
    send_text(a, torc_socket_port(b, 0), "hello", 1);
    assert_int_equal(receive(b, 0, rx), 1);
    assert_int_equal(rx[0].bytes, 5);
    assert_memory_equal(rx[0].data, "hello", 5);
    assert_int_equal(rx[0].from.ip, LOOPBACK);
    assert_int_equal(rx[0].from.port, torc_socket_port(a, 0));
    b->ops->release(b, 0);
    a->ops->close(a);
    b->ops->close(b);
}

static void test_a_burst_longer_than_a_batch_arrives_whole(void **state)
{
    (void)state;
    struct torc_net *a = open_one();
    struct torc_net *b = open_one();
    struct torc_rx rx[TORC_RX_BURST];
    uint32_t got = 0;
    send_text(a, torc_socket_port(b, 0), "x", 150);
    for (int i = 0; i < 10 && got < 150; i++) {
        got += receive(b, 0, rx);
        b->ops->release(b, 0);
    }
    assert_int_equal(got, 150);
    struct torc_net_stats stats;
    b->ops->stats(b, &stats);
    assert_int_equal(stats.rx_packets, 150);
    assert_int_equal(stats.rx_bytes, 150);
    a->ops->stats(a, &stats);
    assert_int_equal(stats.tx_packets, 150);
    a->ops->close(a);
    b->ops->close(b);
}

static void test_unsent_buffers_stay_and_sent_ones_are_replaced(void **state)
{
    (void)state;
    struct torc_net *a = open_one();
    struct torc_net *b = open_one();
    struct torc_tx tx[8] = {0};
    assert_int_equal(a->ops->buffers(a, 0, tx, 8), 8);
    uint8_t *kept = tx[3].data;
    memset(kept, 0x5a, 4);
    for (int i = 0; i < 3; i++) {
        tx[i].bytes = 1;
        tx[i].to = (struct torc_addr){LOOPBACK, torc_socket_port(b, 0)};
    }
    a->ops->send(a, 0, tx, 3, 0);
    assert_null(tx[0].data);
    assert_int_equal(a->ops->buffers(a, 0, tx, 8), 8);
    for (int i = 0; i < 8; i++) {
        assert_non_null(tx[i].data);
        assert_true(tx[i].capacity >= 1472);
        for (int j = 0; j < i; j++)
            assert_ptr_not_equal(tx[i].data, tx[j].data);
    }
    assert_ptr_equal(tx[3].data, kept);
    assert_int_equal(kept[3], 0x5a);
    a->ops->close(a);
    b->ops->close(b);
}

static void test_an_oversized_datagram_is_counted_and_dropped(void **state)
{
    (void)state;
    struct torc_socket_config config = {.address = {LOOPBACK, 0}, .ports = 1, .packet_bytes = 4096};
    struct torc_net *a = NULL;
    struct torc_net *b = open_one();
    char error[256];
    assert_int_equal(torc_socket_open(&config, &a, error, sizeof error), 0);
    struct torc_tx tx[2] = {0};
    struct torc_rx rx[TORC_RX_BURST];
    a->ops->buffers(a, 0, tx, 2);
    for (int i = 0; i < 2; i++) {
        tx[i].to = (struct torc_addr){LOOPBACK, torc_socket_port(b, 0)};
        tx[i].bytes = i == 0 ? 4096 : 3;
        memset(tx[i].data, 'a' + i, tx[i].bytes);
    }
    a->ops->send(a, 0, tx, 2, 0);
    assert_int_equal(receive(b, 0, rx), 1);
    assert_int_equal(rx[0].bytes, 3);
    assert_memory_equal(rx[0].data, "bbb", 3);
    struct torc_net_stats stats;
    b->ops->stats(b, &stats);
    assert_int_equal(stats.rx_malformed, 1);
    a->ops->close(a);
    b->ops->close(b);
}

static void test_an_unreachable_peer_costs_the_others_nothing(void **state)
{
    (void)state;
    struct torc_net *a = open_one();
    struct torc_net *b = open_one();
    struct torc_tx tx[3] = {0};
    struct torc_rx rx[TORC_RX_BURST];
    struct torc_net_stats stats;
    a->ops->buffers(a, 0, tx, 3);
    for (int i = 0; i < 3; i++) {
        tx[i].bytes = 1;
        /* Nothing outside 127/8 can be reached from a socket bound to loopback. */
        tx[i].to = (struct torc_addr){i == 1 ? 0xc0000201u : LOOPBACK, torc_socket_port(b, 0)};
    }
    a->ops->send(a, 0, tx, 3, 0);
    assert_int_equal(receive(b, 0, rx), 2);
    a->ops->stats(a, &stats);
    assert_int_equal(stats.tx_packets, 2);
    assert_int_equal(stats.tx_dropped, 1);
    a->ops->close(a);
    b->ops->close(b);
}

static void test_each_port_has_a_queue_and_nothing_crosses(void **state)
{
    (void)state;
    struct torc_net *a = open_one();
    struct torc_net *b = open_row(3, 0);
    struct torc_rx rx[TORC_RX_BURST];
    assert_int_equal(b->queues, 3);
    assert_true(b->steers);
    for (unsigned i = 0; i < 3; i++) {
        send_text(a, torc_socket_port(b, i), "n", i + 1);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(receive(b, i, rx), i + 1);
    a->ops->close(a);
    b->ops->close(b);
}

static void test_fewer_queues_serve_all_ports_in_turn(void **state)
{
    (void)state;
    struct torc_net *a = open_one();
    struct torc_net *b = open_row(3, 2);
    struct torc_rx rx[TORC_RX_BURST];
    assert_int_equal(b->queues, 2);
    assert_false(b->steers);
    for (unsigned i = 0; i < 3; i++)
        send_text(a, torc_socket_port(b, i), "n", 100);
    uint32_t first = 0;
    uint32_t second = 0;
    for (int i = 0; i < 8; i++) {
        first += first < 200 ? receive(b, 0, rx) : 0;
        second += second < 100 ? receive(b, 1, rx) : 0;
    }
    assert_int_equal(first, 200);
    assert_int_equal(second, 100);
    a->ops->close(a);
    b->ops->close(b);
}

static void test_an_address_in_use_is_named_with_what_to_do(void **state)
{
    (void)state;
    struct torc_net *a = open_row(2, 0);
    struct torc_socket_config config = {.address = {LOOPBACK, torc_socket_port(a, 1)}, .ports = 1};
    struct torc_net *b = NULL;
    char error[256] = "";
    char expected[64];
    assert_int_equal(torc_socket_open(&config, &b, error, sizeof error), -TORC_EINUSE);
    assert_null(b);
    snprintf(
        expected, sizeof expected, "UDP 127.0.0.1:%u: already in use; ", torc_socket_port(a, 1));
    assert_memory_equal(error, expected, strlen(expected));
    a->ops->close(a);
}

static void test_a_foreign_address_is_named_with_what_to_do(void **state)
{
    (void)state;
    struct torc_socket_config config = {.address = {0xc0000201u, 7400}, .ports = 1};
    struct torc_net *net = NULL;
    char error[256] = "";
    assert_int_equal(torc_socket_open(&config, &net, error, sizeof error), -TORC_ENODEV);
    assert_non_null(strstr(error, "UDP 192.0.2.1:7400: not an address of this machine"));
}

static void test_impossible_counts_are_refused(void **state)
{
    (void)state;
    static const struct torc_socket_config wrong[] = {
        {.address = {LOOPBACK, 7400}, .ports = 0},
        {.address = {LOOPBACK, 7400}, .ports = 2, .queues = 3},
        {.address = {LOOPBACK, 7400}, .ports = TORC_WORKERS_MAX + 1},
        {.address = {LOOPBACK, 65535}, .ports = 2},
        {.address = {LOOPBACK, 0}, .ports = 2},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct torc_net *net = NULL;
        char error[256] = "";
        assert_int_equal(torc_socket_open(&wrong[i], &net, error, sizeof error), -TORC_EINVAL);
        assert_true(strlen(error) > 0);
    }
}

static void test_loopback_is_up_and_holds_a_window_of_packets(void **state)
{
    (void)state;
    struct torc_net *net = open_one();
    assert_int_equal(net->ops->link(net), TORC_LINK_UP);
    assert_true(torc_socket_receive_packets(net) >= 64);
    net->ops->close(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_packet_arrives_with_its_sender),
        cmocka_unit_test(test_a_burst_longer_than_a_batch_arrives_whole),
        cmocka_unit_test(test_unsent_buffers_stay_and_sent_ones_are_replaced),
        cmocka_unit_test(test_an_oversized_datagram_is_counted_and_dropped),
        cmocka_unit_test(test_an_unreachable_peer_costs_the_others_nothing),
        cmocka_unit_test(test_each_port_has_a_queue_and_nothing_crosses),
        cmocka_unit_test(test_fewer_queues_serve_all_ports_in_turn),
        cmocka_unit_test(test_an_address_in_use_is_named_with_what_to_do),
        cmocka_unit_test(test_a_foreign_address_is_named_with_what_to_do),
        cmocka_unit_test(test_impossible_counts_are_refused),
        cmocka_unit_test(test_loopback_is_up_and_holds_a_window_of_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
