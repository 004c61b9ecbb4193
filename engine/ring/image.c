/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/ring/image.h"

#include <isa-l/crc.h>
#include <string.h>

#include "engine/ring/table.h"

#define IMAGE_CRC_START (offsetof(struct ring_image_head, crc) + sizeof(uint32_t))

/* Where things are in an image whose head is `head`; no member or partition is looked at. */
struct image {
    const uint8_t *bytes;
    struct ring_image_head head; /* a copy */
    struct ring_shape shape;     /* what the head says */
};

static size_t partition_bytes(uint16_t replicas)
{
    return sizeof(struct ring_image_partition) +
           sizeof(struct ring_image_replica) * (size_t)replicas;
}

static size_t image_bytes(uint32_t partitions, uint16_t replicas, uint16_t members)
{
    return sizeof(struct ring_image_head) + sizeof(struct ring_image_member) * (size_t)members +
           partition_bytes(replicas) * partitions;
}

static size_t member_offset(uint16_t index)
{
    return sizeof(struct ring_image_head) + sizeof(struct ring_image_member) * (size_t)index;
}

static size_t partition_offset(uint16_t members, uint16_t replicas, uint32_t partition)
{
    return member_offset(members) + partition_bytes(replicas) * partition;
}

static uint32_t image_crc(const uint8_t *image, size_t bytes)
{
    /* ISA-L reads only; its prototype lacks the const, and its length is an int. */
    return crc32_iscsi(
        (unsigned char *)image + IMAGE_CRC_START, (int)(bytes - IMAGE_CRC_START), 0xffffffffu);
}

/* ---- writing ---- */

static void write_head(const struct ring *ring, uint8_t *out)
{
    struct ring_image_head head = {.magic = RING_IMAGE_MAGIC,
        .version = RING_IMAGE_VERSION,
        .members = ring->members,
        .bytes = (uint32_t)ring_image_bytes(ring),
        .cluster = ring->cluster,
        .epoch = ring->epoch,
        .partitions = ring->partitions,
        .replicas = ring->replicas,
        .hash = ring->hash,
        .claim = ring->claim,
        .class_number = ring->class.number,
        .session_window = ring->class.session_window,
        .sessions = ring->class.sessions,
        .window = ring->class.window,
        .kv_blocks = ring->class.kv_blocks,
        .session_idle_ms = ring->class.session_idle_ms};
    memcpy(out, &head, sizeof head);
}

static void write_member(const struct ring_member *member, uint8_t *out)
{
    struct ring_image_member record = {.id = member->id,
        .workers = member->workers,
        .state = member->state,
        .ip = member->address.ip,
        .port = member->address.port,
        .incarnation = member->incarnation};
    memcpy(record.name, member->name, sizeof record.name);
    memcpy(out, &record, sizeof record);
}

static void write_partition(const struct ring *ring, uint32_t partition, uint8_t *out)
{
    const struct ring_replica *chain = ring_chain(ring, partition);
    struct ring_image_partition record = {.chain_epoch = ring->chain_epoch[partition],
        .owner = ring->owner[partition],
        .length = ring->chain_length[partition]};
    memcpy(out, &record, sizeof record);
    out += sizeof record;
    for (uint16_t i = 0; i < ring->replicas; i++) {
        struct ring_image_replica replica = {0};
        if (i < record.length)
            replica = (struct ring_image_replica){chain[i].member, chain[i].worker};
        memcpy(out, &replica, sizeof replica);
        out += sizeof replica;
    }
}

size_t ring_image_bytes(const struct ring *ring)
{
    return image_bytes(ring->partitions, ring->replicas, ring->members);
}

void ring_image_write(const struct ring *ring, uint8_t *out)
{
    write_head(ring, out);
    for (uint16_t i = 0; i < ring->members; i++)
        write_member(&ring->member[i], out + member_offset(i));
    for (uint32_t i = 0; i < ring->partitions; i++)
        write_partition(ring, i, out + partition_offset(ring->members, ring->replicas, i));
    uint32_t crc = image_crc(out, ring_image_bytes(ring));
    memcpy(out + offsetof(struct ring_image_head, crc), &crc, sizeof crc);
}

/* ---- reading: nothing is believed before it was compared ---- */

static bool open_head(const uint8_t *bytes, size_t count, struct image *image)
{
    struct ring_image_head *head = &image->head;
    if (count < sizeof *head)
        return false;
    image->bytes = bytes;
    memcpy(head, bytes, sizeof *head);
    if (head->magic != RING_IMAGE_MAGIC || head->version != RING_IMAGE_VERSION ||
        head->bytes != count)
        return false;
    image->shape = (struct ring_shape){.cluster = head->cluster,
        .epoch = head->epoch,
        .partitions = head->partitions,
        .replicas = head->replicas,
        .members = head->members,
        .hash = head->hash,
        .claim = head->claim,
        .class = {.number = head->class_number,
            .session_window = head->session_window,
            .sessions = head->sessions,
            .window = head->window,
            .kv_blocks = head->kv_blocks,
            .session_idle_ms = head->session_idle_ms}};
    return ring_shape_fault(&image->shape) == NULL &&
           image_bytes(head->partitions, head->replicas, head->members) == count &&
           image_crc(bytes, count) == head->crc;
}

