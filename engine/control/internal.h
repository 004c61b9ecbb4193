/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Between the files of control/.
 */
#ifndef CONTROL_INTERNAL_H
#define CONTROL_INTERNAL_H

#include "engine/base/text.h"
#include "engine/control/control.h"

/* Header of a packet that control sends. */
struct wire_packet control_header(const struct control *control, enum wire_packet_type type);
/* Hands a sealed packet to worker 0. False, counted, if its mailbox is full. */
bool control_send(struct control *control, const void *packet, uint32_t bytes, struct torc_addr to);

void control_hello(struct control *control, const struct wire_view *view, struct torc_addr from);
/* HELLOs that are due. Returns when the next is. */
uint64_t control_hello_due(struct control *control);

void control_info(struct control *control, const struct wire_view *view, struct torc_addr from);

/* The counters as text into control->stats. */
void control_stats_write(struct control *control);

/* Looks at all members again: state, and the sentence about what stands in the way. */
void control_judge(struct control *control);

#endif
