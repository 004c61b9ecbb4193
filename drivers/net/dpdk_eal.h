/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Start and end of DPDK's environment (EAL), of which a process has one. Its arguments are derived
 * from the configuration; nobody has to write them.
 */
#ifndef NET_DPDK_EAL_H
#define NET_DPDK_EAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct torc_dpdk_eal_config {
    const char *const *device; /* all that will be opened, as in struct torc_dpdk_config */
    unsigned devices;
    bool hugepages;           /* false: ordinary memory, no privileges needed for it */
    uint32_t memory_mib;      /* without hugepages: all there will ever be; 0: 512. With: 0 */
    const char *file_prefix;  /* names this process to DPDK's tools; NULL: "torc-PID" */
    const char *log_level;    /* as --log-level; NULL: "error" */
    bool no_telemetry;        /* no socket for dpdk-telemetry.py */
    const char *const *extra; /* the operator's own arguments, NULL-terminated; may be NULL */
};

/*
 * Starts EAL. No thread gets pinned: the calling one may go on running wherever it could. Once a
 * process. Errors, each with one line in `error` that names what is missing and the command that
 * mends it: -TORC_EINVAL, -TORC_ENOMEM (hugepages), -TORC_EPERM, -TORC_EINUSE (called before),
 * -TORC_EIO.
 */
int torc_dpdk_eal_start(const struct torc_dpdk_eal_config *config, char *error, size_t error_bytes);

/* Ends EAL. After all ports are closed. What it has in the file system goes with the process. */
void torc_dpdk_eal_stop(void);

/*
 * Each thread that uses a queue, before its first call and after its last; not the one that
 * started EAL. False if there are more threads than EAL can count (128).
 */
bool torc_dpdk_thread_start(void);
void torc_dpdk_thread_stop(void);

#endif
