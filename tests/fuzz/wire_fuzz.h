/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The first byte of an input says what becomes of the rest.
 */
#ifndef TESTS_FUZZ_WIRE_FUZZ_H
#define TESTS_FUZZ_WIRE_FUZZ_H

/* As it is. */
#define FUZZ_RAW     0x00
/* A packet: magic, version, length and frame count are made true, the packet CRC right. */
#define FUZZ_SEAL    0x01
/* And the CRCs of its requests and entries. */
#define FUZZ_SIGN    0x02
/* Not a packet but a request, or an entry, as parts put together give it; FUZZ_SIGN applies. */
#define FUZZ_REQUEST 0x04
#define FUZZ_ENTRY   0x08

#define FUZZ_CLUSTER 0x1122334455667788u

#endif
