/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/dpdk_sweep.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The process that a directory's name speaks of; 0 if it speaks of none. */
static pid_t sweep_process(const char *name)
{
    char *end;
    if (strncmp(name, "torc-", 5) != 0 || !isdigit((unsigned char)name[5]))
        return 0;
    long pid = strtol(name + 5, &end, 10);
    return *end == 0 && pid > 0 && pid == (pid_t)pid ? (pid_t)pid : 0;
}

/* Does nobody listen? A process of another container may have the number of a dead one of ours. */
static bool sweep_is_dead(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool dead =
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno == ECONNREFUSED;
    close(fd);
    return dead;
}

static void sweep_directory(const char *directory)
{
    DIR *open = opendir(directory);
    if (!open)
        return;
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        char path[512];
        int bytes = snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (bytes < (int)sizeof path && strncmp(entry->d_name, "dpdk_telemetry.", 15) == 0 &&
            sweep_is_dead(path))
            unlink(path);
    }
    closedir(open);
    rmdir(directory); /* fails, as it should, if there is anything else in it */
}

void dpdk_sweep(const char *parent)
{
    DIR *open = opendir(parent);
    if (!open)
        return;
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        char path[512];
        pid_t pid = sweep_process(entry->d_name);
        if (pid == 0 || kill(pid, 0) == 0 || errno != ESRCH)
            continue;
        if (snprintf(path, sizeof path, "%s/%s", parent, entry->d_name) < (int)sizeof path)
            sweep_directory(path);
    }
    closedir(open);
}
