/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The driver over af_packet against the kernel's own network stack at the other end of a veth.
 */
#include "dpdk_world.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include "drivers/net/frame_build.h"
#include "drivers/net/frame_parse.h"

#define US      0x0a4d0001u /* 10.77.0.1 */
#define KERNEL  0x0a4d00fau /* 10.77.0.250 */
#define GATEWAY 0x0a4d00feu /* 10.77.0.254 */
#define FAR     0x0a630005u /* 10.99.0.5 */

static struct nic_port port;
static struct torc_dpdk_config config;

static int set_up(void **state)
{
    (void)state;
    config = (struct torc_dpdk_config){.device = "net_af_packet0,iface=e0",
        .ip = US,
        .prefix = 24,
        .base_port = NIC_PORT,
        .ports = 2,
        .queues = 1};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    nic_close(&port);
    world_enter(world_peer);
    world_run("ip neigh flush dev e1");
    world_enter(world_ours);
    return 0;
}

/* The kernel sends to port NIC_PORT + 1 of ours, and gets its answer back from port NIC_PORT. */
static void exchange(uint32_t from_ip, size_t bytes)
{
    static uint8_t data[1472];
    static uint8_t back[2048];
    for (size_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)(i * 31 + bytes);
    int fd = world_udp(from_ip, 9000);
    world_send(fd, US, NIC_PORT + 1, data, bytes);
    assert_int_equal(nic_receive_until(&port, 1, NIC_SECOND_NS), 1);
    assert_int_equal(port.last_bytes, bytes);
    assert_memory_equal(port.last, data, bytes);
    assert_int_equal(port.last_from.ip, from_ip);
    assert_int_equal(port.last_from.port, 9000);
    nic_send(&port, 0, port.last_from, data, (uint32_t)bytes);
    assert_int_equal(world_receive(&port, fd, back, sizeof back), (ssize_t)bytes);
    assert_memory_equal(back, data, bytes);
    close(fd);
}

static void datagrams_of_all_sizes_go_both_ways(void **state)
{
    (void)state;
    nic_open(&port, &config);
    static const size_t sizes[] = {0, 1, 2, 17, 18, 19, 64, 1000, 1471, 1472};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        exchange(KERNEL, sizes[i]);
    struct torc_net_stats stats = nic_stats(&port);
    assert_int_equal(stats.rx_packets, 10);
    assert_int_equal(stats.tx_packets, 10);
    assert_int_equal(stats.rx_bad_checksum, 0);
    assert_int_equal(stats.arp_replies, 1);
}

static void a_kernel_that_fills_in_checksums_is_understood_too(void **state)
{
    (void)state;
    world_enter(world_peer);
    bool off = world_run("ethtool -K e1 tx off >/dev/null 2>&1");
    world_enter(world_ours);
    if (!off)
        skip();
    nic_open(&port, &config);
    exchange(KERNEL, 333);
    assert_int_equal(nic_stats(&port).rx_bad_checksum, 0);
    WORLD_PEER("ethtool -K e1 tx on >/dev/null 2>&1");
}

static void a_kernel_takes_the_udp_checksums_that_we_fill_in(void **state)
{
    (void)state;
    config.udp_checksum = true;
    nic_open(&port, &config);
    exchange(KERNEL, 1);
    exchange(KERNEL, 1001);
}

static void pings_are_answered(void **state)
{
    (void)state;
    nic_open(&port, &config);
    int fd = world_socket(SOCK_RAW, IPPROTO_ICMP);
    static const size_t sizes[] = {0, 56, 1000, 1472};
    for (uint16_t i = 0; i < 4; i++) {
        uint8_t ping[1480] = {ICMP_ECHO};
        uint8_t pong[2048];
        size_t bytes = 8 + sizes[i];
        memset(ping + 8, 'p' + i, sizes[i]);
        memcpy(ping + 6, &i, sizeof i);
        uint32_t sum = 0;
        for (size_t k = 0; k + 1 < bytes + 1; k += 2)
            sum += (uint32_t)ping[k] << 8 | (k + 1 < bytes ? ping[k + 1] : 0);
        sum = (sum >> 16) + (sum & 0xffff);
        sum = ~(sum + (sum >> 16));
        ping[2] = (uint8_t)(sum >> 8);
        ping[3] = (uint8_t)sum;
        world_send(fd, US, 0, ping, bytes);
        assert_int_equal(world_receive(&port, fd, pong, sizeof pong), (ssize_t)(20 + bytes));
        assert_int_equal(pong[20], ICMP_ECHOREPLY);
        assert_memory_equal(pong + 24, ping + 4, bytes - 4);
    }
    assert_int_equal(nic_stats(&port).icmp_echoes, 4);
    close(fd);
}

