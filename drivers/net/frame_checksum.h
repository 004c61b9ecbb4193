/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The Internet checksum (RFC 1071): one's complement sums of 16-bit words. The sum does not care
 * for byte order as long as words are loaded and stored alike, so all of this works on words as
 * they lie in memory ("raw").
 */
#ifndef NET_FRAME_CHECKSUM_H
#define NET_FRAME_CHECKSUM_H

#include <stddef.h>

#include "drivers/net/frame.h"

/* Folds a sum to 16 bits. */
static inline uint16_t frame_fold(uint64_t sum)
{
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffffu) + (sum >> 16);
    sum = (sum & 0xffffu) + (sum >> 16);
    return (uint16_t)sum;
}

/* The raw sum of an IPv4 header without options. */
static inline uint64_t frame_ipv4_sum(const uint8_t *header)
{
    uint64_t a;
    uint64_t b;
    uint32_t c;
    memcpy(&a, header, sizeof a);
    memcpy(&b, header + 8, sizeof b);
    memcpy(&c, header + 16, sizeof c);
    return (a & 0xffffffffu) + (a >> 32) + (b & 0xffffffffu) + (b >> 32) + c;
}

/* Is the checksum of an IPv4 header without options right? */
static inline bool frame_ipv4_ok(const uint8_t *header)
{
    return frame_fold(frame_ipv4_sum(header)) == 0xffff;
}

/* Adds the raw words of `bytes` at data (an odd last byte as if 0 followed) to a sum. */
uint64_t frame_sum(const void *data, size_t bytes, uint64_t sum);

/* What to store, raw, in the checksum field of `bytes` at data; the field itself must be 0. */
uint16_t frame_checksum(const void *data, size_t bytes);

/*
 * The raw sum of UDP's pseudo-header: addresses of the IPv4 header `ip`, protocol, UDP length.
 */
uint64_t frame_pseudo_sum(const uint8_t *ip, uint32_t udp_bytes);

/*
 * What to store, raw, in a UDP checksum field that is 0 now. Never 0: that would mean "none".
 */
uint16_t frame_udp_checksum(const uint8_t *ip, const uint8_t *udp, uint32_t udp_bytes);

/* Is a UDP checksum right? 0, none, is. See accept_partial of struct frame_self. */
bool frame_udp_ok(const uint8_t *ip, const uint8_t *udp, uint32_t udp_bytes, bool accept_partial);

/* A raw checksum field after one raw word that it covers has changed (RFC 1624). */
static inline uint16_t frame_checksum_adjust(uint16_t checksum, uint16_t before, uint16_t after)
{
    uint32_t sum = (uint16_t)~checksum + (uint32_t)(uint16_t)~before + after;
    return (uint16_t)~frame_fold(sum);
}

#endif
