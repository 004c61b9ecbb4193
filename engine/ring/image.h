/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The ring as bytes: head | member records | partition records. Little-endian, packed; at any
 * alignment. Version 1.
 */
#ifndef RING_IMAGE_H
#define RING_IMAGE_H

#include <assert.h>
#include <stdint.h>

#define RING_IMAGE_MAGIC   0x474e4952u /* "RING" */
#define RING_IMAGE_VERSION 1u

#define RING_PACKED __attribute__((packed))

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the image is little-endian");

struct RING_PACKED ring_image_head {
    uint32_t magic;
    uint32_t crc; /* CRC32C, from 0xffffffff, not inverted at the end, of all that follows it */
    uint16_t version;
    uint16_t members;    /* 1..TORC_NODES_MAX; as many member records follow */
    uint32_t bytes;      /* of the whole image */
    uint64_t cluster;    /* not 0 */
    uint64_t epoch;      /* not 0 */
    uint32_t partitions; /* Q; as many partition records follow the members */
    uint16_t replicas;   /* N; so many replicas has each partition record */
    uint8_t hash;        /* enum torc_hash */
    uint8_t claim;       /* enum torc_claim */
    uint16_t class_number;
    uint16_t session_window; /* a power of 2 */
    uint16_t sessions;       /* not 0 */
    uint16_t window;         /* a power of 2 */
    uint32_t kv_blocks;
    uint32_t session_idle_ms;
};
static_assert(sizeof(struct ring_image_head) == 56, "image head");

struct RING_PACKED ring_image_member {
    uint32_t id;      /* not 0; distinct */
    uint16_t workers; /* 1..TORC_WORKERS_MAX */
    uint16_t state;   /* enum ring_member_state */
    uint32_t ip;
    uint16_t port; /* of worker 0 */
    uint16_t reserved;
    uint64_t incarnation;
    char name[32]; /* with a terminating 0 */
};
static_assert(sizeof(struct ring_image_member) == 56, "image member");

struct RING_PACKED ring_image_replica {
    uint16_t member; /* index of its record; distinct in a chain; 0 past the chain's end */
    uint16_t worker; /* below the member's workers; 0 past the chain's end */
};

struct RING_PACKED ring_image_partition {
    uint64_t chain_epoch; /* 1 to the epoch */
    uint16_t owner;       /* index of a member */
    uint8_t length;       /* of the chain, 1 to N */
    uint8_t reserved;
    struct ring_image_replica chain[]; /* [N], head first */
};
static_assert(sizeof(struct ring_image_partition) == 12, "image partition");

#endif
