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

/*
 * True, and the view, if the frame is UDP for us in an IPv4 header without options and all is
 * right; false says only that frame_parse is to look at it. Never reads past data + bytes.
 */
static inline bool frame_udp_fast(const struct frame_self *self, const uint8_t *data,
    uint32_t bytes, unsigned checked, struct frame_view *view)
{
    const uint8_t *ip = data + self->l2_bytes;
    const uint8_t *udp = ip + FRAME_IPV4_BYTES;
    uint32_t to;
    if (__builtin_expect(bytes < self->l2_bytes + FRAME_IP_UDP_BYTES, 0))
        return false;
    memcpy(&to, ip + 16, sizeof to);
    uint32_t total = frame_load16(ip + 2);
    uint32_t udp_bytes = frame_load16(udp + 4);
    uint16_t port = (uint16_t)(frame_load16(udp + 2) - self->base_port);
    bool plain = (frame_load_mac(data) == self->mac) && frame_tag_is_ours(self, data) &&
                 (frame_load16(ip - 2) == FRAME_TYPE_IPV4) && (ip[0] == 0x45) &&
                 ((frame_load16(ip + 6) & FRAME_IP_FRAGMENT) == 0) && (ip[9] == FRAME_PROTO_UDP) &&
                 (to == self->ip_raw) && (port < self->ports) && (udp_bytes >= FRAME_UDP_BYTES) &&
                 (udp_bytes + FRAME_IPV4_BYTES <= total) && (total <= bytes - self->l2_bytes);
    if (__builtin_expect(!plain, 0))
        return false;
    if (!(checked & FRAME_IPV4_CHECKED) && __builtin_expect(!frame_ipv4_ok(ip), 0))
        return false;
    if ((udp[6] | udp[7]) && !(checked & FRAME_UDP_CHECKED) &&
        !frame_udp_ok(ip, udp, udp_bytes, self->accept_partial))
        return false;
    view->payload = udp + FRAME_UDP_BYTES;
    view->payload_bytes = udp_bytes - FRAME_UDP_BYTES;
    view->from.ip = frame_load32(ip + 12);
    view->from.port = frame_load16(udp);
    view->from_mac = frame_load_mac(data + FRAME_MAC_BYTES);
    view->to_port = frame_load16(udp + 2);
    return true;
}

#endif
