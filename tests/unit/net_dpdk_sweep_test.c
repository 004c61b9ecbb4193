/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/net/dpdk_sweep.h"

static char parent[64];
static char path[256];
static int listener;

static const char *in_parent(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", parent, name);
    return path;
}

static bool there(const char *name)
{
    return access(in_parent(name), F_OK) == 0;
}

/* A process that is no more. */
static pid_t dead(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    return pid;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(parent, "/tmp/torc-sweep-XXXXXX");
    listener = -1;
    return mkdtemp(parent) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    close(listener);
    snprintf(command, sizeof command, "rm -rf '%s'", parent);
    return system(command); // NOLINT: a fixed command of a test
}

/* torc-PID with a telemetry socket in it that somebody may listen to. */
static const char *leave(pid_t pid, bool listening)
{
    static char name[32];
    char socket_name[64];
    snprintf(name, sizeof name, "torc-%d", (int)pid);
    assert_int_equal(mkdir(in_parent(name), 0700), 0);
    snprintf(socket_name, sizeof socket_name, "%s/dpdk_telemetry.v2", name);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    in_parent(socket_name);
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    if (listening)
        assert_int_equal(listen(listener, 1), 0);
    else
        close(listener);
    return name;
}

static void what_a_dead_process_left_is_removed(void **state)
{
    (void)state;
    const char *name = leave(dead(), false);
    dpdk_sweep(parent);
    assert_false(there(name));
}

static void a_living_process_keeps_its_directory(void **state)
{
    (void)state;
    const char *name = leave(getpid(), false);
    dpdk_sweep(parent);
    assert_true(there(name));
}

static void a_socket_that_somebody_listens_to_stays(void **state)
{
    (void)state;
    const char *name = leave(dead(), true);
    dpdk_sweep(parent);
    assert_true(there(name));
}

static void files_and_directories_of_others_stay(void **state)
{
    (void)state;
    const char *names[] = {"rte", "torc-", "torc-1x", "torc-999999999999", "spdk-1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(mkdir(in_parent(names[i]), 0700), 0);
    char file[64];
    const char *name = leave(dead(), false);
    snprintf(file, sizeof file, "%s/config", name);
    fclose(fopen(in_parent(file), "we"));
    dpdk_sweep(parent);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(there(names[i]));
    assert_true(there(file));
    dpdk_sweep("/nonexistent");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_a_dead_process_left_is_removed),
        T(a_living_process_keeps_its_directory),
        T(a_socket_that_somebody_listens_to_stays),
        T(files_and_directories_of_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
