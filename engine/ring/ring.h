/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The ring: the immutable table of partitions, their chains, the worker core each replica is
 * pinned to, members and addresses, the epoch it was committed at.
 *
 *   hash of the key (160 bits) --> partition --> chain: head, middle..., tail
 *                                                each a (member, worker)
 *
 * Partition i (0..Q-1) holds the hashes h with floor(h / step) == i, where step = floor(2^160/Q);
 * the few hashes past Q*step wrap to partition 0. Its point is (i+1)*step: a key falls on the
 * point after its hash.
 *
 * A ring is one block of memory: the caller gives it, nothing inside points outside, so a ring is
 * freed as one and can be read by any number of threads while it is published (publish.h).
 */
#ifndef RING_RING_H
#define RING_RING_H

#include <torc/types.h>

#include "engine/base/assert.h"

#define RING_NAME_BYTES 32u /* a member's name with its terminating 0 */
#define RING_NO_MEMBER  0xffffu

enum ring_member_state {
    RING_MEMBER_OK = 0,
    RING_MEMBER_LOST = 1, /* restarted: it is not the member it was (rule 10) */
};

struct ring_member {
    uint32_t id;      /* 1.. as the operator knows it; 0 is a client on the wire */
    uint16_t workers; /* worker i listens on address.port + i */
    uint16_t state;   /* enum ring_member_state */
    struct torc_addr address;
    uint64_t incarnation; /* 0: not heard of yet */
    char name[RING_NAME_BYTES];
};

struct ring_replica {
    uint16_t member; /* index into ring.member */
    uint16_t worker; /* the core of that member that owns this vnode */
};

/*
 * What makes a class what it is, alike on every node and known to clients (design section 1: a
 * distinct service, replica count, hash, durability). This version has one class, number 0.
 */
struct ring_class {
    uint16_t number;
    uint16_t
        session_window; /* requests of one session that may await an answer at once; a power of 2 */
    uint16_t sessions;  /* open sessions of one vnode */
    uint16_t window;    /* entries of one vnode that may be uncommitted; a power of 2 */
    uint32_t kv_blocks; /* memory quota of one vnode, in blocks of the kv service */
    uint32_t session_idle_ms; /* a session unused for this long is ended by the head */
};

struct ring_spec {
    uint64_t cluster;    /* cluster id, never 0 */
    uint64_t epoch;      /* 1 while membership is static */
    uint32_t partitions; /* Q, 1..TORC_PARTITIONS_MAX */
    uint16_t replicas;   /* N, 1..TORC_REPLICAS_MAX and at most members */
    uint16_t members;    /* 1..TORC_NODES_MAX */
    uint8_t hash;        /* enum torc_hash */
    uint8_t claim;       /* enum torc_claim */
    struct ring_class class;
    const struct ring_member *member; /* `members` of them, ids distinct, in ring order */
};

/* What a packet needs comes first: one cache line. */
struct ring {
    uint32_t partitions;
    uint16_t replicas;
    uint16_t members;
    uint8_t hash;               /* enum torc_hash */
    uint8_t claim;              /* enum torc_claim */
    uint8_t by_id_bits;         /* by_id has 1 << by_id_bits places */
    struct ring_replica *chain; /* [partitions * replicas], head first; past its end NO_MEMBER */
    uint64_t *chain_epoch;      /* [partitions] epoch at which the chain last changed */
    uint8_t *chain_length;      /* [partitions] */
    struct ring_member *member; /* [members] */
    uint16_t *by_id;            /* hash table of ids: index into member, or RING_NO_MEMBER */
    uint16_t *owner;            /* [partitions] member that the claim gave the partition to */
    uint64_t cluster;
    uint64_t epoch;
    uint64_t revision; /* local number of this table: grows with every publication on this node;
                          0 in a ring read from an image */
    struct ring_class class;
    uint32_t step[6];       /* floor(2^160 / partitions), most significant word first */
    size_t bytes;           /* of the whole block */
    uint64_t retirement[4]; /* publish.c's, from ring_retire on */
};

/* A place in the 160-bit hash space: five 32-bit words, most significant first. */
struct ring_hash {
    uint32_t word[5];
};

/* ---- hash.c ---- */

/*
 * The hash of a key. XXH3 fills the upper 64 bits (the rest 0); SHA-1 all 160. Pure; any thread.
 * bytes may be 0 to any length.
 */
struct ring_hash ring_hash_key(enum torc_hash hash, const void *key, size_t bytes);

/* The upper 64 bits: the number by which services index keys. */
static inline uint64_t ring_hash_top(const struct ring_hash *hash)
{
    return (uint64_t)hash->word[0] << 32 | hash->word[1];
}

/* The same of a key's XXH3, by which services index keys whatever the ring's hash is. */
uint64_t ring_hash_quick(const void *key, size_t bytes);

/*
 * The rare half of ring_partition: `hash` may lie at or past the point of partition `near`;
 * compares all 160 bits.
 */
uint32_t ring_partition_edge(const struct ring *ring, const struct ring_hash *hash, uint32_t near);

/*
 * The partition of a hash: O(1), exact, one multiplication and no division. Any thread that may
 * read the ring.
 *
 * With t the upper 64 bits of h, near = floor(t * Q / 2^64) is the partition or one less: step is
 * 2^160 / Q less a fraction, so h / step exceeds h * Q / 2^160 by less than Q * Q / 2^160 <=
 * 2^-128, and that exceeds t * Q / 2^64 by less than Q / 2^64. So unless the fraction of t * Q /
 * 2^64 is within Q / 2^64 of 1 (once in 2^48 hashes), near is the partition.
 */
