/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The driver over memif between two processes: one asks, the other echoes. With ordinary memory,
 * and with hugepages where they can be had. Needs no privileges for the former.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dpdk_nic.h"

#define ASKER   0x0a4d0001u
#define ECHOER  0x0a4d0002u
#define PACKETS 20000u
#define WINDOW  64u
#define PAGES   128 /* of 2 MiB, for both */

static struct nic_port port;

static bool start(bool server, bool hugepages, unsigned pair)
{
    char device[128];
    struct torc_dpdk_eal_config eal = {
        .memory_mib = hugepages ? 0 : 64, .hugepages = hugepages, .log_level = "critical"};
    struct torc_dpdk_config config = {.device = device,
        .ip = server ? ASKER : ECHOER,
        .prefix = 24,
        .base_port = NIC_PORT,
        .ports = 1,
        .packet_bytes = 1472};
    snprintf(device, sizeof device, "net_memif0,role=%s,socket=torc-memif-%u%s",
        server ? "server" : "client", pair, server ? "" : ",zero-copy=no");
    if (torc_dpdk_eal_start(&eal, nic_error, sizeof nic_error) != 0 ||
        torc_dpdk_open(&config, &port.net, nic_error, sizeof nic_error) != 0) {
        fprintf(stderr, "%s\n", nic_error);
        return false;
    }
    return true;
}

/* Sends back what comes, until its parent goes away or ten seconds have passed. */
static int echo(bool hugepages, unsigned pair)
{
    const uint64_t end = nic_now() + 10 * NIC_SECOND_NS;
    if (!start(false, hugepages, pair))
        return 1;
    const struct torc_net_ops *ops = port.net->ops;
    while (nic_now() < end) {
        uint64_t now = nic_now();
        uint32_t room = ops->buffers(port.net, 0, port.tx[0], TORC_RX_BURST);
        uint32_t got = ops->receive(port.net, 0, port.rx, room, now);
        for (uint32_t i = 0; i < got; i++) {
            memcpy(port.tx[0][i].data, port.rx[i].data, port.rx[i].bytes);
            port.tx[0][i].bytes = port.rx[i].bytes;
            port.tx[0][i].to = port.rx[i].from;
        }
        ops->send(port.net, 0, port.tx[0], got, now);
        ops->release(port.net, 0);
        if (!got)
            ops->wait(port.net, 0, 50000);
    }
    return 0;
}

/* Puts number `n` into a packet of a size that depends on it. */
static void fill(struct torc_tx *tx, uint32_t n)
{
    tx->bytes = 4 + n * 37 % 1469;
    memset(tx->data, (int)n, tx->bytes);
    memcpy(tx->data, &n, sizeof n);
    tx->to = (struct torc_addr){ECHOER, NIC_PORT};
}

/* Is it packet `n`, whole? */
static bool right(const struct torc_rx *rx, uint32_t n)
{
    uint32_t number;
    if (rx->bytes != 4 + n * 37 % 1469 || rx->from.ip != ECHOER || rx->from.port != NIC_PORT)
        return false;
    memcpy(&number, rx->data, sizeof number);
    for (uint32_t i = 4; i < rx->bytes; i++)
        if (rx->data[i] != (uint8_t)n)
            return false;
    return number == n;
}

/* Until the other process is there and both know where the other is. */
static bool meet(void)
{
    uint64_t end = nic_now() + 5 * NIC_SECOND_NS;
    static const uint8_t hello[4] = {0xff, 0xff, 0xff, 0xff};
    do {
        nic_send(&port, 0, (struct torc_addr){ECHOER, NIC_PORT}, hello, sizeof hello);
    } while (nic_receive_until(&port, 1, NIC_SECOND_NS / 50) == 0 && nic_now() < end);
    while (nic_receive_until(&port, 1, NIC_SECOND_NS / 10))
        ; /* what is left of our hellos */
    return port.last_bytes == sizeof hello;
}

