/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Counters as text: one `name value` a line.
 */
#include "engine/control/internal.h"

static void stats_line(struct text *text, const char *prefix, const char *name, uint64_t value)
{
    text_add(text, prefix);
    text_add(text, name);
    text_add(text, " ");
    text_add_number(text, value);
    text_add(text, "\n");
}

static void stats_worker(struct text *text, const struct meeting_worker *worker, uint32_t number)
{
    char prefix[32];
    struct text name;
    text_init(&name, prefix, sizeof prefix);
    text_add(&name, "worker.");
    text_add_number(&name, number);
    text_add(&name, ".");
#define STATS_COUNTER(field, what)                                                                 \
    stats_line(text, prefix, #field, COUNT_READ(worker->counters.field));
    COUNTERS(STATS_COUNTER)
#undef STATS_COUNTER
    text_add(&name, "drop_");
    for (int i = 1; i < WIRE_DROP_COUNT; i++)
        stats_line(text, prefix, wire_drop_name((enum wire_drop)i), COUNT_READ(worker->drops[i]));
}

static void stats_net(
    struct text *text, const struct torc_net_stats *net, enum torc_link_state link)
{
    static const char *const states[] = {"up", "down", "mtu_small"};
    text_add(text, "net.link ");
    text_add(text, states[link]);
    text_add(text, "\n");
#define STATS_NET(field) stats_line(text, "net.", #field, net->field)
    STATS_NET(rx_packets);
    STATS_NET(rx_bytes);
    STATS_NET(tx_packets);
    STATS_NET(tx_bytes);
    STATS_NET(rx_not_for_us);
    STATS_NET(rx_bad_checksum);
    STATS_NET(rx_malformed);
    STATS_NET(rx_missed);
    STATS_NET(rx_steered);
    STATS_NET(rx_mailbox_full);
    STATS_NET(tx_dropped);
    STATS_NET(tx_unresolved);
    STATS_NET(arp_requests);
    STATS_NET(arp_replies);
    STATS_NET(icmp_echoes);
#undef STATS_NET
}

static void stats_control(struct text *text, const struct control_counters *counters)
{
#define STATS_CONTROL(field) stats_line(text, "control.", #field, counters->field)
    STATS_CONTROL(hello_sent);
    STATS_CONTROL(hello_received);
    STATS_CONTROL(hello_refused);
    STATS_CONTROL(hello_unknown_sender);
    STATS_CONTROL(info_received);
    STATS_CONTROL(info_answered);
    STATS_CONTROL(rings_published);
    STATS_CONTROL(rings_retired);
    STATS_CONTROL(mailbox_full);
    STATS_CONTROL(drop_malformed);
#undef STATS_CONTROL
}

void control_stats_write(struct control *control)
{
    static const char *const states[] = {"starting", "serving", "degraded", "refused"};
    struct text text;
    char trouble[CONTROL_TROUBLE_BYTES];
    text_init(&text, control->stats, control->stats_room);
    stats_line(&text, "node.", "id", control->config.self);
    text_add(&text, "node.name ");
    text_add(&text, control->member[control->self].name);
    text_add(&text, "\nnode.state ");
    text_add(&text, states[control_state(control)]);
    control_trouble(control, trouble, sizeof trouble);
    if (trouble[0] != 0) {
        text_add(&text, "\nnode.trouble ");
        text_add(&text, trouble);
    }
    text_add(&text, "\n");
    stats_line(&text, "node.", "epoch", control->current == NULL ? 0 : control->current->epoch);
    stats_line(&text, "node.", "workers", control->meeting->workers);
    stats_control(&text, &control->counters);
    stats_net(&text, &control->net, control->link);
    for (uint32_t w = 0; w < control->meeting->workers; w++)
        stats_worker(&text, &control->meeting->worker[w], w);
    control->stats_bytes = (uint32_t)text.bytes;
}