static void the_unknown_is_asked_for_and_the_next_packet_arrives(void **state)
{
    (void)state;
    char text[16];
    nic_open(&port, &config);
    int fd = world_udp(KERNEL, 9001);
    nic_send(&port, 0, (struct torc_addr){KERNEL, 9001}, "one", 3);
    nic_send(&port, 0, (struct torc_addr){KERNEL, 9001}, "two", 3);
    struct torc_net_stats stats = nic_stats(&port);
    assert_int_equal(stats.tx_unresolved, 2);
    assert_int_equal(stats.arp_requests, 1);
    nic_receive_until(&port, 1, NIC_SECOND_NS / 20); /* the answer; and we announced ourselves */
    nic_send(&port, 0, (struct torc_addr){KERNEL, 9001}, "three", 5);
    assert_int_equal(world_receive(&port, fd, text, sizeof text), 5);
    assert_memory_equal(text, "three", 5);
    stats = nic_stats(&port);
    assert_int_equal(stats.tx_unresolved, 2);
    assert_int_equal(stats.arp_requests, 2);
    close(fd);
}

static void we_announce_ourselves_at_start(void **state)
{
    (void)state;
    uint8_t frame[128] = {0};
    world_enter(world_peer);
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ARP));
    world_enter(world_ours);
    nic_open(&port, &config);
    ssize_t got = world_receive(&port, fd, frame, sizeof frame);
    assert_true(got >= 42);
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t us[4] = {10, 77, 0, 1};
    assert_memory_equal(frame, all, 6);
    assert_memory_equal(frame + 28, us, 4); /* sender and target are both us */
    assert_memory_equal(frame + 38, us, 4);
    close(fd);
}

static void a_gateway_carries_packets_for_other_subnets(void **state)
{
    (void)state;
    config.gateway = GATEWAY;
    WORLD_PEER("ip addr add 10.77.0.254/24 dev e1 && ip addr add 10.99.0.5/32 dev lo");
    nic_open(&port, &config);
    nic_send(&port, 0, (struct torc_addr){FAR, 9000}, "x", 1); /* lost, but asks for the gateway */
    nic_receive_until(&port, 1, NIC_SECOND_NS / 20);
    exchange(FAR, 100);
    exchange(KERNEL, 100);
    nic_close(&port);
    config.gateway = 0;
    nic_open(&port, &config);
    nic_send(&port, 0, (struct torc_addr){FAR, 9000}, "x", 1);
    assert_int_equal(nic_stats(&port).tx_unresolved, 1);
    assert_int_equal(nic_stats(&port).arp_requests, 0);
}

static void a_routers_smaller_mtu_is_named(void **state)
{
    (void)state;
    static const uint8_t large[1400];
    config.gateway = GATEWAY;
    world_enter(world_peer);
    bool made = world_run("ip link add d0 mtu 600 type veth peer name d1 && ip link set d0 up && "
                          "ip link set d1 up && ip addr add 10.98.0.1/24 dev d0 && "
                          "echo 1 >/proc/sys/net/ipv4/ip_forward");
    world_enter(world_ours);
    if (!made)
        skip();
    nic_open(&port, &config);
    exchange(KERNEL, 1);
    assert_int_equal(port.net->ops->link(port.net), TORC_LINK_UP);
    enum torc_link_state state_now = TORC_LINK_UP;
    for (unsigned i = 0; i < 20 && state_now == TORC_LINK_UP; i++) {
        nic_send(&port, 0, (struct torc_addr){0x0a620009, 9000}, large, sizeof large);
        nic_receive_until(&port, 1, NIC_SECOND_NS / 20);
        state_now = port.net->ops->link(port.net);
    }
    assert_int_equal(state_now, TORC_LINK_MTU_SMALL);
}

/*
 * A frame with VLAN 7 on the peer's wire, its tag put back where the kernel took it out; 0 if none
 * comes within a second.
 */
