/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A client core, a clock, and nodes that do what the test says: the test sees every request that
 * the core sends and writes the answers by hand, or lets a small model of a cluster answer over a
 * network that loses, repeats, reorders and damages.
 */
#ifndef UNIT_CLIENT_FAKE_H
#define UNIT_CLIENT_FAKE_H

#include "engine/base/prng.h"
#include "engine/client/client.h"
#include "engine/wire/wire.h"

#define FAKE_MEMBERS 3u
#define FAKE_WORKERS 2u
#define FAKE_CLUSTER 0xc1u
#define MS           1000000ull

struct fake_packet {
    struct torc_addr address; /* to whom, or from whom */
    uint32_t bytes;
    uint8_t data[WIRE_PACKET_BYTES];
};

/* A frame of a REQUEST that the core sent. */
struct fake_frame {
    uint32_t packet; /* counts packets since the last fake_forget */
    uint32_t member, worker;
    struct wire_packet header;
    struct wire_frame frame;
    struct wire_request request; /* WRITE, READ */
    uint8_t key[TORC_KEY_BYTES_MAX];
    uint8_t value[WIRE_FRAMES_BYTES];
    uint32_t value_bytes;
    struct wire_write_part part; /* WRITE_PART: value is its payload */
};

struct fake_result {
    bool ended;
    int count; /* must become 1 */
    enum torc_outcome outcome;
    enum torc_status status;
    uint64_t version;
    uint32_t value_bytes;
    uint8_t *value; /* a copy */
};

#define FAKE_FRAMES  2048u
#define FAKE_PACKETS 4096u

struct fake {
    struct client_core *core;
    void *memory;
    struct client_config config;
    struct ring *ring;
    struct ring_member member[FAKE_MEMBERS];
    struct ring_spec spec;
    uint8_t *image;
    uint32_t image_bytes;
    uint64_t generation;
    bool silent_about_ring; /* answers no INFO */
    uint16_t ring_status;   /* CHUNKs say this; OK */
    uint32_t infos;         /* INFOs seen */
    struct torc_addr info_to;
    uint64_t now_ns, wake_ns;
    uint32_t tx_limit; /* buffers a step */
    struct fake_packet *in;
    uint32_t in_count;
    struct fake_frame *frame;
    uint32_t frames, packets;
    struct prng prng;
    /* For a model that answers by itself; NULL: the test does. */
    void (*serve)(struct fake *fake, const struct fake_frame *frame);
    /* For a network: called for every packet either way; true: it is dropped. May change it. */
    bool (*harm)(struct fake *fake, struct fake_packet *packet);
    void *context;
};

/* With the default ring: 3 members of 2 workers, 12 partitions; and the client's configuration. */
struct fake *fake_new(void);
/* After changing config or spec. */
void fake_start(struct fake *fake);
void fake_free(struct fake *fake);

/* Builds the ring of fake->spec and makes its image what CHUNKs carry, under a new generation. */
void fake_ring(struct fake *fake);

/* One step: hands in what waits, sees what is sent. */
void fake_step(struct fake *fake);
/* Steps every `every_ns` (or at wake times if 0) until ns have passed. */
void fake_run(struct fake *fake, uint64_t ns, uint64_t every_ns);
void fake_forget(struct fake *fake);
/* client_core_leave, seeing what is sent. */
bool fake_leave(struct fake *fake);

/* Calls, with `timeout_ns` from now. Return what submit does. */
int fake_submit(struct fake *fake, uint16_t operation, const char *key, const void *value,
    uint32_t value_bytes, uint64_t argument, uint64_t timeout_ns, struct fake_result *result);
int fake_put(struct fake *fake, const char *key, const char *value, struct fake_result *result);
int fake_get(struct fake *fake, const char *key, struct fake_result *result);
void fake_result_free(struct fake_result *result);

/* The partition of a key; a key of a partition (index 0, 1, ... gives different ones). */
uint32_t fake_partition(const struct fake *fake, const char *key);
const char *fake_key(const struct fake *fake, uint32_t partition, uint32_t index);

/* Answers: from the member that got the frame (or any other). */
struct wire_reply fake_answer(const struct fake_frame *to, uint16_t status);
void fake_reply(
    struct fake *fake, uint32_t member, const struct wire_reply *reply, const void *value);
void fake_part_ack(struct fake *fake, uint32_t member, const struct wire_part_ack *ack);
/* Answers every SESSION_OPEN seen since the last forget with {1, 100 + partition}. */
void fake_open_sessions(struct fake *fake);
/* A packet as it is. */
void fake_inject(struct fake *fake, const void *packet, uint32_t bytes, struct torc_addr from);

/* Opens the sessions of these calls' partitions and lets their requests go out. */
void fake_settle(struct fake *fake);

/* The last frame seen with this operation, or NULL. */
const struct fake_frame *fake_last(const struct fake *fake, uint16_t operation);
uint32_t fake_count(const struct fake *fake, uint16_t operation);

#endif
