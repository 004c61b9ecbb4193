/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Frames to send: the 42 or 46 bytes in front of a UDP payload, ARP requests, and answers made
 * in the very buffer that the question came in.
 */
#ifndef NET_FRAME_BUILD_H
#define NET_FRAME_BUILD_H

#include "drivers/net/frame_checksum.h"

/*
 * Everything of the headers to one destination that does not depend on the packet. It ends at the
 * end of `bytes`, so that one copy of all of it fits in front of any payload; the IPv4 checksum
 * field holds the raw sum of the rest, to which the length is to be added.
 */
struct frame_template {
    uint8_t bytes[FRAME_HEADERS_MAX];
};

#define FRAME_TEMPLATE_IP  (FRAME_HEADERS_MAX - FRAME_IP_UDP_BYTES)
#define FRAME_TEMPLATE_UDP (FRAME_HEADERS_MAX - FRAME_UDP_BYTES)

/* Headers from `from_port` of ours to a host at `ip`, handed to the station `mac`. */
void frame_template_make(struct frame_template *template, const struct frame_self *self,
    uint64_t mac, uint32_t ip, uint16_t from_port);

/* The raw destination address in a template; 0 in one that was never made. */
static inline uint32_t frame_template_ip_raw(const struct frame_template *template)
{
    uint32_t raw;
    memcpy(&raw, template->bytes + FRAME_TEMPLATE_IP + 16, sizeof raw);
    return raw;
}

/*
 * Fills in what depends on the packet: lengths, port, IPv4 checksum; the UDP checksum stays 0.
 * `payload` has a copy of the template's bytes in front of it.
 */
static inline void frame_template_fill(const struct frame_template *template, uint8_t *payload,
    uint32_t payload_bytes, uint16_t to_port)
{
    uint8_t *udp = payload - FRAME_UDP_BYTES;
    uint8_t *ip = udp - FRAME_IPV4_BYTES;
    uint16_t raw_total = __builtin_bswap16((uint16_t)(payload_bytes + FRAME_IP_UDP_BYTES));
    uint16_t sum;
    memcpy(&sum, template->bytes + FRAME_TEMPLATE_IP + 10, sizeof sum);
    uint32_t folded = (uint32_t)sum + raw_total;
    sum = (uint16_t) ~(folded + (folded >> 16));
    memcpy(ip + 2, &raw_total, sizeof raw_total);
    memcpy(ip + 10, &sum, sizeof sum);
    frame_store32(udp + 2, (uint32_t)to_port << 16 | (uint16_t)(payload_bytes + FRAME_UDP_BYTES));
}

/*
 * An ARP request for `ip` into `frame` (FRAME_ARP_MAX bytes at least), to the station `mac`
 * (FRAME_MAC_MASK: to all). With `ip` our own it is a gratuitous one. Returns its length.
 */
uint32_t frame_arp_request(
    const struct frame_self *self, uint8_t *frame, uint64_t mac, uint32_t ip);

/* Turns a request that frame_parse called FRAME_ARP_REQUEST into its reply. Returns its length. */
uint32_t frame_arp_reply(const struct frame_self *self, uint8_t *frame);

/*
 * Turns a frame that frame_parse called FRAME_ECHO into its reply, with ip_bytes and all_bytes of
 * its view. Returns its length.
 */
uint32_t frame_echo_reply(
    const struct frame_self *self, uint8_t *frame, uint32_t ip_bytes, uint32_t all_bytes);

#endif
