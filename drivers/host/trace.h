/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The trace: what a node has to say, in lines, for people. Never on a hot path.
 */
#ifndef HOST_TRACE_H
#define HOST_TRACE_H

#include <pthread.h>

struct host_trace {
    pthread_mutex_t lock;
    void (*write)(void *context, const char *line); /* NULL: to standard error, with the time */
    void *context;
    char name[40]; /* of the node, in front of each line on standard error */
};

void host_trace_init(
    struct host_trace *trace, void (*write)(void *context, const char *line), void *context);
void host_trace_end(struct host_trace *trace);

/* Any thread; lines never mix. Longer than 1000 bytes: cut. */
void host_trace(struct host_trace *trace, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
