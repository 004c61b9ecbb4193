/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Control: one thread, off the hot path. While membership is static it learns who the other
 * members are (HELLO), binds their incarnations for its life, publishes the ring once it has heard
 * them all, notices one that returns as another, and answers questions (INFO).
 *
 *   hello.c  who is there        info.c  pieces of the ring and of counters
 *   stats.c  counters as text    publish in control.c
 *
 * Context: control's thread, but for control_state and control_trouble.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <torc/driver.h>

#include "engine/base/arena.h"
#include "engine/base/steady.h"
#include "engine/ring/meeting.h"

#define CONTROL_RINGS          3u /* the current one, and those that workers may still read */
#define CONTROL_TROUBLE_BYTES  256u
#define CONTROL_HELLO_LATER_NS 1000000000u /* between HELLOs to a member that is bound */
#define CONTROL_HELLO_ROOM_NS  1000000u    /* until there may be room for more HELLOs */
#define CONTROL_STATS_FRESH_NS 100000000u  /* stats younger than this are not made anew */
#define CONTROL_STATS_WORKER   4096u       /* bytes of stats text a worker */
#define CONTROL_STATS_COMMON   16384u
#define CONTROL_PACKETS_A_STEP 32u

/* What control is told at the start; the fields of struct node_config that it needs. */
struct control_config {
    const struct ring *plan;
    struct ring_spec spec; /* its members are copied */
    uint32_t self;
    uint64_t incarnation;
    uint64_t config_hash;
    uint32_t packet_bytes;
    uint32_t credits;
    uint64_t hello_interval_ns;
    void (*retire)(
        struct ring *ring, void (*release)(struct ring *ring, void *context), void *context);
};

enum control_peer_trouble {
    CONTROL_PEER_FINE = 0,
    CONTROL_PEER_OTHER_CLUSTER,
    CONTROL_PEER_OTHER_CONFIG,
    CONTROL_PEER_OTHER_NAME,
    CONTROL_PEER_SMALL_MTU,
    CONTROL_PEER_RETURNED,
    CONTROL_PEER_KNOWS_ANOTHER, /* it serves with an earlier incarnation of this node */
};

struct control_peer {
    uint64_t incarnation; /* bound; 0: not heard yet */
    uint64_t heard;       /* the last one it said, bound or not */
    uint64_t next_hello_ns;
    uint8_t trouble; /* enum control_peer_trouble */
};

/* A ring's memory and whether it can be built in again. */
struct control_ring {
    void *memory;
    uint64_t busy; /* 1: published or not yet released; cleared by whatever thread releases it */
};

enum control_state { CONTROL_STARTING, CONTROL_SERVING, CONTROL_DEGRADED, CONTROL_REFUSED };

struct control_counters {
    uint64_t hello_sent, hello_received, hello_refused, hello_unknown_sender;
    uint64_t info_received, info_answered, rings_published, rings_retired, mailbox_full;
    uint64_t drop_malformed;
};

struct control {
    struct control_config config;
    struct meeting *meeting;
    uint16_t self;
    uint16_t members;
    uint64_t cluster;
    struct ring_member *member; /* [members] as in the configuration, with incarnations as bound */
    struct control_peer *peer;  /* [members] */
    struct control_ring ring[CONTROL_RINGS];
    struct ring *current; /* published */
    struct ring *old;     /* unpublished, not yet adopted away by every worker */
    uint64_t revision;
    bool change;         /* what is published is not what is known */
    uint16_t hello_turn; /* the member whose HELLO is looked at next */
    uint8_t *image;      /* of the current ring */
    uint32_t image_bytes;
    uint32_t image_room;
    char *stats; /* text, as of stats_ns */
    uint32_t stats_bytes;
    uint32_t stats_room;
    uint64_t stats_ns;
    uint64_t stats_generation;
    struct torc_net_stats net;
    enum torc_link_state link;
    struct control_counters counters;
    struct steady clock;
    uint64_t now_ns;
    uint64_t state;                              /* enum control_state; read by any thread */
    uint64_t trouble[CONTROL_TROUBLE_BYTES / 8]; /* text; read by any thread, word by word */
};

/* Cut from the arena; NULL when it only counts. */
struct control *control_create(
    struct arena *arena, const struct control_config *config, struct meeting *meeting);

/* One loop. Returns when it wants the next at the latest. */
uint64_t control_step(struct control *control, uint64_t now_ns);

/* Any thread. */
enum control_state control_state(const struct control *control);
void control_trouble(const struct control *control, char *text, size_t bytes);

#endif
