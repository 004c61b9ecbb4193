/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Answers to clients: gathered by address, sealed once, none lost but for want of a buffer.
 */
#include "engine/base/prng.h"
#include "engine/vnode/outbox.h"
#include "tests/unit/memory_fixture.h"

#define OUTBOX_CLUSTER 0x6f7574626f78u
#define OUTBOX_TX      64u
#define REPLY          ((uint32_t)sizeof(struct wire_reply))

struct outbox_fixture {
    struct outbox outbox;
    struct counters counters;
    struct torc_burst burst;
    struct torc_tx tx[OUTBOX_TX];
    uint8_t buffer[OUTBOX_TX][WIRE_PACKET_BYTES];
};

static struct torc_addr client(uint32_t number)
{
    return (struct torc_addr){.ip = 0x0a000000 + number / 3, .port = (uint16_t)(1 + number % 3)};
}

/* A step begins, with so many buffers. */
static void begin(struct outbox_fixture *fixture, uint32_t buffers)
{
    for (uint32_t i = 0; i < OUTBOX_TX; i++) /* what was sent before is still in the buffers */
        fixture->tx[i] =
            (struct torc_tx){.data = fixture->buffer[i], .capacity = WIRE_PACKET_BYTES};
    fixture->burst = (struct torc_burst){.tx = fixture->tx, .tx_count = buffers};
    outbox_begin(&fixture->outbox, &fixture->burst);
}

static struct outbox_fixture *fixture_outbox(void)
{
    struct outbox_fixture *fixture = calloc(1, sizeof *fixture);
    fixture->outbox.header =
        (struct wire_packet){.type = WIRE_REPLY, .sender = 1, .sender_incarnation = 9};
    fixture->outbox.cluster = OUTBOX_CLUSTER;
    fixture->outbox.packet_bytes = WIRE_PACKET_BYTES;
    fixture->outbox.counters = &fixture->counters;
    begin(fixture, OUTBOX_TX);
    return fixture;
}

/* Answers request `number` with a value of so many bytes. False: there was no buffer. */
static bool answer(
    struct outbox_fixture *fixture, struct torc_addr to, uint64_t number, uint32_t bytes)
{
    struct wire_builder *builder = outbox_open(&fixture->outbox, to, REPLY + wire_pad(bytes));
    if (builder == NULL)
        return false;
    assert_true(wire_room(builder) >= REPLY + wire_pad(bytes));
    struct wire_reply *reply =
        (struct wire_reply *)wire_add(builder, WIRE_FRAME_REPLY, REPLY + bytes);
    memset((uint8_t *)reply + sizeof reply->frame, 0, REPLY - sizeof reply->frame);
    reply->number = number;
    reply->bytes = (uint16_t)bytes;
    reply->total = bytes;
    memset(reply + 1, (int)number, bytes);
    return true;
}

/* The step ends; each packet that goes out is whole, and they hold `frames` frames. */
static void end(struct outbox_fixture *fixture, uint32_t packets, uint32_t frames)
{
    uint32_t found = 0;
    outbox_end(&fixture->outbox);
    assert_int_equal(fixture->burst.tx_used, packets);
    for (uint32_t i = 0; i < packets; i++) {
        struct wire_view view;
        assert_int_equal(
            wire_open(fixture->tx[i].data, fixture->tx[i].bytes, OUTBOX_CLUSTER, &view),
            WIRE_TAKEN);
        assert_int_equal(view.header.type, WIRE_REPLY);
        assert_int_not_equal(fixture->tx[i].to.port, 0);
        found += view.header.frames;
    }
    assert_int_equal(found, frames);
}

static void a_step_without_answers_sends_nothing(void **state)
{
    (void)state;
    struct outbox_fixture *fixture = fixture_outbox();
    end(fixture, 0, 0);
    begin(fixture, 0);
    end(fixture, 0, 0);
    assert_true(fixture->counters.tx_packets == 0 && fixture->counters.tx_short == 0);
    free(fixture);
}

