/* SPDX-License-Identifier: BSD-3-Clause
 *
 * torcd from outside: how it starts, serves, refuses and ends, as processes on loopback.
 */
#include "tests/cluster/torcd_process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <torc/client.h>

#define SECOND 1000000000ull

static void start_all(struct torcd_cluster *cluster)
{
    for (unsigned node = 1; node <= TORCD_NODES; node++)
        torcd_start(cluster, node);
    for (unsigned node = 1; node <= TORCD_NODES; node++)
        assert_true(torcd_says(cluster, node, ": serving\n"));
}

static struct torc_client *connect_to(const struct torcd_cluster *cluster, unsigned node)
{
    struct torc_client *client = NULL;
    char seed[32];
    char error[256] = "";
    snprintf(seed, sizeof seed, "127.0.0.1:%u", cluster->port[node - 1]);
    assert_int_equal(torc_client_create(seed, NULL, &client, error, sizeof error), 0);
    return client;
}

/* Writes and reads back keys of all partitions, and values of all sizes. */
static void put_and_get(const struct torcd_cluster *cluster)
{
    static const uint32_t sizes[] = {0, 1, 100, 1300, 1400, 5000, 100000};
    static char value[100000];
    static char back[sizeof value];
    struct torc_client *client = connect_to(cluster, 2);
    for (unsigned i = 0; i < 60; i++) {
        char key[16];
        struct torc_result result = {0};
        uint32_t bytes = sizes[i % (sizeof sizes / sizeof sizes[0])];
        int key_bytes = snprintf(key, sizeof key, "key-%u", i);
        memset(value, (int)('a' + i % 26), bytes);
        int put = torc_put(client, key, (size_t)key_bytes, value, bytes, 5 * SECOND, &result);
        if (put != 0)
            fail_msg("put %s of %u bytes: %s, %s", key, bytes, torc_strerror(put),
                torc_status_text((int)result.status));
        assert_int_equal(
            torc_get(client, key, (size_t)key_bytes, back, sizeof back, 5 * SECOND, &result), 0);
        assert_int_equal(result.value_bytes, bytes);
        assert_memory_equal(back, value, bytes);
    }
    assert_int_equal(torc_get(client, "none", 4, back, 1, 5 * SECOND, NULL), -TORC_ENOTFOUND);
    torc_client_close(client);
}

static void stop_all(struct torcd_cluster *cluster, int number)
{
    for (unsigned node = 1; node <= TORCD_NODES; node++) {
        kill(cluster->pid[node - 1], number);
        assert_int_equal(torcd_wait(cluster, node), 0);
        assert_true(torcd_says(cluster, node, ": stopped\n"));
    }
}

static void serve_and_stop(unsigned workers, unsigned queues, const char *extra, int number)
{
    struct torcd_cluster cluster;
    torcd_cluster_make(&cluster, workers, queues, extra);
    start_all(&cluster);
    put_and_get(&cluster);
    stop_all(&cluster, number);
    torcd_cluster_end(&cluster);
}

static void test_three_nodes_serve_and_a_sigterm_ends_each_with_0(void **state)
{
    (void)state;
    serve_and_stop(1, 0, "", SIGTERM);
}

static void test_two_workers_on_ports_of_their_own_serve(void **state)
{
    (void)state;
    serve_and_stop(2, 0, "", SIGINT);
}

static void test_three_workers_that_share_a_queue_serve(void **state)
{
    (void)state;
    serve_and_stop(3, 1, "", SIGTERM);
}

static void test_three_workers_that_share_two_queues_serve(void **state)
{
    (void)state;
    serve_and_stop(3, 2, "", SIGTERM);
}

