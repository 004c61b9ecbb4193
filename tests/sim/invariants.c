/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/invariants.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/node/inside.h"
#include "tests/sim/once.h"
#include "tests/sim/run.h"
#include "tests/sim/state.h"

/* What one member's vnode was last seen with. */
struct seen {
    uint64_t incarnation;
    uint64_t last, committed, applied;
    uint64_t digest; /* of all entries up to last, in order */
};

/* What was ever seen of one partition, in one life of the cluster: the ghost log. */
struct ghost {
    uint64_t *digest; /* [count + 1] of the entries up to each number */
    uint64_t count, room;
    uint64_t committed; /* highest that any member took for committed */
};

struct invariants {
    struct world *world;
    unsigned nodes, workers;
    uint32_t partitions;
    struct ghost *ghost; /* [partitions] */
    struct seen *seen;   /* [partitions * (nodes + 1)] */
    uint64_t entries;
    uint64_t
        *moved; /* [(nodes + 1) * workers] entries made, appended and applied when last looked at */
    struct once once;
    bool *lost;     /* [nodes + 1] restarted since the cluster did */
    bool *starting; /* [nodes + 1] with the whole cluster, and not up yet */
    char broken[320];
};

struct invariants *invariants_create(struct world *world, unsigned nodes, unsigned workers)
{
    struct invariants *invariants = calloc(1, sizeof *invariants);
    uint32_t partitions = world_ring(world)->partitions;
    *invariants = (struct invariants){.world = world,
        .nodes = nodes,
        .workers = workers,
        .partitions = partitions,
        .ghost = calloc(partitions, sizeof(struct ghost)),
        .seen = calloc((size_t)partitions * (nodes + 1), sizeof(struct seen)),
        .moved = calloc((size_t)(nodes + 1) * workers, sizeof(uint64_t)),
        .lost = calloc(nodes + 1, sizeof(bool)),
        .starting = calloc(nodes + 1, sizeof(bool))};
    return invariants;
}

void invariants_destroy(struct invariants *invariants)
{
    for (uint32_t p = 0; p < invariants->partitions; p++)
        free(invariants->ghost[p].digest);
    free(invariants->ghost);
    free(invariants->seen);
    once_free(&invariants->once);
    free(invariants->moved);
    free(invariants->lost);
    free(invariants->starting);
    free(invariants);
}

static struct seen *seen_of(struct invariants *invariants, uint32_t partition, unsigned id)
{
    return &invariants->seen[(size_t)partition * (invariants->nodes + 1) + id];
}

__attribute__((format(printf, 4, 5))) static void broken(
    struct invariants *invariants, unsigned id, uint32_t partition, const char *format, ...)
{
    if (invariants->broken[0] != 0)
        return;
    int used = snprintf(invariants->broken, sizeof invariants->broken,
        "at %llu us node %u, partition %u: ",
        (unsigned long long)(world_now_ns(invariants->world) - RUN_BEGIN_NS) / 1000, id, partition);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(
        invariants->broken + used, sizeof invariants->broken - (size_t)used, format, arguments);
    va_end(arguments);
}

static uint64_t digest_add(uint64_t digest, const struct wire_entry *entry)
{
    uint64_t x = digest ^ ((uint64_t)entry->crc << 32 | entry->request.crc);
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    return x ^ x >> 27 ^ entry->sequence;
}

static void ghost_add(struct ghost *ghost, uint64_t digest)
{
    if (ghost->count + 2 > ghost->room) {
        ghost->room = ghost->room * 2 + 64;
        ghost->digest = realloc(ghost->digest, ghost->room * sizeof *ghost->digest);
        ghost->digest[0] = 0;
    }
    ghost->digest[++ghost->count] = digest;
}

/*
 * A head may restart before the others had begun to serve, and serve with them then: what it had
 * created before, and nobody else has, it creates anew.
 */
static bool is_second_start(
    struct invariants *invariants, const struct inside_vnode *vnode, unsigned id, uint64_t sequence)
{
    struct ghost *ghost = &invariants->ghost[vnode->partition];
    if (vnode->position != 0 || !invariants->lost[id])
        return false;
    for (unsigned i = 1; i <= invariants->nodes; i++)
        if (i != id && seen_of(invariants, vnode->partition, i)->last >= sequence)
            return false;
    ghost->count = sequence - 1;
    ghost_add(ghost, seen_of(invariants, vnode->partition, id)->digest);
    return true;
}

