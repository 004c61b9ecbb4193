/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a worker counts: plain 64-bit numbers of its own, written by that worker alone, read
 * relaxed by control. Every dropped packet or frame has a name here (those that wire_open drops:
 * engine/wire/wire.h).
 */
#ifndef BASE_COUNTERS_H
#define BASE_COUNTERS_H

#include <stdint.h>

/* X(name, what a person reads) */
#define COUNTERS(X)                                                                                \
    X(rx_packets, "packets that came in")                                                          \
    X(tx_packets, "packets that went out")                                                         \
    X(tx_short, "packets not built for want of a send buffer")                                     \
    X(client_requests, "requests from clients, retries included")                                  \
    X(client_replies, "answers to clients")                                                        \
    X(reads, "reads answered")                                                                     \
    X(entries_created, "entries made by heads here")                                               \
    X(entries_received, "entries appended from a predecessor")                                     \
    X(entries_applied, "entries applied to the service")                                           \
    X(entries_resent, "entries, or parts, sent again after a loss")                                \
    X(log_moved_bytes, "bytes of stragglers' entries that were moved on in the log")               \
    X(answered_again, "retries answered from the session")                                         \
    X(retry_in_flight, "retries of what is not yet committed")                                     \
    X(applied_twice_avoided, "second entries of one request, not applied")                         \
    X(chains_resent, "chains stuck for long, all of whose uncommitted entries were sent again")    \
    X(links_lost_packets, "packets taken for lost")                                                \
    X(links_timeouts, "retransmission timeouts")                                                   \
    X(links_no_credit, "times a link had something to send and no credit")                         \
    X(parked, "entries that came before their predecessors")                                       \
    X(busy_window, "refused BUSY: the vnode's window is full")                                     \
    X(busy_log, "refused BUSY: the log stream is full")                                            \
    X(busy_parts, "refused BUSY: no buffer for a large request")                                   \
    X(busy_draining, "refused BUSY: the node is draining")                                         \
    X(refused_member_lost, "refused: a member of the chain restarted")                             \
    X(drop_no_port, "from port 0, where nobody can be answered")                                   \
    X(drop_not_ready, "no ring yet")                                                               \
    X(drop_unknown_sender, "a node that is no member")                                             \
    X(drop_stale_sender, "an incarnation of the sender that is not the bound one")                 \
    X(drop_stale_receiver, "meant for another incarnation of this node")                           \
    X(drop_misdirected, "meant for another worker")                                                \
    X(drop_unexpected, "a packet or frame that this side does not take")                           \
    X(drop_duplicate_packet, "a packet number seen before")                                        \
    X(drop_old_packet, "a packet number too old to be known")                                      \
    X(drop_not_a_vnode, "a vnode that is not here")                                                \
    X(drop_old_epoch, "a frame of an older chain epoch")                                           \
    X(drop_new_epoch, "a frame of a newer chain epoch")                                            \
    X(drop_not_neighbour, "a frame of a chain from one who is not next to this member")            \
    X(drop_misplaced_entry, "an entry of another vnode than its frame says")                       \
    X(drop_duplicate_entry, "an entry that is in the log already")                                 \
    X(drop_withheld, "no room now: not acknowledged, so that it comes again")                      \
    X(drop_bad_committed, "a commit number beyond the log")                                        \
    X(drop_bad_part, "a part that contradicts those before it")                                    \
    X(drop_stale_request, "a request that its client does not await any more")                     \
    X(drop_control_full, "no room in the mailbox to control")

struct counters {
#define COUNTERS_FIELD(name, text) uint64_t name;
    COUNTERS(COUNTERS_FIELD)
#undef COUNTERS_FIELD
};

/* Writer: the owner. A plain add on every machine; atomic only so that readers see whole numbers.
 */
#define COUNT_ADD(field, n) __atomic_store_n(&(field), (field) + (n), __ATOMIC_RELAXED)
#define COUNT(field)        COUNT_ADD(field, 1)
#define COUNT_READ(field)   __atomic_load_n(&(field), __ATOMIC_RELAXED)

#endif
