/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A link: one local worker to one worker of a peer. It numbers packets, learns from selective
 * acknowledgements which arrived, tells which were lost, and keeps within the peer's credit.
 *
 * A link keeps no copy of what it sent. For each packet in flight it remembers what the frames
 * were (struct link_frame); those of a lost packet come back through link_resend_take, to be
 * built again from the log, or not, if they are not needed any more.
 *
 * Loss detection after RFC 9002: a packet is lost once LINK_REORDER later ones were acknowledged
 * before it, or once it is older than the retransmission timeout. RTT estimation after RFC 6298.
 *
 * Context: the worker that owns the link.
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/counters.h"
#include "engine/wire/wire.h"

#define LINK_WINDOW        256u  /* packets in flight at most; a power of 2 */
#define LINK_FRAMES        1024u /* frames in flight or to be sent again at most; a power of 2 */
#define LINK_PACKET_FRAMES 64u   /* frames of one packet at most */
#define LINK_REORDER       3u
#define LINK_RTO_FIRST_NS  10000000u
#define LINK_RTO_MIN_NS    1000000u
#define LINK_RTO_MAX_NS    200000000u
#define LINK_ACK_EVERY     16u     /* packets received before an acknowledgement goes out alone */
#define LINK_ACK_DELAY_NS  200000u /* or so long after the first of them */

enum link_frame_kind {
    LINK_FRAME_ENTRY = 1,     /* entry `sequence` of `vnode`, whole */
    LINK_FRAME_PART = 2,      /* part `part` of it */
    LINK_FRAME_COMMITTED = 3, /* the commit number of `vnode`, whatever it is by then */
};

struct link_frame {
    uint64_t sequence;
    uint32_t vnode;
    uint16_t part;
    uint8_t kind;
    uint8_t reserved;
};

struct link_sent {
    uint64_t number; /* 0: the place is free */
    uint64_t sent_ns;
    uint32_t frames_at; /* position of its first frame in `frames` */
    uint32_t frames;
};

struct link {
    /* who */
    uint16_t member; /* of the peer, in the ring */
    uint16_t peer_worker;
    bool dead;     /* the peer is lost: send nothing */
    bool queued;   /* the owner's: is in its list of links with work */
    uint32_t next; /* the owner's list */
    struct torc_addr address;

    /* sending */
    uint64_t next_number; /* from 1 */
    uint64_t oldest;      /* lowest number that may still be in flight */
    uint64_t largest_acked;
    uint32_t in_flight;  /* packets */
    uint32_t credit_now; /* packets that may be in flight, by the peer's last word */
    uint32_t building;   /* frames noted of the packet being built */
    uint32_t backoff;    /* timeouts in a row */
    uint64_t srtt_ns, rttvar_ns, rto_ns;
    uint64_t rto_at_ns;        /* when the oldest packet in flight times out; 0: none in flight */
    struct link_sent *sent;    /* [LINK_WINDOW] by number */
    struct link_frame *frames; /* [LINK_FRAMES], a ring: frames_put - frames_taken in it */
    uint32_t frames_put, frames_taken;
    struct link_frame *resend; /* [LINK_FRAMES], a ring of those to be sent again */
    uint32_t resend_put, resend_taken;
    uint32_t unresolved; /* frames in flight and not known to have arrived or be lost */

    /* receiving */
    uint64_t received_largest;   /* 0: none yet */
    uint64_t received_bitmap[2]; /* bit i: received_largest - 1 - i came */
    uint64_t largest_at_ns;
    uint64_t
        ack_since_ns; /* when the first unacknowledged packet came; 0: nothing to acknowledge */
    uint32_t ack_count;
    uint32_t credit; /* packets that the peer may have in flight to us */

    /* where pending vnodes wait to be sent to this peer: the owner's list */
    uint32_t pending_first, pending_last;
};

/* `links` links, cut from the arena; NULL when it only counts. Each must then be link_init'ed. */
struct link *link_create(struct arena *arena, uint32_t links);
/* `credit`: how many packets we may have in flight to the peer at first, and it to us. */
void link_init(struct link *link, uint16_t member, uint16_t peer_worker, struct torc_addr address,
    uint32_t credit);

/* ---- sending ---- */

/* May a packet with frames that must arrive be sent now? */
bool link_may_send(const struct link *link);

/*
 * Starts the next packet of the link in `buffer`. `header` has the incarnations, sender and workers
 * filled in; type and number are set here. If an acknowledgement is due it is the first frame.
 */
void link_packet_start(struct link *link, struct wire_builder *builder, void *buffer,
    uint32_t packet_bytes, struct wire_packet *header, uint64_t now_ns);

/*
 * Notes a frame that was just added to the packet. At most LINK_PACKET_FRAMES. A new frame only
 * when link_resend_any is false: then what is in flight and what waits to be sent again never
 * are more than LINK_FRAMES together, and what was lost always finds room to be sent again.
 */
void link_packet_note(struct link *link, const struct link_frame *frame);

/* The packet is sealed and goes out. */
void link_packet_sent(struct link *link, uint64_t now_ns);

/* The next frame that was lost and is to be looked at again. False: none. */
bool link_resend_take(struct link *link, struct link_frame *frame);
/* Puts back the one just taken: there was no room for it. */
void link_resend_untake(struct link *link);
static inline bool link_resend_any(const struct link *link)
{
    return link->resend_put != link->resend_taken;
}

/* Is an acknowledgement to go out even alone? */
bool link_ack_due(const struct link *link, uint64_t now_ns);

/* An acknowledgement came. Frames of packets now known as lost go to the resend queue. */
void link_acknowledged(
    struct link *link, const struct wire_link_ack *ack, uint64_t now_ns, struct counters *counters);

/* Has a packet timed out? Its frames, and those of all older than the timeout, go to the resend
 * queue. */
void link_timer(struct link *link, uint64_t now_ns, struct counters *counters);

/* When link_timer or link_ack_due want to be asked again; UINT64_MAX: never. */
uint64_t link_wake(const struct link *link);

/* ---- receiving ---- */

enum link_receipt { LINK_NEW, LINK_DUPLICATE, LINK_OLD };

/* Was a packet of this number received before? Changes nothing. */
enum link_receipt link_seen(const struct link *link, uint64_t number);

/*
 * Notes a packet all of whose frames were taken. `eliciting`: it carried frames that the sender
 * wants to know have arrived. A packet that is not noted comes again.
 */
void link_received(struct link *link, uint64_t number, bool eliciting, uint64_t now_ns);

/* Nothing in flight, nothing to send again. */
static inline bool link_idle(const struct link *link)
{
    return link->unresolved == 0 && !link_resend_any(link);
}

#endif
