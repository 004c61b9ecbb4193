/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packets to checked views and back. Pure functions; any thread.
 *
 * A packet is decoded in two steps. wire_open checks the packet as a whole: lengths, magic,
 * version, type, flags, every frame's bounds and shape, and all CRCs (packet, requests, entries).
 * Nothing of a packet is looked at before it passed. wire_next then walks its frames without
 * checking again.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/wire/messages.h"

/* Why a packet is not taken. Each is a counter: drop_<name>. X(name, what a person reads) */
#define WIRE_DROPS(X)                                                                              \
    X(short_packet, "shorter than its header or than it says")                                     \
    X(long_packet, "longer than it says or than the limit")                                        \
    X(bad_magic, "not a torc packet")                                                              \
    X(bad_version, "another protocol version")                                                     \
    X(bad_type, "a packet type that does not exist")                                               \
    X(bad_flags, "flags or reserved fields that this version does not know")                       \
    X(bad_frame_count, "more or fewer frames than it says")                                        \
    X(bad_frame_length, "a frame longer than the packet, too short for its type, or unaligned")    \
    X(bad_frame_type, "a frame type that does not exist or does not belong in this packet")        \
    X(bad_request, "a request or entry whose lengths contradict each other")                       \
    X(bad_packet_crc, "packet CRC")                                                                \
    X(bad_request_crc, "a client's CRC")                                                           \
    X(bad_entry_crc, "a head's CRC")

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
 * Checks a packet. `cluster` is the id that seeds the CRC; HELLO, REFUSE, and INFO and CHUNK about
 * the ring are sealed with 0 instead (wire_seed). `bytes` are what arrived: at least the header's
 * length, exactly its `length` field. On bad_version the header is filled in all the same, so that
 * it can be answered (only if the packet CRC over the 48 header bytes' covered part cannot be
 * known: do not check it).
 */
enum wire_drop wire_open(
    const void *packet, size_t bytes, uint64_t cluster, struct wire_view *view);

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
struct wire_frame *wire_add(
    struct wire_builder *builder, enum wire_frame_type type, uint32_t bytes);

/* Fills in the header and the packet CRC. Returns the packet's length in bytes. */
uint32_t wire_seal(struct wire_builder *builder, uint64_t cluster);

/* ---- requests and entries ---- */

/* Signs a whole request in place (length and all fields set). */
void wire_request_sign(struct wire_request *request);
/* Is the request, `bytes` long as received, whole, within the limits, its lengths in agreement, and
 * its CRC right? */
enum wire_drop wire_request_check(const struct wire_request *request, size_t bytes);

/* Signs an entry's header in place; its request is whole and signed. */
void wire_entry_sign(struct wire_entry *entry);
/* Both CRCs and all lengths of an entry of `bytes`. */
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

/* CRC32C, continued from `seed` (start with 0xffffffff). */
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
