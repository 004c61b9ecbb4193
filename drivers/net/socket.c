/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <torc/error.h>

#define SOCKET_BATCH         64u
#define SOCKET_RX_BYTES      2048u /* longer datagrams are cut by the kernel, and dropped here */
#define SOCKET_PACKET_BYTES  1472u
#define SOCKET_RECEIVE_BYTES (4u << 20)
#define SOCKET_TRUESIZE      2304u /* what the kernel charges for a full packet in a buffer */
#define SOCKET_IP_UDP_BYTES  28u

struct socket_queue {
    unsigned first;              /* this queue serves ports first, first + queues, ... */
    unsigned turn;               /* port number to read first next time: none starves another */
    struct torc_net_stats stats; /* this queue's thread writes, any reads */
    uint8_t *rx_data;            /* [SOCKET_BATCH][SOCKET_RX_BYTES] */
    uint8_t *tx_data;            /* [TORC_TX_BURST][tx_stride] */
    struct mmsghdr rx_message[SOCKET_BATCH];
    struct iovec rx_iov[SOCKET_BATCH];
    struct sockaddr_in rx_from[SOCKET_BATCH];
    struct mmsghdr tx_message[SOCKET_BATCH];
    struct iovec tx_iov[SOCKET_BATCH];
    struct sockaddr_in tx_to[SOCKET_BATCH];
} __attribute__((aligned(64)));

struct socket_net {
    struct torc_net net; /* first: the driver's object */
    struct torc_addr address;
    uint32_t ports;
    uint32_t tx_stride;
    uint32_t receive_packets;
    int *fd; /* [ports] */
    uint8_t *data;
    struct socket_queue queue[];
};

static struct socket_net *socket_of(struct torc_net *net)
{
    return (struct socket_net *)net;
}

static const struct socket_net *socket_const(const struct torc_net *net)
{
    return (const struct socket_net *)net;
}

/* One thread writes a counter, others read it whole. */
static void count(uint64_t *counter, uint64_t more)
{
    __atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

/* ---- receiving ---- */

/* Hands out what arrived, leaving out what was longer than a buffer. */
static uint32_t take_messages(
    struct socket_queue *queue, uint32_t from, uint32_t to, struct torc_rx *rx)
{
    uint32_t taken = 0;
    uint64_t bytes = 0;
    for (uint32_t i = from; i < to; i++) {
        const struct mmsghdr *message = &queue->rx_message[i];
        if (message->msg_hdr.msg_flags & MSG_TRUNC) {
            count(&queue->stats.rx_malformed, 1);
            continue;
        }
        rx[taken].data = queue->rx_iov[i].iov_base;
        rx[taken].bytes = message->msg_len;
        rx[taken].from.ip = ntohl(queue->rx_from[i].sin_addr.s_addr);
        rx[taken].from.port = ntohs(queue->rx_from[i].sin_port);
        bytes += message->msg_len;
        taken++;
    }
    count(&queue->stats.rx_packets, taken);
    count(&queue->stats.rx_bytes, bytes);
    return taken;
}

static uint32_t socket_receive(
    struct torc_net *base, unsigned number, struct torc_rx *rx, uint32_t max, uint64_t now_ns)
{
    (void)now_ns;
    struct socket_net *net = socket_of(base);
    struct socket_queue *queue = &net->queue[number];
    unsigned start = queue->turn;
    uint32_t used = 0;
    uint32_t taken = 0;
    max = max < SOCKET_BATCH ? max : SOCKET_BATCH;
    do {
        int got = recvmmsg(
            net->fd[queue->turn], &queue->rx_message[used], max - used, MSG_DONTWAIT, NULL);
        queue->turn += base->queues;
        if (queue->turn >= net->ports)
            queue->turn = queue->first;
        if (got > 0) {
            taken += take_messages(queue, used, used + (uint32_t)got, rx + taken);
            used += (uint32_t)got;
        }
    } while (used < max && queue->turn != start);
    return taken;
}

/* The buffers are the queue's own and are read into again by the next receive. */
static void socket_release(struct torc_net *base, unsigned number)
{
    (void)base;
    (void)number;
}

/* ---- sending ---- */

static uint32_t socket_buffers(
    struct torc_net *base, unsigned number, struct torc_tx *tx, uint32_t max)
{
    struct socket_net *net = socket_of(base);
    struct socket_queue *queue = &net->queue[number];
    max = max < TORC_TX_BURST ? max : TORC_TX_BURST;
    if (max == 0)
        return 0;
    /* What was sent is a prefix; an array seen for the first time lacks its last buffer too. */
    bool fresh = tx[max - 1].data == NULL;
    for (uint32_t i = 0; i < max && (fresh || tx[i].data == NULL); i++) {
        tx[i].data = queue->tx_data + (size_t)i * net->tx_stride;
        tx[i].capacity = base->packet_bytes;
    }
    return max;
}

/* Gives `messages` prepared datagrams to the kernel; what it refuses is counted and lost. */
static void send_messages(struct socket_queue *queue, int fd, uint32_t messages)
{
    uint32_t done = 0;
    while (done < messages) {
        int sent = sendmmsg(fd, &queue->tx_message[done], messages - done, MSG_DONTWAIT);
        if (sent > 0) {
            count(&queue->stats.tx_packets, (uint64_t)sent);
            done += (uint32_t)sent;
        } else if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
            count(&queue->stats.tx_dropped, messages - done);
            return;
        } else if (errno != EINTR) {
            /* This one only: an unreachable peer must not cost the others their packets. */
            count(&queue->stats.tx_dropped, 1);
            done++;
        }
    }
}

