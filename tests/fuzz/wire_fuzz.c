/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Anything at all is given to the decoder. What it takes is walked, each promise that wire_open
 * makes is checked, and every byte is read through the fields that a reader would use. Reading
 * beside the packet is seen by AddressSanitizer: the packet lies in a block of its exact size.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/wire/frames.h"
#include "tests/fuzz/wire_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void promise(bool kept)
{
    if (!kept)
        __builtin_trap();
}

static void touch(const uint8_t *bytes, size_t count)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + bytes[i]);
    sink = sum;
}

/* ---- making CRCs right, so that the fuzzer gets past them ---- */

static void sign_request(struct wire_request *request, size_t room)
{
    if (room >= sizeof *request && request->length >= sizeof *request && request->length <= room)
        wire_request_sign(request);
}

static void sign_entry(struct wire_entry *entry, size_t room)
{
    const size_t head = sizeof *entry - sizeof entry->request;
    if (room < sizeof *entry)
        return;
    sign_request(&entry->request, room - head);
    wire_entry_sign(entry);
}

static void sign_frame(struct wire_frame *frame)
{
    const size_t room = frame->length - sizeof *frame;
    if (frame->type == WIRE_FRAME_FORWARD)
        sign_entry((struct wire_entry *)(frame + 1), room);
    if (frame->type == WIRE_FRAME_WRITE || frame->type == WIRE_FRAME_READ)
        sign_request((struct wire_request *)(frame + 1), room);
}

static void seal(uint8_t *packet, size_t bytes, bool sign)
{
    struct wire_packet *header = (struct wire_packet *)packet;
    uint32_t crc;
    if (bytes < WIRE_PACKET_MIN)
        return;
    header->magic = WIRE_MAGIC;
    header->version = WIRE_VERSION;
    header->length = (uint16_t)bytes;
    header->frames = 0;
    for (size_t at = WIRE_PACKET_MIN; bytes - at >= sizeof(struct wire_frame);) {
        struct wire_frame *frame = (struct wire_frame *)(packet + at);
        if (frame->length < sizeof *frame || frame->length > bytes - at)
            break;
        if (sign)
            sign_frame(frame);
        header->frames++;
        at += frame->length;
    }
    if (wire_packet_crc(packet, bytes, FUZZ_CLUSTER, &crc) == WIRE_TAKEN)
        header->crc = crc;
}

/* ---- reading what was taken ---- */

static void read_request(const struct wire_request *request, size_t room)
{
    promise(request->length >= sizeof *request && request->length <= room);
    promise(request->length <= WIRE_REQUEST_BYTES_MAX);
    promise(request->key_bytes <= TORC_KEY_BYTES_MAX);
    promise(request->operation < WIRE_OP_PUT || request->key_bytes >= 1);
    promise(wire_request_value_bytes(request) <= TORC_VALUE_BYTES_MAX);
    promise(request->awaited_behind == 0 || WIRE_OP_IS_READ(request->operation) ||
            request->operation == WIRE_OP_SESSION_CLOSE ||
            request->awaited_behind < request->number);
    touch(wire_request_key(request), request->key_bytes);
    touch(wire_request_value(request), wire_request_value_bytes(request));
}

static void read_entry(const struct wire_entry *entry, size_t room)
{
    promise(wire_entry_bytes(entry) <= room);
    promise(entry->kind == WIRE_ENTRY_REQUEST && entry->flags == 0);
    promise(!WIRE_OP_IS_READ(entry->request.operation));
    read_request(&entry->request, room - (sizeof *entry - sizeof entry->request));
}

/* A part of `total`, behind `head` bytes of its frame. */
static void read_part(const struct wire_frame *frame, size_t head, uint32_t total, uint32_t offset)
{
    promise(offset < total && offset % WIRE_PART_BYTES == 0);
    const uint32_t rest = total - offset;
    const uint32_t bytes = rest < WIRE_PART_BYTES ? rest : WIRE_PART_BYTES;
    promise(head + bytes <= frame->length);
    touch((const uint8_t *)frame + head, bytes);
}

static void read_parts(const struct wire_frame *frame)
{
    if (frame->type == WIRE_FRAME_FORWARD_PART) {
        const struct wire_forward_part *part = (const struct wire_forward_part *)frame;
        promise(part->total >= sizeof(struct wire_entry) && part->total <= WIRE_ENTRY_BYTES_MAX);
        read_part(frame, sizeof *part, part->total, part->offset);
    }
    if (frame->type == WIRE_FRAME_WRITE_PART) {
        const struct wire_write_part *part = (const struct wire_write_part *)frame;
        promise(
            part->total >= sizeof(struct wire_request) && part->total <= WIRE_REQUEST_BYTES_MAX);
        read_part(frame, sizeof *part, part->total, part->offset);
    }
}

