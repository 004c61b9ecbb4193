/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every counter of a worker can be reached, and here is how. A counter without a function of its
 * name does not compile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/log/log.h"
#include "tests/cluster/forge.h"
#include "tests/cluster/parts.h"
#include "tests/cluster/tale.h"

#define MS TALE_MS

/* Each makes a world in which the counter of its name is not 0 on node *id (1 unless said). */

/* ---- an ordinary day ---- */

static struct world *reach_reads(unsigned *id)
{
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    hand_do(&hand, 0, WIRE_OP_GET, key, NULL, 0);
    *id = 3;
    return world;
}

#define SAME_AS(name, other)                                                                       \
    static struct world *reach_##name(unsigned *id)                                                \
    {                                                                                              \
        return reach_##other(id);                                                                  \
    }

SAME_AS(rx_packets, reads)
SAME_AS(tx_packets, reads)
SAME_AS(client_requests, reads)
SAME_AS(client_replies, reads)
SAME_AS(entries_received, reads)
SAME_AS(entries_applied, reads)

static struct world *reach_entries_created(unsigned *id)
{
    struct world *world = reach_reads(id);
    *id = 1;
    return world;
}

/* ---- loss and repetition ---- */

static struct world *with_loss(enum wire_frame_type type, unsigned from, unsigned skip)
{
    static struct tale_loss loss;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    loss = (struct tale_loss){.from = from, .type = type, .skip = skip, .count = 1};
    world_lose_if(world, tale_lose, &loss);
    hand.awaited = 1;
    for (uint64_t number = 1; number <= 5; number++) {
        hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
        world_run(world, 20000);
    }
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 5 * MS);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 5 * MS);
    return world;
}

static struct world *reach_entries_resent(unsigned *id)
{
    (void)id;
    return with_loss(WIRE_FRAME_FORWARD, 1, 0);
}

SAME_AS(links_lost_packets, entries_resent)
SAME_AS(answered_again, entries_resent)
SAME_AS(retry_in_flight, entries_resent)

static struct world *reach_parked(unsigned *id)
{
    *id = 2;
    return with_loss(WIRE_FRAME_FORWARD, 1, 0);
}

static struct world *reach_links_timeouts(unsigned *id)
{
    (void)id;
    return with_loss(WIRE_FRAME_FORWARD, 1, 4); /* with none behind it that could tell */
}

static struct world *reach_drop_duplicate_entry(unsigned *id)
{
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_cut(world, 2, 1, true); /* no acknowledgement comes through */
    hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    world_run(world, 5 * MS);
    *id = 2;
    return world;
}

/* An acknowledgement of what never came: only the last net catches that. */
static struct world *reach_chains_resent(unsigned *id)
{
    (void)id;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_cut(world, 1, 2, true);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 20000);
    struct forge forge;
    forge_data(&forge, world, 2, 1, 1000);
    struct wire_link_ack *ack = forge_frame(&forge, WIRE_FRAME_LINK_ACK, 0, sizeof *ack);
    ack->frame.epoch = 0;
    ack->largest = 3; /* opening, an acknowledgement, the put */
    ack->bitmap[0] = 3;
    ack->credit = 64;
    forge_send(&forge);
    world_run(world, MS);
    world_heal(world);
    world_run(world, 1500 * MS);
    assert_int_equal(hand_wait(&hand, 1, 0).status, TORC_STATUS_OK);
    assert_int_equal(WORLD_COUNTER(world, 3, entries_applied), 2);
    return world;
}

/* What a second head could leave behind: two entries of one request. */
static struct world *reach_applied_twice_avoided(unsigned *id)
{
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct forge forge;
    forge_data(&forge, world, 1, 2, 1000);
    for (uint64_t sequence = 2; sequence <= 3; sequence++) {
        struct wire_entry *entry = forge_forward(&forge, 0, sequence, key);
        entry->request.session = hand.session;
        forge_sign(entry);
    }
    forge_send(&forge);
    world_run(world, MS);
    struct hand_reply reply = hand_do(&hand, 0, WIRE_OP_GET, key, NULL, 0);
    assert_int_equal(reply.version, 2);
    *id = 3;
    return world;
}

