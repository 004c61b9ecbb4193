/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/cluster/torcd_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "drivers/net/socket.h"

#define PATIENCE_MS 10000

static void must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* `count` ports in a row that are free now, from `from` on. */
static uint16_t free_ports(unsigned count, uint16_t from)
{
    for (uint16_t base = from; base < 32000; base = (uint16_t)(base + count)) {
        struct torc_socket_config config = {.address = {0x7f000001, base}, .ports = count};
        struct torc_net *net = NULL;
        char error[256];
        if (torc_socket_open(&config, &net, error, sizeof error) == 0) {
            net->ops->close(net);
            return base;
        }
    }
    must(false, "no free ports");
    return 0;
}

const char *torcd_config(const struct torcd_cluster *cluster, unsigned node)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/n%u.yaml", cluster->folder, node);
    return path;
}

static const char *trace_path(const struct torcd_cluster *cluster, unsigned node)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/n%u.log", cluster->folder, node);
    return path;
}

void torcd_cluster_make(
    struct torcd_cluster *cluster, unsigned workers, unsigned queues, const char *extra)
{
    /* Tests that run at the same time start looking at different places. */
    uint16_t from = (uint16_t)(22000 + (unsigned)getpid() % 90 * 100);
    *cluster = (struct torcd_cluster){.workers = workers};
    snprintf(cluster->folder, sizeof cluster->folder, "/tmp/torcd-test-XXXXXX");
    must(mkdtemp(cluster->folder) != NULL, "mkdtemp");
    for (unsigned i = 0; i < TORCD_NODES; i++)
        from = (uint16_t)((cluster->port[i] = free_ports(workers, from)) + workers);
    for (unsigned node = 1; node <= TORCD_NODES; node++) {
        FILE *file = fopen(torcd_config(cluster, node), "we");
        must(file != NULL, "configuration");
        fprintf(file,
            "node: %u\ncluster:\n  name: test\n  partitions: 12\n  replicas: 3\n"
            "  members:\n",
            node);
        for (unsigned i = 0; i < TORCD_NODES; i++)
            fprintf(file, "    - {id: %u, name: n%u, address: 127.0.0.1, port: %u, workers: %u}\n",
                i + 1, i + 1, cluster->port[i], workers);
        if (queues != 0)
            fprintf(file, "net:\n  queues: %u\n", queues);
        fputs(extra, file);
        fclose(file);
    }
}

void torcd_cluster_end(struct torcd_cluster *cluster)
{
    for (unsigned node = 1; node <= TORCD_NODES; node++) {
        if (cluster->pid[node - 1] > 0) {
            kill(cluster->pid[node - 1], SIGKILL);
            torcd_wait(cluster, node);
        }
        unlink(torcd_config(cluster, node));
        unlink(trace_path(cluster, node));
    }
    rmdir(cluster->folder);
}

/* In the child: both outputs to `fd`, dies with the test, becomes torcd. */
_Noreturn static void become(const char *const *arguments, int fd)
{
    const char *program = getenv("TORCD");
    char *argv[16] = {(char *)(uintptr_t)(program != NULL ? program : "torcd")};
    for (unsigned i = 0; arguments[i] != NULL && i < 14; i++)
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execvp(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

static pid_t spawn(const char *const *arguments, int fd)
{
    fflush(NULL);
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0)
        become(arguments, fd);
    return pid;
}

void torcd_start(struct torcd_cluster *cluster, unsigned node)
{
    const char *const arguments[] = {"--config", torcd_config(cluster, node), NULL};
    int fd = open(trace_path(cluster, node), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0, "trace");
    cluster->pid[node - 1] = spawn(arguments, fd);
    close(fd);
}

const char *torcd_trace(const struct torcd_cluster *cluster, unsigned node)
{
    static char text[16384];
    text[0] = 0;
    FILE *file = fopen(trace_path(cluster, node), "re");
    if (file != NULL) {
        text[fread(text, 1, sizeof text - 1, file)] = 0;
        fclose(file);
    }
    return text;
}

bool torcd_says(const struct torcd_cluster *cluster, unsigned node, const char *text)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += 10) {
        if (strstr(torcd_trace(cluster, node), text) != NULL)
            return true;
        pause_ms(10);
    }
    fprintf(stderr, "node %u never said \"%s\":\n%s\n", node, text, torcd_trace(cluster, node));
    return false;
}

static int wait_pid(pid_t pid)
{
    int status = 0;
    for (int waited = 0; waited < PATIENCE_MS; waited += 5) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        pause_ms(5);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

int torcd_wait(struct torcd_cluster *cluster, unsigned node)
{
    int status = wait_pid(cluster->pid[node - 1]);
    cluster->pid[node - 1] = 0;
    return status;
}

int torcd_run(const char *const *arguments, char *text, size_t bytes)
{
    char path[] = "/tmp/torcd-run-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    must(fd >= 0, "output");
    unlink(path);
    int status = wait_pid(spawn(arguments, fd));
    ssize_t got = pread(fd, text, bytes - 1, 0);
    text[got > 0 ? got : 0] = 0;
    close(fd);
    return status;
}
