/* SPDX-License-Identifier: BSD-3-Clause
 *
 * CRC32C for the hot path. A packet is mostly a few short runs (56 bytes of headers, 36 of an
 * entry's), for which a chain of crc32 instructions in place takes less than half the time of a
 * call to ISA-L; from WIRE_CRC_SHORT on ISA-L's folding wins. Both give the same number.
 *
 * Internal to engine/wire.
 */
#ifndef WIRE_CRC_H
#define WIRE_CRC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <isa-l/crc.h>

#ifdef __SSE4_2__
#include <nmmintrin.h>
#define WIRE_CRC_SHORT 208u
#endif

/* ISA-L takes its bytes without const; it only reads them. */
static inline uint32_t wire_crc_long(uint32_t seed, const uint8_t *bytes, size_t count)
{
    return crc32_iscsi((unsigned char *)(uintptr_t)bytes, (int)count, seed);
}

#ifdef __SSE4_2__
static inline uint64_t wire_crc_eight(uint64_t crc, const uint8_t *bytes)
{
    uint64_t eight;
    memcpy(&eight, bytes, sizeof eight);
    return _mm_crc32_u64(crc, eight);
}

static inline uint32_t wire_crc_short(uint32_t seed, const uint8_t *bytes, size_t count)
{
    uint64_t crc = seed;
    uint32_t four;
    for (; count >= 32; count -= 32, bytes += 32) {
        crc = wire_crc_eight(crc, bytes);
        crc = wire_crc_eight(crc, bytes + 8);
        crc = wire_crc_eight(crc, bytes + 16);
        crc = wire_crc_eight(crc, bytes + 24);
    }
    if (count & 16) {
        crc = wire_crc_eight(crc, bytes);
        crc = wire_crc_eight(crc, bytes + 8);
        bytes += 16;
    }
    if (count & 8) {
        crc = wire_crc_eight(crc, bytes);
        bytes += 8;
    }
    if (count & 4) {
        memcpy(&four, bytes, sizeof four);
        crc = _mm_crc32_u32((uint32_t)crc, four);
        bytes += sizeof four;
    }
    for (count &= 3; count > 0; count--)
        crc = _mm_crc32_u8((uint32_t)crc, *bytes++);
    return (uint32_t)crc;
}

/* Continued from `seed`; count at most INT_MAX. */
static inline uint32_t wire_crc_run(uint32_t seed, const uint8_t *bytes, size_t count)
{
    return count < WIRE_CRC_SHORT ? wire_crc_short(seed, bytes, count)
                                  : wire_crc_long(seed, bytes, count);
}
#else
#define wire_crc_short wire_crc_long
#define wire_crc_run   wire_crc_long
#endif

#endif
