/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/cluster/story.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cluster/world.h"

struct story {
    uint64_t start_ns;
    bool links;
    FILE *file;
    char *text;
    size_t bytes, room;
};

struct story *story_create(uint64_t start_ns, bool links)
{
    struct story *story = calloc(1, sizeof *story);
    story->start_ns = start_ns;
    story->links = links;
    story->room = 65536;
    story->text = calloc(1, story->room);
    return story;
}

void story_destroy(struct story *story)
{
    if (story == NULL)
        return;
    free(story->text);
    free(story);
}

void story_to(struct story *story, FILE *file)
{
    story->file = file;
}

const char *story_text(const struct story *story)
{
    return story == NULL ? "" : story->text;
}

__attribute__((format(printf, 2, 3))) static void story_add(
    struct story *story, const char *format, ...)
{
    char line[WIRE_PACKET_BYTES + 64]; /* the value of a reply and what is said of it */
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (story->file != NULL) {
        fputs(line, story->file);
        return;
    }
    if (story->bytes + (size_t)bytes + 1 > story->room) {
        story->room = story->room * 2 + (size_t)bytes;
        story->text = realloc(story->text, story->room);
    }
    memcpy(story->text + story->bytes, line, (size_t)bytes + 1);
    story->bytes += (size_t)bytes;
}

/* A node by its number, a client as c0, c1... */
static void story_who(struct story *story, struct torc_addr address)
{
    if ((address.ip & 0xff00u) == 0)
        story_add(story, "%u", address.ip & 255);
    else
        story_add(story, "c%u", address.ip & 255);
}

static const char *story_operation(uint16_t operation)
{
    switch (operation) {
    case WIRE_OP_SESSION_OPEN:
        return "open";
    case WIRE_OP_SESSION_CLOSE:
        return "close";
    case WIRE_OP_PUT:
        return "put";
    case WIRE_OP_DELETE:
        return "delete";
    case WIRE_OP_CAS:
        return "cas";
    case WIRE_OP_GET:
        return "get";
    default:
        return "?";
    }
}

static void story_request(struct story *story, const struct wire_request *request)
{
    story_add(story, " %s", story_operation(request->operation));
    if (request->key_bytes > 0)
        story_add(story, " %.*s", request->key_bytes, (const char *)wire_request_key(request));
    if (request->operation >= WIRE_OP_PUT)
        story_add(story, " r%llu", (unsigned long long)request->number);
}

static void story_reply(struct story *story, const struct wire_reply *reply)
{
    story_add(story, "reply p%u r%llu %s", reply->frame.partition,
        (unsigned long long)reply->number, torc_status_text(reply->status));
    if (reply->bytes > 0)
        story_add(story, " \"%.*s\"", reply->bytes, (const char *)(reply + 1));
}

static void story_part(struct story *story, const char *what, unsigned partition, uint64_t number,
    uint32_t offset, uint32_t total)
{
    story_add(story, "%s p%u #%llu part %u of %u", what, partition, (unsigned long long)number,
        offset / WIRE_PART_BYTES + 1, (total + WIRE_PART_BYTES - 1) / WIRE_PART_BYTES);
}

static void story_frame(struct story *story, const struct wire_frame *frame)
{
    const struct wire_entry *entry = (const struct wire_entry *)(frame + 1);
    const struct wire_request *request = (const struct wire_request *)(frame + 1);
    const struct wire_forward_part *part = (const struct wire_forward_part *)frame;
    const struct wire_write_part *write_part = (const struct wire_write_part *)frame;
    switch (frame->type) {
    case WIRE_FRAME_FORWARD:
        story_add(
            story, "forward p%u #%llu", frame->partition, (unsigned long long)entry->sequence);
        story_request(story, &entry->request);
        break;
    case WIRE_FRAME_COMMITTED:
        story_add(story, "committed p%u #%llu", frame->partition,
            (unsigned long long)((const struct wire_committed *)frame)->sequence);
        break;
    case WIRE_FRAME_WRITE:
    case WIRE_FRAME_READ:
        story_add(
            story, "%s p%u", frame->type == WIRE_FRAME_WRITE ? "write" : "read", frame->partition);
        story_request(story, request);
        break;
    case WIRE_FRAME_REPLY:
        story_reply(story, (const struct wire_reply *)frame);
        break;
    case WIRE_FRAME_FORWARD_PART:
        story_part(story, "forward", frame->partition, part->sequence, part->offset, part->total);
        break;
    case WIRE_FRAME_WRITE_PART:
        story_part(story, "write", frame->partition, write_part->number, write_part->offset,
            write_part->total);
        break;
    case WIRE_FRAME_PART_ACK:
        story_add(story, "parts p%u #%llu: %u", frame->partition,
            (unsigned long long)((const struct wire_part_ack *)frame)->number,
            ((const struct wire_part_ack *)frame)->parts);
        break;
    case WIRE_FRAME_LINK_ACK:
        story_add(
            story, "ack %llu", (unsigned long long)((const struct wire_link_ack *)frame)->largest);
        break;
    case WIRE_FRAME_EPOCH:
        story_add(story, "epoch p%u is %llu", frame->partition, (unsigned long long)frame->epoch);
        break;
    case WIRE_FRAME_HELLO:
        story_add(story, "hello");
        break;
    default:
        story_add(story, "frame %u", frame->type);
    }
}

/* Whom it names, and whether it wants an answer. */
static void story_hello(struct story *story, const struct wire_packet *header)
{
    story_add(story, "%s%s", header->receiver_incarnation == 0 ? " whoever you are" : " to you",
        header->number == 1 ? ", who are you?" : "");
}

static bool story_tells(const struct story *story, const struct wire_frame *frame)
{
    return story->links || (frame->type != WIRE_FRAME_LINK_ACK && frame->type != WIRE_FRAME_HELLO);
}

void story_packet(struct story *story, uint64_t now_ns, struct torc_addr from, struct torc_addr to,
    const void *packet, uint32_t bytes, bool lost)
{
    struct wire_view view;
    if (wire_open(packet, bytes, WORLD_CLUSTER, &view) != WIRE_TAKEN)
        return;
    const uint8_t *cursor = view.frames;
    const struct wire_frame *frame;
    while ((frame = wire_next(&view, &cursor)) != NULL) {
        if (!story_tells(story, frame))
            continue;
        story_add(story, "[%6llu] ", (unsigned long long)(now_ns - story->start_ns) / 1000);
        story_who(story, from);
        story_add(story, " > ");
        story_who(story, to);
        story_add(story, "  ");
        story_frame(story, frame);
        if (view.header.type == WIRE_HELLO)
            story_hello(story, &view.header);
        story_add(story, lost ? "  (lost)\n" : "\n");
    }
}
