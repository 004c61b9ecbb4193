/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Two network namespaces joined by a veth, without names, so that nothing is left of them when the
 * process ends however it ends:
 *
 *   ours: e0, no kernel address, DPDK's af_packet       peer: e1, 10.77.0.250, the kernel
 */
#ifndef NIC_DPDK_WORLD_H
#define NIC_DPDK_WORLD_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dpdk_nic.h"

static int world_ours = -1;
static int world_peer = -1;

/* A command in the namespace of the calling thread. False if it failed. */
static inline bool world_run(const char *format, ...)
{
    char command[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    return system(command) == 0; // NOLINT: fixed commands of a test
}

static inline void world_enter(int namespace)
{
    if (setns(namespace, CLONE_NEWNET) != 0)
        abort();
}

/* A command in the peer's namespace. */
#define WORLD_PEER(...)                                                                            \
    do {                                                                                           \
        world_enter(world_peer);                                                                   \
        bool done = world_run(__VA_ARGS__);                                                        \
        world_enter(world_ours);                                                                   \
        assert_true(done);                                                                         \
    } while (0)

static inline int world_namespace(void)
{
    if (unshare(CLONE_NEWNET) != 0)
        return -1;
    int v6 = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);
    if (v6 >= 0) {
        if (write(v6, "1", 1) != 1)
            abort();
        close(v6);
    }
    return open("/proc/self/ns/net", O_RDONLY); /* not closed on exec: ip is told its number */
}

/* Makes it all; false, with a reason, where the machine or the user may not. */
static inline bool world_open(void)
{
    if (geteuid() != 0 || (world_peer = world_namespace()) < 0 ||
        (world_ours = world_namespace()) < 0) {
        fprintf(stderr, "skipped: network namespaces need root\n");
        return false;
    }
    world_enter(world_ours);
    if (!world_run("ip link add e0 type veth peer name e1 netns /proc/%d/fd/%d && "
                   "ip link set lo up && ip link set e0 up",
            (int)getpid(), world_peer)) {
        fprintf(stderr, "skipped: no veth here\n");
        return false;
    }
    world_enter(world_peer);
    bool done = world_run("ip link set lo up && ip addr add 10.77.0.250/24 dev e1 && "
                          "ip link set e1 up");
    world_enter(world_ours);
    return done;
}

/* A socket of the peer's kernel. */
static inline int world_socket(int type, int protocol)
{
    world_enter(world_peer);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, protocol);
    world_enter(world_ours);
    assert_true(fd >= 0);
    return fd;
}

static inline struct sockaddr_in world_address(uint32_t ip, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip)};
}

static inline int world_udp(uint32_t ip, uint16_t port)
{
    int fd = world_socket(SOCK_DGRAM, 0);
    struct sockaddr_in address = world_address(ip, port);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline void world_send(int fd, uint32_t ip, uint16_t port, const void *data, size_t bytes)
{
    struct sockaddr_in to = world_address(ip, port);
    assert_int_equal(sendto(fd, data, bytes, 0, (struct sockaddr *)&to, sizeof to), (ssize_t)bytes);
}

/*
 * What the peer's kernel gives a socket, while the port under test goes on receiving; -1 if nothing
 * comes within a second.
 */
static inline ssize_t world_receive(struct nic_port *port, int fd, void *data, size_t bytes)
{
    uint64_t end = nic_now() + NIC_SECOND_NS;
    do {
        ssize_t got = recv(fd, data, bytes, MSG_DONTWAIT);
        if (got >= 0)
            return got;
        for (unsigned queue = 0; queue < port->net->queues; queue++)
            nic_receive(port, queue);
    } while (nic_now() < end);
    return -1;
}

#endif
