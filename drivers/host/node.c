/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <torc/error.h>

#include "engine/base/assert.h"
#include "engine/ring/publish.h"
#include "engine/wire/messages.h"

#define DRAIN_POLL_NS 1000000u

static int state_get(const struct torc_node *node)
{
    return __atomic_load_n(&node->state, __ATOMIC_ACQUIRE);
}

static void state_set(struct torc_node *node, enum torc_node_state state)
{
    __atomic_store_n(&node->state, (int)state, __ATOMIC_RELEASE);
}

/* ---- create, destroy ---- */

int torc_node_create(const struct torc_node_options *options, struct torc_node **out, char *error)
{
    char unread[TORC_NODE_ERROR_BYTES];
    int result = -TORC_EINVAL;
    error = error != NULL ? error : unread;
    *out = NULL;
    struct torc_node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        snprintf(error, TORC_NODE_ERROR_BYTES, "no memory for a node");
        return -TORC_ENOMEM;
    }
    if (options->config_path != NULL)
        result = host_config_load(options->config_path, &node->config, error);
    else if (options->config_text != NULL)
        result = host_config_parse("configuration", options->config_text,
            strlen(options->config_text), &node->config, error);
    else
        snprintf(error, TORC_NODE_ERROR_BYTES, "neither a configuration's path nor its text");
    if (result != 0) {
        free(node);
        return result;
    }
    host_trace_init(&node->trace, options->trace, options->trace_context);
    snprintf(node->trace.name, sizeof node->trace.name, "%s", torc_node_name(node));
    node->eal_arguments = options->eal_arguments;
    node->provider = host_provider_find(node->config.driver);
    node->workers = node->config.member[node->config.self].workers;
    *out = node;
    return 0;
}

void torc_node_destroy(struct torc_node *node)
{
    if (node == NULL)
        return;
    if (state_get(node) == TORC_NODE_STARTING)
        torc_node_stop(node, 0);
    host_layout_give(node);
    host_trace_end(&node->trace);
    host_config_free(&node->config);
    free(node);
}

/* ---- start ---- */

/* The process is about to end: say why. */
static void assertion_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "torc: broken invariant: %s (%s:%d); please report this\n", what, file, line);
    abort();
}

static uint64_t random_incarnation(void)
{
    uint64_t value = 0;
    while (value == 0)
        if (getrandom(&value, sizeof value, 0) != (ssize_t)sizeof value)
            value = 0;
    return value;
}

static void close_port(struct torc_node *node)
{
    if (node->port.net != NULL)
        node->provider->close(&node->port);
    node->port.net = NULL;
}

static int open_port(struct torc_node *node, char *error, size_t error_bytes)
{
    struct host_port_request request = {.config = &node->config,
        .packet_bytes = WIRE_PACKET_BYTES,
        .arguments = node->eal_arguments};
    if (node->eal_arguments != NULL && !node->provider->takes_arguments) {
        snprintf(error, error_bytes,
            "arguments for EAL (%s ...) are given, and net.driver is %s; leave them out or choose "
            "dpdk",
            node->eal_arguments[0], node->config.driver);
        return -TORC_EINVAL;
    }
    int result = node->provider->open(&request, &node->port, error, error_bytes);
    if (result != 0)
        return result;
    struct torc_net *net = node->port.net;
    if (net->packet_bytes < WIRE_PACKET_BYTES) {
        snprintf(error, error_bytes,
            "net: the port takes UDP payloads of %u bytes and %u are needed; raise its MTU to 1500",
            net->packet_bytes, WIRE_PACKET_BYTES);
        close_port(node);
        return -TORC_ENODEV;
    }
    node->steered = !net->steers || net->queues < node->workers;
    return 0;
}

/* In poll mode each worker has a core to itself, as far as there are any. */
static void pin_workers(struct torc_node *node)
{
    unsigned at = 0;
    if (node->config.idle != HOST_IDLE_POLL)
        return;
    if (node->workers > (unsigned)CPU_COUNT(&node->cores)) {
        host_trace(&node->trace,
            "idle: poll wants a core for each of %u workers and there are %d: not pinned",
            node->workers, CPU_COUNT(&node->cores));
        return;
    }
    for (int core = 0; core < CPU_SETSIZE && at < node->workers; core++) {
        if (!CPU_ISSET(core, &node->cores))
            continue;
        CPU_ZERO(&node->worker[at].cores);
        CPU_SET(core, &node->worker[at++].cores);
    }
}

static void end_threads(struct torc_node *node)
{
    __atomic_store_n(&node->stop_workers, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < node->workers_running; i++)
        host_worker_join(&node->worker[i]);
    node->workers_running = 0;
    __atomic_store_n(&node->stop_control, true, __ATOMIC_RELAXED);
    if (node->control_running)
        pthread_join(node->control, NULL);
    node->control_running = false;
    ring_retire_barrier();
}

static int start_threads(struct torc_node *node, char *error, size_t error_bytes)
{
    int cause = 0;
    while (cause == 0 && node->workers_running < node->workers) {
        cause = host_worker_start(&node->worker[node->workers_running]);
        node->workers_running += cause == 0;
    }
    if (cause == 0) {
        cause = host_control_start(node);
        node->control_running = cause == 0;
    }
    if (cause == 0)
        return 0;
    end_threads(node);
    node->stop_workers = node->stop_control = false;
    snprintf(error, error_bytes, "threads: %u are needed: %s", node->workers + 1, strerror(cause));
    return cause == EPERM ? -TORC_EPERM : -TORC_ENOMEM;
}