static void read_answers(const struct wire_frame *frame)
{
    if (frame->type == WIRE_FRAME_REPLY) {
        const struct wire_reply *reply = (const struct wire_reply *)frame;
        promise(reply->bytes <= WIRE_REPLY_VALUE_MAX);
        promise(reply->total <= TORC_VALUE_BYTES_MAX);
        promise(reply->bytes == 0 ||
                (reply->offset < reply->total && reply->bytes <= reply->total - reply->offset));
        touch((const uint8_t *)(reply + 1), reply->bytes);
    }
    if (frame->type == WIRE_FRAME_CHUNK) {
        const struct wire_chunk *chunk = (const struct wire_chunk *)frame;
        promise(chunk->bytes <= WIRE_CHUNK_BYTES_MAX);
        promise(chunk->bytes == 0 ||
                (chunk->offset < chunk->total && chunk->bytes <= chunk->total - chunk->offset));
        touch((const uint8_t *)(chunk + 1), chunk->bytes);
    }
    if (frame->type == WIRE_FRAME_HELLO)
        promise(strlen(((const struct wire_hello *)frame)->name) < 32);
}

static void read_frame(const struct wire_frame *frame, uint8_t packet_type)
{
    const size_t room = frame->length - sizeof *frame;
    promise(frame->type >= WIRE_FRAME_HELLO && frame->type <= WIRE_FRAME_REFUSE);
    promise(frame->flags == 0);
    promise(frame->length >= wire_frame_rules[frame->type].min);
    promise((wire_frame_rules[frame->type].packets & 1u << packet_type) != 0);
    if (frame->type == WIRE_FRAME_FORWARD) {
        const struct wire_entry *entry = (const struct wire_entry *)(frame + 1);
        promise(entry->class == frame->class && entry->partition == frame->partition);
        read_entry(entry, room);
    }
    if (frame->type == WIRE_FRAME_WRITE || frame->type == WIRE_FRAME_READ) {
        const struct wire_request *request = (const struct wire_request *)(frame + 1);
        promise(WIRE_OP_IS_READ(request->operation) == (frame->type == WIRE_FRAME_READ));
        read_request(request, room);
    }
    read_parts(frame);
    read_answers(frame);
    touch((const uint8_t *)frame, frame->length);
}

static void read_packet(const uint8_t *packet, size_t bytes)
{
    struct wire_view view;
    const enum wire_drop drop = wire_open(packet, bytes, FUZZ_CLUSTER, &view);
    promise((unsigned)drop < WIRE_DROP_COUNT);
    touch((const uint8_t *)wire_drop_name(drop), 1);
    sink = (uint8_t)wire_peek_worker(packet, bytes);
    if (drop == WIRE_DROP_bad_version) {
        uint8_t answer[WIRE_REFUSE_BYTES];
        promise(wire_refuse(answer, &view.header, bytes, &view.header) <= bytes);
    }
    if (drop != WIRE_TAKEN)
        return;
    promise(view.frames == packet + WIRE_PACKET_MIN && view.end == packet + bytes);
    const uint8_t *cursor = view.frames;
    const struct wire_frame *frame;
    uint32_t frames = 0;
    for (; (frame = wire_next(&view, &cursor)) != NULL; frames++)
        read_frame(frame, view.header.type);
    promise(frames > 0 && frames == view.header.frames);
}

static void run(uint8_t mode, uint8_t *bytes, size_t count)
{
    if (mode & FUZZ_REQUEST) {
        if (mode & FUZZ_SIGN)
            sign_request((struct wire_request *)bytes, count);
        if (wire_request_check((const struct wire_request *)bytes, count) == WIRE_TAKEN)
            read_request((const struct wire_request *)bytes, count);
    } else if (mode & FUZZ_ENTRY) {
        if (mode & FUZZ_SIGN)
            sign_entry((struct wire_entry *)bytes, count);
        if (wire_entry_check((const struct wire_entry *)bytes, count) == WIRE_TAKEN)
            read_entry((const struct wire_entry *)bytes, count);
    } else {
        if (mode & FUZZ_SEAL)
            seal(bytes, count, (mode & FUZZ_SIGN) != 0);
        read_packet(bytes, count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *block = malloc(size + 1); /* the two bytes in front, and the rest */
    if (block == NULL)
        return 0;
    memcpy(block + 2, data + 1, size - 1); /* a network card puts UDP's payload at such places */
    run(data[0], block + 2, size - 1);
    free(block);
    return 0;
}