static struct world *reach_drop_duplicate_packet(unsigned *id)
{
    struct world *world = tale_chain(3);
    char key[16];
    world_faults(world, 0, 1000, 0, 0);
    tale_hand(world, 0, key);
    *id = 2;
    return world;
}

/* ---- without room ---- */

static struct world *reach_links_no_credit(unsigned *id)
{
    (void)id;
    struct world *world =
        tale_world(&(struct world_config){.nodes = 3, .partitions = 3, .receive_packets = 16});
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct parts parts = parts_put(&hand, 0, key, 30000, 1);
    assert_true(parts_persist(&parts, 100 * MS));
    parts_free(&parts);
    return world;
}

static struct world *reach_tx_short(unsigned *id)
{
    (void)id;
    struct world *world = tale_chain(3);
    struct forge forge[2];
    struct torc_rx rx[2];
    for (unsigned i = 0; i < 2; i++) {
        forge_request(&forge[i], world, i, 1);
        forge_write(&forge[i], 0, (struct wire_session){1, 99}, 1, "k");
        rx[i] = (struct torc_rx){.data = forge[i].packet,
            .bytes = wire_seal(&forge[i].builder, WORLD_CLUSTER),
            .from = world_client_address(i)};
    }
    uint8_t buffer[WIRE_PACKET_BYTES];
    struct torc_tx tx = {.data = buffer, .capacity = sizeof buffer};
    struct torc_burst burst = {
        .rx = rx, .rx_count = 2, .tx = &tx, .tx_count = 1, .now_ns = world_now_ns(world)};
    node_worker_step(world_node(world, 1), 0, &burst);
    assert_int_equal(burst.tx_used, 1);
    return world;
}

static struct world *reach_busy_window(unsigned *id)
{
    (void)id;
    struct world *world =
        tale_world(&(struct world_config){.nodes = 3, .partitions = 3, .class = {.window = 2}});
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    hand.awaited = 1;
    for (uint64_t number = 1; number <= 3; number++)
        hand_send(&hand, 0, 0, WIRE_OP_PUT, number, key, "v", 0);
    world_run(world, MS);
    return world;
}

/* Large values of a chain of which nothing is committed, until the log has no slot left. */
static struct world *reach_busy_log(unsigned *id)
{
    (void)id;
    struct world *world = tale_world(
        &(struct world_config){.nodes = 3, .partitions = 3, .log_bytes = log_bytes_min()});
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_cut(world, 2, 1, true);
    hand.awaited = 1;
    for (unsigned i = 0; i < 12; i++) {
        struct parts parts = parts_put(&hand, 0, key, 40000, 1);
        for (uint32_t part = 0; part < parts.count; part++)
            parts_send(&parts, part);
        world_run(world, MS);
        parts_free(&parts);
    }
    return world;
}

static struct world *reach_busy_parts(unsigned *id)
{
    (void)id;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    hand.awaited = 1;
    for (unsigned i = 0; i < 9; i++) {
        struct parts parts = parts_put(&hand, 0, key, 3000, 1);
        parts_send(&parts, 0);
        parts_free(&parts);
    }
    world_run(world, MS);
    return world;
}

static struct world *reach_busy_draining(unsigned *id)
{
    (void)id;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    node_drain(world_node(world, 1));
    world_run(world, 20 * MS);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    return world;
}

static struct world *reach_refused_member_lost(unsigned *id)
{
    (void)id;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    world_kill(world, 3);
    world_start(world, 3);
    world_run(world, 100 * MS);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "v", 0);
    return world;
}

