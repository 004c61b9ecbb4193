/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/control/control.h"

#include <string.h>

#include "engine/base/assert.h"
#include "engine/control/internal.h"

struct control *control_create(
    struct arena *arena, const struct control_config *config, struct meeting *meeting)
{
    const struct ring *plan = config->plan;
    struct control *control = ARENA_ARRAY(arena, struct control, 1);
    struct ring_member *member = ARENA_ARRAY(arena, struct ring_member, plan->members);
    struct control_peer *peer = ARENA_ARRAY(arena, struct control_peer, plan->members);
    void *ring[CONTROL_RINGS];
    for (unsigned i = 0; i < CONTROL_RINGS; i++)
        ring[i] = arena_take(arena, ring_bytes(&config->spec));
    uint32_t image_room = (uint32_t)ring_image_bytes(plan);
    uint8_t *image = arena_take(arena, image_room);
    uint16_t self = ring_member_by_id(plan, config->self);
    uint32_t stats_room = CONTROL_STATS_COMMON + CONTROL_STATS_WORKER * plan->member[self].workers;
    char *stats = arena_take(arena, stats_room);
    if (control == NULL)
        return NULL;
    *control = (struct control){.config = *config,
        .meeting = meeting,
        .self = self,
        .members = plan->members,
        .cluster = plan->cluster,
        .member = member,
        .peer = peer,
        .image = image,
        .image_room = image_room,
        .stats = stats,
        .stats_room = stats_room};
    for (unsigned i = 0; i < CONTROL_RINGS; i++)
        control->ring[i].memory = ring[i];
    memcpy(member, config->spec.member, sizeof *member * plan->members);
    control->config.spec.member = member;
    member[self].incarnation = peer[self].incarnation = config->incarnation;
    control->change = true;
    return control;
}

struct wire_packet control_header(const struct control *control, enum wire_packet_type type)
{
    return (struct wire_packet){.type = (uint8_t)type,
        .sender = control->config.self,
        .sender_incarnation = control->config.incarnation};
}

bool control_send(struct control *control, const void *packet, uint32_t bytes, struct torc_addr to)
{
    if (mailbox_put(&control->meeting->from_control, packet, bytes, to))
        return true;
    control->counters.mailbox_full++;
    return false;
}

static void control_take(struct control *control, const struct mailbox_packet *packet)
{
    struct wire_view view;
    if (wire_open(packet->data, packet->bytes, control->cluster, &view) != WIRE_TAKEN) {
        control->counters.drop_malformed++;
        return;
    }
    if (view.header.type == WIRE_HELLO)
        control_hello(control, &view, packet->address);
    else if (view.header.type == WIRE_INFO)
        control_info(control, &view, packet->address);
}

/* Takes what the workers received for control. True if some may be left. */
static bool control_receive(struct control *control)
{
    bool more = false;
    for (uint32_t w = 0; w < control->meeting->workers; w++) {
        struct mailbox *mailbox = &control->meeting->worker[w].to_control;
        const struct mailbox_packet *packet;
        uint32_t taken = 0;
        while (taken < CONTROL_PACKETS_A_STEP && (packet = mailbox_peek(mailbox)) != NULL) {
            control_take(control, packet);
            mailbox_pop(mailbox, 1);
            taken++;
        }
        more |= taken == CONTROL_PACKETS_A_STEP;
    }
    return more;
}

/* ---- publication ---- */

static struct control_ring *control_free_ring(struct control *control)
{
    for (unsigned i = 0; i < CONTROL_RINGS; i++)
        if (__atomic_load_n(&control->ring[i].busy, __ATOMIC_ACQUIRE) == 0)
            return &control->ring[i];
    return NULL;
}

static void control_ring_released(struct ring *ring, void *context)
{
    struct control *control = context;
    for (unsigned i = 0; i < CONTROL_RINGS; i++)
        if (control->ring[i].memory == (void *)ring)
            __atomic_store_n(&control->ring[i].busy, 0, __ATOMIC_RELEASE);
}

/* Second step of retirement: every worker has adopted a newer ring, so the old one goes to the
 * grace period. */
static void control_retire(struct control *control)
{
    if (control->old == NULL)
        return;
    for (uint32_t w = 0; w < control->meeting->workers; w++)
        if (__atomic_load_n(&control->meeting->worker[w].adopted, __ATOMIC_ACQUIRE) <
            control->revision)
            return;
    struct ring *old = control->old;
    control->old = NULL;
    control->counters.rings_retired++;
    if (control->config.retire != NULL)
        control->config.retire(old, control_ring_released, control);
    else
        control_ring_released(old, control);
}

/* Is every member bound? For the first ring, too, to the incarnation that was heard of last. */
static bool control_all_bound(const struct control *control)
{
    for (uint16_t i = 0; i < control->members; i++) {
        const struct control_peer *peer = &control->peer[i];
        if (peer->incarnation == 0)
            return false;
        if (i != control->self && control->current == NULL && peer->heard != peer->incarnation)
            return false;
    }
    return true;
}

/* First step of a swap: builds the table as it is known now, publishes it, unpublishes the one
 * before. */
