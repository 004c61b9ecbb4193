/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where each mutant was seen first. For mutants.c alone.
 */
static const struct recorded recorded[MUTANT_COUNT] = {
    [MUTANT_number_skipped] = {1, 0},
};
