/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A node of a torc cluster as a library: create it from a configuration, start, stop, destroy.
 * `torcd` is a thin program around these calls. Link with `pkg-config --libs torc-node`.
 *
 *   create --> CREATED --start--> STARTING --all members heard--> SERVING <--> DEGRADED
 *                                     |                               |
 *                                     +--------stop (drains)----------+--> STOPPED --> destroy
 *
 * A node runs threads of its own: one for each worker and one for control. They block all signals.
 * What a node has to say it says in lines (the trace); nothing but `trace` is called back.
 *
 * Thread-safety: create, start, stop and destroy of one node from one thread at a time, with the
 * driver dpdk always the same, and one such node a process in its life; the others
 * from any thread between create and destroy.
 */
#ifndef TORC_NODE_H
#define TORC_NODE_H

#include <torc/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct torc_node;

#define TORC_NODE_ERROR_BYTES 512u /* what an error's line needs at most, with its final 0 */

struct torc_node_options {
    const char *config_path; /* the file to read; or, if NULL: */
    const char *config_text; /* its text, read once */
    /*
     * More arguments for DPDK's EAL, NULL-terminated; NULL: none. The strings must outlive the
     * node. None are needed.
     */
    const char *const *eal_arguments;
    /*
     * Gets each line of the trace, without a time and a newline; NULL: written to standard error
     * with both. Called from any of the node's threads, one at a time; must not call the node.
     */
    void (*trace)(void *context, const char *line);
    void *trace_context;
};

enum torc_node_state {
    TORC_NODE_CREATED = 0,
    TORC_NODE_STARTING = 1, /* runs, but has not heard every member yet: serves nothing */
    TORC_NODE_SERVING = 2,
    TORC_NODE_DEGRADED = 3, /* serves, but some member returned as another: see torc_node_trouble */
    TORC_NODE_REFUSED = 4,  /* a member has another cluster, configuration or protocol: see there */
    TORC_NODE_STOPPING = 5,
    TORC_NODE_STOPPED = 6,
};

/*
 * Reads and checks the configuration; opens nothing and starts nothing. 0 and *node, which the
 * caller destroys; or, with one line in `error` (unless NULL, of TORC_NODE_ERROR_BYTES) that names
 * what is wrong and what to do: -TORC_ECONFIG, -TORC_EIO (the file cannot be read), -TORC_ENOMEM,
 * -TORC_EINVAL (neither path nor text).
 */
int torc_node_create(const struct torc_node_options *options, struct torc_node **node, char *error);

/*
 * Takes the memory, opens the port, starts the threads; returns once they run. Blocks for as long
 * as the system takes to provide the memory. 0, or an error with a line as above, and the node is
 * as before: -TORC_ENOMEM (with the sum of what is needed), -TORC_EINUSE, -TORC_ENODEV,
 * -TORC_EPERM, -TORC_ECONFIG, -TORC_EIO, -TORC_EINVAL (started before).
 */
int torc_node_start(struct torc_node *node, char *error);

/*
 * Refuses new writes, waits at most `drain_ms` milliseconds until what is under way has ended,
 * ends the threads and closes the port. 0; -TORC_ETIMEDOUT if something was still under way (the
 * node is stopped all the same); -TORC_EINVAL if it does not run.
 */
int torc_node_stop(struct torc_node *node, uint32_t drain_ms);

/* Gives everything back; stops without draining where that was not done. NULL: nothing. */
void torc_node_destroy(struct torc_node *node);

enum torc_node_state torc_node_state(const struct torc_node *node);

/* "starting", "serving", ... Never NULL. */
const char *torc_node_state_name(enum torc_node_state state);

/*
 * What stands in the way, as a sentence ("member 3 (n3) restarted: ..."), or "". Writes at most
 * `bytes`, the final 0 included.
 */
void torc_node_trouble(const struct torc_node *node, char *text, size_t bytes);

/* The id, name, and UDP port of worker 0, as configured. The name lives as long as the node. */
uint32_t torc_node_id(const struct torc_node *node);
const char *torc_node_name(const struct torc_node *node);
uint16_t torc_node_port(const struct torc_node *node);

/* "socket or dpdk": the drivers of this build. Writes at most `bytes`, the final 0 included. */
void torc_node_drivers(char *text, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