static void answers_to_one_client_share_a_packet(void **state)
{
    (void)state;
    struct outbox_fixture *fixture = fixture_outbox();
    for (uint64_t i = 0; i < 12; i++)
        assert_true(answer(fixture, client((uint32_t)i % 3), i, 8));
    end(fixture, 3, 12);
    assert_true(fixture->counters.tx_packets == 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(fixture->tx[i].to.ip == client(i).ip && fixture->tx[i].to.port == 1 + i);
    free(fixture);
}

static void a_full_packet_is_closed_and_another_begun(void **state)
{
    (void)state;
    struct outbox_fixture *fixture = fixture_outbox();
    uint32_t each = WIRE_FRAMES_BYTES / (REPLY + 104);
    for (uint64_t i = 0; i < 3 * each; i++)
        assert_true(answer(fixture, client(0), i, 100));
    end(fixture, 3, 3 * each);
    free(fixture);
}

static void the_longest_answer_fits_an_empty_packet(void **state)
{
    (void)state;
    struct outbox_fixture *fixture = fixture_outbox();
    assert_true(answer(fixture, client(0), 1, 0));
    assert_true(answer(fixture, client(0), 2, WIRE_REPLY_VALUE_MAX));
    assert_true(answer(fixture, client(0), 3, 0));
    end(fixture, 3, 3);
    assert_int_equal(fixture->tx[1].bytes, WIRE_LENGTH_MAX);
    free(fixture);
}

static void sixteen_clients_are_open_and_the_next_closes_the_oldest(void **state)
{
    (void)state;
    struct outbox_fixture *fixture = fixture_outbox();
    for (uint32_t i = 0; i < OUTBOX_OPEN; i++)
        assert_true(answer(fixture, client(i), i, 0));
    assert_true(fixture->counters.tx_packets == 0);
    for (uint32_t i = 0; i < OUTBOX_OPEN; i++) /* all are open still */
        assert_true(answer(fixture, client(i), i, 0));
    assert_int_equal(fixture->burst.tx_used, OUTBOX_OPEN);
    assert_true(answer(fixture, client(100), 1, 0));
    assert_true(fixture->counters.tx_packets == 1);
    assert_int_equal(fixture->outbox.to[0].ip, client(100).ip);
    assert_true(answer(fixture, client(1), 1, 0)); /* the second is not closed */
    assert_int_equal(fixture->burst.tx_used, OUTBOX_OPEN + 1);
    assert_true(answer(fixture, client(0), 1, 0)); /* the first begins anew */
    end(fixture, OUTBOX_OPEN + 2, 2 * OUTBOX_OPEN + 3);
    free(fixture);
}

static void without_buffers_an_answer_is_refused_and_counted(void **state)
{
    (void)state;
    struct outbox_fixture *fixture = fixture_outbox();
    begin(fixture, 2);
    assert_true(answer(fixture, client(0), 1, 0));
    assert_true(answer(fixture, client(1), 1, 1000));
    assert_false(answer(fixture, client(2), 1, 0));
    assert_false(answer(fixture, client(1), 2, 1000)); /* its packet is full: closed */
    assert_true(answer(fixture, client(0), 2, 0));     /* one with room goes on */
    assert_false(answer(fixture, client(1), 3, 0));
    assert_true(fixture->counters.tx_short == 3);
    end(fixture, 2, 3);
    begin(fixture, OUTBOX_TX); /* nothing of that is left */
    for (uint32_t i = 0; i < 4; i++)
        assert_true(answer(fixture, client(i), 1, 0));
    end(fixture, 4, 4);
    free(fixture);
}

/* As a get does, which learns only then how long the value is. */
static void an_answer_can_be_shortened(void **state)
{
    (void)state;
    for (uint32_t bytes = 0; bytes <= WIRE_REPLY_VALUE_MAX; bytes += bytes < 20 ? 1 : 109) {
        struct outbox_fixture *fixture = fixture_outbox();
        struct wire_builder *builder = outbox_open(&fixture->outbox, client(0), REPLY);
        struct wire_reply *reply =
            (struct wire_reply *)wire_add(builder, WIRE_FRAME_REPLY, WIRE_FRAMES_BYTES);
        memset((uint8_t *)reply + sizeof reply->frame, 0, REPLY - sizeof reply->frame);
        memset(reply + 1, 0xff, WIRE_REPLY_VALUE_MAX);
        reply->bytes = (uint16_t)bytes;
        reply->total = bytes;
        outbox_trim(builder, &reply->frame, REPLY + bytes);
        assert_int_equal(reply->frame.length, wire_pad(REPLY + bytes));
        assert_int_equal(wire_room(builder), WIRE_FRAMES_BYTES - wire_pad(REPLY + bytes));
        bool more = wire_room(builder) >= REPLY;
        assert_true(answer(fixture, client(0), 7, 0));
        end(fixture, more ? 1 : 2, 2);
        free(fixture);
    }
}

static void an_answer_cannot_be_lengthened(void **state)
{
    (void)state;
    struct outbox_fixture *fixture = fixture_outbox();
    struct wire_builder *builder = outbox_open(&fixture->outbox, client(0), REPLY);
    struct wire_frame *frame = wire_add(builder, WIRE_FRAME_REPLY, REPLY);
    EXPECT_ASSERTION(outbox_trim(builder, frame, REPLY + 1));
    free(fixture);
}

static void an_answer_can_be_taken_back(void **state)
{
    (void)state;
    struct outbox_fixture *fixture = fixture_outbox();
    assert_true(answer(fixture, client(0), 1, 16));
    struct wire_builder *builder = outbox_open(&fixture->outbox, client(0), REPLY);
    uint32_t room = wire_room(builder);
    struct wire_frame *frame = wire_add(builder, WIRE_FRAME_REPLY, room);
    memset(frame + 1, 0xff, room - sizeof *frame);
    outbox_take_back(builder, frame);
    assert_int_equal(wire_room(builder), room);
    assert_true(answer(fixture, client(0), 2, 1000)); /* another takes its place */
    end(fixture, 1, 2);
    free(fixture);
}

static void nobody_can_be_answered_at_port_0(void **state)
{
    (void)state;
    struct outbox_fixture *fixture = fixture_outbox();
    EXPECT_ASSERTION(outbox_open(&fixture->outbox, (struct torc_addr){.ip = 1}, REPLY));
    free(fixture);
}

/* Every answer goes out once, to its client, in the order it was given, whatever the pattern. */
static void all_answers_go_out_once_and_in_order(void **state)
{
    (void)state;
    struct prng prng = {17};
    struct outbox_fixture *fixture = fixture_outbox();
    for (unsigned step = 0; step < 300; step++) {
        uint64_t given[40] = {0}, seen[40] = {0};
        uint32_t clients = 1 + prng_below(&prng, 40), buffers = prng_below(&prng, OUTBOX_TX);
        uint32_t refused = 0;
        uint64_t shorts = fixture->counters.tx_short;
        begin(fixture, buffers);
        for (uint32_t i = prng_below(&prng, 200); i > 0; i--) {
            uint32_t who = prng_below(&prng, clients);
            if (answer(fixture, client(who), given[who] + 1, prng_below(&prng, 600)))
                given[who]++;
            else
                refused++;
        }
        outbox_end(&fixture->outbox);
        assert_true(fixture->counters.tx_short == shorts + refused);
        assert_true(fixture->burst.tx_used <= buffers);
        for (uint32_t i = 0; i < fixture->burst.tx_used; i++) {
            const struct torc_tx *tx = &fixture->tx[i];
            struct wire_view view;
            assert_int_equal(wire_open(tx->data, tx->bytes, OUTBOX_CLUSTER, &view), WIRE_TAKEN);
            uint32_t who = (tx->to.ip - 0x0a000000) * 3 + tx->to.port - 1;
            const uint8_t *cursor = view.frames;
            const struct wire_frame *frame;
            while ((frame = wire_next(&view, &cursor)) != NULL)
                assert_true(((const struct wire_reply *)frame)->number == ++seen[who]);
        }
        assert_memory_equal(given, seen, sizeof given);
    }
    free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_without_answers_sends_nothing),
        cmocka_unit_test(answers_to_one_client_share_a_packet),
        cmocka_unit_test(a_full_packet_is_closed_and_another_begun),
        cmocka_unit_test(the_longest_answer_fits_an_empty_packet),
        cmocka_unit_test(sixteen_clients_are_open_and_the_next_closes_the_oldest),
        cmocka_unit_test(without_buffers_an_answer_is_refused_and_counted),
        cmocka_unit_test(an_answer_can_be_shortened),
        cmocka_unit_test(an_answer_cannot_be_lengthened),
        cmocka_unit_test(an_answer_can_be_taken_back),
        cmocka_unit_test(nobody_can_be_answered_at_port_0),
        cmocka_unit_test(all_answers_go_out_once_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
