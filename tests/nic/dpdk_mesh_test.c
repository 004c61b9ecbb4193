/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ports of one process, wired to each other. Needs no privileges and no hugepages.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/net/dpdk.h"
#include "drivers/net/dpdk_eal.h"
#include <torc/error.h>

#define NODES 4u
#define PORT  7400u

static const uint32_t ips[NODES] = {0x0a4d0001, 0x0a4d0002, 0x0a4d0003, 0xc0a80001};
static struct torc_net *net[NODES];
static struct torc_tx tx[NODES][TORC_TX_BURST];
static struct torc_rx rx[TORC_RX_BURST];
static struct torc_dpdk_mesh_config config;
static char error[512];

static int open_mesh(bool one_thread, bool udp_checksum)
{
    memset(tx, 0, sizeof tx);
    config = (struct torc_dpdk_mesh_config){.ip = ips,
        .nodes = NODES,
        .base_port = PORT,
        .ports = 2,
        .descriptors = 1024,
        .one_thread = one_thread,
        .udp_checksum = udp_checksum};
    int result = torc_dpdk_mesh_open(&config, net, error, sizeof error);
    if (result)
        print_error("%s\n", error);
    return result;
}

static int set_up(void **state)
{
    (void)state;
    return open_mesh(true, false);
}

static int set_up_checksums(void **state)
{
    (void)state;
    return open_mesh(true, true);
}

static int set_up_threads(void **state)
{
    (void)state;
    return open_mesh(false, false);
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NODES; i++)
        net[i]->ops->close(net[i]);
    return 0;
}

static uint32_t buffers(unsigned node)
{
    return net[node]->ops->buffers(net[node], 0, tx[node], TORC_TX_BURST);
}

/* `text` from a node to the port PORT + `port` of address `ip`. */
static void put(unsigned node, unsigned slot, uint32_t ip, uint16_t port, const char *text)
{
    tx[node][slot].bytes = (uint32_t)strlen(text);
    memcpy(tx[node][slot].data, text, strlen(text));
    tx[node][slot].to = (struct torc_addr){ip, (uint16_t)(PORT + port)};
}

static uint32_t receive(unsigned node)
{
    return net[node]->ops->receive(net[node], 0, rx, TORC_RX_BURST, 1);
}

static void release(unsigned node)
{
    net[node]->ops->release(net[node], 0);
}

static struct torc_net_stats stats(unsigned node)
{
    struct torc_net_stats all;
    net[node]->ops->stats(net[node], &all);
    return all;
}

static void a_packet_reaches_the_node_whose_address_it_names_and_no_other(void **state)
{
    (void)state;
    for (unsigned from = 0; from < NODES; from++) {
        for (unsigned to = 0; to < NODES; to++) {
            if (from == to)
                continue;
            assert_true(buffers(from) >= 1);
            put(from, 0, ips[to], 1, "over there");
            net[from]->ops->send(net[from], 0, tx[from], 1, 1);
            for (unsigned node = 0; node < NODES; node++) {
                uint32_t got = receive(node);
                assert_int_equal(got, node == to);
                if (got) {
                    assert_int_equal(rx[0].bytes, 10);
                    assert_memory_equal(rx[0].data, "over there", 10);
                    assert_int_equal(rx[0].from.ip, ips[from]);
                    assert_int_equal(rx[0].from.port, PORT);
                }
                release(node);
            }
        }
    }
}

static void one_burst_goes_to_many_nodes_each_in_order(void **state)
{
    (void)state;
    assert_int_equal(buffers(0), TORC_TX_BURST);
    for (unsigned i = 0; i < 96; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        put(0, i, ips[1 + i % 3], 0, text);
    }
    net[0]->ops->send(net[0], 0, tx[0], 96, 1);
    for (unsigned node = 1; node < NODES; node++) {
        assert_int_equal(receive(node), 32);
        for (unsigned k = 0; k < 32; k++) {
            char text[16];
            int bytes = snprintf(text, sizeof text, "%u", 3 * k + node - 1);
            assert_int_equal(rx[k].bytes, bytes);
            assert_memory_equal(rx[k].data, text, (size_t)bytes);
        }
        release(node);
    }
    assert_int_equal(stats(0).tx_packets, 96);
    assert_int_equal(stats(1).rx_packets, 32);
}

static void an_unknown_address_and_port_are_counted(void **state)
{
    (void)state;
    buffers(0);
    put(0, 0, 0x0a4d0063, 0, "nobody");
    put(0, 1, ips[0], 0, "ourselves");
    put(0, 2, ips[1], 2, "no such port");
    net[0]->ops->send(net[0], 0, tx[0], 3, 1);
    assert_int_equal(receive(1), 0);
    release(1);
    assert_int_equal(stats(0).tx_unresolved, 2);
    assert_int_equal(stats(0).arp_requests, 0);
    assert_int_equal(stats(1).rx_not_for_us, 1);
}

