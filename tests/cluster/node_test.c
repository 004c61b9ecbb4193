/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A node as a library: three of them in one process, as a program that embeds them would.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <torc/client.h>
#include <torc/node.h>

#define NODES  3u
#define SECOND 1000000000ull

struct trace {
    char text[4096];
    size_t used;
};

static void write_line(void *context, const char *line)
{
    struct trace *trace = context;
    if (trace->used < sizeof trace->text)
        trace->used += (size_t)snprintf(
            trace->text + trace->used, sizeof trace->text - trace->used, "%s\n", line);
}

/* A UDP port that is free now; so is the next, most likely. */
static unsigned free_port(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof in;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &bytes), 0);
    close(fd);
    return ntohs(in.sin_port);
}

static void config_text(char *text, size_t bytes, unsigned node, const unsigned *port)
{
    snprintf(text, bytes,
        "node: %u\ncluster:\n  name: embedded\n  partitions: 7\n  replicas: 3\n  members:\n"
        "    - {id: 1, name: a, address: 127.0.0.1, port: %u}\n"
        "    - {id: 2, name: b, address: 127.0.0.1, port: %u}\n"
        "    - {id: 3, name: c, address: 127.0.0.1, port: %u}\n"
        "memory: {kv: 8MiB, log: 16MiB}\n",
        node, port[0], port[1], port[2]);
}

static void wait_for(const struct torc_node *node, enum torc_node_state state)
{
    struct timespec pause = {.tv_nsec = 5000000};
    for (int i = 0; i < 2000 && torc_node_state(node) != state; i++)
        nanosleep(&pause, NULL);
    assert_string_equal(torc_node_state_name(torc_node_state(node)), torc_node_state_name(state));
}

static void use_cluster(unsigned port)
{
    struct torc_client *client = NULL;
    struct torc_result result;
    char seed[32];
    char value[16];
    snprintf(seed, sizeof seed, "127.0.0.1:%u", port);
    assert_int_equal(torc_client_create(seed, NULL, &client, NULL, 0), 0);
    assert_int_equal(torc_put(client, "k", 1, "v", 1, 5 * SECOND, &result), 0);
    assert_int_equal(torc_get(client, "k", 1, value, sizeof value, 5 * SECOND, &result), 0);
    assert_int_equal(result.value_bytes, 1);
    assert_int_equal(value[0], 'v');
    torc_client_close(client);
}

static void test_three_nodes_in_one_process_serve_and_stop(void **state)
{
    (void)state;
    struct torc_node *node[NODES] = {NULL};
    static struct trace trace[NODES];
    unsigned port[NODES];
    char text[1024];
    char error[TORC_NODE_ERROR_BYTES] = "";
    for (unsigned i = 0; i < NODES; i++)
        port[i] = free_port();
    for (unsigned i = 0; i < NODES; i++) {
        config_text(text, sizeof text, i + 1, port);
        struct torc_node_options options = {
            .config_text = text, .trace = write_line, .trace_context = &trace[i]};
        assert_int_equal(torc_node_create(&options, &node[i], error), 0);
        assert_int_equal(torc_node_state(node[i]), TORC_NODE_CREATED);
        assert_int_equal(torc_node_id(node[i]), i + 1);
        assert_int_equal(torc_node_port(node[i]), port[i]);
        assert_int_equal(torc_node_start(node[i], error), 0);
    }
    for (unsigned i = 0; i < NODES; i++)
        wait_for(node[i], TORC_NODE_SERVING);
    use_cluster(port[1]);
    for (unsigned i = 0; i < NODES; i++) {
        assert_int_equal(torc_node_stop(node[i], 1000), 0);
        assert_int_equal(torc_node_state(node[i]), TORC_NODE_STOPPED);
        assert_int_equal(torc_node_stop(node[i], 1000), -TORC_EINVAL);
        assert_int_equal(torc_node_start(node[i], error), -TORC_EINVAL);
        torc_node_destroy(node[i]);
        assert_non_null(strstr(trace[i].text, "starting: node "));
        assert_non_null(strstr(trace[i].text, "serving\n"));
        assert_non_null(strstr(trace[i].text, "stopped\n"));
    }
}

