/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/dpdk_eal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "drivers/net/dpdk_device.h"
#include "drivers/net/dpdk_sweep.h"
#include <torc/error.h>

static bool eal_running;
static char eal_directory[160];

/* The processors this thread may run on, as a list; EAL is to leave it so. */
static void eal_cpus(char *text, size_t bytes)
{
    cpu_set_t set;
    size_t used = 0;
    text[0] = 0;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        CPU_SET(0, &set);
    for (int cpu = 0; cpu < CPU_SETSIZE && used + 16 < bytes; cpu++) {
        if (!CPU_ISSET(cpu, &set))
            continue;
        int last = cpu;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
            last++;
        used += (size_t)snprintf(
            text + used, bytes - used, last > cpu ? "%s%d-%d" : "%s%d", used ? "," : "", cpu, last);
        cpu = last;
    }
}

/* A number of /proc/meminfo; 0 if it is not there. */
static unsigned long eal_meminfo(const char *name)
{
    char line[128];
    unsigned long value = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0 && sscanf(line, "%*[^:]: %lu", &value) == 1)
            break;
    fclose(file);
    return value;
}

static bool eal_hugetlbfs_mounted(void)
{
    char line[512];
    bool found = false;
    FILE *file = fopen("/proc/mounts", "re");
    if (!file)
        return false;
    while (!found && fgets(line, sizeof line, file))
        found = strstr(line, " hugetlbfs ") != NULL;
    fclose(file);
    return found;
}

/* What EAL would say in several lines that name no command. */
static int eal_check_hugepages(char *error, size_t bytes)
{
    if (eal_meminfo("HugePages_Free") == 0) {
        snprintf(error, bytes,
            "no free hugepages: run \"sysctl vm.nr_hugepages=512\" as root, or configure "
            "hugepages: false");
        return -TORC_ENOMEM;
    }
    if (!eal_hugetlbfs_mounted()) {
        snprintf(error, bytes,
            "hugepages are not mounted: run \"mkdir -p /dev/hugepages && mount -t hugetlbfs none "
            "/dev/hugepages\" as root, or configure hugepages: false");
        return -TORC_ENOMEM;
    }
    return 0;
}

static int eal_failed(const struct dpdk_eal_args *args, char *error, size_t bytes)
{
    int code = rte_errno;
    size_t used = (size_t)snprintf(error, bytes,
        "DPDK did not start (%s); its own words are above; it was given:", rte_strerror(code));
    for (int i = 1; i < args->count && used < bytes; i++)
        used += (size_t)snprintf(error + used, bytes - used, " %s", args->value[i]);
    return code == EACCES || code == EPERM ? -TORC_EPERM : -TORC_EIO;
}

/*
 * Starts EAL with stdout turned away: an argument that it does not like makes it print a page of
 * usage there. What is wrong it says on stderr.
 */
static int eal_init_quietly(struct dpdk_eal_args *args)
{
    fflush(stdout);
    int out = dup(STDOUT_FILENO);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    bool turned = out >= 0 && nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0;
    int result = rte_eal_init(args->count, args->value);
    fflush(stdout);
    if (turned)
        dup2(out, STDOUT_FILENO);
    if (out >= 0)
        close(out);
    if (nowhere >= 0)
        close(nowhere);
    return result;
}

/*
 * DPDK leaves its directory behind, and its telemetry socket in there until the process exits.
 * What is called at exit is called in reverse order: this, asked for before EAL starts, comes last.
 */
static void eal_remove_directory(void)
{
    if (eal_directory[0])
        rmdir(eal_directory);
}

/* The directories of processes of ours that were killed, beside our own. */
static void eal_sweep(void)
{
    char parent[sizeof eal_directory];
    memcpy(parent, eal_directory, sizeof parent);
    char *name = strrchr(parent, '/');
    if (name) {
        *name = 0;
        dpdk_sweep(parent);
    }
}

int torc_dpdk_eal_start(const struct torc_dpdk_eal_config *config, char *error, size_t error_bytes)
{
    static struct dpdk_eal_args args; /* EAL keeps pointers into it */
    char cpus[512];
    if (eal_running) {
        snprintf(error, error_bytes, "DPDK runs already: a process can start it once");
        return -TORC_EINUSE;
    }
    if (config->hugepages) {
        int result = eal_check_hugepages(error, error_bytes);
        if (result)
            return result;
    }
    eal_cpus(cpus, sizeof cpus);
    const char *wrong = dpdk_eal_args_make(&args, config, cpus, (unsigned)getpid());
    if (wrong) {
        snprintf(error, error_bytes, "%s", wrong);
        return -TORC_EINVAL;
    }
    atexit(eal_remove_directory);
    struct dpdk_eal_args given = args; /* EAL reorders what it is handed */
    if (eal_init_quietly(&args) < 0)
        return eal_failed(&given, error, error_bytes);
    snprintf(eal_directory, sizeof eal_directory, "%s", rte_eal_get_runtime_dir());
    eal_running = true;
    eal_sweep();
    return 0;
}

void torc_dpdk_eal_stop(void)
{
    if (!eal_running)
        return;
    eal_running = false;
    rte_eal_cleanup();
}

bool torc_dpdk_thread_start(void)
{
    return rte_lcore_id() != LCORE_ID_ANY || rte_thread_register() == 0;
}

void torc_dpdk_thread_stop(void)
{
    if (rte_lcore_id() != rte_get_main_lcore())
        rte_thread_unregister();
}