static void a_full_ring_drops_and_counts_and_recovers(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        assert_int_equal(buffers(0), TORC_TX_BURST);
        for (unsigned i = 0; i < TORC_TX_BURST; i++)
            put(0, i, ips[1], 0, "x");
        net[0]->ops->send(net[0], 0, tx[0], TORC_TX_BURST, 1);
    }
    uint32_t room = torc_dpdk_receive_packets(net[1]);
    assert_int_equal(room, 1023);
    assert_int_equal(stats(0).tx_packets, room);
    assert_int_equal(stats(0).tx_dropped, 5 * TORC_TX_BURST - room);
    uint32_t sum = 0;
    for (uint32_t got; (got = receive(1)) != 0; sum += got)
        release(1);
    assert_int_equal(sum, room);
    buffers(0);
    put(0, 0, ips[1], 0, "x");
    net[0]->ops->send(net[0], 0, tx[0], 1, 1);
    assert_int_equal(receive(1), 1);
    release(1);
}

static void unused_buffers_stay_where_they_are(void **state)
{
    (void)state;
    assert_int_equal(net[0]->ops->buffers(net[0], 0, tx[0], 64), 64);
    uint8_t *kept[64];
    for (unsigned i = 0; i < 64; i++) {
        kept[i] = tx[0][i].data;
        assert_int_equal(tx[0][i].capacity, 1472);
        assert_int_equal((uintptr_t)kept[i] % 64, 0);
    }
    for (unsigned i = 0; i < 10; i++)
        put(0, i, ips[1], 0, "x");
    net[0]->ops->send(net[0], 0, tx[0], 10, 1);
    for (unsigned i = 0; i < 10; i++)
        assert_null(tx[0][i].data);
    assert_int_equal(net[0]->ops->buffers(net[0], 0, tx[0], 64), 64);
    for (unsigned i = 0; i < 64; i++) {
        assert_non_null(tx[0][i].data);
        if (i >= 10)
            assert_ptr_equal(tx[0][i].data, kept[i]);
    }
    assert_int_equal(receive(1), 10);
    release(1);
}

static void buffers_are_never_lost(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 5000; round++) {
        unsigned count = 1 + round % 60;
        assert_int_equal(buffers(round % NODES), TORC_TX_BURST);
        unsigned from = round % NODES;
        for (unsigned i = 0; i < count; i++)
            put(from, i, i % 7 == 6 ? 1 : ips[(from + 1 + i % 3) % NODES], i % 5 ? 0 : 9, "x");
        net[from]->ops->send(net[from], 0, tx[from], count, 1);
        for (unsigned node = 0; node < NODES; node++) {
            receive(node);
            release(node);
        }
    }
}

static void the_largest_packet_arrives_whole(void **state)
{
    (void)state;
    buffers(0);
    for (unsigned i = 0; i < 1472; i++)
        tx[0][0].data[i] = (uint8_t)(i * 7);
    tx[0][0].bytes = 1472;
    tx[0][0].to = (struct torc_addr){ips[3], PORT};
    net[0]->ops->send(net[0], 0, tx[0], 1, 1);
    assert_int_equal(receive(3), 1);
    assert_int_equal(rx[0].bytes, 1472);
    for (unsigned i = 0; i < 1472; i++)
        assert_int_equal(rx[0].data[i], (uint8_t)(i * 7));
    release(3);
}

static void checksums_are_right_where_they_are_wanted(void **state)
{
    (void)state;
    a_packet_reaches_the_node_whose_address_it_names_and_no_other(NULL);
    for (unsigned node = 0; node < NODES; node++)
        assert_int_equal(stats(node).rx_bad_checksum, 0);
    buffers(0);
    put(0, 0, ips[1], 0, "abc");
    net[0]->ops->send(net[0], 0, tx[0], 1, 1);
    assert_int_equal(receive(1), 1);
    assert_false(rx[0].data[-1] == 0 && rx[0].data[-2] == 0); /* the field in front of it */
    release(1);
}

#define ROUNDS 200u

/* Sends to all others, and answers nothing: counts what it gets until all is there. */
static void *talk(void *argument)
{
    unsigned node = (unsigned)(uintptr_t)argument;
    struct torc_rx got[TORC_RX_BURST];
    uint64_t received = 0;
    if (!torc_dpdk_thread_start())
        return NULL;
    for (unsigned round = 0; round < ROUNDS || (round < 20000 && received < (NODES - 1) * ROUNDS);
         round++) {
        if (round < ROUNDS && buffers(node) >= NODES) {
            unsigned count = 0;
            for (unsigned to = 0; to < NODES; to++)
                if (to != node)
                    put(node, count++, ips[to], 0, "talk");
            net[node]->ops->send(net[node], 0, tx[node], count, round);
        }
        received += net[node]->ops->receive(net[node], 0, got, TORC_RX_BURST, round);
        net[node]->ops->release(net[node], 0);
        if (round > ROUNDS)
            net[node]->ops->wait(net[node], 0, 50000);
    }
    torc_dpdk_thread_stop();
    return (void *)(uintptr_t)received;
}