static void socket_send(
    struct torc_net *base, unsigned number, struct torc_tx *tx, uint32_t packets, uint64_t now_ns)
{
    (void)now_ns;
    struct socket_net *net = socket_of(base);
    struct socket_queue *queue = &net->queue[number];
    for (uint32_t at = 0; at < packets;) {
        uint32_t messages = packets - at < SOCKET_BATCH ? packets - at : SOCKET_BATCH;
        uint64_t bytes = 0;
        for (uint32_t i = 0; i < messages; i++, at++) {
            queue->tx_iov[i].iov_base = tx[at].data;
            queue->tx_iov[i].iov_len = tx[at].bytes;
            queue->tx_to[i].sin_addr.s_addr = htonl(tx[at].to.ip);
            queue->tx_to[i].sin_port = htons(tx[at].to.port);
            bytes += tx[at].bytes;
            tx[at].data = NULL;
        }
        send_messages(queue, net->fd[queue->first], messages);
        count(&queue->stats.tx_bytes, bytes);
    }
}

/* ---- waiting, state, counters ---- */

static void socket_wait(struct torc_net *base, unsigned number, uint64_t timeout_ns)
{
    struct socket_net *net = socket_of(base);
    struct pollfd poll_fd[TORC_WORKERS_MAX];
    nfds_t fds = 0;
    for (unsigned i = net->queue[number].first; i < net->ports; i += base->queues)
        poll_fd[fds++] = (struct pollfd){.fd = net->fd[i], .events = POLLIN};
    struct timespec timeout = {
        .tv_sec = (time_t)(timeout_ns / 1000000000u), .tv_nsec = (long)(timeout_ns % 1000000000u)};
    ppoll(poll_fd, fds, &timeout, NULL);
}

/* State of the interface that carries the address; UP where that cannot be told. */
static enum torc_link_state interface_state(
    const struct socket_net *net, const struct ifaddrs *interface)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface->ifa_name);
    if (!(interface->ifa_flags & IFF_RUNNING))
        return TORC_LINK_DOWN;
    if (ioctl(net->fd[0], SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0 &&
        (uint32_t)request.ifr_mtu < net->net.packet_bytes + SOCKET_IP_UDP_BYTES)
        return TORC_LINK_MTU_SMALL;
    return TORC_LINK_UP;
}

static enum torc_link_state socket_link(struct torc_net *base)
{
    struct socket_net *net = socket_of(base);
    struct ifaddrs *list = NULL;
    enum torc_link_state state = TORC_LINK_UP;
    if (getifaddrs(&list) != 0)
        return state;
    for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET)
            continue;
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)i->ifa_addr;
        if (ntohl(in->sin_addr.s_addr) == net->address.ip)
            state = interface_state(net, i);
    }
    freeifaddrs(list);
    return state;
}

/* Datagrams that the kernel dropped because a socket's buffer was full. */
static uint64_t kernel_drops(const struct socket_net *net)
{
    uint64_t drops = 0;
    for (unsigned i = 0; i < net->ports; i++) {
        uint32_t info[SK_MEMINFO_VARS] = {0};
        socklen_t bytes = sizeof info;
        if (getsockopt(net->fd[i], SOL_SOCKET, SO_MEMINFO, info, &bytes) == 0)
            drops += info[SK_MEMINFO_DROPS];
    }
    return drops;
}

