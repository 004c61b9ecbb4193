/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How the members of a cluster meet, and whom they do not take for one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/forge.h"
#include "tests/cluster/tale.h"

#define MS TALE_MS

static void assert_trouble(struct world *world, unsigned id, const char *part)
{
    char text[512];
    node_trouble(world_node(world, id), text, sizeof text);
    if (strstr(text, part) == NULL)
        print_message("node %u: \"%s\"\n", id, text);
    assert_non_null(strstr(text, part));
}

/* Three nodes, of which the third was stopped before it met anybody. */
static struct world *without_the_third(void)
{
    struct world *world = world_create(&(struct world_config){.nodes = 3, .partitions = 3});
    world_kill(world, 3);
    world_run(world, 100 * MS);
    return world;
}

static void two_meet_and_serve(void **state)
{
    (void)state;
    struct world *world = world_create(&(struct world_config){.nodes = 2, .partitions = 2});
    world_story(world, true);
    assert_true(world_serving(world, 100 * MS));
    tale_is(world, "[     0] 1 > 2  hello whoever you are, who are you?\n"
                   "[     0] 2 > 1  hello whoever you are, who are you?\n"
                   "[     5] 1 > 2  hello to you\n"
                   "[     5] 2 > 1  hello to you\n");
    assert_trouble(world, 1, "");
    world_destroy(world);
}

static void they_meet_over_any_line(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct world *world = world_create(&(struct world_config){.seed = seed,
            .nodes = 5,
            .loss = 500,
            .duplication = 300,
            .corruption = 100,
            .jitter_ns = 30 * MS});
        assert_true(world_serving(world, 10000 * MS));
        world_destroy(world);
    }
}

static void a_node_says_whom_it_waits_for(void **state)
{
    (void)state;
    struct world *world = without_the_third();
    assert_int_equal(node_state(world_node(world, 1)), NODE_STARTING);
    assert_trouble(world, 1, "member 3 (n3) was not heard yet");
    world_start(world, 3);
    assert_true(world_serving(world, 2000 * MS));
    world_destroy(world);
}

/* ---- who is not taken for a member ---- */

static void strangers_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *trouble;
        uint64_t cluster, config_hash;
        uint16_t packet_bytes;
        const char *name;
    } strangers[] = {
        {"member 3 (n3) belongs to another cluster", 1, 42, WIRE_PACKET_BYTES, "n3"},
        {"member 3 (n3) has another cluster configuration", WORLD_CLUSTER, 43, WIRE_PACKET_BYTES,
            "n3"},
        {"member 3 (n3) gives another name", WORLD_CLUSTER, 42, WIRE_PACKET_BYTES, "n4"},
        {"member 3 (n3) has a port whose MTU is too small", WORLD_CLUSTER, 42, 1400, "n3"},
    };
    struct world *world = without_the_third();
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        struct forge forge;
        struct wire_hello *hello = forge_hello(&forge, world, 3, 1);
        hello->cluster = strangers[i].cluster;
        hello->config_hash = strangers[i].config_hash;
        hello->packet_bytes = strangers[i].packet_bytes;
        memset(hello->name, 0, sizeof hello->name);
        memcpy(hello->name, strangers[i].name, strlen(strangers[i].name));
        forge_send(&forge);
        world_run(world, 10 * MS);
        assert_int_equal(node_state(world_node(world, 1)), NODE_REFUSED);
        assert_trouble(world, 1, strangers[i].trouble);
    }
    /* whoever it was: the right one is welcome */
    world_start(world, 3);
    assert_true(world_serving(world, 2000 * MS));
    assert_trouble(world, 1, "");
    world_destroy(world);
}

static void a_hello_that_does_not_name_us_binds_nobody(void **state)
{
    (void)state;
    struct world *world = without_the_third();
    struct forge forge;
    forge_hello(&forge, world, 3, 1);
    forge.header->receiver_incarnation = 0; /* as one from before we started */
    forge_send(&forge);
    world_run(world, 10 * MS);
    assert_int_equal(node_state(world_node(world, 1)), NODE_STARTING);
    assert_trouble(world, 1, "member 3 (n3) was not heard yet");
    world_destroy(world);
}

static void one_who_is_no_member_changes_nothing(void **state)
{
    (void)state;
    struct world *world = without_the_third();
    for (uint32_t sender = 0; sender <= 9; sender += 9) { /* a client, and one nobody knows */
        struct forge forge;
        forge_hello(&forge, world, 3, 1);
        forge.header->sender = sender;
        world_story(world, true);
        forge_send(&forge);
        world_run(world, MS / 10);
        assert_int_equal(tale_told(world, "1 > 3  hello"), 0); /* nor is it answered */
    }
    struct forge forge;
    forge_hello(&forge, world, 3, 1);
    forge.header->sender = 1; /* a double */
    forge_send(&forge);
    world_run(world, MS);
    assert_int_equal(node_state(world_node(world, 1)), NODE_STARTING);
    world_destroy(world);
}

