/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/frame_neighbours.h"

#include <string.h>

void neighbours_init(struct neighbours *table)
{
    memset(table, 0, sizeof *table);
}

static uint32_t neighbour_bucket(uint32_t ip)
{
    return (ip * 0x9e3779b1u) >> 24; /* NEIGHBOUR_BUCKETS is 256 */
}

static uint64_t neighbour_age(const struct neighbour *row, uint64_t now_ns)
{
    return row->heard_ns < now_ns ? now_ns - row->heard_ns : 0;
}

static bool neighbour_usable(const struct neighbour *row, uint64_t now_ns)
{
    return row->mac && neighbour_age(row, now_ns) < NEIGHBOUR_KEEP_NS;
}

static struct neighbour *neighbour_find(struct neighbours *table, uint32_t ip)
{
    struct neighbour *row = table->row[neighbour_bucket(ip)];
    for (unsigned way = 0; way < NEIGHBOUR_WAYS; way++)
        if (row[way].ip == ip)
            return &row[way];
    return NULL;
}

/*
 * The writer's side of the sequence lock: whoever sees a new value of a field, by an acquiring
 * load, sees the odd sequence as well.
 */
static void neighbour_write(struct neighbour *row, uint32_t ip, uint64_t mac, uint64_t heard_ns)
{
    uint32_t sequence = row->sequence;
    __atomic_store_n(&row->sequence, sequence + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&row->ip, ip, __ATOMIC_RELEASE);
    __atomic_store_n(&row->mac, mac, __ATOMIC_RELEASE);
    __atomic_store_n(&row->heard_ns, heard_ns, __ATOMIC_RELEASE);
    __atomic_store_n(&row->sequence, sequence + 2, __ATOMIC_RELEASE);
}

/* Is `a` a better row to give up than `b`? */
static bool neighbour_worse(const struct neighbour *a, const struct neighbour *b, uint64_t now_ns)
{
    if ((a->ip == 0) != (b->ip == 0))
        return a->ip == 0;
    bool a_usable = neighbour_usable(a, now_ns);
    if (a_usable != neighbour_usable(b, now_ns))
        return !a_usable;
    return a_usable ? a->heard_ns < b->heard_ns : a->asked_ns < b->asked_ns;
}

/* A row for an address that has none. */
static struct neighbour *neighbour_take(struct neighbours *table, uint32_t ip, uint64_t now_ns)
{
    struct neighbour *row = table->row[neighbour_bucket(ip)];
    struct neighbour *victim = row;
    for (unsigned way = 1; way < NEIGHBOUR_WAYS; way++)
        if (neighbour_worse(&row[way], victim, now_ns))
            victim = &row[way];
    neighbour_write(victim, ip, 0, 0);
    victim->asked_ns = 0;
    victim->tries = 0;
    return victim;
}

/* Is a row that knows a station to give it up for another one? */
static bool neighbour_moves(
    const struct neighbour *row, uint64_t heard_ns, enum neighbour_source source)
{
    if (row->heard_ns == NEIGHBOUR_STATIC)
        return false;
    if (source == NEIGHBOUR_BY_PACKET)
        return neighbour_age(row, heard_ns) >= NEIGHBOUR_STICKY_NS;
    return source != NEIGHBOUR_BY_TABLE || heard_ns > row->heard_ns;
}

void neighbours_learn(struct neighbours *table, uint32_t ip, uint64_t mac, uint64_t heard_ns,
    enum neighbour_source source)
{
    if (ip == 0 || mac == 0)
        return;
    struct neighbour *row = neighbour_find(table, ip);
    if (!row && source == NEIGHBOUR_BY_NEWS)
        return;
    if (!row)
        row = neighbour_take(table, ip, heard_ns);
    if (row->mac && row->mac != mac && !neighbour_moves(row, heard_ns, source))
        return;
    if (row->mac == mac && row->heard_ns >= heard_ns)
        return;
    neighbour_write(row, ip, mac, heard_ns);
    row->tries = 0;
}

/* 50 ms, doubled each time, never over 1 s. */
static uint64_t neighbour_interval(uint32_t tries)
{
    uint64_t interval = NEIGHBOUR_ASK_MIN_NS << (tries < 6 ? tries - 1 : 5);
    return interval < NEIGHBOUR_ASK_MAX_NS ? interval : NEIGHBOUR_ASK_MAX_NS;
}

static bool neighbour_ask(struct neighbour *row, uint64_t now_ns)
{
    if (row->tries && now_ns - row->asked_ns < neighbour_interval(row->tries))
        return false;
    row->asked_ns = now_ns;
    row->tries++;
    return true;
}

struct neighbour_answer neighbours_lookup(struct neighbours *table, uint32_t ip, uint64_t now_ns)
{
    struct neighbour *row = neighbour_find(table, ip);
    struct neighbour_answer answer = {0};
    if (!row)
        row = neighbour_take(table, ip, now_ns);
    if (neighbour_usable(row, now_ns))
        answer.mac = row->mac;
    if (!answer.mac || neighbour_age(row, now_ns) >= NEIGHBOUR_FRESH_NS)
        answer.ask = neighbour_ask(row, now_ns);
    return answer;
}

bool neighbours_peek(const struct neighbours *table, uint32_t ip, uint64_t *mac, uint64_t *heard_ns)
{
    const struct neighbour *row = table->row[neighbour_bucket(ip)];
    for (unsigned way = 0; way < NEIGHBOUR_WAYS; way++, row++) {
        uint32_t sequence = __atomic_load_n(&row->sequence, __ATOMIC_ACQUIRE);
        if (__atomic_load_n(&row->ip, __ATOMIC_ACQUIRE) != ip)
            continue;
        *mac = __atomic_load_n(&row->mac, __ATOMIC_ACQUIRE);
        *heard_ns = __atomic_load_n(&row->heard_ns, __ATOMIC_ACQUIRE);
        return !(sequence & 1) && *mac &&
               __atomic_load_n(&row->sequence, __ATOMIC_RELAXED) == sequence;
    }
    return false;
}
