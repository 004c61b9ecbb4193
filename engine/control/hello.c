/* SPDX-License-Identifier: BSD-3-Clause
 *
 * HELLO: who is there. A member is bound to the incarnation in a HELLO that names ours: only a
 * process that has heard this one, in this life of both, can send that; an old packet that wandered
 * about cannot. A HELLO with number 1 asks for an answer, which has number 0 and asks for none.
 *
 *   A                          B
 *   HELLO (1, to 0)  --------> knows that A lives, binds nothing
 *     binds B <--------------- HELLO (0, to A)
 *             <--------------- HELLO (1, to A)    B asks as well
 *   HELLO (0, to B)  --------> binds A
 */
#include <string.h>

#include "engine/base/mutant.h"
#include "engine/control/internal.h"

#define HELLO_ASKS 1u

static bool hello_send(
    struct control *control, struct torc_addr to, uint64_t receiver, uint64_t asks)
{
    uint8_t buffer[WIRE_PACKET_BYTES];
    struct wire_builder builder;
    struct wire_packet header = control_header(control, WIRE_HELLO);
    const struct ring_member *self = &control->member[control->self];
    header.receiver_incarnation = receiver;
    header.number = asks;
    wire_start(&builder, buffer, sizeof buffer, &header);
    struct wire_hello *hello =
        (struct wire_hello *)wire_add(&builder, WIRE_FRAME_HELLO, sizeof *hello);
    hello->cluster = control->cluster;
    hello->config_hash = control->config.config_hash;
    hello->workers = self->workers;
    hello->packet_bytes = (uint16_t)control->config.packet_bytes;
    hello->credits = (uint16_t)control->config.credits;
    hello->version_max = WIRE_VERSION;
    memcpy(hello->name, self->name, sizeof hello->name);
    bool sent = control_send(control, buffer, wire_seal(&builder, control->cluster), to);
    control->counters.hello_sent += sent;
    return sent;
}

static enum control_peer_trouble hello_trouble(
    const struct control *control, uint16_t member, const struct wire_hello *hello)
{
    if (hello->cluster != control->cluster)
        return CONTROL_PEER_OTHER_CLUSTER;
    if (hello->config_hash != control->config.config_hash)
        return CONTROL_PEER_OTHER_CONFIG;
    if (memcmp(hello->name, control->member[member].name, sizeof hello->name) != 0)
        return CONTROL_PEER_OTHER_NAME;
    if (hello->packet_bytes < WIRE_PACKET_BYTES)
        return CONTROL_PEER_SMALL_MTU;
    return CONTROL_PEER_FINE;
}

/*
 * To which incarnation of a member we speak. Once the ring is published that is the bound one, for
 * life: a member that returned as another hears nobody name it, so it binds nobody and never serves
 * from its empty memory.
 */
static uint64_t hello_receiver(const struct control *control, const struct control_peer *peer)
{
    return control->current != NULL && !MUTANT(hello_names_returned) ? peer->incarnation
                                                                     : peer->heard;
}

/* A HELLO that names our incarnation: its sender lives, and has heard us. */
static void hello_bind(struct control *control, uint16_t member, uint64_t incarnation)
{
    struct control_peer *peer = &control->peer[member];
    if (peer->incarnation == incarnation)
        return;
    if (control->current != NULL) {
        /* "A node that restarted is not the member it was" (rule 10) */
        peer->trouble = CONTROL_PEER_RETURNED;
        control->change |= control->member[member].state != RING_MEMBER_LOST;
        control->member[member].state = RING_MEMBER_LOST;
        return;
    }
    peer->incarnation = incarnation;
    control->member[member].incarnation = incarnation;
}

/* A HELLO of this cluster. */
static void hello_fine(struct control *control, uint16_t member, const struct wire_packet *header)
{
    struct control_peer *peer = &control->peer[member];
    uint64_t own = control->config.incarnation;
    peer->heard = header->sender_incarnation;
    bool another = header->receiver_incarnation != own && header->receiver_incarnation != 0;
    if (another && control->current == NULL) {
        if (header->number != HELLO_ASKS) /* who asks may not have heard of this one yet */
            peer->trouble = CONTROL_PEER_KNOWS_ANOTHER;
    } else if (peer->trouble != CONTROL_PEER_RETURNED) {
        peer->trouble = CONTROL_PEER_FINE;
    }
    if (header->receiver_incarnation == own || MUTANT(hello_unproven))
        hello_bind(control, member, header->sender_incarnation);
}

void control_hello(struct control *control, const struct wire_view *view, struct torc_addr from)
{
    const struct wire_hello *hello = (const struct wire_hello *)view->frames;
    uint16_t member = ring_member_by_id(control->config.plan, view->header.sender);
    control->counters.hello_received++;
    if (member == RING_NO_MEMBER || member == control->self ||
        view->header.sender_incarnation == 0) {
        control->counters.hello_unknown_sender++;
        return;
    }
    struct control_peer *peer = &control->peer[member];
    enum control_peer_trouble trouble = hello_trouble(control, member, hello);
    if (trouble != CONTROL_PEER_FINE) {
        control->counters.hello_refused++;
        if (peer->incarnation == 0) /* never disturbs what is bound */
            peer->trouble = (uint8_t)trouble;
    } else {
        hello_fine(control, member, &view->header);
    }
    if (view->header.number == HELLO_ASKS)
        hello_send(control, from, hello_receiver(control, peer), 0);
}

/* One that is due. False: there was no room for it. */
static bool hello_one(struct control *control, uint16_t member)
{
    struct control_peer *peer = &control->peer[member];
    if (member == control->self || control->now_ns < peer->next_hello_ns)
        return true;
    struct torc_addr address = control->member[member].address;
    if (!hello_send(control, address, hello_receiver(control, peer), HELLO_ASKS))
        return false;
    bool bound = peer->incarnation != 0;
    peer->next_hello_ns =
        control->now_ns + (bound ? CONTROL_HELLO_LATER_NS : control->config.hello_interval_ns);
    return true;
}

uint64_t control_hello_due(struct control *control)
{
    uint64_t wake = UINT64_MAX;
    for (uint16_t i = 0; i < control->members; i++) {
        uint16_t member = control->hello_turn;
        if (!hello_one(control, member)) /* the next time it is the first */
            return control->now_ns + CONTROL_HELLO_ROOM_NS;
        if (member != control->self && control->peer[member].next_hello_ns < wake)
            wake = control->peer[member].next_hello_ns;
        control->hello_turn = member + 1 < control->members ? member + 1 : 0;
    }
    return wake;
}
