/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The ring: fetched in pieces over a bad network, renewed, and what becomes of calls under way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/client_fake.h"

static int setup(void **state)
{
    *state = fake_new();
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

/* 64 partitions of 3 replicas: 24 bytes each, so that the image has more than one piece. */
static struct fake *many_pieces(void **state)
{
    struct fake *fake = *state;
    fake->spec.partitions = 64;
    fake_start(fake);
    assert_true(fake->image_bytes > WIRE_CHUNK_BYTES_MAX);
    return fake;
}

static bool has_ring(const struct fake *fake)
{
    const struct ring *ring = client_core_ring(fake->core);
    return ring != NULL && ring->partitions == fake->spec.partitions;
}

static bool harm_half(struct fake *fake, struct fake_packet *packet)
{
    if (prng_below(&fake->prng, 4) == 0)
        packet->data[prng_below(&fake->prng, packet->bytes)] ^= 0x40;
    return prng_below(&fake->prng, 2) == 0;
}

static void an_image_of_many_pieces_is_put_together(void **state)
{
    struct fake *fake = many_pieces(state);
    fake_run(fake, 10 * MS, 0);
    assert_true(has_ring(fake));
    assert_int_equal(client_core_counters(fake->core)->rings, 1);
}

static void half_of_all_packets_lost_or_damaged_only_delay_the_ring(void **state)
{
    struct fake *fake = many_pieces(state);
    fake->harm = harm_half;
    fake_run(fake, 20000 * MS, 0);
    assert_true(has_ring(fake));
    assert_int_equal(client_core_ring(fake->core)->epoch, 1);
}

static void a_generation_that_goes_away_is_fetched_anew(void **state)
{
    struct fake *fake = many_pieces(state);
    fake_step(fake); /* the first piece, of generation 1, is on its way */
    fake->spec.epoch = 2;
    fake_ring(fake);
    fake_run(fake, 200 * MS, 0);
    assert_true(has_ring(fake));
    assert_int_equal(client_core_ring(fake->core)->epoch, 2);
}

static void silent_seeds_are_passed_over(void **state)
{
    struct fake *fake = *state;
    fake_start(fake);
    fake->silent_about_ring = true;
    fake_run(fake, 30 * MS, 0);
    const struct torc_addr first = fake->info_to;
    fake_run(fake, 60 * MS, 0);
    assert_int_not_equal(fake->info_to.port, first.port);
    fake->silent_about_ring = false;
    fake_run(fake, 60 * MS, 0);
    assert_non_null(client_core_ring(fake->core));
}

static void nodes_without_a_ring_are_asked_again_and_named(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    fake->ring_status = TORC_STATUS_NOT_READY;
    fake_start(fake);
    assert_int_equal(fake_submit(fake, WIRE_OP_PUT, "k", "v", 1, 0, 100 * MS, &result), 0);
    fake_run(fake, 200 * MS, 0);
    assert_int_equal(result.outcome, TORC_REFUSED);
    assert_int_equal(result.status, TORC_STATUS_NOT_READY);
    assert_string_not_equal(client_core_trouble(fake->core), "");
    fake->ring_status = TORC_STATUS_OK;
    fake_run(fake, 100 * MS, 0);
    assert_non_null(client_core_ring(fake->core));
    assert_string_equal(client_core_trouble(fake->core), "");
}

static void refuse_from(struct fake *fake, const struct wire_packet *asked)
{
    uint8_t packet[WIRE_PACKET_BYTES];
    const struct wire_packet answerer = {.sender = 10, .sender_incarnation = 1000};
    const uint32_t bytes = wire_refuse(packet, asked, WIRE_PACKET_BYTES, &answerer);
    fake_inject(fake, packet, bytes, fake->member[0].address);
}

static bool refuse_infos(struct fake *fake, struct fake_packet *packet)
{
    const struct wire_packet *header = (const struct wire_packet *)packet->data;
    if (header->type != WIRE_INFO)
        return false;
    fake->harm = NULL;
    refuse_from(fake, header);
    fake->harm = refuse_infos;
    return true;
}

static void a_version_that_no_seed_speaks_is_said_at_once(void **state)
{
    struct fake *fake = *state;
    struct fake_result result, later;
    fake_start(fake);
    fake->harm = refuse_infos;
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_run(fake, 5 * MS, 0);
    assert_true(result.ended);
    assert_int_equal(result.outcome, TORC_REFUSED);
    assert_int_equal(result.status, TORC_STATUS_VERSION);
    assert_true(client_core_is_stuck(fake->core));
    assert_int_equal(fake_put(fake, "key", "v", &later), 0);
    fake_step(fake);
    assert_int_equal(later.status, TORC_STATUS_VERSION);
}

static void one_seed_of_another_version_is_passed_over(void **state)
{
    struct fake *fake = *state;
    fake_start(fake);
    fake->harm = refuse_infos;
    fake_step(fake);
    fake->harm = NULL;
    fake_run(fake, 10 * MS, 0);
    assert_non_null(client_core_ring(fake->core));
}

static void a_ring_larger_than_configured_is_named(void **state)
{
    struct fake *fake = *state;
    fake->spec.partitions = 65;
    fake_start(fake);
    fake_run(fake, 20 * MS, 0);
    assert_null(client_core_ring(fake->core));
    assert_true(client_core_is_stuck(fake->core));
    assert_non_null(strstr(client_core_trouble(fake->core), "larger"));
}

static void wrong_node_fetches_the_ring_and_goes_where_it_says(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    fake_start(fake);
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_settle(fake);
    const struct fake_frame old = fake->frame[0];
    /* The next epoch has the members in another order, so that heads move. */
    const struct ring_member first = fake->member[0];
    fake->member[0] = fake->member[1];
    fake->member[1] = first;
    fake->spec.epoch = 2;
    fake_ring(fake);
    fake_forget(fake);
    const struct wire_reply reply = fake_answer(&old, TORC_STATUS_WRONG_NODE);
    fake_reply(fake, old.member, &reply, NULL);
    fake_run(fake, 200 * MS, 0);
    assert_int_equal(client_core_ring(fake->core)->epoch, 2);
    const struct fake_frame *again = fake_last(fake, WIRE_OP_PUT);
    assert_non_null(again);
    const uint32_t partition = fake_partition(fake, "key");
    assert_int_equal(again->member, ring_chain(fake->ring, partition)[0].member);
    assert_int_equal(again->frame.epoch, 2);
    /* The same request of the same session: whoever had it gives the first answer. */
    assert_int_equal(again->request.number, old.request.number);
    assert_int_equal(again->request.session.number, old.request.session.number);
    const struct wire_reply done = fake_answer(again, TORC_STATUS_OK);
    fake_reply(fake, again->member, &done, NULL);
    fake_step(fake);
    assert_int_equal(result.outcome, TORC_DONE);
}

static void an_older_ring_is_not_taken(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    fake->spec.epoch = 5;
    fake_start(fake);
    assert_int_equal(fake_put(fake, "key", "v", &result), 0);
    fake_settle(fake);
    fake->spec.epoch = 4;
    fake_ring(fake);
    const struct wire_reply reply = fake_answer(&fake->frame[0], TORC_STATUS_WRONG_EPOCH);
    fake_reply(fake, 0, &reply, NULL);
    fake_run(fake, 200 * MS, 0);
    assert_int_equal(client_core_ring(fake->core)->epoch, 5);
    assert_true(client_core_counters(fake->core)->ring_old > 0);
}

static void a_chain_with_a_lost_member_is_refused_without_being_asked(void **state)
{
    struct fake *fake = *state;
    struct fake_result put, get;
    fake->member[1].state = RING_MEMBER_LOST;
    fake_start(fake);
    assert_int_equal(fake_put(fake, "key", "v", &put), 0);
    fake_settle(fake);
    assert_true(put.ended);
    assert_int_equal(put.outcome, TORC_REFUSED);
    assert_int_equal(put.status, TORC_STATUS_MEMBER_LOST);
    uint32_t answered = 0;
    for (uint32_t partition = 0; partition < 12; partition++) {
        assert_int_equal(fake_get(fake, fake_key(fake, partition, 0), &get), 0);
        fake_step(fake);
        const bool tail_lost = ring_chain(fake->ring, partition)[2].member == 1;
        assert_int_equal(get.ended, tail_lost);
        answered += !tail_lost;
        if (!tail_lost) {
            const struct wire_reply reply =
                fake_answer(fake_last(fake, WIRE_OP_GET), TORC_STATUS_NOT_FOUND);
            fake_reply(fake, fake_last(fake, WIRE_OP_GET)->member, &reply, NULL);
            fake_step(fake);
        }
    }
    assert_int_equal(answered, 8);
}

static void a_cluster_that_started_again_is_another_life(void **state)
{
    struct fake *fake = *state;
    struct fake_result sent, read, later;
    fake_start(fake);
    assert_int_equal(fake_put(fake, "key", "v", &sent), 0);
    fake_settle(fake);
    assert_int_equal(fake_get(fake, "key", &read), 0);
    fake_step(fake);
    for (uint32_t i = 0; i < FAKE_MEMBERS; i++)
        fake->member[i].incarnation += 7;
    fake_ring(fake);
    fake_run(fake, 500 * MS, 0); /* silence makes the client look */
    assert_true(sent.ended);
    assert_int_equal(sent.outcome, TORC_OUTCOME_UNKNOWN);
    assert_int_equal(sent.status, TORC_STATUS_UNKNOWN_SESSION);
    assert_false(read.ended); /* a read can be asked again */
    const struct fake_frame *again = fake_last(fake, WIRE_OP_GET);
    assert_int_equal(again->header.receiver_incarnation, fake->member[again->member].incarnation);
    fake_forget(fake);
    assert_int_equal(fake_put(fake, "key", "v", &later), 0);
    fake_step(fake);
    assert_int_equal(fake_count(fake, WIRE_OP_SESSION_OPEN), 1);
}

static void a_member_not_heard_yet_is_waited_for(void **state)
{
    struct fake *fake = *state;
    struct fake_result result;
    const uint32_t partition = 0;
    fake_start(fake);
    const uint32_t head = ring_chain(fake->ring, partition)[0].member;
    fake->member[head].incarnation = 0;
    fake_ring(fake);
    assert_int_equal(fake_put(fake, fake_key(fake, partition, 0), "v", &result), 0);
    fake_run(fake, 20 * MS, 0);
    assert_int_equal(fake->frames, 0);
    fake->member[head].incarnation = 77;
    fake_ring(fake);
    fake_run(fake, 100 * MS, 0);
    assert_true(fake->frames > 0);
    assert_int_equal(fake->frame[0].header.receiver_incarnation, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_image_of_many_pieces_is_put_together, setup, teardown),
        cmocka_unit_test_setup_teardown(
            half_of_all_packets_lost_or_damaged_only_delay_the_ring, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_generation_that_goes_away_is_fetched_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(silent_seeds_are_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(
            nodes_without_a_ring_are_asked_again_and_named, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_version_that_no_seed_speaks_is_said_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(
            one_seed_of_another_version_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_ring_larger_than_configured_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(
            wrong_node_fetches_the_ring_and_goes_where_it_says, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_ring_is_not_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_chain_with_a_lost_member_is_refused_without_being_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_cluster_that_started_again_is_another_life, setup, teardown),
        cmocka_unit_test_setup_teardown(a_member_not_heard_yet_is_waited_for, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
