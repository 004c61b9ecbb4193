/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What stands behind include/torc/node.h: a node's configuration, memory, port and threads.
 *
 *   node.c     the calls: create, start, stop, destroy, questions
 *   layout.c   the sum of the memory, and cutting it up
 *   watch.c    control's thread: its steps, the port's counters, what there is to say
 *   worker.c   a worker's thread
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <pthread.h>

#include "drivers/host/config.h"
#include "drivers/host/memory.h"
#include "drivers/host/provider.h"
#include "drivers/host/steer.h"
#include "drivers/host/trace.h"
#include "drivers/host/worker.h"
#include <torc/node.h>

#define HOST_TERMS (NODE_MEMORY_TERMS + 4u) /* the engine's, the host's, and one without a name */

struct torc_node {
    struct host_config config;
    struct host_trace trace;
    const char *const *eal_arguments;
    const struct host_provider *provider;
    struct host_port port;
    struct node_config engine_config;
    struct ring *plan;   /* the static ring; from malloc */
    struct node *engine; /* in memory */
    struct host_memory memory;
    struct steer steer;         /* made if `steered` */
    bool steered;               /* some packets arrive at another worker than their own */
    struct host_worker *worker; /* [workers], in memory */
    unsigned workers;
    unsigned workers_running;
    pthread_t control;
    bool control_running;
    bool stop_workers;         /* set by stop, read by the workers */
    bool stop_control;         /* the same for control */
    int state;                 /* enum torc_node_state; STARTING stands for all in which it runs */
    enum node_state said;      /* control: the last state that the trace told of */
    enum torc_link_state link; /* the same of the port */
    char trouble[256];         /* the same of the trouble */
    cpu_set_t cores;           /* that the starting thread may run on */
};

/* layout.c: takes the memory and fills in engine, worker, steer. 0 or an error with its line. */
int host_layout(struct torc_node *node, char *error, size_t error_bytes);
/* Gives the memory back; no thread runs any more. */
void host_layout_give(struct torc_node *node);

/* node.c: the engine's state as the embedding program knows it. */
enum torc_node_state host_state(enum node_state state);

/* watch.c: control's thread. 0 or an errno. Ends once stop_control is set. */
int host_control_start(struct torc_node *node);

#endif
