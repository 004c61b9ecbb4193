/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/frame_checksum.h"

uint64_t frame_sum(const void *data, size_t bytes, uint64_t sum)
{
    const uint8_t *p = data;
    for (; bytes >= 4; bytes -= 4, p += 4) { /* 32-bit words: their carries fold in at the end */
        uint32_t word;
        memcpy(&word, p, sizeof word);
        sum += word;
    }
    if (bytes) {
        uint32_t word = 0;
        memcpy(&word, p, bytes);
        sum += word;
    }
    return sum;
}

uint16_t frame_checksum(const void *data, size_t bytes)
{
    return (uint16_t)~frame_fold(frame_sum(data, bytes, 0));
}

uint64_t frame_pseudo_sum(const uint8_t *ip, uint32_t udp_bytes)
{
    uint8_t tail[4] = {0, FRAME_PROTO_UDP, (uint8_t)(udp_bytes >> 8), (uint8_t)udp_bytes};
    return frame_sum(tail, sizeof tail, frame_sum(ip + 12, 8, 0));
}

uint16_t frame_udp_checksum(const uint8_t *ip, const uint8_t *udp, uint32_t udp_bytes)
{
    uint64_t sum = frame_sum(udp, udp_bytes, frame_pseudo_sum(ip, udp_bytes));
    uint16_t checksum = (uint16_t)~frame_fold(sum);
    return checksum ? checksum : 0xffff;
}

bool frame_udp_ok(const uint8_t *ip, const uint8_t *udp, uint32_t udp_bytes, bool accept_partial)
{
    uint16_t stored;
    memcpy(&stored, udp + 6, sizeof stored);
    if (stored == 0)
        return true;
    uint64_t pseudo = frame_pseudo_sum(ip, udp_bytes);
    if (frame_fold(frame_sum(udp, udp_bytes, pseudo)) == 0xffff)
        return true;
    return accept_partial && stored == frame_fold(pseudo);
}