/* One entry a packet, all but the first, until there is no slot to keep them in. */
static struct world *reach_drop_withheld(unsigned *id)
{
    struct world *world =
        tale_world(&(struct world_config){.nodes = 3, .partitions = 3, .class = {.window = 1024}});
    struct forge forge;
    for (uint64_t sequence = 2; sequence <= 300; sequence++) {
        forge_data(&forge, world, 1, 2, 1000 + sequence);
        forge_forward(&forge, 0, sequence, "k");
        forge_send(&forge);
    }
    world_run(world, MS);
    assert_int_equal(WORLD_COUNTER(world, 2, entries_received), 0);
    *id = 2;
    return world;
}

/* A straggler keeps a segment from being free while other vnodes go round and round. */
static struct world *reach_log_moved_bytes(unsigned *id)
{
    (void)id;
    struct world *world = tale_world(&(struct world_config){
        .nodes = 3, .partitions = 3, .replicas = 2, .log_bytes = log_bytes_min()});
    char key[16], value[1201];
    struct hand straggler = tale_hand(world, 0, key), busy = hand_new(world, 1);
    hand_key(world, 2, 0, key);
    assert_true(hand_open(&busy, 2, 78));
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = 0;
    world_cut(world, 1, 2, true); /* what 1 creates on partition 0 stays; of 2 it is the tail */
    straggler.awaited = 1;
    for (unsigned i = 0; i < 900; i++) {
        char other[16];
        hand_key(world, 0, 0, other);
        if (i % 60 == 0)
            hand_send(&straggler, 0, 0, WIRE_OP_PUT, ++straggler.number, other, value, 0);
        assert_int_equal(hand_do(&busy, 2, WIRE_OP_PUT, key, value, 0).status, TORC_STATUS_OK);
    }
    world_run(world, 20 * MS);
    world_heal(world);
    tale_at_rest(world);
    return world;
}

static struct world *reach_drop_control_full(unsigned *id)
{
    (void)id;
    struct world *world = tale_chain(3);
    struct forge forge;
    for (unsigned i = 0; i < 100; i++) {
        forge_info(&forge, world, 0, 1, 1448);
        forge_send(&forge);
    }
    world_run(world, MS);
    return world;
}

/* ---- packets that nobody here should have sent ---- */

static struct world *reach_drop_no_port(unsigned *id)
{
    (void)id;
    struct world *world = tale_chain(3);
    struct forge forge;
    forge_request(&forge, world, 0, 1);
    forge_write(&forge, 0, (struct wire_session){1, 1}, 1, "k");
    forge.from.port = 0;
    forge_send(&forge);
    world_run(world, MS);
    return world;
}

static struct world *reach_drop_not_ready(unsigned *id)
{
    (void)id;
    struct world *world = world_create(&(struct world_config){.nodes = 3});
    world_kill(world, 3);
    world_run(world, 10 * MS);
    struct hand hand = hand_new(world, 0);
    hand_send(&hand, 1, 0, WIRE_OP_SESSION_OPEN, 0, NULL, NULL, 77);
    struct hand_reply reply = hand_wait(&hand, 0, MS);
    assert_int_equal(reply.status, TORC_STATUS_NOT_READY);
    assert_true(reply.delay_us > 0);
    assert_int_equal(reply.version, 77);
    return world;
}

/* A COMMITTED as node 2 could send it to node 1, with something wrong. */
static struct world *with_committed(void (*spoil)(struct forge *, struct wire_committed *))
{
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    struct forge forge;
    world_cut(world, 2, 1, true);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "v", 0);
    world_run(world, 100000);
    world_heal(world);
    forge_data(&forge, world, 2, 1, 1000);
    struct wire_committed *committed =
        forge_frame(&forge, WIRE_FRAME_COMMITTED, 0, sizeof *committed);
    committed->sequence = 2;
    spoil(&forge, committed);
    forge_send(&forge);
    world_run(world, 20000);
    assert_int_equal(WORLD_COUNTER(world, 1, entries_applied), 1);
    return world;
}

