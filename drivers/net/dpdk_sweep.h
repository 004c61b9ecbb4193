/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What processes of ours that were killed left in DPDK's directory. Without DPDK.
 */
#ifndef NET_DPDK_SWEEP_H
#define NET_DPDK_SWEEP_H

/*
 * Removes the directories "torc-PID" in `parent` of processes that are no more, if they hold
 * nothing but telemetry sockets that nobody listens to. Any thread.
 */
void dpdk_sweep(const char *parent);

#endif
