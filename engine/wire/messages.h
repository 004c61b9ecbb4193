/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every struct that travels in a packet, lies in a log, or will lie on a disk. Little-endian,
 * packed, sizes asserted. docs/PROTOCOL.md describes every field for people.
 *
 *   packet   header | frame | frame | ... | (24 bytes kept free for an authentication tag)
 *   frame    head | body                     each a multiple of 8 bytes
 *   entry    entry header | request          one layout on the wire, in the log, on disk
 *   request  request header | key | value    made and signed by the client
 *
 * CRCs (CRC32C). The client signs its request, header and payload; nobody recomputes that on the
 * way. The head signs the entry header, which includes the client's CRC. The packet CRC, seeded
 * with the cluster's id, covers the packet header from `version` on; of FORWARD, WRITE and READ
 * the frame's head; every other frame whole. Parts of large values are thus covered by the packet
 * CRC, and again, once whole, by their own. The padding behind a request or an entry, which no
 * CRC covers, must be 0, as must all other padding, flags and reserved fields.
 */
#ifndef WIRE_MESSAGES_H
#define WIRE_MESSAGES_H

#include <assert.h>
#include <stdint.h>

#include <torc/types.h>

#define WIRE_PACKED __attribute__((packed))

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "formats are little-endian");

#define WIRE_MAGIC        0x43524f54u /* "TORC" */
#define WIRE_VERSION      1u
#define WIRE_AUTH_BYTES   24u   /* counter and tag of a later step: never filled by frames */
#define WIRE_PACKET_BYTES 1472u /* largest UDP payload at an MTU of 1500 */
#define WIRE_PACKET_MIN   48u
#define WIRE_FRAMES_BYTES (WIRE_PACKET_BYTES - WIRE_PACKET_MIN - WIRE_AUTH_BYTES) /* 1400 */
#define WIRE_ALIGN        8u
/* largest packet of version 1 */
#define WIRE_LENGTH_MAX   (WIRE_PACKET_BYTES - WIRE_AUTH_BYTES)

/* A HELLO, INFO, CHUNK or REFUSE carries exactly one frame, of its own name; the others one or
 * more. */
enum wire_packet_type {
    WIRE_HELLO = 1,   /* node to node, control: who I am */
    WIRE_DATA = 2,    /* worker to worker: link acks and frames of vnodes */
    WIRE_REQUEST = 3, /* client to worker */
    WIRE_REPLY = 4,   /* worker to client */
    WIRE_INFO = 5,    /* anyone to a node's control: ask for a piece of the ring, of counters */
    WIRE_CHUNK = 6,   /* the answer: never longer than what asked */
    WIRE_REFUSE = 7,  /* answer to a packet of another protocol version */
};

/*
 * Magic, CRC, version, type and number stand at the same place in every version for ever, the CRC
 * covers all from `version` to the end of what the version says it covers, and a REFUSE is always
 * laid out as in version 1.
 */
struct WIRE_PACKED wire_packet {
    uint32_t magic;
    uint32_t crc; /* over the rest, as the comment at the top says */
    uint8_t version;
    uint8_t type;    /* enum wire_packet_type */
    uint16_t length; /* bytes of the packet, this header and all frames */
    uint16_t frames; /* how many */
    uint16_t flags;  /* 0 in version 1 */
    uint32_t sender; /* node id; 0: a client */
    uint16_t sender_worker;
    uint16_t receiver_worker;
    uint64_t sender_incarnation;   /* 0 from clients */
    uint64_t receiver_incarnation; /* 0 only in HELLO and INFO (to one not heard yet), REPLY, CHUNK,
                                      REFUSE to clients */
    uint64_t number; /* packet number of the link, never reused; clients: echoed in CHUNK, REFUSE */
};
static_assert(sizeof(struct wire_packet) == WIRE_PACKET_MIN, "packet header");

enum wire_frame_type {
    WIRE_FRAME_HELLO = 1,
    WIRE_FRAME_LINK_ACK = 2,
    WIRE_FRAME_FORWARD = 3,      /* one entry down the chain */
    WIRE_FRAME_FORWARD_PART = 4, /* a part of an entry that fits no packet */
    WIRE_FRAME_COMMITTED = 5,    /* the tail's commit number up the chain, cumulative */
    WIRE_FRAME_EPOCH = 6,        /* answer to a frame of an older chain epoch */
    WIRE_FRAME_WRITE = 7,        /* a client's request that makes an entry */
    WIRE_FRAME_WRITE_PART = 8,
    WIRE_FRAME_PART_ACK = 9, /* which parts of a request arrived */
    WIRE_FRAME_READ = 10,    /* a client's request that makes none */
    WIRE_FRAME_REPLY = 11,
    WIRE_FRAME_INFO = 12,
    WIRE_FRAME_CHUNK = 13,
    WIRE_FRAME_REFUSE = 14,
    /* 15..31 kept for SYNC, SYNCED, SNAPSHOT, JOIN, LEASE, RAFT */
};