static uint32_t tagged_frame(int fd, uint8_t *frame, uint32_t bytes)
{
    uint64_t end = nic_now() + NIC_SECOND_NS;
    while (nic_now() < end) {
        char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
        struct iovec iov = {frame + 4, bytes - 4};
        struct msghdr message = {.msg_iov = &iov,
            .msg_iovlen = 1,
            .msg_control = control,
            .msg_controllen = sizeof control};
        nic_receive(&port, 0);
        ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
        struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
        if (!header)
            continue;
        struct tpacket_auxdata data;
        memcpy(&data, CMSG_DATA(header), sizeof data);
        if (!(data.tp_status & TP_STATUS_VLAN_VALID))
            continue;
        memmove(frame, frame + 4, 12);
        frame_store16(frame + 12, FRAME_TYPE_VLAN);
        frame_store16(frame + 14, data.tp_vlan_tci);
        return (uint32_t)got + 4;
    }
    return 0;
}

/* Kernels without VLANs hand tagged frames to raw sockets all the same: we play the peer here. */
static int tagged_socket(struct frame_self *peer)
{
    int one = 1;
    struct frame_addressing addressing = {.mac = {2, 0, 0, 0, 0, 9},
        .ip = 0x0a4e00fa,
        .prefix = 24,
        .vlan = 7,
        .base_port = 9000,
        .ports = 1};
    assert_null(frame_self_init(peer, &addressing));
    world_enter(world_peer);
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
    struct sockaddr_ll link = {.sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int)if_nametoindex("e1")};
    assert_int_equal(bind(fd, (struct sockaddr *)&link, sizeof link), 0);
    world_enter(world_ours);
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof one), 0);
    return fd;
}

static void a_vlan_tag_is_sent_and_expected(void **state)
{
    (void)state;
    struct frame_self peer;
    struct frame_view view;
    uint8_t frame[2048];
    config.ip = 0x0a4e0001; /* 10.78.0.1 */
    config.vlan = 7;
    int fd = tagged_socket(&peer);
    nic_open(&port, &config);
    uint32_t bytes = frame_arp_request(&peer, frame, FRAME_MAC_MASK, config.ip);
    assert_int_equal(send(fd, frame, bytes, 0), bytes);
    do
        assert_true((bytes = tagged_frame(fd, frame, sizeof frame)) > 0);
    while (frame_parse(&peer, frame, bytes, 0, &view) != FRAME_ARP_REPLY);
    assert_int_equal(view.from.ip, config.ip);
    static const uint8_t large[1472] = {1, 2, 3};
    nic_send(&port, 0, (struct torc_addr){peer.ip, 9000}, large, sizeof large);
    do
        assert_true((bytes = tagged_frame(fd, frame, sizeof frame)) > 0);
    while (frame_parse(&peer, frame, bytes, 0, &view) != FRAME_UDP);
    assert_int_equal(view.payload_bytes, sizeof large);
    assert_memory_equal(view.payload, large, sizeof large);
    assert_int_equal(nic_stats(&port).rx_packets, 0);
    uint64_t before = nic_stats(&port).rx_not_for_us;
    int udp = world_udp(KERNEL, 9000); /* untagged: at least the kernel's ARP request */
    world_send(udp, US, NIC_PORT, "untagged", 8);
    assert_int_equal(nic_receive_until(&port, 1, NIC_SECOND_NS / 20), 0);
    assert_true(nic_stats(&port).rx_not_for_us > before);
    close(udp);
    close(fd);
}

/* The kernel tells of a carrier's coming and going up to a second later. */
static void await_link(enum torc_link_state wanted)
{
    uint64_t end = nic_now() + 3 * NIC_SECOND_NS;
    while (port.net->ops->link(port.net) != wanted && nic_now() < end)
        nic_receive_until(&port, 1, NIC_SECOND_NS / 100);
    assert_int_equal(port.net->ops->link(port.net), wanted);
}

static void a_link_that_is_down_is_named_and_comes_back(void **state)
{
    (void)state;
    nic_open(&port, &config);
    await_link(TORC_LINK_UP);
    WORLD_PEER("ip link set e1 down");
    await_link(TORC_LINK_DOWN);
    WORLD_PEER("ip link set e1 up");
    await_link(TORC_LINK_UP);
    exchange(KERNEL, 10);
}

static void a_port_with_too_small_an_mtu_is_named(void **state)
{
    (void)state;
    nic_open(&port, &config);
    assert_true(world_run("ip link set e0 mtu 1000"));
    assert_int_equal(port.net->ops->link(port.net), TORC_LINK_MTU_SMALL);
    assert_true(world_run("ip link set e0 mtu 1500"));
    assert_int_equal(port.net->ops->link(port.net), TORC_LINK_UP);
}