static void test_a_node_alone_says_whom_it_waits_for(void **state)
{
    (void)state;
    struct torc_node *node = NULL;
    static struct trace trace;
    unsigned port[NODES] = {free_port(), 9, 10};
    char text[1024];
    config_text(text, sizeof text, 1, port);
    struct torc_node_options options = {
        .config_text = text, .trace = write_line, .trace_context = &trace};
    assert_int_equal(torc_node_create(&options, &node, NULL), 0);
    torc_node_trouble(node, text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(torc_node_start(node, NULL), 0);
    struct timespec pause = {.tv_nsec = 100000000};
    nanosleep(&pause, NULL);
    assert_int_equal(torc_node_state(node), TORC_NODE_STARTING);
    torc_node_trouble(node, text, sizeof text);
    assert_non_null(strstr(text, "member 2 (b)"));
    torc_node_trouble(node, text, 5);
    assert_int_equal(strlen(text), 4);
    torc_node_destroy(node); /* stops it too */
    assert_non_null(strstr(trace.text, "stopped"));
}

static void test_a_node_that_cannot_start_is_as_before(void **state)
{
    (void)state;
    struct torc_node *first = NULL;
    struct torc_node *second = NULL;
    unsigned port[NODES] = {free_port(), 9, 10};
    char text[1024];
    char error[TORC_NODE_ERROR_BYTES] = "";
    static struct trace trace;
    config_text(text, sizeof text, 1, port);
    struct torc_node_options options = {
        .config_text = text, .trace = write_line, .trace_context = &trace};
    assert_int_equal(torc_node_create(&options, &first, error), 0);
    assert_int_equal(torc_node_create(&options, &second, error), 0);
    assert_int_equal(torc_node_start(first, error), 0);
    assert_int_equal(torc_node_start(second, error), -TORC_EINUSE);
    assert_non_null(strstr(error, "already in use"));
    assert_int_equal(torc_node_state(second), TORC_NODE_CREATED);
    assert_int_equal(torc_node_stop(first, 1000), 0);
    assert_int_equal(torc_node_start(second, error), 0);
    torc_node_destroy(first);
    torc_node_destroy(second);
}

static void test_what_cannot_become_a_node_is_named(void **state)
{
    (void)state;
    struct torc_node *node = NULL;
    char error[TORC_NODE_ERROR_BYTES] = "";
    struct torc_node_options options = {0};
    assert_int_equal(torc_node_create(&options, &node, error), -TORC_EINVAL);
    assert_null(node);
    options.config_text = "node: 1\n";
    assert_int_equal(torc_node_create(&options, &node, error), -TORC_ECONFIG);
    assert_non_null(strstr(error, "configuration:1: cluster: missing; expected the keys name"));
    options.config_path = "/nonexistent";
    assert_int_equal(torc_node_create(&options, &node, error), -TORC_EIO);
    assert_int_equal(torc_node_create(&options, &node, NULL), -TORC_EIO);
    torc_node_destroy(NULL);
}

static void test_arguments_for_eal_need_dpdk(void **state)
{
    (void)state;
    struct torc_node *node = NULL;
    unsigned port[NODES] = {free_port(), 9, 10};
    char text[1024];
    char error[TORC_NODE_ERROR_BYTES] = "";
    static const char *const arguments[] = {"--log-level=8", NULL};
    config_text(text, sizeof text, 1, port);
    struct torc_node_options options = {.config_text = text, .eal_arguments = arguments};
    assert_int_equal(torc_node_create(&options, &node, error), 0);
    assert_int_equal(torc_node_start(node, error), -TORC_EINVAL);
    assert_non_null(strstr(error, "--log-level=8"));
    torc_node_destroy(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_nodes_in_one_process_serve_and_stop),
        cmocka_unit_test(test_a_node_alone_says_whom_it_waits_for),
        cmocka_unit_test(test_a_node_that_cannot_start_is_as_before),
        cmocka_unit_test(test_what_cannot_become_a_node_is_named),
        cmocka_unit_test(test_arguments_for_eal_need_dpdk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