static void nodes_on_threads_of_their_own_lose_nothing(void **state)
{
    (void)state;
    pthread_t thread[NODES];
    for (uintptr_t i = 0; i < NODES; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, talk, (void *)i), 0);
    for (unsigned i = 0; i < NODES; i++) {
        void *received;
        pthread_join(thread[i], &received);
        assert_int_equal((uintptr_t)received, (NODES - 1) * ROUNDS);
    }
}

static void link_is_up_and_packets_too_large_for_it_are_named(void **state)
{
    (void)state;
    assert_int_equal(net[0]->ops->link(net[0]), TORC_LINK_UP);
    assert_int_equal(net[0]->packet_bytes, 1472);
    assert_int_equal(net[0]->queues, 1);
    assert_true(net[0]->steers);
    struct torc_net *large[2];
    struct torc_dpdk_mesh_config big = config;
    big.nodes = 2;
    big.packet_bytes = 1900;
    assert_int_equal(torc_dpdk_mesh_open(&big, large, error, sizeof error), 0);
    assert_int_equal(large[0]->ops->link(large[0]), TORC_LINK_MTU_SMALL);
    large[0]->ops->close(large[0]);
    large[1]->ops->close(large[1]);
}

static void what_cannot_be_is_refused_in_a_sentence(void **state)
{
    (void)state;
    struct torc_net *none[TORC_DPDK_MESH_NODES];
    struct torc_dpdk_mesh_config bad = config;
    bad.nodes = 1;
    assert_int_equal(torc_dpdk_mesh_open(&bad, none, error, sizeof error), -TORC_EINVAL);
    bad.nodes = NODES;
    bad.descriptors = 1000;
    assert_int_equal(torc_dpdk_mesh_open(&bad, none, error, sizeof error), -TORC_EINVAL);
    assert_non_null(strstr(error, "power of 2"));
    bad.descriptors = 32768;
    assert_int_equal(torc_dpdk_mesh_open(&bad, none, error, sizeof error), -TORC_ENOMEM);
    assert_non_null(strstr(error, "memory"));
    uint32_t twice[2] = {ips[0], ips[0]};
    bad = config;
    bad.nodes = 2;
    bad.ip = twice;
    assert_int_equal(torc_dpdk_mesh_open(&bad, none, error, sizeof error), -TORC_EINVAL);
    assert_non_null(strstr(error, "one address"));
    struct torc_dpdk_config port = {
        .ip = ips[0], .prefix = 24, .base_port = PORT, .ports = 1, .device = "net_nonsense0"};
    assert_int_equal(torc_dpdk_open(&port, none, error, sizeof error), -TORC_ENODEV);
    assert_non_null(strstr(error, "librte-net-nonsense"));
    port.device = "net_af_packet0,iface=nowhere9";
    assert_int_equal(torc_dpdk_open(&port, none, error, sizeof error), -TORC_ENODEV);
    assert_non_null(strstr(error, "nowhere9"));
    port.device = "0000:7f:1f.7";
    assert_int_equal(torc_dpdk_open(&port, none, error, sizeof error), -TORC_ENODEV);
    assert_non_null(strstr(error, "vfio-pci"));
    port.device = NULL;
    assert_int_equal(torc_dpdk_open(&port, none, error, sizeof error), -TORC_EINVAL);
    struct torc_dpdk_eal_config again = {0};
    assert_int_equal(torc_dpdk_eal_start(&again, error, sizeof error), -TORC_EINUSE);
}

#define T(name, start) cmocka_unit_test_setup_teardown(name, start, tear_down)

int main(void)
{
    struct torc_dpdk_eal_config eal = {.memory_mib = 256, .log_level = "critical"};
    if (torc_dpdk_eal_start(&eal, error, sizeof error) != 0) {
        print_error("%s\n", error);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        T(a_packet_reaches_the_node_whose_address_it_names_and_no_other, set_up),
        T(one_burst_goes_to_many_nodes_each_in_order, set_up),
        T(an_unknown_address_and_port_are_counted, set_up),
        T(a_full_ring_drops_and_counts_and_recovers, set_up),
        T(unused_buffers_stay_where_they_are, set_up),
        T(buffers_are_never_lost, set_up),
        T(the_largest_packet_arrives_whole, set_up),
        T(checksums_are_right_where_they_are_wanted, set_up_checksums),
        T(nodes_on_threads_of_their_own_lose_nothing, set_up_threads),
        T(link_is_up_and_packets_too_large_for_it_are_named, set_up),
        T(what_cannot_be_is_refused_in_a_sentence, set_up),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    torc_dpdk_eal_stop();
    return failed;
}