/* Many flows, so that both queues get some; answers leave by the queue that got the question. */
static void two_queues_share_the_work_and_what_arp_told_either(void **state)
{
    (void)state;
    uint32_t count[2] = {0};
    config.device = "net_af_packet0,iface=e0,qpairs=2";
    config.queues = 2;
    nic_open(&port, &config);
    assert_int_equal(port.net->queues, 2);
    assert_false(port.net->steers);
    for (uint16_t flow = 0; flow < 32; flow++) {
        char text[16];
        int fd = world_udp(KERNEL, (uint16_t)(9100 + flow));
        world_send(fd, US, (uint16_t)(NIC_PORT + flow % 2), "flow", 4);
        uint64_t end = nic_now() + NIC_SECOND_NS;
        unsigned queue = 0;
        while (nic_receive(&port, queue) == 0 && nic_now() < end)
            queue ^= 1;
        count[queue]++;
        assert_memory_equal(port.last, "flow", 4);
        nic_send(&port, queue, port.last_from, "back", 4);
        nic_send(&port, queue ^ 1, port.last_from, "too", 3);
        assert_int_equal(world_receive(&port, fd, text, sizeof text), 4);
        assert_int_equal(world_receive(&port, fd, text, sizeof text), 3);
        close(fd);
    }
    assert_int_equal(count[0] + count[1], 32);
    assert_true(count[0] && count[1]);
    assert_int_equal(nic_stats(&port).tx_unresolved, 0);
}

static void a_station_that_moves_is_followed_by_all_queues(void **state)
{
    (void)state;
    char text[16];
    config.device = "net_af_packet0,iface=e0,qpairs=2";
    config.queues = 2;
    nic_open(&port, &config);
    exchange(KERNEL, 5);
    int fd = world_udp(KERNEL, 9002);
    nic_send(&port, 0, (struct torc_addr){KERNEL, 9002}, "a", 1);
    nic_send(&port, 1, (struct torc_addr){KERNEL, 9002}, "b", 1);
    assert_int_equal(world_receive(&port, fd, text, sizeof text), 1);
    assert_int_equal(world_receive(&port, fd, text, sizeof text), 1);
    WORLD_PEER("ip link set e1 address 02:00:00:00:77:01 && ip neigh flush dev e1");
    world_send(fd, US, NIC_PORT, "asks where we are first", 23); /* on one of the queues */
    nic_receive_until(&port, UINT32_MAX, NIC_SECOND_NS + NIC_SECOND_NS / 10);
    nic_send(&port, 0, (struct torc_addr){KERNEL, 9002}, "c", 1);
    nic_send(&port, 1, (struct torc_addr){KERNEL, 9002}, "d", 1);
    assert_int_equal(world_receive(&port, fd, text, sizeof text), 1);
    assert_int_equal(world_receive(&port, fd, text, sizeof text), 1);
    assert_int_equal(nic_stats(&port).tx_unresolved, 0);
    close(fd);
}

static void what_is_not_ours_is_counted_and_left_alone(void **state)
{
    (void)state;
    nic_open(&port, &config);
    exchange(KERNEL, 1);
    uint64_t before = nic_stats(&port).rx_not_for_us;
    int fd = world_udp(KERNEL, 9000);
    world_send(fd, US, NIC_PORT + 2, "no such port", 12);
    assert_int_equal(nic_receive_until(&port, 1, NIC_SECOND_NS / 20), 0);
    assert_int_equal(nic_stats(&port).rx_not_for_us, before + 1);
    close(fd);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    struct torc_dpdk_eal_config eal = {.memory_mib = 128, .log_level = "critical"};
    if (!world_open())
        return NIC_SKIP;
    if (torc_dpdk_eal_start(&eal, nic_error, sizeof nic_error) != 0) {
        fprintf(stderr, "%s\n", nic_error);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        T(datagrams_of_all_sizes_go_both_ways),
        T(a_kernel_that_fills_in_checksums_is_understood_too),
        T(a_kernel_takes_the_udp_checksums_that_we_fill_in),
        T(pings_are_answered),
        T(the_unknown_is_asked_for_and_the_next_packet_arrives),
        T(we_announce_ourselves_at_start),
        T(a_gateway_carries_packets_for_other_subnets),
        T(a_routers_smaller_mtu_is_named),
        T(a_vlan_tag_is_sent_and_expected),
        T(a_link_that_is_down_is_named_and_comes_back),
        T(a_port_with_too_small_an_mtu_is_named),
        T(two_queues_share_the_work_and_what_arp_told_either),
        T(a_station_that_moves_is_followed_by_all_queues),
        T(what_is_not_ours_is_counted_and_left_alone),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    torc_dpdk_eal_stop();
    return failed;
}
