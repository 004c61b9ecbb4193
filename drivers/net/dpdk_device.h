/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Device texts, "NAME[,KEY=VALUE...]", and EAL's arguments: pure functions, without DPDK.
 */
#ifndef NET_DPDK_DEVICE_H
#define NET_DPDK_DEVICE_H

#include "drivers/net/dpdk_eal.h"

#define DPDK_DEVICE_BYTES 256u
#define DPDK_ARGS_MAX     64u
#define DPDK_ARGS_BYTES   4096u

struct dpdk_device {
    char text[DPDK_DEVICE_BYTES]; /* with what we add to it */
    char name[64];                /* as DPDK calls the port */
    char driver[64];              /* "net_af_packet" of "net_af_packet0"; "" for a bus address */
    char iface[64];               /* the interface that must be there already, or "" */
    uint32_t receive_packets;     /* what the text says about a queue's length; 0: nothing */
};

/*
 * Takes a text apart. A ring of af_packet that is not given a length gets one of 1024 frames. NULL,
 * or what is wrong.
 */
const char *dpdk_device_parse(struct dpdk_device *device, const char *text);

struct dpdk_eal_args {
    int count;
    char *value[DPDK_ARGS_MAX + 1]; /* into text */
    size_t used;
    char text[DPDK_ARGS_BYTES];
};

/*
 * EAL's arguments. `cpus` is the list of processors that threads may run on ("0-3,6"), `pid` makes
 * names unique. NULL, or what is wrong.
 */
const char *dpdk_eal_args_make(struct dpdk_eal_args *args,
    const struct torc_dpdk_eal_config *config, const char *cpus, unsigned pid);

#endif