static void check_entry(struct invariants *invariants, const struct inside_vnode *vnode,
    unsigned id, struct seen *seen, uint64_t sequence)
{
    struct ghost *ghost = &invariants->ghost[vnode->partition];
    const struct wire_entry *entry = inside_entry(vnode, sequence);
    invariants->entries++;
    if (entry->sequence != sequence || entry->partition != vnode->partition)
        broken(invariants, id, vnode->partition,
            "the log has entry %llu of partition %u at number %llu",
            (unsigned long long)entry->sequence, entry->partition, (unsigned long long)sequence);
    seen->digest = digest_add(seen->digest, entry);
    if (sequence > ghost->count) {
        if (vnode->position != 0)
            broken(invariants, id, vnode->partition,
                "has entry %llu, which no head created (rule 1: one writer)",
                (unsigned long long)sequence);
        ghost_add(ghost, seen->digest);
        if (!once_add(&invariants->once, entry))
            broken(invariants, id, vnode->partition,
                "entry %llu is the second one of request %llu of a session (rule 11)",
                (unsigned long long)sequence, (unsigned long long)entry->request.number);
    } else if (ghost->digest[sequence] != seen->digest &&
               !is_second_start(invariants, vnode, id, sequence)) {
        broken(invariants, id, vnode->partition, "has another entry %llu than the others (rule 1)",
            (unsigned long long)sequence);
    }
}

/* New entries of a member, while they are still in its log. */
static void check_entries(
    struct invariants *invariants, const struct inside_vnode *vnode, unsigned id, struct seen *seen)
{
    struct ghost *ghost = &invariants->ghost[vnode->partition];
    for (uint64_t s = seen->last + 1; s <= vnode->last; s++) {
        if (s > vnode->released) {
            check_entry(invariants, vnode, id, seen, s);
        } else if (s > ghost->count) {
            /* released within the step that appended it: only a tail, or a chain of one, does that
             */
            if (vnode->position != 0)
                broken(invariants, id, vnode->partition,
                    "released entry %llu, which no head created", (unsigned long long)s);
            ghost_add(ghost, 0);
        } else {
            seen->digest = ghost->digest[s];
        }
    }
    seen->last = vnode->last;
}

static void check_neighbours(
    struct invariants *invariants, const struct inside_vnode *vnode, unsigned id)
{
    const struct ring *ring = world_ring(invariants->world);
    const struct ring_replica *chain = ring_chain(ring, vnode->partition);
    if (vnode->position > 0) {
        unsigned before = ring->member[chain[vnode->position - 1].member].id;
        const struct seen *seen = seen_of(invariants, vnode->partition, before);
        if (!invariants->lost[before] && vnode->last > seen->last)
            broken(invariants, id, vnode->partition,
                "has %llu entries, its predecessor %u only %llu (rule 2: prefix)",
                (unsigned long long)vnode->last, before, (unsigned long long)seen->last);
    }
    for (unsigned i = 0; i < ring->chain_length[vnode->partition]; i++) {
        unsigned other = ring->member[chain[i].member].id;
        if (!invariants->lost[other] &&
            vnode->committed > seen_of(invariants, vnode->partition, other)->last)
            broken(invariants, id, vnode->partition,
                "takes %llu for committed, but member %u has only %llu (rule 4: commit)",
                (unsigned long long)vnode->committed, other,
                (unsigned long long)seen_of(invariants, vnode->partition, other)->last);
    }
}

