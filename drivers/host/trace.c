/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void host_trace_init(
    struct host_trace *trace, void (*write)(void *context, const char *line), void *context)
{
    pthread_mutex_init(&trace->lock, NULL);
    trace->write = write;
    trace->context = context;
    trace->name[0] = 0;
}

void host_trace_end(struct host_trace *trace)
{
    pthread_mutex_destroy(&trace->lock);
}

static void write_stderr(const struct host_trace *trace, const char *line)
{
    struct timespec now;
    struct tm utc;
    char time_text[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%S", &utc);
    fprintf(stderr, "%s.%03ldZ %s: %s\n", time_text, now.tv_nsec / 1000000, trace->name, line);
}

void host_trace(struct host_trace *trace, const char *format, ...)
{
    char line[1000];
    va_list arguments;
    va_start(arguments, format);
    /* The analyser of clang 14 does not see va_start. */
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&trace->lock);
    if (trace->write != NULL)
        trace->write(trace->context, line);
    else
        write_stderr(trace, line);
    pthread_mutex_unlock(&trace->lock);
}