/* Head of every frame. For LINK_ACK, HELLO, INFO, CHUNK, REFUSE class, partition and epoch are 0.
 */
struct WIRE_PACKED wire_frame {
    uint8_t type;  /* enum wire_frame_type */
    uint8_t flags; /* 0 in version 1 */
    uint16_t
        length; /* bytes of the frame, this head included, padded to a multiple of 8 with zeros */
    uint16_t class;
    uint16_t partition;
    uint64_t epoch; /* chain epoch of the vnode, as the sender knows it */
};
static_assert(sizeof(struct wire_frame) == 16, "frame head");

/*
 * What a packet may hold: 1..3 exactly as said here, without key or value; from 16 on any, with a
 * key of 1..TORC_KEY_BYTES_MAX bytes and a value of up to TORC_VALUE_BYTES_MAX. Which of
 * those exist is the service's business.
 */
enum wire_operation {
    WIRE_OP_SESSION_OPEN = 1,  /* argument: a nonce of the client's; session and number 0 */
    WIRE_OP_SESSION_CLOSE = 2, /* ends the session it names: written by the head for one that is
                                  unused, or asked for by a client that leaves; not answered */
    WIRE_OP_NOOP = 3,          /* session and number 0 */
    /* 16..: operations of the service; below 16 those of the engine */
    WIRE_OP_PUT = 16,
    WIRE_OP_DELETE = 17,
    WIRE_OP_CAS = 18, /* argument: expected version, 0: the key must not exist */
    /* 128..: reads; they make no entry */
    WIRE_OP_GET = 128, /* argument: offset in the low 32 bits; a part of a value */
};
#define WIRE_OP_IS_READ(op) ((op) >= 128)

/* Session id: the (epoch, number) of the entry that opened it. {0,0}: none. */
struct WIRE_PACKED wire_session {
    uint64_t epoch;
    uint64_t number;
};

/*
 * A client's request: this header, key_bytes of key, then the value up to `length`. The CRC covers
 * everything from `length` to the end (not the zero padding of a frame).
 */
struct WIRE_PACKED wire_request {
    uint32_t crc;
    uint32_t length;             /* bytes of the request, this header included */
    struct wire_session session; /* reads: {0,0} */
    uint64_t number;             /* in the session, from 1; reads: the client's own */
    uint32_t awaited_behind;     /* number - awaited_behind is the lowest number still awaited; less
                                    than number, 0 where that is 0; not looked at in reads */
    uint16_t operation;          /* enum wire_operation */
    uint16_t key_bytes;
    uint64_t argument; /* of the operation */
};
static_assert(sizeof(struct wire_request) == 48, "request header");

/*
 * A record of a vnode's log: this header, then the request it carries (its crc and length are the
 * next 8 bytes). `crc` covers from `kind` to the request's crc and length, included. An entry
 * is padded with zeros to a multiple of 8, in a frame and in the log.
 */
struct WIRE_PACKED wire_entry {
    uint32_t crc;
    uint8_t kind;  /* 1: carries a request that is no read; others kept for later records */
    uint8_t flags; /* 0 */
    uint16_t client_port;
    uint16_t class;
    uint16_t partition;
    uint32_t client_ip;
    uint64_t epoch;    /* chain epoch it was created in */
    uint64_t sequence; /* with the epoch it names one entry for ever */
    struct wire_request request;
};
static_assert(sizeof(struct wire_entry) == 80, "entry header");
#define WIRE_ENTRY_REQUEST     1u
#define WIRE_ENTRY_CRC_START   4u
#define WIRE_ENTRY_CRC_BYTES   (32u + 8u - WIRE_ENTRY_CRC_START)
#define WIRE_REQUEST_CRC_START 4u

#define WIRE_REQUEST_BYTES_MAX                                                                     \
    (sizeof(struct wire_request) + TORC_KEY_BYTES_MAX + TORC_VALUE_BYTES_MAX)
#define WIRE_ENTRY_BYTES_MAX                                                                       \
    (WIRE_REQUEST_BYTES_MAX + sizeof(struct wire_entry) - sizeof(struct wire_request))

/* ---- frames ---- */

struct WIRE_PACKED wire_hello {
    struct wire_frame frame;
    uint64_t
        cluster; /* id; HELLO packets are sealed with cluster 0, so that a stranger can be named */
    uint64_t config_hash; /* of the static cluster configuration */
    uint16_t workers;
    uint16_t packet_bytes; /* largest UDP payload it takes */
    uint16_t
        credits; /* packets that one worker of the receiver may have in flight to one of mine */
    uint16_t version_max; /* highest protocol version spoken */
    char name[32];        /* with a terminating 0 */
};
static_assert(sizeof(struct wire_hello) == 72, "hello");

/* Acknowledges packets of a link: `largest`, and bit i of `bitmap` for largest - 1 - i. */
#define WIRE_LINK_ACK_BITS 128u
struct WIRE_PACKED wire_link_ack {
    struct wire_frame frame; /* epoch: 0 */
    uint64_t largest;
    uint64_t bitmap[2];
    uint64_t credit;   /* packets that may be in flight to the sender of this; 0 counts as 1 */
    uint32_t delay_us; /* since `largest` arrived */
    uint32_t reserved;
};
static_assert(sizeof(struct wire_link_ack) == 56, "link ack");

