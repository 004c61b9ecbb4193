/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What no single key can show: whether the parts of a configuration fit together; and what follows
 * from them.
 */
#ifndef HOST_CONFIG_CHECK_H
#define HOST_CONFIG_CHECK_H

#include "drivers/host/config.h"
#include "drivers/host/config_report.h"

/* Fills in `self`, and `queues` where it was left out. 0, or -TORC_ECONFIG with the line written.
 */
int config_check(struct host_config *config, const struct config_report *report);

/* Fills in cluster_id, kv_blocks and config_hash of what config_check accepted. The same results.
 */
int config_derive(struct host_config *config, const struct config_report *report);

#endif