static inline uint32_t ring_partition(const struct ring *ring, const struct ring_hash *hash)
{
    uint64_t count = ring->partitions;
    unsigned __int128 product = (unsigned __int128)ring_hash_top(hash) * count;
    uint32_t near = (uint32_t)(product >> 64);
    if (TORC_LIKELY((uint64_t)product < 0 - count))
        return near;
    return ring_partition_edge(ring, hash, near);
}

/* ---- point.c ---- */

#define RING_DECIMAL_BYTES 50u /* 49 digits of 2^160, and the final 0 */

/*
 * number * step, modulo 2^160: ring_point(Q, i + 1) is the point of partition i. Where Q is a power
 * of two the last point, Q * step, is 2^160 and so comes out as 0: to show a point to a person use
 * ring_point_decimal. Q is 1..TORC_PARTITIONS_MAX, number at most Q.
 */
struct ring_hash ring_point(uint32_t partitions, uint32_t number);

/* number * step in decimal, 2^160 included. Returns `out`. */
char *ring_point_decimal(uint32_t partitions, uint32_t number, char out[RING_DECIMAL_BYTES]);

/* A hash in decimal. Returns `out`. */
char *ring_decimal(const struct ring_hash *value, char out[RING_DECIMAL_BYTES]);

/* ---- table.c ---- */

/* Bytes of the block that ring_build needs for `spec`; 0 if spec is outside the limits. */
size_t ring_bytes(const struct ring_spec *spec);

/*
 * Builds the ring of `spec` in `memory` (ring_bytes(spec) of them, 64-byte aligned). Chains are
 * those of ring_chains; workers are pinned so that each member's vnodes, its heads and its tails
 * are dealt to its workers within one of evenly. Deterministic: the same spec gives the same ring
 * on every node. revision is 0, every chain epoch the ring's epoch. Control, at start or at a ring
 * change. Returns NULL and sets *why (a sentence for the operator, static) if the spec is wrong.
 */
struct ring *ring_build(const struct ring_spec *spec, void *memory, const char **why);

/* Where the search for an id starts in a table of 1 << bits places; bits is 1..31. */
static inline uint32_t ring_id_place(uint32_t id, uint8_t bits)
{
    return (id * 0x9e3779b1u) >> (32 - bits);
}

/* The index of a member by id, or RING_NO_MEMBER. O(1); any thread that may read the ring. */
static inline uint16_t ring_member_by_id(const struct ring *ring, uint32_t id)
{
    uint32_t last = (1u << ring->by_id_bits) - 1;
    uint32_t place = ring_id_place(id, ring->by_id_bits);
    while (ring->by_id[place] != RING_NO_MEMBER && ring->member[ring->by_id[place]].id != id)
        place = (place + 1) & last;
    return ring->by_id[place];
}

static inline const struct ring_replica *ring_chain(const struct ring *ring, uint32_t partition)
{
    return &ring->chain[(size_t)partition * ring->replicas];
}

/* ---- claim.c ---- */

/*
 * Which member owns each partition: owner[i] for i in 0..Q-1.
 *   SPREAD  round robin, with the seam of the ring repaired: any N consecutive partitions, around
 *           the seam too, lie on distinct members whenever that is possible; each member has
 *           within one of Q/members
 *   BLOCKS  each member one contiguous block, in order; sizes within one
 */
void ring_claim(enum torc_claim claim, uint32_t partitions, uint16_t members, uint16_t replicas,
    uint16_t *owner);

/*
 * The preference list of a partition: its owner, then the owners of the partitions after it, each
 * member once, until there are `replicas`; if the walk around the ring ends short, members not yet
 * in it, by index.
 */
void ring_preference(const uint16_t *owner, uint32_t partitions, uint16_t members,
    uint16_t replicas, uint32_t partition, uint16_t *list);

/* ---- chains.c ---- */

/*
 * The chains of all partitions into chain[Q * N], head first; workers are left alone. The head is
 * the owner. Each chain is its partition's preference list, but for SPREAD, where the members do
 * not divide Q, a few chains near the seam differ from theirs in their middle or tail, so that
 * replicas, heads and tails of each member are each within one of even (a member that owns one
 * partition more would otherwise hold N replicas more).
 */
void ring_chains(enum torc_claim claim, const uint16_t *owner, uint32_t partitions,
    uint16_t members, uint16_t replicas, struct ring_replica *chain);

/* ---- image.c ---- the ring as bytes, for clients (docs/PROTOCOL.md, "the ring image") */

/* Bytes of the image of a ring. Any thread that may read the ring, like ring_image_write. */
size_t ring_image_bytes(const struct ring *ring);

/* Writes the image; `out` has ring_image_bytes(ring) of room. */
void ring_image_write(const struct ring *ring, uint8_t *out);

/*
 * Bytes of the block that ring_image_read needs for this image, or 0 if the image is damaged
 * (wrong magic, version, length, CRC, or any index or count out of range). Whatever the bytes say,
 * nothing outside them is read. They may lie at any alignment.
 */
size_t ring_image_needs(const uint8_t *image, size_t bytes);

/*
 * The ring of an image, in `memory` (ring_image_needs(image, bytes) of them, 64-byte aligned); NULL
 * if the image is damaged. Checks everything again, and that no two members have one id.
 */
struct ring *ring_image_read(const uint8_t *image, size_t bytes, void *memory);

#endif
