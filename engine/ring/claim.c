/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ring/ring.h"

static void claim_blocks(uint32_t partitions, uint16_t members, uint16_t *owner)
{
    uint32_t share = partitions / members;
    uint32_t larger = partitions % members; /* this many members own one more */
    uint32_t at = 0;
    for (uint16_t member = 0; member < members; member++) {
        for (uint32_t i = 0; i < share + (member < larger); i++)
            owner[at++] = member;
    }
}

/*
 * How far apart a member's partitions can be at best, around the ring, when some members own
 * share + 1 of them: the widest such window, at most `replicas`.
 */
static uint32_t claim_window(uint32_t partitions, uint32_t rounds, uint16_t replicas)
{
    uint32_t window = partitions / rounds;
    if (window > replicas)
        return replicas;
    return window > 0 ? window : 1;
}

/* One round: every member in order but those from `gap` up to `gap_end`. Returns where it ends. */
static uint32_t claim_round(
    uint16_t members, uint32_t gap, uint32_t gap_end, uint16_t *owner, uint32_t at)
{
    for (uint16_t member = 0; member < members; member++) {
        if (member < gap || member >= gap_end)
            owner[at++] = member;
    }
    return at;
}

/*
 * Round robin. Where the members do not divide Q the last round is short, and members would meet
 * themselves across the seam if it is shorter than the window. So the members that own one
 * partition less (the last ones) sit out one round each, as late as possible, but never so many
 * that a round is shorter than the window: highest ones in the earliest of those rounds.
 *
 *   Q 8, 3 members, window 2:   0 1 2 | 0 1 2 | 0 1       plain: distinct around the seam
 *   Q 7, 3 members, window 2:   0 1 2 | 0 1 | 0 2         plain would end in 0, and begin with it
 *
 * A member's place shifts within a round only as those before it sit out, so two of its partitions
 * in rounds that follow each other are a round's length apart: at least the window.
 */
static void claim_spread(uint32_t partitions, uint16_t members, uint16_t replicas, uint16_t *owner)
{
    uint32_t share = partitions / members;
    uint32_t larger = partitions % members;
    uint32_t rounds = share + (larger != 0);
    uint32_t absent = larger != 0 ? members - larger : 0;                 /* to place in rounds */
    uint32_t most = members - claim_window(partitions, rounds, replicas); /* absent in one round */

    uint32_t at = 0;
    uint32_t gap_end = members;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t later = (rounds - 1 - round) * most; /* room for them in later rounds */
        uint32_t gap = gap_end - (absent > later ? absent - later : 0);
        absent -= gap_end - gap;
        at = claim_round(members, gap, gap_end, owner, at);
        gap_end = gap;
    }
    TORC_ASSERT(at == partitions && absent == 0);
}

void ring_claim(enum torc_claim claim, uint32_t partitions, uint16_t members, uint16_t replicas,
    uint16_t *owner)
{
    TORC_ASSERT(members >= 1 && replicas >= 1 && replicas <= members);
    if (claim == TORC_CLAIM_BLOCKS)
        claim_blocks(partitions, members, owner);
    else
        claim_spread(partitions, members, replicas, owner);
}

static bool list_has(const uint16_t *list, uint16_t length, uint16_t member)
{
    for (uint16_t i = 0; i < length; i++) {
        if (list[i] == member)
            return true;
    }
    return false;
}

void ring_preference(const uint16_t *owner, uint32_t partitions, uint16_t members,
    uint16_t replicas, uint32_t partition, uint16_t *list)
{
    uint16_t length = 0;
    uint32_t at = partition;
    for (uint32_t i = 0; i < partitions && length < replicas; i++) {
        if (!list_has(list, length, owner[at]))
            list[length++] = owner[at];
        at = at + 1 == partitions ? 0 : at + 1;
    }
    for (uint16_t member = 0; member < members && length < replicas; member++) {
        if (!list_has(list, length, member))
            list[length++] = member;
    }
}
