/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/cluster/tale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct world *tale_world(const struct world_config *config)
{
    struct world *world = world_create(config);
    assert_true(world_serving(world, 1000 * TALE_MS));
    world_run(world, 10 * TALE_MS);
    return world;
}

struct world *tale_chain(unsigned members)
{
    return tale_world(
        &(struct world_config){.nodes = members, .partitions = members, .replicas = members});
}

struct hand tale_hand(struct world *world, unsigned client, char key[16])
{
    struct hand hand = hand_new(world, client);
    hand_key(world, 0, 0, key);
    assert_true(hand_open(&hand, 0, 77 + client));
    world_run(world, 10 * TALE_MS);
    return hand;
}

static unsigned tale_host(struct torc_addr address)
{
    return address.ip & 0xffffu;
}

static bool tale_carries(const void *packet, uint32_t bytes, enum wire_frame_type type)
{
    struct wire_view view;
    if (wire_open(packet, bytes, WORLD_CLUSTER, &view) != WIRE_TAKEN)
        return false;
    const uint8_t *cursor = view.frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(&view, &cursor)) != NULL)
        if (frame->type == type)
            return true;
    return false;
}

bool tale_lose(
    void *context, struct torc_addr from, struct torc_addr to, const void *packet, uint32_t bytes)
{
    struct tale_loss *loss = context;
    if ((loss->from != 0 && loss->from != tale_host(from)) ||
        (loss->to != 0 && loss->to != tale_host(to)) || loss->count == 0 ||
        !tale_carries(packet, bytes, loss->type))
        return false;
    if (loss->skip > 0) {
        loss->skip--;
        return false;
    }
    loss->count--;
    return true;
}

bool tale_keep(
    void *context, struct torc_addr from, struct torc_addr to, const void *packet, uint32_t bytes)
{
    struct tale_kept *kept = context;
    if (!tale_lose(&kept->which, from, to, packet, bytes))
        return false;
    kept->from = from;
    kept->to = to;
    kept->bytes = bytes;
    memcpy(kept->packet, packet, bytes);
    return true;
}

void tale_deliver(struct world *world, const struct tale_kept *kept)
{
    assert_true(kept->bytes > 0);
    world_send(world, kept->from, kept->to, kept->packet, kept->bytes);
}

void tale_is(const struct world *world, const char *expected)
{
    const char *story = world_story_text(world);
    if (strcmp(story, expected) != 0)
        print_message("--- the story was\n%s--- and should be\n%s---\n", story, expected);
    assert_string_equal(story, expected);
}

unsigned tale_told(const struct world *world, const char *words)
{
    unsigned told = 0;
    const char *line = world_story_text(world);
    while (*line != 0) {
        size_t bytes = strcspn(line, "\n");
        char text[256];
        snprintf(text, sizeof text, "%.*s", (int)bytes, line);
        told += strstr(text, words) != NULL && strstr(text, "(lost)") == NULL;
        line += bytes + (line[bytes] == '\n');
    }
    return told;
}

static bool tale_all_drained(struct world *world, void *context)
{
    (void)context;
    for (unsigned id = 1; id <= world_ring(world)->members; id++)
        if (!node_drained(world_node(world, id)))
            return false;
    return true;
}

void tale_at_rest(struct world *world)
{
    uint64_t created = 0, applied = 0;
    unsigned members = world_ring(world)->members;
    for (unsigned id = 1; id <= members; id++)
        node_drain(world_node(world, id));
    assert_true(world_run_until(world, tale_all_drained, NULL, 5000 * TALE_MS));
    for (unsigned id = 1; id <= members; id++) {
        created += WORLD_COUNTER(world, id, entries_created);
        applied += WORLD_COUNTER(world, id, entries_applied);
    }
    assert_int_equal(applied, created * world_ring(world)->replicas);
}