#define SPOILED(name, statement)                                                                   \
    static void spoil_##name(struct forge *forge, struct wire_committed *committed)                \
    {                                                                                              \
        (void)forge;                                                                               \
        (void)committed;                                                                           \
        statement;                                                                                 \
    }                                                                                              \
    static struct world *reach_##name(unsigned *id)                                                \
    {                                                                                              \
        (void)id;                                                                                  \
        return with_committed(spoil_##name);                                                       \
    }

SPOILED(drop_unknown_sender, forge->header->sender = 9)
SPOILED(drop_stale_sender, forge->header->sender_incarnation ^= 1)
SPOILED(drop_stale_receiver, forge->header->receiver_incarnation ^= 1)
SPOILED(drop_misdirected, forge->header->receiver_worker = 1)
SPOILED(drop_not_a_vnode, committed->frame.class = 1)
SPOILED(drop_old_epoch, committed->frame.epoch = 0)
SPOILED(drop_new_epoch, committed->frame.epoch = 2)
SPOILED(drop_not_neighbour, forge->header->sender = 3;
        forge->header->sender_incarnation = world_incarnation(forge->world, 3))
SPOILED(drop_bad_committed, committed->sequence = 3)

static struct world *reach_drop_unexpected(unsigned *id)
{
    (void)id;
    struct world *world = tale_chain(3);
    struct forge forge;
    forge_request(&forge, world, 0, 1);
    forge.header->type = WIRE_REPLY;
    forge_frame(&forge, WIRE_FRAME_REPLY, 0, sizeof(struct wire_reply));
    forge_send(&forge);
    world_run(world, MS);
    return world;
}

static struct world *reach_drop_old_packet(unsigned *id)
{
    struct world *world = tale_chain(3);
    struct forge forge;
    for (unsigned i = 0; i < 2; i++) {
        forge_data(&forge, world, 1, 2, i == 0 ? 1000 : 871);
        forge_forward(&forge, 0, 1, "k");
        forge_send(&forge);
        world_run(world, 20000);
    }
    *id = 2;
    return world;
}

static struct world *reach_drop_misplaced_entry(unsigned *id)
{
    struct world *world = tale_chain(3);
    struct forge forge;
    forge_data(&forge, world, 1, 2, 1000);
    struct wire_entry *entry = forge_forward(&forge, 0, 1, "k");
    entry->epoch = 2; /* of an epoch after the frame's */
    forge_sign(entry);
    forge_send(&forge);
    world_run(world, MS);
    assert_int_equal(WORLD_COUNTER(world, 2, entries_received), 0);
    *id = 2;
    return world;
}

static struct world *reach_drop_bad_part(unsigned *id)
{
    struct world *world = tale_chain(3);
    struct forge forge;
    for (unsigned i = 0; i < 2; i++) {
        forge_data(&forge, world, 1, 2, 1000 + i);
        struct wire_forward_part *part =
            forge_frame(&forge, WIRE_FRAME_FORWARD_PART, 0, sizeof *part + WIRE_PART_BYTES);
        part->entry_epoch = 1;
        part->sequence = 1;
        part->total = 5000 + i;
        forge_send(&forge);
    }
    world_run(world, MS);
    *id = 2;
    return world;
}

static struct world *reach_drop_stale_request(unsigned *id)
{
    (void)id;
    struct world *world = tale_chain(3);
    char key[16];
    struct hand hand = tale_hand(world, 0, key);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "1", 0);
    hand_do(&hand, 0, WIRE_OP_PUT, key, "2", 0);
    hand_send(&hand, 0, 0, WIRE_OP_PUT, 1, key, "1", 0);
    world_run(world, MS);
    return world;
}

/* ---- the table ---- */

static const struct {
    const char *name;
    size_t offset;
    struct world *(*provoke)(unsigned *id);
} rows[] = {
#define ROW(name, text) {#name, offsetof(struct counters, name), reach_##name},
    COUNTERS(ROW)
#undef ROW
};

static void every_counter_can_be_reached(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned id = 1;
        struct world *world = rows[i].provoke(&id);
        if (world_counter(world, id, rows[i].offset) == 0)
            print_message("%s was not reached\n", rows[i].name);
        assert_true(world_counter(world, id, rows[i].offset) > 0);
        world_destroy(world);
    }
}

