/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ethernet, IPv4, UDP, ICMP and ARP as bytes in memory: what a driver needs that has no kernel
 * under it. The frame_*.c files are pure functions over bytes: no I/O, no clock, no allocation.
 *
 *   Ethernet 14 [802.1Q 4] | IPv4 20 [options] | UDP 8 | payload
 *
 * Addresses and ports are in host byte order in every struct that is not a header.
 */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <torc/types.h>

#define FRAME_MAC_BYTES     6u
#define FRAME_ETH_BYTES     14u
#define FRAME_VLAN_BYTES    4u
#define FRAME_IPV4_BYTES    20u
#define FRAME_UDP_BYTES     8u
#define FRAME_ICMP_BYTES    8u
#define FRAME_ARP_BYTES     28u
#define FRAME_HEADERS_BYTES (FRAME_ETH_BYTES + FRAME_IPV4_BYTES + FRAME_UDP_BYTES) /* 42 */
#define FRAME_HEADERS_MAX   (FRAME_HEADERS_BYTES + FRAME_VLAN_BYTES)               /* 46 */
#define FRAME_ARP_MAX       (FRAME_ETH_BYTES + FRAME_VLAN_BYTES + FRAME_ARP_BYTES) /* 46 */
#define FRAME_IP_UDP_BYTES  (FRAME_IPV4_BYTES + FRAME_UDP_BYTES)                   /* 28 */

#define FRAME_TYPE_IPV4   0x0800u
#define FRAME_TYPE_ARP    0x0806u
#define FRAME_TYPE_VLAN   0x8100u
#define FRAME_PROTO_ICMP  1u
#define FRAME_PROTO_UDP   17u
#define FRAME_TTL         64u
#define FRAME_IP_DF       0x4000u
#define FRAME_IP_FRAGMENT 0x3fffu /* "more fragments" and the offset */

#define FRAME_MAC_MASK 0xffffffffffffull /* six bytes, as frame_load_mac gives them */

/* Who we are on a port. Made by frame_self_init; read-only afterwards; any thread. */
struct frame_self {
    uint64_t mac;        /* as frame_load_mac gives it */
    uint32_t ip;         /* ours */
    uint32_t mask;       /* of the subnet: 0xffffff00 for a prefix of 24 */
    uint32_t gateway;    /* 0: there is none */
    uint32_t ip_raw;     /* ip as it lies in a header */
    uint32_t l2_bytes;   /* 14, or 18 with a tag */
    uint16_t vlan;       /* 0: untagged, and only untagged frames are ours */
    uint16_t base_port;  /* the first of our UDP ports */
    uint16_t ports;      /* how many */
    bool accept_partial; /* a UDP checksum that a local kernel left to its NIC is good */
};

/* Big-endian loads and stores at any alignment. */
static inline uint16_t frame_load16(const uint8_t *p)
{
    uint16_t raw;
    memcpy(&raw, p, sizeof raw);
    return __builtin_bswap16(raw);
}

static inline uint32_t frame_load32(const uint8_t *p)
{
    uint32_t raw;
    memcpy(&raw, p, sizeof raw);
    return __builtin_bswap32(raw);
}

static inline void frame_store16(uint8_t *p, uint16_t value)
{
    uint16_t raw = __builtin_bswap16(value);
    memcpy(p, &raw, sizeof raw);
}

static inline void frame_store32(uint8_t *p, uint32_t value)
{
    uint32_t raw = __builtin_bswap32(value);
    memcpy(p, &raw, sizeof raw);
}

/* A MAC as a number, the six bytes as they lie in memory; reads six bytes, no more. */
static inline uint64_t frame_load_mac(const uint8_t *p)
{
    uint32_t low;
    uint16_t high;
    memcpy(&low, p, sizeof low);
    memcpy(&high, p + 4, sizeof high);
    return (uint64_t)high << 32 | low;
}

static inline void frame_store_mac(uint8_t *p, uint64_t mac)
{
    uint32_t low = (uint32_t)mac;
    uint16_t high = (uint16_t)(mac >> 32);
    memcpy(p, &low, sizeof low);
    memcpy(p + 4, &high, sizeof high);
}

/* The lowest bit of the first byte: a group, not one station. */
static inline bool frame_mac_is_group(uint64_t mac)
{
    return mac & 1u;
}

/* Can this be the address of one host of our subnet that is not us? */
static inline bool frame_is_neighbour(const struct frame_self *self, uint32_t ip)
{
    uint32_t host = ip & ~self->mask;
    if ((ip & self->mask) != (self->ip & self->mask) || ip == self->ip)
        return false;
    return self->mask >= 0xfffffffeu || (host != 0 && host != ~self->mask);
}

/* Whom to hand a packet for `ip`: itself if it is in our subnet, else the gateway; 0: nobody. */
static inline uint32_t frame_next_hop(const struct frame_self *self, uint32_t ip)
{
    if ((ip & self->mask) == (self->ip & self->mask))
        return frame_is_neighbour(self, ip) ? ip : 0;
    return self->gateway;
}

struct frame_addressing {
    uint8_t mac[FRAME_MAC_BYTES];
    uint32_t ip;
    uint8_t prefix;
    uint32_t gateway;
    uint16_t vlan;
    uint16_t base_port;
    uint16_t ports;
};

/*
 * Fills in *self. NULL, or a sentence about which of the values cannot be: for the operator.
 */
const char *frame_self_init(struct frame_self *self, const struct frame_addressing *addressing);

#endif
