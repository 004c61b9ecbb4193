/* SPDX-License-Identifier: BSD-3-Clause
 *
 * torcd as processes on loopback, for tests: configuration files in a folder of the test's own,
 * free ports, what they print, how they end. A process that outlives its test dies with it.
 */
#ifndef CLUSTER_TORCD_PROCESS_H
#define CLUSTER_TORCD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TORCD_NODES 3u

struct torcd_cluster {
    char folder[64];
    uint16_t port[TORCD_NODES]; /* of worker 0 */
    pid_t pid[TORCD_NODES];     /* 0: does not run */
    unsigned workers;
};

/* Picks free ports and writes n1.yaml..n3.yaml; `extra` is added to each, `queues` 0 left out. */
void torcd_cluster_make(
    struct torcd_cluster *cluster, unsigned workers, unsigned queues, const char *extra);
/* Kills what runs, removes the folder. */
void torcd_cluster_end(struct torcd_cluster *cluster);

/* The path of a node's configuration; static text. */
const char *torcd_config(const struct torcd_cluster *cluster, unsigned node);

void torcd_start(struct torcd_cluster *cluster, unsigned node);
/* Until its trace has the text, or 10 s have passed: false. */
bool torcd_says(const struct torcd_cluster *cluster, unsigned node, const char *text);
/* What it has printed so far; static text. */
const char *torcd_trace(const struct torcd_cluster *cluster, unsigned node);
/* Waits for its end, at most 10 s: its exit status, 128 + the signal's number, or -1. */
int torcd_wait(struct torcd_cluster *cluster, unsigned node);

/* Runs torcd with arguments, NULL-terminated, to its end: its exit status. Both outputs in text. */
int torcd_run(const char *const *arguments, char *text, size_t bytes);

#endif