/* All packets there and back, in order, a window of them on their way. */
static int ask(void)
{
    const struct torc_net_ops *ops = port.net->ops;
    uint64_t end = nic_now() + 8 * NIC_SECOND_NS;
    uint32_t sent = 0;
    uint32_t back = 0;
    while (back < PACKETS && nic_now() < end) {
        uint32_t room = WINDOW - (sent - back);
        uint32_t count = PACKETS - sent < room ? PACKETS - sent : room;
        if (ops->buffers(port.net, 0, port.tx[0], WINDOW) < WINDOW)
            return 2;
        for (uint32_t i = 0; i < count; i++)
            fill(&port.tx[0][i], sent + i);
        ops->send(port.net, 0, port.tx[0], count, nic_now());
        sent += count;
        uint32_t got = ops->receive(port.net, 0, port.rx, TORC_RX_BURST, nic_now());
        for (uint32_t i = 0; i < got; i++)
            if (!right(&port.rx[i], back++))
                return 3;
        ops->release(port.net, 0);
    }
    return back == PACKETS && nic_stats(&port).tx_packets >= PACKETS ? 0 : 4;
}

/* The asking process: 0 if all went well. EAL once a process, hence one for each run. */
static int run(bool hugepages, unsigned pair)
{
    if (!start(true, hugepages, pair))
        return 1;
    int result = port.net->ops->link(port.net) == TORC_LINK_DOWN ? 0 : 5; /* nobody there yet */
    if (result == 0)
        result = meet() ? ask() : 6;
    if (result == 0 && port.net->ops->link(port.net) != TORC_LINK_UP)
        result = 7;
    nic_close(&port);
    torc_dpdk_eal_stop();
    return result;
}

static pid_t spawn(bool asker, bool hugepages, unsigned pair)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    exit(asker ? run(hugepages, pair) : echo(hugepages, pair));
}

static void exchange(bool hugepages)
{
    int status = -1;
    unsigned pair = (unsigned)getpid() * 2 + hugepages;
    pid_t asker = spawn(true, hugepages, pair);
    usleep(300000); /* so that the asker sees a link that is down first */
    pid_t echoer = spawn(false, hugepages, pair);
    waitpid(asker, &status, 0);
    kill(echoer, SIGKILL);
    waitpid(echoer, NULL, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void two_processes_exchange_packets_with_ordinary_memory(void **state)
{
    (void)state;
    exchange(false);
}

/* How many hugepages the machine has set aside; -1 if it cannot be told. */
static long pages(void)
{
    long count = -1;
    FILE *file = fopen("/proc/sys/vm/nr_hugepages", "re");
    if (file && fscanf(file, "%ld", &count) != 1)
        count = -1;
    if (file)
        fclose(file);
    return count;
}

static void pages_set(long count)
{
    FILE *file = fopen("/proc/sys/vm/nr_hugepages", "we");
    if (file) {
        fprintf(file, "%ld\n", count);
        fclose(file);
    }
}

/* A mount of our own, which goes with the process. */
static bool hugepages_mount(char *directory)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mkdtemp(directory) != NULL && mount("none", directory, "hugetlbfs", 0, NULL) == 0;
}

static void two_processes_exchange_packets_with_hugepages(void **state)
{
    (void)state;
    char directory[] = "/tmp/torc-huge-XXXXXX";
    if (geteuid() != 0 || !hugepages_mount(directory)) {
        print_message("hugepages cannot be mounted here\n");
        skip();
    }
    long before = pages();
    if (before >= 0)
        pages_set(before + PAGES);
    bool enough = before >= 0 && pages() >= before + PAGES;
    if (enough)
        exchange(true);
    if (before >= 0)
        pages_set(before);
    umount(directory);
    rmdir(directory);
    if (!enough) {
        print_message("%d hugepages cannot be reserved here\n", PAGES);
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_processes_exchange_packets_with_ordinary_memory),
        cmocka_unit_test(two_processes_exchange_packets_with_hugepages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
