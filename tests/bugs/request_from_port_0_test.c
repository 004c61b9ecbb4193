/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A datagram may say that it comes from port 0, to which nobody can answer. The node began an
 * answer, and, since port 0 also marked a free place among the answers of a step, never sealed it:
 * what the send buffer held from before went out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/hand.h"

#define MS 1000000ull

struct witness {
    uint8_t request[WIRE_PACKET_BYTES];
    uint32_t request_bytes;
    unsigned to_port_0;
    unsigned unsealed;
};

/* Keeps the client's request to itself, and looks at all that nodes send. */
static bool look(
    void *context, struct torc_addr from, struct torc_addr to, const void *packet, uint32_t bytes)
{
    struct witness *witness = context;
    struct wire_view view;
    if (from.ip == world_client_address(0).ip && from.port != 0) {
        memcpy(witness->request, packet, bytes);
        witness->request_bytes = bytes;
        return true;
    }
    witness->to_port_0 += to.port == 0;
    witness->unsealed += wire_open(packet, bytes, WORLD_CLUSTER, &view) != WIRE_TAKEN;
    return false;
}

static void check_request(uint16_t operation, const char *value)
{
    struct witness witness = {.request_bytes = 0};
    struct world *world = world_create(&(struct world_config){.nodes = 3, .partitions = 3});
    assert_true(world_serving(world, 100 * MS));
    world_lose_if(world, look, &witness);
    struct hand hand = hand_new(world, 0);
    char key[16];
    hand_key(world, 0, 0, key);
    hand_send(&hand, 1, 0, operation, 1, key, value, 0);
    assert_true(witness.request_bytes > 0);
    struct torc_addr nowhere = {.ip = world_client_address(0).ip, .port = 0};
    world_send(world, nowhere, world_address(1, 0), witness.request, witness.request_bytes);
    world_run(world, 10 * MS);
    world_lose_if(world, NULL, NULL);
    assert_int_equal(witness.unsealed, 0);
    assert_int_equal(witness.to_port_0, 0);
    assert_int_equal(WORLD_COUNTER(world, 1, drop_no_port), 1);
    assert_true(hand_open(&hand, 0, 5)); /* and nothing else suffered */
    world_destroy(world);
}

static void a_write_from_port_0_is_not_answered(void **state)
{
    (void)state;
    check_request(WIRE_OP_PUT, "v");
}

static void a_read_from_port_0_is_not_answered(void **state)
{
    (void)state;
    check_request(WIRE_OP_GET, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_from_port_0_is_not_answered),
        cmocka_unit_test(a_read_from_port_0_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
