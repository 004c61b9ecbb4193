/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The driver over a tap interface: the one port without a NIC that offers checksum offload and
 * receive interrupts. The kernel is at its other end.
 */
#include "dpdk_world.h"

#define US     0x0a4f0001u /* 10.79.0.1 */
#define KERNEL 0x0a4f00fau /* 10.79.0.250 */

static struct nic_port port;

static int set_up(void **state)
{
    struct torc_dpdk_config config = {.device = "net_tap0,iface=t0,mac=02:00:00:00:79:01",
        .ip = US,
        .prefix = 24,
        .base_port = NIC_PORT,
        .ports = 1,
        .udp_checksum = true};
    (void)state;
    nic_open(&port, &config);
    assert_true(world_run("ip addr add 10.79.0.250/24 dev t0 && ip link set t0 up"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    nic_close(&port);
    return 0;
}

/* A socket of the kernel, which lives in our own namespace here. */
static int kernel_socket(uint16_t number)
{
    struct sockaddr_in address = world_address(KERNEL, number);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void the_port_completes_the_checksums_that_the_kernel_then_finds_right(void **state)
{
    (void)state;
    static uint8_t data[1472];
    uint8_t back[2048];
    int fd = kernel_socket(9000);
    for (size_t bytes = 1; bytes <= sizeof data; bytes += 490) {
        memset(data, (int)bytes, bytes);
        world_send(fd, US, NIC_PORT, data, bytes);
        assert_int_equal(nic_receive_until(&port, 1, NIC_SECOND_NS), 1);
        assert_int_equal(port.last_bytes, bytes);
        assert_memory_equal(port.last, data, bytes);
        nic_send(&port, 0, port.last_from, data, (uint32_t)bytes);
        assert_int_equal(world_receive(&port, fd, back, sizeof back), (ssize_t)bytes);
        assert_memory_equal(back, data, bytes);
    }
    assert_int_equal(nic_stats(&port).rx_bad_checksum, 0);
    close(fd);
}

static void a_sleeper_is_woken_by_a_packet_and_by_the_time(void **state)
{
    (void)state;
    int fd = kernel_socket(9000);
    while (nic_receive_until(&port, 1, NIC_SECOND_NS / 50))
        ;
    uint64_t start = nic_now();
    port.net->ops->wait(port.net, 0, 500000);
    uint64_t slept = nic_now() - start;
    assert_in_range(slept, 400000, NIC_SECOND_NS / 10); /* without interrupts: 100 us */
    world_send(fd, US, NIC_PORT, "wake", 4);
    start = nic_now();
    uint32_t got = 0;
    while (!got && nic_now() < start + NIC_SECOND_NS) {
        port.net->ops->wait(port.net, 0, NIC_SECOND_NS);
        got = nic_receive(&port, 0);
    }
    assert_int_equal(got, 1);
    close(fd);
}

int main(void)
{
    struct torc_dpdk_eal_config eal = {.memory_mib = 64, .log_level = "critical"};
    if (!world_open())
        return NIC_SKIP;
    if (access("/dev/net/tun", R_OK | W_OK) != 0) {
        fprintf(stderr, "skipped: no /dev/net/tun here\n");
        return NIC_SKIP;
    }
    if (torc_dpdk_eal_start(&eal, nic_error, sizeof nic_error) != 0) {
        fprintf(stderr, "%s\n", nic_error);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_port_completes_the_checksums_that_the_kernel_then_finds_right, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_sleeper_is_woken_by_a_packet_and_by_the_time, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    torc_dpdk_eal_stop();
    return failed;
}