static void control_publish(struct control *control)
{
    if (!control->change || control->old != NULL || !control_all_bound(control))
        return;
    struct control_ring *place = control_free_ring(control);
    if (place == NULL)
        return; /* a grace period is still running; the next step tries again */
    const char *why = NULL;
    struct ring *ring = ring_build(&control->config.spec, place->memory, &why);
    TORC_ASSERT(ring != NULL);
    TORC_ASSERT(ring_image_bytes(ring) <= control->image_room);
    place->busy = 1;
    ring->revision = ++control->revision;
    control->image_bytes = (uint32_t)ring_image_bytes(ring);
    ring_image_write(ring, control->image);
    control->old = ring_publish(&control->meeting->ring, ring);
    control->current = ring;
    control->change = false;
    control->counters.rings_published++;
}

uint64_t control_step(struct control *control, uint64_t now_ns)
{
    control->now_ns = steady_from(&control->clock, now_ns);
    bool more = control_receive(control);
    control_publish(control);
    control_retire(control);
    control_judge(control);
    uint64_t wake = control_hello_due(control);
    bool swapping = control->old != NULL || (control->change && control_all_bound(control));
    return more || swapping ? now_ns : steady_to(&control->clock, wake);
}

/* ---- state, for any thread ---- */

enum control_state control_state(const struct control *control)
{
    return (enum control_state)__atomic_load_n(&control->state, __ATOMIC_RELAXED);
}

void control_trouble(const struct control *control, char *text, size_t bytes)
{
    if (bytes == 0)
        return;
    uint64_t words[CONTROL_TROUBLE_BYTES / 8];
    for (unsigned i = 0; i < CONTROL_TROUBLE_BYTES / 8; i++)
        words[i] = __atomic_load_n(&control->trouble[i], __ATOMIC_RELAXED);
    size_t length = bytes < sizeof words ? bytes : sizeof words;
    memcpy(text, words, length);
    text[length - 1] = 0;
}

static void control_trouble_set(struct control *control, const char *text)
{
    uint64_t words[CONTROL_TROUBLE_BYTES / 8];
    memcpy(words, text, sizeof words);
    for (unsigned i = 0; i < CONTROL_TROUBLE_BYTES / 8; i++)
        __atomic_store_n(&control->trouble[i], words[i], __ATOMIC_RELAXED);
}

static const char *control_trouble_text(enum control_peer_trouble trouble)
{
    switch (trouble) {
    case CONTROL_PEER_OTHER_CLUSTER:
        return " belongs to another cluster: compare cluster.name in its configuration";
    case CONTROL_PEER_OTHER_CONFIG:
        return " has another cluster configuration: the cluster section and memory.kv must be the "
               "same on every node";
    case CONTROL_PEER_OTHER_NAME:
        return " gives another name than the configuration: compare cluster.members";
    case CONTROL_PEER_SMALL_MTU:
        return " has a port whose MTU is too small: 1500 is needed";
    case CONTROL_PEER_RETURNED:
        return " restarted and is not the member it was: its chains refuse writes until the whole "
               "cluster is restarted";
    case CONTROL_PEER_KNOWS_ANOTHER:
        return " serves with an earlier incarnation of this node, which restarted without its "
               "memory: restart the whole cluster";
    default:
        return "";
    }
}

static void control_describe(
    const struct control *control, struct text *text, uint16_t member, const char *what)
{
    text_add(text, text->bytes > 0 ? "; member " : "member ");
    text_add_number(text, control->member[member].id);
    text_add(text, " (");
    text_add(text, control->member[member].name);
    text_add(text, ")");
    text_add(text, what);
}

void control_judge(struct control *control)
{
    char buffer[CONTROL_TROUBLE_BYTES] = {0};
    struct text text;
    bool refused = false, returned = false, known_as_another = false;
    text_init(&text, buffer, sizeof buffer);
    for (uint16_t i = 0; i < control->members; i++) {
        enum control_peer_trouble trouble = (enum control_peer_trouble)control->peer[i].trouble;
        if (trouble != CONTROL_PEER_FINE)
            control_describe(control, &text, i, control_trouble_text(trouble));
        else if (control->peer[i].incarnation == 0)
            control_describe(control, &text, i, " was not heard yet");
        returned |= trouble == CONTROL_PEER_RETURNED;
        known_as_another |= trouble == CONTROL_PEER_KNOWS_ANOTHER;
        refused |= trouble != CONTROL_PEER_FINE && trouble != CONTROL_PEER_RETURNED;
    }
    if (control->link != TORC_LINK_UP) {
        text_add(&text, text.bytes > 0 ? "; " : "");
        text_add(&text, control->link == TORC_LINK_DOWN ? "the port's link is down"
                                                        : "the port's MTU is too small");
    }
    enum control_state state = control->current == NULL
                                   ? (refused ? CONTROL_REFUSED : CONTROL_STARTING)
                                   : (returned || refused ? CONTROL_DEGRADED : CONTROL_SERVING);
    control_trouble_set(control, buffer);
    __atomic_store_n(&control->meeting->returned, known_as_another, __ATOMIC_RELAXED);
    __atomic_store_n(&control->state, state, __ATOMIC_RELAXED);
}
