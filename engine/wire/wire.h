/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packets to checked views and back. Pure functions; any thread.
 *
 * A packet is decoded in two steps. wire_open checks the packet as a whole: lengths, magic,
 * version, type, flags, every frame's bounds and shape, and all CRCs (packet, requests, entries).
 * Nothing of a packet is looked at before it passed. wire_next then walks its frames without
 * checking again. What wire_open promises of each frame stands above the frame's struct in
 * messages.h and in docs/PROTOCOL.md; what needs state to judge (incarnations, epochs, sessions,
 * which operations a service knows) is for those who have the state.
 *
 * Packets and frames may lie at any address: every struct is packed, nothing needs alignment.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "engine/base/assert.h"
#include "engine/wire/messages.h"

/*
 * Why a packet is not taken. Each is a counter: drop_<name>. X(name, what a person reads)
 *
 * In the order in which they are looked for, so that each says one thing: whatever stands behind
 * bad_packet_crc was sealed like that by its sender; only bad_request can also be damage, where
 * a length that a request's or an entry's own CRC covers was hit.
 */
#define WIRE_DROPS(X)                                                                              \
    X(short_packet, "shorter than its header or than it says")                                     \
    X(long_packet, "longer than it says or than the limit")                                        \
    X(bad_magic, "not a torc packet")                                                              \
    X(bad_version, "another protocol version")                                                     \
    X(bad_frame_length, "a frame longer than the packet, unaligned, or not of its type's length")  \
    X(bad_frame_count, "no frame, more or fewer than it says, or more than its type may carry")    \
    X(bad_packet_crc, "packet CRC")                                                                \
    X(bad_type, "a packet type that does not exist")                                               \
    X(bad_flags, "flags or reserved fields that are not 0")                                        \
    X(bad_frame_type, "a frame type that does not exist or does not belong in this packet")        \
    X(bad_request, "a request, entry, part or answer whose fields contradict each other")          \
    X(bad_entry_crc, "a head's CRC")                                                               \
    X(bad_request_crc, "a client's CRC")                                                           \
    X(bad_padding, "padding that is not 0")

enum wire_drop {
    WIRE_TAKEN = 0,
#define WIRE_DROP_ENUM(name, text) WIRE_DROP_##name,
    WIRE_DROPS(WIRE_DROP_ENUM)
#undef WIRE_DROP_ENUM
        WIRE_DROP_COUNT
};

/* A packet that passed. Points into the caller's buffer. */
struct wire_view {
    struct wire_packet header; /* a copy */
    const uint8_t *frames;     /* first frame */
    const uint8_t *end;
};

/*
 * Checks a packet. `bytes` is what arrived: exactly what the header's `length` says. `cluster` is
 * the cluster's id, which seeds the CRC where wire_seed says so. `view` is filled in when the
 * answer is WIRE_TAKEN. On bad_version, too, its header is filled in, so that wire_refuse can
 * answer; of that header only magic, version, type and number mean anything, and no CRC vouches for
 * them.
 */
enum wire_drop wire_open(
    const void *packet, size_t bytes, uint64_t cluster, struct wire_view *view);

/*
 * The cluster id that a packet is sealed with: 0 for HELLO, REFUSE, and those INFO and CHUNK whose
 * (only) frame has the kind WIRE_INFO_RING; `cluster` for all others. Reads the packet's type and,
 * where there are so many bytes, that kind: `bytes` at least WIRE_PACKET_MIN. wire_open and
 * wire_seal apply it themselves.
 */
uint64_t wire_seed(const void *packet, size_t bytes, uint64_t cluster);

/* The next frame, or NULL at the end. *cursor starts at view->frames. */
static inline const struct wire_frame *wire_next(
    const struct wire_view *view, const uint8_t **cursor)
{
    if (*cursor == view->end)
        return NULL;
    const struct wire_frame *frame = (const struct wire_frame *)*cursor;
    *cursor += frame->length;
    return frame;
}

/*
 * The worker a packet is meant for, without any check but for length and magic; 0 if it says
 * nothing sensible. For drivers that steer packets to mailboxes.
 */
uint16_t wire_peek_worker(const void *packet, size_t bytes);

/* ---- building ---- */

/* A packet being written into a buffer of at least WIRE_PACKET_BYTES. */
struct wire_builder {
    uint8_t *packet;
    uint32_t used;  /* bytes, header included */
    uint32_t limit; /* most bytes, header included: WIRE_PACKET_MIN + frames that fit */
    uint16_t frames;
};

/*
 * Starts a packet with `header` (magic, version, length, frames and crc are filled in by
 * wire_seal). `packet_bytes` is the largest UDP payload to use (at most WIRE_PACKET_BYTES);
 * WIRE_AUTH_BYTES of it stay free.
 */
