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

struct ring {
    uint64_t cluster;
    uint64_t epoch;
    uint64_t revision; /* local number of this table: grows with every publication on this node */
    uint32_t partitions;
    uint16_t replicas;
    uint16_t members;
    uint8_t hash;
    uint8_t claim;
    struct ring_class class;
    size_t bytes;               /* of the whole block */
    struct ring_member *member; /* [members] */
    uint64_t *chain_epoch;      /* [partitions] epoch at which the chain last changed */
    uint8_t *chain_length;      /* [partitions] */
    struct ring_replica *chain; /* [partitions * replicas], head first */
    uint16_t *owner;            /* [partitions] member that the claim gave the partition to */
    uint64_t *bound;            /* [partitions] lookup table; see ring_partition */
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

/*
 * The partition of a hash: O(1), no division by a variable. Approximates by a multiplication, then
 * corrects with the bound table. Any thread that may read the ring.
 */
uint32_t ring_partition(const struct ring *ring, const struct ring_hash *hash);

/*
 * A point, or step, in decimal: writes at most RING_DECIMAL_BYTES with the final 0, returns `out`.
 * ring_point(Q, 0) is 0; ring_point(Q, i) is i*step: partition i has point ring_point(Q, i+1).
 */
#define RING_DECIMAL_BYTES 50u
struct ring_hash ring_point(uint32_t partitions, uint32_t number);
char *ring_decimal(const struct ring_hash *value, char out[RING_DECIMAL_BYTES]);

/* ---- table.c ---- */

/* Bytes of the block that ring_build needs for `spec`; 0 if spec is outside the limits. */
size_t ring_bytes(const struct ring_spec *spec);

/*
 * Builds the ring of `spec` in `memory` (ring_bytes(spec) of them, 64-byte aligned). Chains are the
 * preference lists of the claim; workers are pinned so that each member's vnodes are dealt evenly
 * over its workers, heads too. Deterministic: the same spec gives the same ring on every node.
 * Returns NULL and sets *why (a sentence for the operator) if the spec is wrong.
 */
struct ring *ring_build(const struct ring_spec *spec, void *memory, const char **why);

/* The index of a member by id, or RING_NO_MEMBER. */
uint16_t ring_member_by_id(const struct ring *ring, uint32_t id);

static inline const struct ring_replica *ring_chain(const struct ring *ring, uint32_t partition)
{
    return &ring->chain[(size_t)partition * ring->replicas];
}

/* ---- claim.c ---- */

/*
 * Which member owns each partition: owner[i] for i in 0..Q-1.
 *   SPREAD  any N consecutive partitions, the seam of the ring included, lie on distinct members
 *           whenever that is possible; each member has within one of Q/members
 *   BLOCKS  each member one contiguous block, in order; sizes within one
 */
void ring_claim(enum torc_claim claim, uint32_t partitions, uint16_t members, uint16_t replicas,
    uint16_t *owner);

/*
 * The preference list of a partition: its owner, then the owners of the partitions after it, each
 * member once, until there are `replicas`; if the walk around the ring ends short, members not yet
 * in it, by index. Balanced within one for replicas, heads and tails where the claim is.
 */
void ring_preference(const uint16_t *owner, uint32_t partitions, uint16_t members,
    uint16_t replicas, uint32_t partition, uint16_t *list);

/* ---- image.c ---- the ring as bytes, for clients (docs/PROTOCOL.md, "the ring image") */

/* Bytes of the image of a ring. */
size_t ring_image_bytes(const struct ring *ring);

/* Writes the image; `out` has ring_image_bytes(ring) of room. */
void ring_image_write(const struct ring *ring, uint8_t *out);

/*
 * Bytes of the block that ring_image_read needs for this image, or 0 if the image is damaged
 * (wrong magic, version, length, CRC, or any index or count out of range).
 */
size_t ring_image_needs(const uint8_t *image, size_t bytes);

/* The ring of an image that ring_image_needs accepted; NULL if it is damaged. */
struct ring *ring_image_read(const uint8_t *image, size_t bytes, void *memory);

#endif
