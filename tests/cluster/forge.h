/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Forged packets: whatever a peer, a client or a line could send, field by field, sealed as the
 * genuine ones are.
 */
#ifndef TESTS_CLUSTER_FORGE_H
#define TESTS_CLUSTER_FORGE_H

#include "tests/cluster/world.h"

struct forge {
    struct world *world;
    struct torc_addr from, to;
    struct wire_packet *header; /* of the packet being built: change it before it is sent */
    struct wire_builder builder;
    uint8_t packet[WIRE_PACKET_BYTES];
};

/* From worker 0 of a node to worker 0 of another, with the incarnations they have now. */
void forge_data(
    struct forge *forge, struct world *world, unsigned from, unsigned to, uint64_t number);
/* From a client to worker 0 of a node. */
void forge_request(struct forge *forge, struct world *world, unsigned client, unsigned to);
/* From a node to the control of another, naming that one's incarnation. */
struct wire_hello *forge_hello(
    struct forge *forge, struct world *world, unsigned from, unsigned to);
/* From a client to a node's control; the packet is `bytes` long. */
struct wire_info *forge_info(
    struct forge *forge, struct world *world, unsigned client, unsigned to, uint32_t bytes);

/* A frame of a partition, class 0, epoch 1. `bytes` with its head; the body is zero. */
void *forge_frame(
    struct forge *forge, enum wire_frame_type type, uint32_t partition, uint32_t bytes);
/* FORWARD of a put, made by a head as it were; of no session that exists. */
struct wire_entry *forge_forward(
    struct forge *forge, uint32_t partition, uint64_t sequence, const char *key);
/* Signs what was changed in it. */
void forge_sign(struct wire_entry *entry);
/* WRITE of a put. */
struct wire_request *forge_write(struct forge *forge, uint32_t partition,
    struct wire_session session, uint64_t number, const char *key);

void forge_send(struct forge *forge);
/* Sends without sealing: forge->packet, `bytes` of it, as it is. */
void forge_send_raw(struct forge *forge, uint32_t bytes);

#endif
