/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Planted bugs: wrong versions of the engine's code, so that its tests can show that they would see
 * such a bug. `MUTANT(name)` is the constant false, and costs nothing, in every build but one made
 * with -Dmutants=true; there a test may switch on one of them. Each name stands where the rule that
 * it breaks is kept; to add one, add a line here and an `if (MUTANT(name))` there, and see
 * docs/TESTING.md.
 */
#ifndef BASE_MUTANT_H
#define BASE_MUTANT_H

#include <stdbool.h>

/* X(name, what is wrong), by the rules of design section 3 */
#define MUTANTS(X)                                                                                 \
    /* rule 1: one writer */                                                                       \
    X(number_skipped, "the head leaves a number out")                                              \
    X(two_writers, "any member of a chain creates entries, and clients use that")                  \
    /* rule 2: prefix */                                                                           \
    X(append_out_of_order, "a member appends whatever comes, early or not")                        \
    X(duplicate_appended, "a member appends an entry that it has")                                 \
    X(park_forgets, "entries that come early are forgotten, although the packet is acknowledged")  \
    X(park_order, "entries that come early are kept in the order in which they come")              \
    X(park_drops_first, "the first parked entry is dropped instead of appended")                   \
    X(withheld_acknowledged, "a packet that there was no room for is acknowledged")                \
    X(full_packet_skips, "the entry that does not fit into a packet any more is never sent")       \
    X(released_early, "the log releases one entry more than is committed")                         \
    X(resend_released, "a lost frame of a committed entry is built again from what the log has")   \
    X(large_slot_twice, "two large entries get one place in the log")                              \
    /* rule 3: fence */                                                                            \
    X(incarnations_unchecked, "packets of members' former lives are taken")                        \
    X(request_incarnation_unchecked, "requests to a node's former life are taken")                 \
    X(epoch_unchecked, "frames of another chain epoch are taken")                                  \
    X(hello_unproven, "a HELLO binds its sender whether or not it names the receiver")             \
    X(hello_names_returned, "a member that restarted is named by its new incarnation")             \
    X(entry_crc_unchecked, "entries and requests are taken whatever their CRCs say")               \
    X(packet_crc_unchecked, "packets are taken whatever their CRC says")                           \
    /* rule 4: commit */                                                                           \
    X(head_commits, "the head takes for committed what it creates")                                \
    X(middle_commits, "a member in the middle commits what it appends, like a tail")               \
    X(commit_ahead, "a member takes one entry more for committed than it was told")                \
    X(commit_beyond, "a member tells its predecessor a number that it was not told")               \
    X(commit_goes_back, "a commit number that comes late counts")                                  \
    X(commit_unsent, "the middle does not pass the commit number on")                              \
    X(reply_before_commit, "the head answers a write when it created the entry")                   \
    /* rule 5: read */                                                                             \
    X(read_anywhere, "any member answers reads at once, and clients use that")                     \
    /* rule 11: exactly once */                                                                    \
    X(apply_uncommitted, "a member applies what it appended")                                      \
    X(dedupe_off, "neither the head nor applying looks for a request's first answer")              \
    X(dedupe_at_head_off, "the head makes an entry of a request that was answered")                \
    X(dedupe_at_apply_off, "a second entry of a request, which the head lets through, is applied") \
    X(in_flight_forgotten, "the head forgets which requests are in flight")                        \
    X(answer_not_kept, "the answers to requests are not remembered")                               \
    X(answer_slot_unchecked, "whatever lies in the slot of a number is its answer")                \
    X(answer_of_another, "a retry gets the answer to the session's newest request")                \
    X(lowest_not_raised, "sessions forget what their clients do not await any more")               \
    X(stale_taken, "a request that its client does not await any more is taken")                   \
    X(window_one_more, "a session's window is taken for one larger than it is")                    \
    X(unknown_session_created, "a session that is not known is created")                           \
    X(deletes_at_tail_only, "deletes change the state of the tail alone")                          \
    /* rule 12: say what is known */                                                               \
    X(refused_although_sent, "a call that was sent ends as refused at its deadline")               \
    X(deadline_never, "calls do not end at their deadline")                                        \
    X(busy_silent, "a node that has no room says nothing")                                         \
    X(resent_in_new_session, "what was sent in a lost session is sent again in the next")          \
    X(reply_number_unchecked, "a write's answer is matched by its place in the window alone")      \
    X(read_numbers_restart, "a client's next life numbers its reads like its last")                \
    X(read_reply_unchecked, "a read takes the answer to an earlier one of its slot")               \
    /* links */                                                                                    \
    X(link_credit_ignored, "a link sends one packet more than its peer has room for")              \
    X(ack_bitmap_shifted, "an acknowledgement's bitmap counts from one packet too low")            \
    X(ack_bitmap_wide, "a packet at the end of the bitmap counts as received")                     \
    X(loss_forgets, "of a lost packet the first frame is not sent again")                          \
    X(timeout_forgets, "packets that time out count as arrived")                                   \
    X(resend_forgets, "a lost frame that finds no room in a packet is forgotten")                  \
    /* large values */                                                                             \
    X(part_counted_twice, "a part that comes twice counts for one that did not come")              \
    X(part_short, "the last part of a large value lacks its last bytes")                           \
    /* the key-value store */                                                                      \
    X(kv_keeps_tail, "a shorter value keeps the end of the longer one before it")                  \
    X(kv_delete_keeps, "a deleted key is still there")                                             \
    X(kv_cas_blind, "compare-and-set does not compare")

#define MUTANT_NAME(name, what) MUTANT_##name,
enum mutant { MUTANT_NONE, MUTANTS(MUTANT_NAME) MUTANT_COUNT };
#undef MUTANT_NAME

#ifdef TORC_MUTANTS
/* The one that is on. Set by tests only, before anything runs. */
extern enum mutant mutant_on;
static inline bool mutant_is_on(enum mutant mutant)
{
    return __builtin_expect(mutant_on == mutant, 0);
}
#define MUTANT(name) mutant_is_on(MUTANT_##name)
#else
#define MUTANT(name) ((void)MUTANT_##name, false)
#endif

#endif