static void test_the_trace_tells_the_start_the_memory_and_who_is_missing(void **state)
{
    (void)state;
    struct torcd_cluster cluster;
    torcd_cluster_make(&cluster, 1, 0, "");
    torcd_start(&cluster, 1);
    assert_true(torcd_says(&cluster, 1,
        "n1: starting: node 1 of cluster test: 3 members, 12 "
        "partitions, 3 replicas; socket on 127.0.0.1:"));
    assert_true(torcd_says(&cluster, 1, "n1: memory: "));
    assert_true(torcd_says(&cluster, 1, "log streams "));
    assert_true(torcd_says(&cluster, 1, "member 2 (n2)"));
    kill(cluster.pid[0], SIGTERM);
    assert_int_equal(torcd_wait(&cluster, 1), 0);
    torcd_cluster_end(&cluster);
}

static void test_an_address_in_use_ends_it_at_once_in_one_line(void **state)
{
    (void)state;
    struct torcd_cluster cluster;
    char text[2048];
    char expected[128];
    torcd_cluster_make(&cluster, 2, 0, "");
    torcd_start(&cluster, 1);
    assert_true(torcd_says(&cluster, 1, "memory: "));
    const char *const arguments[] = {"--config", torcd_config(&cluster, 1), NULL};
    assert_int_equal(torcd_run(arguments, text, sizeof text), 1);
    snprintf(expected, sizeof expected,
        "torcd: UDP 127.0.0.1:%u: already in use; stop what holds it (ss -ulpn shows it) or choose "
        "another port\n",
        cluster.port[0]);
    assert_string_equal(text, expected);
    torcd_cluster_end(&cluster);
}

static void test_too_little_memory_ends_it_at_once_with_the_sum(void **state)
{
    (void)state;
    struct torcd_cluster cluster;
    char text[2048];
    torcd_cluster_make(&cluster, 16, 0, "memory:\n  kv: 3TiB\n");
    const char *const arguments[] = {"--config", torcd_config(&cluster, 1), NULL};
    assert_int_equal(torcd_run(arguments, text, sizeof text), 1);
    const char *line = strstr(text, "torcd: memory: too little: ");
    assert_non_null(line);
    assert_non_null(strstr(line, "key-value store 3."));
    assert_non_null(strstr(line, "; lower memory.kv or memory.log\n"));
    torcd_cluster_end(&cluster);
}

static void test_an_unknown_key_ends_it_at_once_in_one_line(void **state)
{
    (void)state;
    struct torcd_cluster cluster;
    char text[2048];
    char expected[256];
    torcd_cluster_make(&cluster, 1, 0, "speed: 11\n");
    const char *const arguments[] = {"--config", torcd_config(&cluster, 2), NULL};
    assert_int_equal(torcd_run(arguments, text, sizeof text), 1);
    snprintf(expected, sizeof expected,
        "torcd: %s:10: speed: no such key; expected the keys node, idle, cluster, memory, net\n",
        torcd_config(&cluster, 2));
    assert_string_equal(text, expected);
    torcd_cluster_end(&cluster);
}

static void test_a_missing_driver_ends_it_at_once_in_one_line(void **state)
{
    (void)state;
    struct torcd_cluster cluster;
    char text[2048];
    char expected[256];
    torcd_cluster_make(&cluster, 1, 0, "net:\n  driver: pigeon\n");
    const char *const arguments[] = {"--config", torcd_config(&cluster, 1), "--check", NULL};
    assert_int_equal(torcd_run(arguments, text, sizeof text), 1);
    snprintf(expected, sizeof expected,
        "torcd: %s:11: net.driver: \"pigeon\" is no driver of this build; expected ",
        torcd_config(&cluster, 1));
    assert_memory_equal(text, expected, strlen(expected));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    torcd_cluster_end(&cluster);
}

static void test_a_check_says_that_a_file_is_good_and_starts_nothing(void **state)
{
    (void)state;
    struct torcd_cluster cluster;
    char text[2048];
    char expected[256];
    torcd_cluster_make(&cluster, 1, 0, "");
    const char *const arguments[] = {"--check", "--config", torcd_config(&cluster, 3), NULL};
    assert_int_equal(torcd_run(arguments, text, sizeof text), 0);
    snprintf(expected, sizeof expected, "%s: good: node 3 (n3)\n", torcd_config(&cluster, 3));
    assert_string_equal(text, expected);
    torcd_cluster_end(&cluster);
}