static struct ring_image_member member_record(const struct image *image, uint16_t index)
{
    struct ring_image_member record;
    memcpy(&record, image->bytes + member_offset(index), sizeof record);
    return record;
}

static struct ring_member member_of(const struct ring_image_member *record)
{
    struct ring_member member = {.id = record->id,
        .workers = record->workers,
        .state = record->state,
        .address = {.ip = record->ip, .port = record->port},
        .incarnation = record->incarnation};
    memcpy(member.name, record->name, sizeof member.name);
    return member;
}

static bool members_are_sound(const struct image *image)
{
    for (uint16_t i = 0; i < image->head.members; i++) {
        struct ring_image_member record = member_record(image, i);
        struct ring_member member = member_of(&record);
        if (record.reserved != 0 || ring_member_fault(&member) != NULL)
            return false;
    }
    return true;
}

static const uint8_t *partition_place(const struct image *image, uint32_t partition)
{
    const struct ring_image_head *head = &image->head;
    return image->bytes + partition_offset(head->members, head->replicas, partition);
}

static struct ring_image_replica replica_record(const uint8_t *partition, uint16_t index)
{
    struct ring_image_replica replica;
    memcpy(&replica,
        partition + sizeof(struct ring_image_partition) + sizeof replica * (size_t)index,
        sizeof replica);
    return replica;
}

static bool replica_is_sound(const struct image *image, const uint8_t *partition, uint16_t index)
{
    struct ring_image_replica replica = replica_record(partition, index);
    if (replica.member >= image->head.members ||
        replica.worker >= member_record(image, replica.member).workers)
        return false;
    for (uint16_t i = 0; i < index; i++) {
        if (replica_record(partition, i).member == replica.member)
            return false;
    }
    return true;
}

static bool partition_is_sound(const struct image *image, const uint8_t *place)
{
    struct ring_image_partition record;
    memcpy(&record, place, sizeof record);
    if (record.chain_epoch == 0 || record.chain_epoch > image->head.epoch ||
        record.owner >= image->head.members || record.reserved != 0 || record.length == 0 ||
        record.length > image->head.replicas)
        return false;
    for (uint16_t i = 0; i < image->head.replicas; i++) {
        struct ring_image_replica replica = replica_record(place, i);
        if (i >= record.length ? replica.member != 0 || replica.worker != 0
                               : !replica_is_sound(image, place, i))
            return false;
    }
    return true;
}

static bool image_open(const uint8_t *bytes, size_t count, struct image *image)
{
    if (!open_head(bytes, count, image) || !members_are_sound(image))
        return false;
    for (uint32_t i = 0; i < image->head.partitions; i++) {
        if (!partition_is_sound(image, partition_place(image, i)))
            return false;
    }
    return true;
}

size_t ring_image_needs(const uint8_t *image, size_t bytes)
{
    struct image open;
    return image_open(image, bytes, &open) ? ring_shape_bytes(&open.shape) : 0;
}

static void read_partition(const struct image *image, struct ring *ring, uint32_t partition)
{
    const uint8_t *place = partition_place(image, partition);
    struct ring_replica *chain = &ring->chain[(size_t)partition * ring->replicas];
    struct ring_image_partition record;
    memcpy(&record, place, sizeof record);
    ring->chain_epoch[partition] = record.chain_epoch;
    ring->chain_length[partition] = record.length;
    ring->owner[partition] = record.owner;
    for (uint16_t i = 0; i < ring->replicas; i++) {
        struct ring_image_replica replica = replica_record(place, i);
        chain[i] = i < record.length ? (struct ring_replica){replica.member, replica.worker}
                                     : (struct ring_replica){RING_NO_MEMBER, 0};
    }
}

struct ring *ring_image_read(const uint8_t *image, size_t bytes, void *memory)
{
    struct image open;
    if (!image_open(image, bytes, &open))
        return NULL;
    struct ring *ring = ring_shape_lay(&open.shape, memory);
    for (uint16_t i = 0; i < ring->members; i++) {
        struct ring_image_member record = member_record(&open, i);
        ring->member[i] = member_of(&record);
    }
    for (uint32_t i = 0; i < ring->partitions; i++)
        read_partition(&open, ring, i);
    return ring_index_members(ring) ? ring : NULL;
}