static void what_is_bound_is_disturbed_by_nobody(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    struct forge forge;
    struct wire_hello *hello = forge_hello(&forge, world, 3, 1);
    forge.header->sender_incarnation ^= 1;
    hello->config_hash = 43;
    forge_send(&forge);
    forge_hello(&forge, world, 3, 1);
    forge.header->sender_incarnation ^= 1;
    forge.header->receiver_incarnation = 0; /* has not heard us: may be years old */
    forge_send(&forge);
    world_run(world, 10 * MS);
    assert_int_equal(node_state(world_node(world, 1)), NODE_SERVING);
    world_destroy(world);
}

/* ---- questions ---- */

static unsigned chunks(struct world *world, unsigned client, uint32_t *bytes, uint16_t *status)
{
    struct world_mail mail[8];
    unsigned count = world_mail(world, client, mail, 8), found = 0;
    for (unsigned i = 0; i < count; i++) {
        struct wire_view view;
        if (wire_open(mail[i].data, mail[i].bytes, WORLD_CLUSTER, &view) != WIRE_TAKEN ||
            view.header.type != WIRE_CHUNK)
            continue;
        *bytes = mail[i].bytes;
        *status = ((const struct wire_chunk *)view.frames)->status;
        found++;
    }
    return found;
}

static void no_answer_is_longer_than_its_question(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    for (uint32_t length = 80; length <= 1448; length += 8) {
        struct forge forge;
        uint32_t bytes = 0;
        uint16_t status = 0;
        struct wire_info *info = forge_info(&forge, world, 0, 1, length);
        info->kind = length % 16 == 0 ? WIRE_INFO_RING : WIRE_INFO_STATS;
        forge_send(&forge);
        world_run(world, MS / 10);
        unsigned found = chunks(world, 0, &bytes, &status);
        assert_int_equal(found, length >= 88);
        assert_true(bytes <= length);
    }
    world_destroy(world);
}

static void questions_out_of_place_are_answered_by_name(void **state)
{
    (void)state;
    struct world *world = tale_chain(3);
    static const struct {
        uint32_t offset;
        uint64_t generation;
        uint16_t status;
    } asked[] = {
        {0, 0, TORC_STATUS_OK},
        {0, 99, TORC_STATUS_WRONG_EPOCH},
        {1u << 30, 0, TORC_STATUS_INVALID},
        {UINT32_MAX, 1, TORC_STATUS_INVALID},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct forge forge;
        uint32_t bytes;
        uint16_t status = 0;
        struct wire_info *info = forge_info(&forge, world, 0, 1, 1448);
        info->offset = asked[i].offset;
        info->generation = asked[i].generation;
        forge_send(&forge);
        world_run(world, MS / 10);
        assert_int_equal(chunks(world, 0, &bytes, &status), 1);
        assert_int_equal(status, asked[i].status);
    }
    world_destroy(world);
}

static void a_node_without_a_ring_says_so(void **state)
{
    (void)state;
    struct world *world = without_the_third();
    struct forge forge;
    uint32_t bytes;
    uint16_t status = 0;
    forge_info(&forge, world, 0, 1, 1448);
    forge_send(&forge);
    world_run(world, MS / 10);
    assert_int_equal(chunks(world, 0, &bytes, &status), 1);
    assert_int_equal(status, TORC_STATUS_NOT_READY);
    world_destroy(world);
}

static void another_version_is_refused_only_where_it_asks(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        uint32_t bytes;
        unsigned answers;
    } sent[] = {{WIRE_REQUEST, 120, 1}, {WIRE_HELLO, 120, 1}, {WIRE_INFO, 72, 1},
        {WIRE_INFO, 71, 0}, {WIRE_DATA, 120, 0}, {WIRE_REFUSE, 120, 0}, {WIRE_CHUNK, 1448, 0}};
    struct world *world = tale_chain(3);
    for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        struct world_mail mail[4];
        struct forge forge;
        forge_request(&forge, world, 0, 1);
        forge.header->magic = WIRE_MAGIC;
        forge.header->version = 2;
        forge.header->type = sent[i].type;
        forge_send_raw(&forge, sent[i].bytes);
        world_run(world, MS / 10);
        assert_int_equal(world_mail(world, 0, mail, 4), sent[i].answers);
        assert_true(sent[i].answers == 0 || mail[0].bytes <= sent[i].bytes);
    }
    assert_int_equal(world_drops(world, 1, WIRE_DROP_bad_version), 7);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_meet_and_serve),
        cmocka_unit_test(they_meet_over_any_line),
        cmocka_unit_test(a_node_says_whom_it_waits_for),
        cmocka_unit_test(strangers_are_named),
        cmocka_unit_test(a_hello_that_does_not_name_us_binds_nobody),
        cmocka_unit_test(one_who_is_no_member_changes_nothing),
        cmocka_unit_test(what_is_bound_is_disturbed_by_nobody),
        cmocka_unit_test(no_answer_is_longer_than_its_question),
        cmocka_unit_test(questions_out_of_place_are_answered_by_name),
        cmocka_unit_test(a_node_without_a_ring_says_so),
        cmocka_unit_test(another_version_is_refused_only_where_it_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