static void socket_stats(struct torc_net *base, struct torc_net_stats *stats)
{
    const struct socket_net *net = socket_const(base);
    memset(stats, 0, sizeof *stats);
    for (unsigned i = 0; i < base->queues; i++) {
        const struct torc_net_stats *one = &net->queue[i].stats;
        stats->rx_packets += __atomic_load_n(&one->rx_packets, __ATOMIC_RELAXED);
        stats->rx_bytes += __atomic_load_n(&one->rx_bytes, __ATOMIC_RELAXED);
        stats->tx_packets += __atomic_load_n(&one->tx_packets, __ATOMIC_RELAXED);
        stats->tx_bytes += __atomic_load_n(&one->tx_bytes, __ATOMIC_RELAXED);
        stats->tx_dropped += __atomic_load_n(&one->tx_dropped, __ATOMIC_RELAXED);
        stats->rx_malformed += __atomic_load_n(&one->rx_malformed, __ATOMIC_RELAXED);
    }
    stats->rx_missed = kernel_drops(net);
}

static void socket_close(struct torc_net *base)
{
    struct socket_net *net = socket_of(base);
    for (unsigned i = 0; i < net->ports; i++)
        if (net->fd[i] >= 0)
            close(net->fd[i]);
    free(net->data);
    free(net->fd);
    free(net);
}

static const struct torc_net_ops socket_ops = {
    .name = "socket",
    .receive = socket_receive,
    .release = socket_release,
    .buffers = socket_buffers,
    .send = socket_send,
    .wait = socket_wait,
    .link = socket_link,
    .stats = socket_stats,
    .close = socket_close,
};

/* ---- opening ---- */

static void queue_init(struct socket_net *net, unsigned number)
{
    struct socket_queue *queue = &net->queue[number];
    queue->first = queue->turn = number;
    for (unsigned i = 0; i < SOCKET_BATCH; i++) {
        struct msghdr *rx = &queue->rx_message[i].msg_hdr;
        struct msghdr *tx = &queue->tx_message[i].msg_hdr;
        queue->rx_iov[i].iov_base = queue->rx_data + (size_t)i * SOCKET_RX_BYTES;
        queue->rx_iov[i].iov_len = SOCKET_RX_BYTES;
        queue->tx_to[i].sin_family = AF_INET;
        rx->msg_name = &queue->rx_from[i];
        tx->msg_name = &queue->tx_to[i];
        rx->msg_namelen = tx->msg_namelen = sizeof(struct sockaddr_in);
        rx->msg_iov = &queue->rx_iov[i];
        tx->msg_iov = &queue->tx_iov[i];
        rx->msg_iovlen = tx->msg_iovlen = 1;
    }
}

/* All memory of the driver, at once; NULL if there is none. */
static struct socket_net *allocate(const struct torc_socket_config *config)
{
    uint32_t packet_bytes = config->packet_bytes != 0 ? config->packet_bytes : SOCKET_PACKET_BYTES;
    uint32_t stride = (packet_bytes + 63u) & ~63u;
    uint32_t queues = config->queues != 0 ? config->queues : config->ports;
    size_t rx_bytes = (size_t)SOCKET_BATCH * SOCKET_RX_BYTES;
    size_t queue_bytes = rx_bytes + (size_t)TORC_TX_BURST * stride;
    size_t net_bytes = sizeof(struct socket_net) + queues * sizeof(struct socket_queue);
    struct socket_net *net = aligned_alloc(64, (net_bytes + 63u) & ~(size_t)63u);
    uint8_t *data = aligned_alloc(4096, (queues * queue_bytes + 4095u) & ~(size_t)4095u);
    int *fd = malloc(config->ports * sizeof *fd);
    if (net == NULL || data == NULL || fd == NULL) {
        free(net);
        free(data);
        free(fd);
        return NULL;
    }
    memset(net, 0, net_bytes);
    memset(data, 0, queues * queue_bytes); /* no page fault on the hot path */
    memset(fd, 0xff, config->ports * sizeof *fd);
    net->net = (struct torc_net){&socket_ops, queues, packet_bytes, queues == config->ports};
    net->address = config->address;
    net->ports = config->ports;
    net->tx_stride = stride;
    net->fd = fd;
    net->data = data;
    for (unsigned i = 0; i < queues; i++) {
        net->queue[i].rx_data = data + i * queue_bytes;
        net->queue[i].tx_data = net->queue[i].rx_data + rx_bytes;
        queue_init(net, i);
    }
    return net;
}