static void check_vnode(
    struct invariants *invariants, const struct inside_vnode *vnode, unsigned id)
{
    struct seen *seen = seen_of(invariants, vnode->partition, id);
    if (vnode->last == seen->last && vnode->committed == seen->committed &&
        vnode->applied == seen->applied)
        return;
    if (vnode->last < seen->last || vnode->committed < seen->committed)
        broken(invariants, id, vnode->partition, "went back from %llu/%llu to %llu/%llu",
            (unsigned long long)seen->last, (unsigned long long)seen->committed,
            (unsigned long long)vnode->last, (unsigned long long)vnode->committed);
    if (vnode->committed > vnode->last || vnode->applied != vnode->committed)
        broken(invariants, id, vnode->partition,
            "last %llu, committed %llu, applied %llu do not go together (rule 11)",
            (unsigned long long)vnode->last, (unsigned long long)vnode->committed,
            (unsigned long long)vnode->applied);
    if (vnode->last - vnode->committed > world_ring(invariants->world)->class.window)
        broken(invariants, id, vnode->partition, "has more uncommitted entries than its window");
    check_entries(invariants, vnode, id, seen);
    seen->committed = vnode->committed;
    seen->applied = vnode->applied;
    if (!invariants->lost[id])
        check_neighbours(invariants, vnode, id);
}

/* Did any log or state of the worker change since the last look? Its own counters tell. */
static bool has_moved(
    struct invariants *invariants, const struct node *node, unsigned id, unsigned worker)
{
    const struct counters *counters = inside_counters(node, worker);
    uint64_t now =
        counters->entries_created + counters->entries_received + counters->entries_applied;
    uint64_t *moved = &invariants->moved[(size_t)id * invariants->workers + worker];
    bool changed = *moved != now;
    *moved = now;
    return changed;
}

void invariants_check(struct invariants *invariants, unsigned id, unsigned worker)
{
    const struct node *node = world_node(invariants->world, id);
    if (!has_moved(invariants, node, id, worker))
        return;
    uint32_t vnodes = inside_vnodes(node, worker);
    for (uint32_t i = 0; i < vnodes; i++) {
        struct inside_vnode vnode = inside_vnode(node, worker, i);
        check_vnode(invariants, &vnode, id);
    }
    if (inside_log_used(node, worker) > inside_log_capacity(node, worker))
        broken(invariants, id, 0, "the log stream uses more memory than it has");
    if (state_over_credit(node, worker))
        broken(invariants, id, 0, "a link has more packets in flight than its peer has room for");
}

/* No other node is up: the whole cluster went down, and begins another life. */
static bool is_alone(const struct invariants *invariants, unsigned id)
{
    for (unsigned i = 1; i <= invariants->nodes; i++)
        if (i != id && world_node(invariants->world, i) != NULL)
            return false;
    return true;
}

static void begin_life(struct invariants *invariants)
{
    for (uint32_t p = 0; p < invariants->partitions; p++)
        invariants->ghost[p].count = 0;
    once_clear(&invariants->once);
    for (unsigned i = 1; i <= invariants->nodes; i++) {
        invariants->lost[i] = false;
        invariants->starting[i] = true;
    }
}

void invariants_restarted(struct invariants *invariants, unsigned id)
{
    for (uint32_t p = 0; p < invariants->partitions; p++)
        *seen_of(invariants, p, id) = (struct seen){0};
    for (unsigned w = 0; w < invariants->workers; w++)
        invariants->moved[(size_t)id * invariants->workers + w] = 0;
    if (is_alone(invariants, id))
        begin_life(invariants);
    invariants->lost[id] = !invariants->starting[id];
    invariants->starting[id] = false;
}

static void check_quiet_partition(struct invariants *invariants, uint32_t partition)
{
    const struct ring *ring = world_ring(invariants->world);
    const struct ring_replica *chain = ring_chain(ring, partition);
    uint64_t count = invariants->ghost[partition].count;
    for (unsigned i = 0; i < ring->chain_length[partition]; i++) {
        unsigned id = ring->member[chain[i].member].id;
        const struct seen *seen = seen_of(invariants, partition, id);
        if (seen->last != count || seen->committed != count)
            broken(invariants, id, partition,
                "is stuck: %llu entries were created, it has %llu and takes %llu for committed",
                (unsigned long long)count, (unsigned long long)seen->last,
                (unsigned long long)seen->committed);
    }
}

void invariants_check_quiet(struct invariants *invariants)
{
    for (uint32_t p = 0; p < invariants->partitions; p++)
        check_quiet_partition(invariants, p);
}

const char *invariants_broken(const struct invariants *invariants)
{
    return invariants->broken[0] != 0 ? invariants->broken : NULL;
}

uint64_t invariants_entries(const struct invariants *invariants)
{
    return invariants->entries;
}