/*
 * FORWARD: struct wire_frame, then one struct wire_entry with its payload; class and partition of
 * both agree.
 */

struct WIRE_PACKED wire_forward_part {
    struct wire_frame frame;
    uint64_t entry_epoch; /* creation epoch and number of the entry */
    uint64_t sequence;
    uint32_t total;  /* bytes of the whole entry, unpadded */
    uint32_t offset; /* of this part; a multiple of WIRE_PART_BYTES */
    /* min(WIRE_PART_BYTES, total - offset) bytes, padded */
};
static_assert(sizeof(struct wire_forward_part) == 40, "forward part");

struct WIRE_PACKED wire_committed {
    struct wire_frame frame;
    uint64_t sequence; /* all entries up to it are committed */
};
static_assert(sizeof(struct wire_committed) == 24, "committed");

/* EPOCH: a wire_frame alone; its epoch is the answerer's. */

/* WRITE, READ: struct wire_frame, then one struct wire_request with its payload. */

struct WIRE_PACKED wire_write_part {
    struct wire_frame frame;
    struct wire_session session;
    uint64_t number;
    uint32_t total;  /* bytes of the whole request, unpadded */
    uint32_t offset; /* of this part; a multiple of WIRE_PART_BYTES */
    /* min(WIRE_PART_BYTES, total - offset) bytes, padded */
};
static_assert(sizeof(struct wire_write_part) == 48, "write part");

#define WIRE_PART_BYTES 1344u /* a part's payload; every part but the last has exactly this */

struct WIRE_PACKED wire_part_ack {
    struct wire_frame frame;
    struct wire_session session;
    uint64_t number;
    uint32_t parts;    /* arrived without a gap, from the first */
    uint32_t delay_us; /* not 0: no room for this request now, try again after so long */
    uint64_t bitmap;   /* bit i: part parts + 1 + i arrived too */
};
static_assert(sizeof(struct wire_part_ack) == 56, "part ack");

/*
 * The answer to one request, named by (class, partition, session, number). To a GET: the value's
 * bytes from `offset` on follow, as many as fit; the client asks for the rest. To a SESSION_OPEN:
 * session is the new one ({0,0} unless OK), number 0, version the nonce that the client sent, by
 * which it tells this answer from that to an earlier one of its own or of its address.
 */
struct WIRE_PACKED wire_reply {
    struct wire_frame frame; /* epoch: the chain epoch of the answerer */
    struct wire_session session;
    uint64_t number;
    uint16_t status;   /* enum torc_status */
    uint16_t bytes;    /* of value in this reply */
    uint32_t delay_us; /* with BUSY, NOT_READY: when to try again; else 0 */
    uint64_t version;  /* of the key */
    uint32_t total;    /* bytes of the whole value */
    uint32_t offset;   /* of the bytes in this reply; without any, what was asked for */
};
static_assert(sizeof(struct wire_reply) == 64, "reply");
#define WIRE_REPLY_VALUE_MAX (WIRE_FRAMES_BYTES - sizeof(struct wire_reply)) /* 1336 */

enum wire_info_kind { WIRE_INFO_RING = 1, WIRE_INFO_STATS = 2 };

/*
 * Asks for a piece of a text or table that control keeps. Padded by the sender, with zeros, to the
 * length of the answer it is ready to take: no answer is longer than its question. Sealed with
 * cluster 0 for the ring, since a client with only an address does not know the cluster yet.
 */
struct WIRE_PACKED wire_info {
    struct wire_frame frame;
    uint32_t kind; /* enum wire_info_kind */
    uint32_t offset;
    uint64_t generation; /* of the image whose later pieces are asked for; 0 with offset 0 */
};
static_assert(sizeof(struct wire_info) == 32, "info");

struct WIRE_PACKED wire_chunk {
    struct wire_frame frame;
    uint32_t kind;
    uint32_t offset;
    uint64_t generation;
    uint32_t total;  /* bytes of the whole */
    uint16_t status; /* OK; NOT_READY: no ring yet; WRONG_EPOCH: that generation is gone, start
                        again; INVALID: no such kind, or an offset past the end */
    uint16_t bytes;  /* of payload here */
};
static_assert(sizeof(struct wire_chunk) == 40, "chunk");
#define WIRE_CHUNK_BYTES_MAX (WIRE_FRAMES_BYTES - sizeof(struct wire_chunk)) /* 1360 */

struct WIRE_PACKED wire_refuse {
    struct wire_frame frame;
    uint8_t version_min;
    uint8_t version_max;
    uint8_t reserved[6];
};
static_assert(sizeof(struct wire_refuse) == 24, "refuse");

static inline uint32_t wire_pad(uint32_t bytes)
{
    return (bytes + WIRE_ALIGN - 1) & ~(WIRE_ALIGN - 1);
}

#endif
