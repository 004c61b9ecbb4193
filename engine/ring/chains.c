/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ring/ring.h"

/*
 * The chains while they are made, and what each member has of them. Lives on control's stack,
 * about 8 KiB.
 */
struct chains {
    struct ring_replica *chain; /* [partitions * replicas] */
    uint32_t partitions;
    uint16_t replicas;
    uint16_t members;
    uint32_t replicas_low, replicas_high; /* what a member should have */
    uint32_t tails_low, tails_high;
    uint32_t total[TORC_NODES_MAX]; /* replicas, by member */
    uint32_t tails[TORC_NODES_MAX];
};

static struct ring_replica *chains_row(const struct chains *chains, uint32_t partition)
{
    return &chains->chain[(size_t)partition * chains->replicas];
}

static bool row_has(const struct ring_replica *row, uint16_t length, uint16_t member)
{
    for (uint16_t i = 0; i < length; i++) {
        if (row[i].member == member)
            return true;
    }
    return false;
}

/*
 * Preference lists, from the last partition to the first: the list of a partition is its owner,
 * then the list of the partition after it without that owner. So each costs N steps, not a walk.
 */
static void chains_prefer(const struct chains *chains, const uint16_t *owner)
{
    uint16_t list[TORC_REPLICAS_MAX];
    uint32_t partition = chains->partitions - 1;
    ring_preference(owner, chains->partitions, chains->members, chains->replicas, partition, list);
    for (uint16_t i = 0; i < chains->replicas; i++)
        chains_row(chains, partition)[i].member = list[i];

    while (partition-- > 0) {
        const struct ring_replica *after = chains_row(chains, partition + 1);
        struct ring_replica *row = chains_row(chains, partition);
        uint16_t length = 0;
        row[length++].member = owner[partition];
        for (uint16_t i = 0; length < chains->replicas; i++) {
            if (after[i].member != owner[partition])
                row[length++].member = after[i].member;
        }
    }
}

static void chains_count(struct chains *chains)
{
    uint16_t last = chains->replicas - 1;
    uint32_t sum = chains->partitions * chains->replicas;
    for (uint32_t partition = 0; partition < chains->partitions; partition++) {
        const struct ring_replica *row = chains_row(chains, partition);
        for (uint16_t i = 0; i <= last; i++)
            chains->total[row[i].member]++;
        chains->tails[row[last].member]++;
    }
    chains->replicas_low = sum / chains->members;
    chains->replicas_high = chains->replicas_low + (sum % chains->members != 0);
    chains->tails_low = chains->partitions / chains->members;
    chains->tails_high = chains->tails_low + (chains->partitions % chains->members != 0);
}

/* Does one unit less for `from` and one more for `to` bring the two nearer to [low, high]? */
static bool chains_helps(
    const uint32_t *count, uint16_t from, uint16_t to, uint32_t low, uint32_t high)
{
    return count[from] > low && count[to] < high && (count[from] > high || count[to] < low);
}

/*
 * Evens out the tails by exchanging a chain's tail with one of its middle members. Needed only
 * where windows of N distinct owners do not exist. Returns whether it changed anything.
 */
static bool chains_exchange_tails(struct chains *chains)
{
    bool changed = false;
    uint16_t last = chains->replicas - 1;
    for (uint32_t partition = chains->partitions; partition-- > 0;) {
        struct ring_replica *row = chains_row(chains, partition);
        for (uint16_t i = 1; i < last; i++) {
            uint16_t from = row[last].member;
            uint16_t to = row[i].member;
            if (!chains_helps(chains->tails, from, to, chains->tails_low, chains->tails_high))
                continue;
            row[last].member = to;
            row[i].member = from;
            chains->tails[from]--;
            chains->tails[to]++;
            changed = true;
        }
    }
    return changed;
}

/* The member with the fewest replicas that may stand at `place` instead; or RING_NO_MEMBER. */
static uint16_t chains_substitute(
    const struct chains *chains, const struct ring_replica *row, uint16_t place)
{
    uint16_t from = row[place].member;
    uint16_t best = RING_NO_MEMBER;
    bool tail = place == chains->replicas - 1;
    if (tail && chains->tails[from] <= chains->tails_low)
        return best;
    for (uint16_t to = 0; to < chains->members; to++) {
        if (best != RING_NO_MEMBER && chains->total[to] >= chains->total[best])
            continue;
        if (tail && chains->tails[to] >= chains->tails_high)
            continue;
        if (chains_helps(chains->total, from, to, chains->replicas_low, chains->replicas_high) &&
            !row_has(row, chains->replicas, to))
            best = to;
    }
    return best;
}

static void chains_replace(
    struct chains *chains, struct ring_replica *row, uint16_t place, uint16_t to)
{
    uint16_t from = row[place].member;
    row[place].member = to;
    chains->total[from]--;
    chains->total[to]++;
    if (place == chains->replicas - 1) {
        chains->tails[from]--;
        chains->tails[to]++;
    }
}

/* How many replicas are to move until every member is within [low, high]. */
static uint32_t chains_to_move(const struct chains *chains)
{
    uint32_t above = 0;
    uint32_t below = 0;
    for (uint16_t i = 0; i < chains->members; i++) {
        if (chains->total[i] > chains->replicas_high)
            above += chains->total[i] - chains->replicas_high;
        if (chains->total[i] < chains->replicas_low)
            below += chains->replicas_low - chains->total[i];
    }
    return above > below ? above : below;
}

/*
 * Evens out the replicas by putting members that have few in the place of members that have many;
 * never a head. From the last partition on, so that what differs lies at the seam, where the
 * round robin is broken anyway. Returns whether it changed anything.
 */
static bool chains_move_replicas(struct chains *chains)
{
    bool changed = false;
    uint32_t left = chains_to_move(chains);
    for (uint32_t partition = chains->partitions; partition-- > 0 && left > 0;) {
        struct ring_replica *row = chains_row(chains, partition);
        for (uint16_t place = 1; place < chains->replicas; place++) {
            if (chains->total[row[place].member] <= chains->replicas_low)
                continue;
            uint16_t to = chains_substitute(chains, row, place);
            if (to == RING_NO_MEMBER)
                continue;
            chains_replace(chains, row, place, to);
            left = chains_to_move(chains);
            changed = true;
        }
    }
    return changed;
}

void ring_chains(enum torc_claim claim, const uint16_t *owner, uint32_t partitions,
    uint16_t members, uint16_t replicas, struct ring_replica *chain)
{
    struct chains chains = {
        .chain = chain, .partitions = partitions, .replicas = replicas, .members = members};
    chains_prefer(&chains, owner);
    if (claim == TORC_CLAIM_BLOCKS)
        return;
    chains_count(&chains);
    while (chains_exchange_tails(&chains)) {
    }
    while (chains_move_replicas(&chains)) {
    }
}