/* ---- what the decoder drops ---- */

/* A FORWARD, sealed, is spoiled before or after that; nothing of it may count. */
struct spoiling {
    enum wire_drop drop;
    void (*before)(struct forge *forge, struct wire_entry *entry);
    void (*after)(struct forge *forge, struct wire_entry *entry);
};

#define BEFORE(name, statement)                                                                    \
    static void name(struct forge *forge, struct wire_entry *entry)                                \
    {                                                                                              \
        struct wire_frame *frame = (struct wire_frame *)entry - 1;                                 \
        (void)forge;                                                                               \
        (void)frame;                                                                               \
        statement;                                                                                 \
    }

BEFORE(short_packet, forge->header->length += 8)
BEFORE(long_packet, forge->header->length -= 8)
BEFORE(bad_magic, forge->header->magic ^= 1)
BEFORE(bad_version, forge->header->version = 2)
BEFORE(bad_frame_length, frame->length += 8)
BEFORE(bad_frame_count, forge->header->frames += 1)
BEFORE(bad_packet_crc, forge->header->crc ^= 1)
BEFORE(bad_type, forge->header->type = 99)
BEFORE(bad_flags, forge->header->flags = 1)
BEFORE(bad_frame_type, forge->header->type = WIRE_REPLY)
BEFORE(bad_request, entry->kind = 2; wire_entry_sign(entry))
BEFORE(bad_entry_crc, entry->sequence ^= 1)
BEFORE(bad_request_crc, ((uint8_t *)(entry + 1))[0] ^= 1)
BEFORE(bad_padding, ((uint8_t *)(entry + 1))[1] = 1)

static const struct {
    const char *name;
    void (*spoil)(struct forge *forge, struct wire_entry *entry);
    bool sealed; /* spoiled behind the seal: what the line does; else what a sender does */
} spoilings[WIRE_DROP_COUNT] = {
#define SPOIL_LINE(name)   [WIRE_DROP_##name] = {#name, name, true}
#define SPOIL_SENDER(name) [WIRE_DROP_##name] = {#name, name, false}
    SPOIL_LINE(short_packet),
    SPOIL_LINE(long_packet),
    SPOIL_LINE(bad_magic),
    SPOIL_LINE(bad_version),
    SPOIL_LINE(bad_frame_length),
    SPOIL_LINE(bad_frame_count),
    SPOIL_LINE(bad_packet_crc),
    SPOIL_SENDER(bad_type),
    SPOIL_SENDER(bad_flags),
    SPOIL_SENDER(bad_frame_type),
    SPOIL_SENDER(bad_request),
    SPOIL_LINE(bad_entry_crc),
    SPOIL_LINE(bad_request_crc),
    SPOIL_LINE(bad_padding),
};

static void every_reason_of_the_decoder_can_be_reached(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    for (int drop = 1; drop < WIRE_DROP_COUNT; drop++) {
        struct forge forge;
        assert_non_null(spoilings[drop].spoil);
        forge_data(&forge, world, 1, 2, 1000);
        struct wire_entry *entry = forge_forward(&forge, 0, 1, "k");
        if (!spoilings[drop].sealed)
            spoilings[drop].spoil(&forge, entry);
        uint32_t bytes = wire_seal(&forge.builder, WORLD_CLUSTER);
        if (spoilings[drop].sealed)
            spoilings[drop].spoil(&forge, entry);
        forge_send_raw(&forge, bytes);
        world_run(world, 20000);
        if (world_drops(world, 2, (enum wire_drop)drop) != 1)
            print_message("%s was not reached\n", spoilings[drop].name);
        assert_int_equal(world_drops(world, 2, (enum wire_drop)drop), 1);
    }
    assert_int_equal(WORLD_COUNTER(world, 2, entries_received), 0);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counter_can_be_reached),
        cmocka_unit_test(every_reason_of_the_decoder_can_be_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