static void test_a_wrong_command_line_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *const arguments[4];
        const char *text;
    } cases[] = {
        {{"--confg", "x"}, "torcd: unknown option --confg; torcd --help shows what there is\n"},
        {{"-q"}, "torcd: unknown option -q; torcd --help shows what there is\n"},
        {{"--config"}, "torcd: a value is missing after --config; torcd --help shows what there "
                       "is\n"},
        {{"--config", "x", "y"},
            "torcd: unexpected argument y; torcd --help shows what there is\n"},
        {{NULL}, "torcd: no configuration; give --config FILE; torcd --help shows what there "
                 "is\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[2048];
        assert_int_equal(torcd_run(cases[i].arguments, text, sizeof text), 2);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_help_and_version_end_with_0(void **state)
{
    (void)state;
    char text[4096];
    assert_int_equal(torcd_run((const char *const[]){"--help", NULL}, text, sizeof text), 0);
    assert_non_null(strstr(text, "usage: torcd --config FILE"));
    assert_int_equal(torcd_run((const char *const[]){"--version", NULL}, text, sizeof text), 0);
    assert_memory_equal(text, "torcd ", 6);
}

/* A client that dies in the middle of its work must not matter to anybody else. */
static void test_a_killed_client_leaves_the_cluster_healthy(void **state)
{
    (void)state;
    struct torcd_cluster cluster;
    torcd_cluster_make(&cluster, 1, 0, "");
    start_all(&cluster);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct torc_client *client = connect_to(&cluster, 1);
        for (unsigned i = 0;; i++)
            torc_put(client, &i, sizeof i, &i, sizeof i, SECOND, NULL);
    }
    struct timespec pause = {.tv_nsec = 300000000};
    nanosleep(&pause, NULL);
    kill(pid, SIGKILL);
    put_and_get(&cluster);
    stop_all(&cluster, SIGTERM);
    torcd_cluster_end(&cluster);
}

/* A member that restarted is not the member it was: named, and its chains refuse writes. */
static void test_a_restarted_member_is_refused_by_name(void **state)
{
    (void)state;
    struct torcd_cluster cluster;
    torcd_cluster_make(&cluster, 1, 0, "");
    start_all(&cluster);
    kill(cluster.pid[2], SIGKILL);
    torcd_wait(&cluster, 3);
    torcd_start(&cluster, 3);
    assert_true(torcd_says(&cluster, 1, ": degraded\n"));
    assert_true(torcd_says(&cluster, 1, "member 3 (n3)"));
    torcd_cluster_end(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_nodes_serve_and_a_sigterm_ends_each_with_0),
        cmocka_unit_test(test_two_workers_on_ports_of_their_own_serve),
        cmocka_unit_test(test_three_workers_that_share_a_queue_serve),
        cmocka_unit_test(test_three_workers_that_share_two_queues_serve),
        cmocka_unit_test(test_the_trace_tells_the_start_the_memory_and_who_is_missing),
        cmocka_unit_test(test_an_address_in_use_ends_it_at_once_in_one_line),
        cmocka_unit_test(test_too_little_memory_ends_it_at_once_with_the_sum),
        cmocka_unit_test(test_an_unknown_key_ends_it_at_once_in_one_line),
        cmocka_unit_test(test_a_missing_driver_ends_it_at_once_in_one_line),
        cmocka_unit_test(test_a_check_says_that_a_file_is_good_and_starts_nothing),
        cmocka_unit_test(test_a_wrong_command_line_is_named),
        cmocka_unit_test(test_help_and_version_end_with_0),
        cmocka_unit_test(test_a_killed_client_leaves_the_cluster_healthy),
        cmocka_unit_test(test_a_restarted_member_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
