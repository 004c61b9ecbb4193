/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a received frame is. frame_udp_fast knows the frame that nearly every frame is, in few
 * instructions; frame_parse knows them all and names what is wrong. They agree: what the first
 * accepts, the second calls FRAME_UDP with the same view.
 */
#ifndef NET_FRAME_PARSE_H
#define NET_FRAME_PARSE_H

#include "drivers/net/frame_checksum.h"

enum frame_kind {
    FRAME_UDP,          /* a payload for one of our ports */
    FRAME_ARP_REQUEST,  /* who has our address? */
    FRAME_ARP_REPLY,    /* an answer to us */
    FRAME_ARP_NEWS,     /* somebody tells everybody where an address is */
    FRAME_ECHO,         /* ICMP echo request to us, checksum right */
    FRAME_TOO_BIG,      /* ICMP: a router cannot pass on packets of ours for their size */
    FRAME_NOT_FOR_US,   /* another station, address, protocol or port */
    FRAME_BAD_CHECKSUM, /* IPv4, UDP or ICMP */
    FRAME_MALFORMED,    /* too short, lengths that cannot be, fragments */
};

struct frame_view {
    const uint8_t *payload; /* UDP */
    uint32_t payload_bytes;
    struct torc_addr from;
    uint64_t from_mac;
    uint16_t to_port;
    uint32_t ip_bytes;  /* ECHO: of the IPv4 header; */
    uint32_t all_bytes; /* ECHO: the IPv4 packet's length, without what pads the frame */
};

/* What the port has checked already. */
#define FRAME_IPV4_CHECKED 1u /* the IPv4 header's checksum is right */
#define FRAME_UDP_CHECKED  2u /* the UDP checksum is right */

/* Never reads past data + bytes. */
enum frame_kind frame_parse(const struct frame_self *self, const uint8_t *data, uint32_t bytes,
    unsigned checked, struct frame_view *view);

/* Does the frame carry our tag, or none if we have none? Of at least l2_bytes. */
static inline bool frame_tag_is_ours(const struct frame_self *self, const uint8_t *data)
{
    if (self->vlan == 0)
        return true;
    return frame_load16(data + 12) == FRAME_TYPE_VLAN &&
           (frame_load16(data + 14) & 0xfffu) == self->vlan;
}

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the masks below are those of a little-endian machine"
#endif

/* Of the header's first 8 bytes: version and length are 4 and 5 words, and it is no fragment. */
#define FRAME_FAST_MASK0 0xff3f0000000000ffull
#define FRAME_FAST_WORD0 0x45ull
/* Of the next 8: the protocol. */
#define FRAME_FAST_MASK1 0xff00ull
#define FRAME_FAST_WORD1 (FRAME_PROTO_UDP << 8)

static inline uint64_t frame_load_raw64(const uint8_t *p)
{
    uint64_t raw;
    memcpy(&raw, p, sizeof raw);
    return raw;
}

/* Is the sum of an IPv4 header, given as its words, that of a right checksum? */
static inline bool frame_sum_ok(uint64_t word0, uint64_t word1, uint32_t word2)
{
    uint64_t sum = (uint32_t)word0 + (word0 >> 32) + (uint32_t)word1 + (word1 >> 32) + word2;
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    return (uint16_t)(sum + (sum >> 16)) == 0xffff;
}

/*
 * True, and the view, if the frame is UDP for us in an IPv4 header without options and all is
 * right; false says only that frame_parse is to look at it. Never reads past data + bytes.
 *
 *   word0: version, length, ... fragment | word1: TTL, protocol, checksum, source
 *   word2: destination, UDP ports        | UDP length, checksum
 */
static inline bool frame_udp_fast(const struct frame_self *self, const uint8_t *data,
    uint32_t bytes, unsigned checked, struct frame_view *view)
{
    const uint8_t *ip = data + self->l2_bytes;
    const uint8_t *udp = ip + FRAME_IPV4_BYTES;
    if (__builtin_expect(bytes < self->l2_bytes + FRAME_IP_UDP_BYTES, 0))
        return false;
    uint64_t word0 = frame_load_raw64(ip);
    uint64_t word1 = frame_load_raw64(ip + 8);
    uint64_t word2 = frame_load_raw64(ip + 16);
    uint64_t wrong =
        ((frame_load_raw64(data) & FRAME_MAC_MASK) ^ self->mac) |
        (frame_load16(ip - 2) ^ FRAME_TYPE_IPV4) | ((word0 & FRAME_FAST_MASK0) ^ FRAME_FAST_WORD0) |
        ((word1 & FRAME_FAST_MASK1) ^ FRAME_FAST_WORD1) | ((uint32_t)word2 ^ self->ip_raw);
    if (__builtin_expect(wrong != 0, 0) || !frame_tag_is_ours(self, data))
        return false;
    uint32_t total = __builtin_bswap16((uint16_t)(word0 >> 16));
    uint32_t udp_bytes = frame_load16(udp + 4);
    uint16_t to_port = __builtin_bswap16((uint16_t)(word2 >> 48));
    if (__builtin_expect((uint16_t)(to_port - self->base_port) >= self->ports, 0) ||
        __builtin_expect(udp_bytes < FRAME_UDP_BYTES, 0) ||
        __builtin_expect(udp_bytes + FRAME_IPV4_BYTES > total, 0) ||
        __builtin_expect(total > bytes - self->l2_bytes, 0))
        return false;
    if (!(checked & FRAME_IPV4_CHECKED) &&
        __builtin_expect(!frame_sum_ok(word0, word1, (uint32_t)word2), 0))
        return false;
    if (frame_load16(udp + 6) && !(checked & FRAME_UDP_CHECKED) &&
        !frame_udp_ok(ip, udp, udp_bytes, self->accept_partial))
        return false;
    view->payload = udp + FRAME_UDP_BYTES;
    view->payload_bytes = udp_bytes - FRAME_UDP_BYTES;
    view->from.ip = __builtin_bswap32((uint32_t)(word1 >> 32));
    view->from.port = __builtin_bswap16((uint16_t)(word2 >> 32));
    view->from_mac = frame_load_mac(data + FRAME_MAC_BYTES);
    view->to_port = to_port;
    return true;
}

#endif
