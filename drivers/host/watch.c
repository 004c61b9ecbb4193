/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/host.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define CONTROL_SLEEP_NS 1000000u   /* between two steps at most: control answers questions */
#define WATCH_NS         50000000u  /* between two looks at the node's state */
#define PORT_NS          500000000u /* between two looks at the port */

static const char *link_text(enum torc_link_state link)
{
    switch (link) {
    case TORC_LINK_UP:
        return "port: up";
    case TORC_LINK_DOWN:
        return "port: down: no carrier; nothing is sent or received";
    case TORC_LINK_MTU_SMALL:
        return "port: its MTU is too small: packets of 1500 bytes must fit; raise it";
    }
    return "port: in an unknown state";
}

static void watch_port(struct torc_node *node)
{
    struct torc_net *net = node->port.net;
    struct torc_net_stats stats = {0};
    enum torc_link_state link = net->ops->link(net);
    net->ops->stats(net, &stats);
    if (node->steered)
        steer_stats(&node->steer, &stats);
    node_net_stats(node->engine, &stats, link);
    if (link != node->link)
        host_trace(&node->trace, "%s", link_text(link));
    node->link = link;
}

static void watch_state(struct torc_node *node)
{
    enum node_state state = node_state(node->engine);
    char trouble[sizeof node->trouble];
    node_trouble(node->engine, trouble, sizeof trouble);
    if (state != node->said)
        host_trace(&node->trace, "%s", torc_node_state_name(host_state(state)));
    if (strcmp(trouble, node->trouble) != 0 && trouble[0] != 0)
        host_trace(&node->trace, "%s", trouble);
    node->said = state;
    memcpy(node->trouble, trouble, sizeof trouble);
}

static void *control_main(void *argument)
{
    struct torc_node *node = argument;
    uint64_t watch_ns = 0;
    uint64_t port_ns = 0;
    while (!__atomic_load_n(&node->stop_control, __ATOMIC_RELAXED)) {
        uint64_t now_ns = host_now_ns();
        uint64_t next_ns = node_control_step(node->engine, now_ns);
        if (now_ns >= watch_ns || node_state(node->engine) != node->said) {
            watch_state(node);
            watch_ns = now_ns + WATCH_NS;
        }
        if (now_ns >= port_ns) {
            watch_port(node);
            port_ns = now_ns + PORT_NS;
        }
        uint64_t pause_ns = next_ns > now_ns ? next_ns - now_ns : 0;
        struct timespec pause = {
            .tv_nsec = (long)(pause_ns < CONTROL_SLEEP_NS ? pause_ns : CONTROL_SLEEP_NS)};
        nanosleep(&pause, NULL);
    }
    watch_state(node); /* so that the trace is complete, however short the node's life was */
    return NULL;
}

int host_control_start(struct torc_node *node)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&node->control, NULL, control_main, node);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result == 0)
        pthread_setname_np(node->control, "control");
    return result;
}