void wire_start(struct wire_builder *builder, void *buffer, uint32_t packet_bytes,
    const struct wire_packet *header);

/* Room left for frames, in bytes. */
static inline uint32_t wire_room(const struct wire_builder *builder)
{
    return builder->limit - builder->used;
}

/*
 * Adds a frame of `bytes` (head included; padded with zeros to 8 here) and returns its place, head
 * filled in with type and length, the rest of the head zero, the body uninitialised but for the
 * padding. The caller has checked wire_room against wire_pad(bytes).
 */
static inline struct wire_frame *wire_add(
    struct wire_builder *builder, enum wire_frame_type type, uint32_t bytes)
{
    const uint32_t padded = wire_pad(bytes);
    TORC_ASSERT(bytes >= sizeof(struct wire_frame) && bytes <= WIRE_FRAMES_BYTES);
    TORC_ASSERT(padded <= wire_room(builder));
    uint8_t *place = builder->packet + builder->used;
    const uint64_t zero = 0;
    memcpy(place + padded - sizeof zero, &zero, sizeof zero); /* the padding is among these */
    struct wire_frame *frame = (struct wire_frame *)place;
    *frame = (struct wire_frame){.type = (uint8_t)type, .length = (uint16_t)padded};
    builder->used += padded;
    builder->frames++;
    return frame;
}

/*
 * Fills in magic, version, length, frames and the packet CRC, once all frames are written.
 * `cluster` is always the sender's cluster (0 while it does not know it); wire_seed is applied
 * here. Returns the packet's length in bytes. A packet may be changed and sealed again (a new
 * `number`).
 */
uint32_t wire_seal(struct wire_builder *builder, uint64_t cluster);

/*
 * The answer to a packet that wire_open called bad_version: a sealed REFUSE in `buffer` (at least
 * WIRE_REFUSE_BYTES), its number that of the packet; `header` holds sender, worker and incarnation
 * of the answerer. Returns its length; 0 where there must be no answer: only HELLO, REQUEST and
 * INFO have one, and only if they are at least as long as the answer.
 */
#define WIRE_REFUSE_BYTES (WIRE_PACKET_MIN + sizeof(struct wire_refuse))
uint32_t wire_refuse(void *buffer, const struct wire_packet *asked, size_t asked_bytes,
    const struct wire_packet *header);

/* ---- requests and entries ---- */

/* Signs a whole request in place (length and all fields set). */
void wire_request_sign(struct wire_request *request);
/*
 * Is the request, exactly `bytes` long (unpadded; a request put together from parts: its total),
 * whole, within the limits, its fields in agreement, and its CRC right? Answers WIRE_TAKEN,
 * bad_request or bad_request_crc. Reads only the `bytes` given.
 */
enum wire_drop wire_request_check(const struct wire_request *request, size_t bytes);

/* Signs an entry's header in place; its request is whole and signed. */
void wire_entry_sign(struct wire_entry *entry);
/*
 * The same for an entry of exactly `bytes` (unpadded), with its own CRC: WIRE_TAKEN, bad_request,
 * bad_entry_crc, bad_request_crc or bad_flags.
 */
enum wire_drop wire_entry_check(const struct wire_entry *entry, size_t bytes);

/* Bytes of an entry, unpadded. */
static inline uint32_t wire_entry_bytes(const struct wire_entry *entry)
{
    return (uint32_t)(sizeof *entry - sizeof entry->request) + entry->request.length;
}
static inline const uint8_t *wire_request_key(const struct wire_request *request)
{
    return (const uint8_t *)(request + 1);
}
static inline const uint8_t *wire_request_value(const struct wire_request *request)
{
    return (const uint8_t *)(request + 1) + request->key_bytes;
}
static inline uint32_t wire_request_value_bytes(const struct wire_request *request)
{
    return request->length - (uint32_t)sizeof *request - request->key_bytes;
}

/*
 * CRC32C, continued from `seed` (start with WIRE_CRC_START). The value is the bare register, which
 * can be fed to the next call, and is what the formats hold; the customary final inversion is left
 * out: the check value of "123456789" is ~0xe3069283 = 0x1cf96d7c.
 */
#define WIRE_CRC_START 0xffffffffu
uint32_t wire_crc(uint32_t seed, const void *bytes, size_t count);

/* What frames a FORWARD or WRITE of so many bytes needs: does it fit one packet of packet_bytes? */
static inline bool wire_fits_one(uint32_t body_bytes, uint32_t packet_bytes)
{
    return wire_pad((uint32_t)sizeof(struct wire_frame) + body_bytes) <=
           packet_bytes - WIRE_PACKET_MIN - WIRE_AUTH_BYTES;
}

const char *wire_drop_name(enum wire_drop drop); /* "bad_magic" */
const char *wire_drop_text(enum wire_drop drop);

#endif
