/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Control sends through a mailbox of 64 places, and said hello to all members at once: those past
 * the 64th were never reached, however often it was repeated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/node/node.h"
#include "engine/wire/wire.h"

#define MEMBERS 200u
#define MS      1000000ull

struct large {
    struct ring_member member[MEMBERS];
    struct node_config config;
    void *plan, *memory;
    struct node *node;
};

static void *zeroed(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    memset(memory, 0, bytes);
    return memory;
}

/* Member 1 of a large cluster; nobody else is there. */
static void large_start(struct large *large)
{
    const char *why = NULL;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct torc_addr address = {.ip = 0x0a000000 + i, .port = 7400};
        large->member[i] = (struct ring_member){.id = i + 1, .workers = 1, .address = address};
        snprintf(large->member[i].name, sizeof large->member[i].name, "n%u", i + 1);
    }
    struct ring_spec spec = {.cluster = 1,
        .epoch = 1,
        .partitions = MEMBERS,
        .replicas = 3,
        .members = MEMBERS,
        .hash = TORC_HASH_XXH3,
        .claim = TORC_CLAIM_SPREAD,
        .class = {.session_window = 16,
            .sessions = 8,
            .window = 16,
            .kv_blocks = 1000,
            .session_idle_ms = 1000},
        .member = large->member};
    large->plan = zeroed(ring_bytes(&spec));
    large->config = (struct node_config){
        .plan = ring_build(&spec, large->plan, &why), .ring = spec, .self = 1, .incarnation = 7};
    node_config_defaults(&large->config);
    uint64_t bytes = node_memory_bytes(&large->config, NULL, &why);
    large->memory = zeroed(bytes);
    large->node = node_create(&large->config, large->memory, bytes, &why);
}

static void every_member_is_said_hello_to(void **state)
{
    (void)state;
    static struct large large;
    static uint8_t buffer[16][WIRE_PACKET_BYTES];
    unsigned told[MEMBERS] = {0}, reached = 0;
    struct torc_tx tx[16];
    large_start(&large);
    for (uint64_t now_ns = 1000 * MS; now_ns < 1100 * MS; now_ns += MS) {
        node_control_step(large.node, now_ns);
        for (unsigned i = 0; i < 16; i++)
            tx[i] = (struct torc_tx){.data = buffer[i], .capacity = WIRE_PACKET_BYTES};
        struct torc_burst burst = {.tx = tx, .tx_count = 16, .now_ns = now_ns};
        node_worker_step(large.node, 0, &burst);
        for (unsigned i = 0; i < burst.tx_used; i++)
            told[tx[i].to.ip & 255]++;
    }
    for (unsigned i = 1; i < MEMBERS; i++)
        reached += told[i] > 0;
    assert_int_equal(reached, MEMBERS - 1);
    free(large.memory);
    free(large.plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_member_is_said_hello_to)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
