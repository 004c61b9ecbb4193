/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The first world that shows each mutant, as torc-sim --mutant all --search found it. For mutants.c
 * alone.
 */
#ifndef TESTS_SIM_MUTANTS_RECORDED_H
#define TESTS_SIM_MUTANTS_RECORDED_H

#include "engine/base/mutant.h"

static const uint32_t recorded[MUTANT_COUNT] = {
    [MUTANT_number_skipped] = 1,
    [MUTANT_two_writers] = 1,
    [MUTANT_append_out_of_order] = 1,
    [MUTANT_duplicate_appended] = 1,
    [MUTANT_park_forgets] = 5,
    [MUTANT_park_order] = 5,
    [MUTANT_park_drops_first] = 5,
    [MUTANT_withheld_acknowledged] = 5,
    [MUTANT_full_packet_skips] = 5,
    [MUTANT_released_early] = 1,
    [MUTANT_resend_released] = 1,
    [MUTANT_large_slot_twice] = 26,
    [MUTANT_incarnations_unchecked] = 18,
    [MUTANT_request_incarnation_unchecked] = 133,
    [MUTANT_epoch_unchecked] = 15,
    [MUTANT_hello_unproven] = 1,
    [MUTANT_hello_names_returned] = 12,
    [MUTANT_entry_crc_unchecked] = 2,
    [MUTANT_packet_crc_unchecked] = 1,
    [MUTANT_head_commits] = 1,
    [MUTANT_middle_commits] = 1,
    [MUTANT_commit_ahead] = 1,
    [MUTANT_commit_beyond] = 1,
    [MUTANT_commit_goes_back] = 1,
    [MUTANT_commit_unsent] = 2,
    [MUTANT_reply_before_commit] = 1,
    [MUTANT_read_anywhere] = 1,
    [MUTANT_apply_uncommitted] = 1,
    [MUTANT_dedupe_off] = 1,
    [MUTANT_dedupe_at_head_off] = 1,
    [MUTANT_dedupe_at_apply_off] = 1,
    [MUTANT_in_flight_forgotten] = 1,
    [MUTANT_answer_not_kept] = 2,
    [MUTANT_answer_slot_unchecked] = 1,
    [MUTANT_answer_of_another] = 1,
    [MUTANT_lowest_not_raised] = 3,
    [MUTANT_stale_taken] = 6,
    [MUTANT_window_one_more] = 3,
    [MUTANT_unknown_session_created] = 3,
    [MUTANT_deletes_at_tail_only] = 4,
    [MUTANT_refused_although_sent] = 27,
    [MUTANT_deadline_never] = 27,
    [MUTANT_busy_silent] = 9,
    [MUTANT_resent_in_new_session] = 13,
    [MUTANT_reply_number_unchecked] = 13,
    [MUTANT_read_numbers_restart] = 1120,
    [MUTANT_read_reply_unchecked] = 3,
    [MUTANT_link_credit_ignored] = 5,
    [MUTANT_ack_bitmap_shifted] = 5,
    [MUTANT_ack_bitmap_wide] = 4,
    [MUTANT_loss_forgets] = 2,
    [MUTANT_timeout_forgets] = 2,
    [MUTANT_resend_forgets] = 5,
    [MUTANT_part_counted_twice] = 24,
    [MUTANT_part_short] = 6,
    [MUTANT_kv_keeps_tail] = 1,
    [MUTANT_kv_delete_keeps] = 1,
    [MUTANT_kv_cas_blind] = 1,
};

#endif