static void tell_start(struct torc_node *node)
{
    const struct host_config *config = &node->config;
    const struct ring_member *self = &config->member[config->self];
    uint32_t ip = self->address.ip;
    host_trace(&node->trace,
        "starting: node %u of cluster %s: %u members, %llu partitions, %llu replicas; %s on "
        "%u.%u.%u.%u:%u, %u workers, %u queues, %s",
        self->id, config->cluster.name, config->members,
        (unsigned long long)config->cluster.partitions,
        (unsigned long long)config->cluster.replicas, config->driver, ip >> 24, ip >> 16 & 255,
        ip >> 8 & 255, ip & 255, self->address.port, node->workers, node->port.net->queues,
        node->steered ? "steered by mailboxes" : "steered by port");
}

static void engine_config(struct torc_node *node)
{
    struct node_config *config = &node->engine_config;
    host_config_node(&node->config, config);
    config->incarnation = random_incarnation();
    config->packet_bytes = WIRE_PACKET_BYTES;
    config->receive_packets = node->port.receive_packets;
    config->retire = ring_retire;
    node_config_defaults(config);
}

int torc_node_start(struct torc_node *node, char *error)
{
    char unread[TORC_NODE_ERROR_BYTES];
    error = error != NULL ? error : unread;
    if (state_get(node) != TORC_NODE_CREATED) {
        snprintf(error, TORC_NODE_ERROR_BYTES, "a node starts once; create another one");
        return -TORC_EINVAL;
    }
    base_assert_handler_set(assertion_failed);
    /* A driver may pin the thread that opens it; the node's own run where this one may now. */
    if (sched_getaffinity(0, sizeof node->cores, &node->cores) != 0)
        memset(&node->cores, 0xff, sizeof node->cores);
    int result = open_port(node, error, TORC_NODE_ERROR_BYTES);
    sched_setaffinity(0, sizeof node->cores, &node->cores);
    if (result != 0)
        return result;
    engine_config(node);
    tell_start(node);
    result = host_layout(node, error, TORC_NODE_ERROR_BYTES);
    if (result == 0) {
        pin_workers(node);
        result = start_threads(node, error, TORC_NODE_ERROR_BYTES);
    }
    if (result != 0) {
        close_port(node);
        host_layout_give(node);
        return result;
    }
    state_set(node, TORC_NODE_STARTING);
    return 0;
}

/* ---- stop ---- */

static bool drain(struct torc_node *node, uint32_t drain_ms)
{
    const struct timespec pause = {.tv_nsec = DRAIN_POLL_NS};
    uint64_t deadline_ns = host_now_ns() + (uint64_t)drain_ms * 1000000u;
    node_drain(node->engine);
    while (!node_drained(node->engine)) {
        if (host_now_ns() >= deadline_ns)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

int torc_node_stop(struct torc_node *node, uint32_t drain_ms)
{
    if (state_get(node) != TORC_NODE_STARTING)
        return -TORC_EINVAL;
    state_set(node, TORC_NODE_STOPPING);
    host_trace(&node->trace, "stopping: ends what is under way, for at most %u ms", drain_ms);
    bool drained = drain(node, drain_ms);
    end_threads(node);
    close_port(node);
    state_set(node, TORC_NODE_STOPPED);
    host_trace(&node->trace, drained ? "stopped" : "stopped: some writes were still under way");
    return drained ? 0 : -TORC_ETIMEDOUT;
}

/* ---- questions ---- */

enum torc_node_state host_state(enum node_state state)
{
    switch (state) {
    case NODE_STARTING:
        return TORC_NODE_STARTING;
    case NODE_SERVING:
        return TORC_NODE_SERVING;
    case NODE_DEGRADED:
        return TORC_NODE_DEGRADED;
    case NODE_REFUSED:
        return TORC_NODE_REFUSED;
    }
    return TORC_NODE_STARTING;
}

enum torc_node_state torc_node_state(const struct torc_node *node)
{
    int state = state_get(node);
    if (state != TORC_NODE_STARTING)
        return (enum torc_node_state)state;
    return host_state(node_state(node->engine));
}

const char *torc_node_state_name(enum torc_node_state state)
{
    static const char *const names[] = {
        "created", "starting", "serving", "degraded", "refused", "stopping", "stopped"};
    return (unsigned)state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

void torc_node_trouble(const struct torc_node *node, char *text, size_t bytes)
{
    if (bytes == 0)
        return;
    text[0] = 0;
    if (state_get(node) == TORC_NODE_STARTING)
        node_trouble(node->engine, text, bytes);
}

uint32_t torc_node_id(const struct torc_node *node)
{
    return (uint32_t)node->config.node;
}

const char *torc_node_name(const struct torc_node *node)
{
    return node->config.member[node->config.self].name;
}

uint16_t torc_node_port(const struct torc_node *node)
{
    return node->config.member[node->config.self].address.port;
}

void torc_node_drivers(char *text, size_t bytes)
{
    host_provider_names(text, bytes);
}