/* Says in one line why port `number` could not be opened; returns the error to give back. */
static int open_failed(
    const struct socket_net *net, unsigned number, int cause, char *error, size_t error_bytes)
{
    uint32_t ip = net->address.ip;
    unsigned port = net->address.port + number;
    static const struct {
        int cause, error;
        const char *advice;
    } known[] = {
        {EADDRINUSE, -TORC_EINUSE,
            "already in use; stop what holds it (ss -ulpn shows it) or choose another port"},
        {EADDRNOTAVAIL, -TORC_ENODEV,
            "not an address of this machine; add it to an interface or correct the configuration"},
        {EACCES, -TORC_EPERM, "not permitted; choose a port from 1024 on"},
        {EMFILE, -TORC_ENOMEM, "too many open files; raise the limit (ulimit -n)"},
        {ENFILE, -TORC_ENOMEM, "too many open files on this machine"},
        {ENOMEM, -TORC_ENOMEM, "the kernel has no memory for it"},
        {ENOBUFS, -TORC_ENOMEM, "the kernel has no memory for it"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].cause != cause)
            continue;
        snprintf(error, error_bytes, "UDP %u.%u.%u.%u:%u: %s", ip >> 24, ip >> 16 & 255,
            ip >> 8 & 255, ip & 255, port, known[i].advice);
        return known[i].error;
    }
    snprintf(error, error_bytes, "UDP %u.%u.%u.%u:%u: %s", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
        ip & 255, port, strerror(cause));
    return -TORC_EIO;
}

/* A buffer as large as wanted where that is permitted, else as large as the system's limit. */
static void set_buffers(int fd, uint32_t bytes)
{
    int wanted = (int)bytes;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) != 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
}

/* Returns 0 or the errno. */
static int open_port(struct socket_net *net, unsigned number, uint32_t receive_bytes)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
        .sin_addr.s_addr = htonl(net->address.ip),
        .sin_port = htons((uint16_t)(net->address.port + number))};
    socklen_t in_bytes = sizeof in;
    int discover = IP_PMTUDISC_DO; /* never a fragment */
    int actual = 0;
    socklen_t actual_bytes = sizeof actual;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    net->fd[number] = fd;
    if (fd < 0)
        return errno;
    set_buffers(fd, receive_bytes);
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover);
    if (bind(fd, (const struct sockaddr *)&in, sizeof in) != 0 ||
        getsockname(fd, (struct sockaddr *)&in, &in_bytes) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &actual, &actual_bytes) != 0)
        return errno;
    if (net->address.port == 0)
        net->address.port = ntohs(in.sin_port);
    net->receive_packets = (uint32_t)actual / SOCKET_TRUESIZE;
    return 0;
}

int torc_socket_open(
    const struct torc_socket_config *config, struct torc_net **out, char *error, size_t error_bytes)
{
    *out = NULL;
    if (config->ports == 0 || config->ports > TORC_WORKERS_MAX || config->queues > config->ports ||
        config->address.port + config->ports > 65536 ||
        (config->address.port == 0 && config->ports != 1)) {
        snprintf(error, error_bytes,
            "sockets: %u ports from %u on and %u queues; 1 to %u ports up to 65535, and no more "
            "queues than ports, are possible",
            config->ports, config->address.port, config->queues, TORC_WORKERS_MAX);
        return -TORC_EINVAL;
    }
    struct socket_net *net = allocate(config);
    if (net == NULL) {
        snprintf(error, error_bytes, "sockets: no memory for %u packet buffers", config->ports);
        return -TORC_ENOMEM;
    }
    uint32_t receive_bytes =
        config->receive_bytes != 0 ? config->receive_bytes : SOCKET_RECEIVE_BYTES;
    for (unsigned i = 0; i < net->ports; i++) {
        int cause = open_port(net, i, receive_bytes);
        if (cause != 0) {
            int result = open_failed(net, i, cause, error, error_bytes);
            socket_close(&net->net);
            return result;
        }
    }
    *out = &net->net;
    return 0;
}

uint16_t torc_socket_port(const struct torc_net *net, unsigned number)
{
    return (uint16_t)(socket_const(net)->address.port + number);
}

uint32_t torc_socket_receive_packets(const struct torc_net *net)
{
    return socket_const(net)->receive_packets;
}

int torc_socket_descriptor(const struct torc_net *net, unsigned number)
{
    return socket_const(net)->fd[number];
}
