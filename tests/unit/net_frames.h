/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Frames to test with, as a capture on a wire shows them, and memory that ends where they end.
 */
#ifndef UNIT_NET_FRAMES_H
#define UNIT_NET_FRAMES_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/net/frame.h"

#define FRAMES_US   0x0a000001u /* 10.0.0.1 is 02:00:00:00:00:01 */
#define FRAMES_PEER 0x0a000002u /* 10.0.0.2 is 02:00:00:00:00:02 */
#define FRAMES_PORT 7000u

/* clang-format off */

/* 10.0.0.2:9000 -> 10.0.0.1:7001, "torc", UDP checksum present. */
static const uint8_t frames_udp[] = {
    0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, 0x08, 0x00,                  /* Ethernet */
    0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0x26, 0xcb, 10, 0, 0, 2, 10, 0, 0, 1, /* IPv4 */
    0x23, 0x28, 0x1b, 0x59, 0, 12, 0xc6, 0x7f, 't', 'o', 'r', 'c',               /* UDP */
};

/* The same with two words of options (NOP) in the IPv4 header. */
static const uint8_t frames_udp_options[] = {
    0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, 0x08, 0x00,                  /* Ethernet */
    0x47, 0, 0, 40, 0, 0, 0x40, 0, 64, 17, 0x20, 0xbf, 10, 0, 0, 2, 10, 0, 0, 1, /* IPv4 */
    1, 1, 1, 1, 1, 1, 1, 1,                                                      /* options */
    0x23, 0x28, 0x1b, 0x59, 0, 12, 0xc6, 0x7f, 't', 'o', 'r', 'c',               /* UDP */
};

/* Ping from 10.0.0.2 to 10.0.0.1, id 0x1234, sequence 1, data "abcd". */
static const uint8_t frames_echo[] = {
    0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, 0x08, 0x00,                 /* Ethernet */
    0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 1, 0x26, 0xdb, 10, 0, 0, 2, 10, 0, 0, 1, /* IPv4 */
    8, 0, 0x21, 0x04, 0x12, 0x34, 0, 1, 'a', 'b', 'c', 'd',                     /* ICMP */
};

/* 10.0.0.2 asks everybody for 10.0.0.1. */
static const uint8_t frames_arp_request[] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 0x02, 0x08, 0x06, /* Ethernet */
    0, 1, 8, 0, 6, 4, 0, 1,                                                 /* ARP request */
    0x02, 0, 0, 0, 0, 0x02, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1,
};

/* What 10.0.0.1 answers. */
static const uint8_t frames_arp_reply[] = {
    0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x06, /* Ethernet */
    0, 1, 8, 0, 6, 4, 0, 2,                                     /* ARP reply */
    0x02, 0, 0, 0, 0, 0x01, 10, 0, 0, 1, 0x02, 0, 0, 0, 0, 0x02, 10, 0, 0, 2,
};

/* clang-format on */

/* 10.0.0.1/24 with four ports from 7000 on, gateway 10.0.0.254. */
static inline struct frame_self frames_self(uint16_t vlan)
{
    struct frame_addressing us = {
        .mac = {2, 0, 0, 0, 0, 1},
        .ip = FRAMES_US,
        .prefix = 24,
        .gateway = 0x0a0000fe,
        .vlan = vlan,
        .base_port = FRAMES_PORT,
        .ports = 4,
    };
    struct frame_self self;
    if (frame_self_init(&self, &us) != NULL)
        abort();
    return self;
}

/* `bytes` at the very end of a page that an unreadable one follows. */
struct frames_edge {
    uint8_t *pages;
    size_t page;
};

static inline void frames_edge_open(struct frames_edge *edge)
{
    edge->page = (size_t)sysconf(_SC_PAGESIZE);
    edge->pages =
        mmap(NULL, 2 * edge->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (edge->pages == MAP_FAILED || mprotect(edge->pages + edge->page, edge->page, PROT_NONE))
        abort();
}

static inline uint8_t *frames_edge_put(struct frames_edge *edge, const uint8_t *data, size_t bytes)
{
    uint8_t *place = edge->pages + edge->page - bytes;
    memcpy(place, data, bytes);
    return place;
}

static inline void frames_edge_close(struct frames_edge *edge)
{
    munmap(edge->pages, 2 * edge->page);
}

/* A copy of an untagged frame with a tag; returns its length. */
static inline size_t frames_tag(uint8_t *out, const uint8_t *frame, size_t bytes, uint16_t tci)
{
    memcpy(out, frame, 12);
    frame_store16(out + 12, FRAME_TYPE_VLAN);
    frame_store16(out + 14, tci);
    memcpy(out + 16, frame + 12, bytes - 12);
    return bytes + FRAME_VLAN_BYTES;
}

#endif
