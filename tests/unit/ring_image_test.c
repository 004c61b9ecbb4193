/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/ring_fixture.h"

#include <isa-l/crc.h>

#include "engine/ring/image.h"

/* An image on the heap, exactly as long as it is, so that a byte too far is seen. */
struct picture {
    uint8_t *image;
    size_t bytes;
};

static struct picture picture_of(const struct ring *ring)
{
    struct picture picture = {.bytes = ring_image_bytes(ring)};
    picture.image = malloc(picture.bytes);
    assert_non_null(picture.image);
    ring_image_write(ring, picture.image);
    return picture;
}

static struct ring *read_back(const uint8_t *image, size_t bytes)
{
    size_t needs = ring_image_needs(image, bytes);
    if (needs == 0)
        return NULL;
    void *memory = fixture_memory(needs);
    struct ring *ring = ring_image_read(image, bytes, memory);
    if (ring == NULL)
        free(memory);
    return ring;
}

static void check_same(const struct ring *one, const struct ring *other)
{
    uint32_t partitions = one->partitions;
    assert_int_equal(one->bytes, other->bytes);
    assert_int_equal(one->cluster, other->cluster);
    assert_int_equal(one->epoch, other->epoch);
    assert_int_equal(one->hash, other->hash);
    assert_int_equal(one->claim, other->claim);
    assert_memory_equal(&one->class, &other->class, sizeof one->class);
    assert_memory_equal(one->step, other->step, sizeof one->step);
    assert_int_equal(partitions, other->partitions);
    assert_int_equal(one->replicas, other->replicas);
    assert_int_equal(one->members, other->members);
    assert_memory_equal(one->member, other->member, sizeof *one->member * one->members);
    assert_memory_equal(one->chain_epoch, other->chain_epoch, sizeof(uint64_t) * partitions);
    assert_memory_equal(one->chain_length, other->chain_length, partitions);
    assert_memory_equal(one->owner, other->owner, sizeof(uint16_t) * partitions);
    assert_memory_equal(
        one->chain, other->chain, sizeof *one->chain * one->replicas * (size_t)partitions);
    for (uint16_t i = 0; i < one->members; i++)
        assert_int_equal(ring_member_by_id(other, one->member[i].id), i);
}

static void an_image_reads_back_as_the_ring(void **state)
{
    (void)state;
    static const uint32_t partitions[] = {1, 2, 12, 64, 1000, 65536};
    for (size_t i = 0; i < sizeof partitions / sizeof *partitions; i++) {
        for (uint16_t members = 1; members <= 9; members += 4) {
            struct ring *ring = fixture_ring(partitions[i], members, members < 3 ? members : 3, 3);
            struct picture picture = picture_of(ring);
            struct ring *other = read_back(picture.image, picture.bytes);
            assert_non_null(other);
            check_same(ring, other);
            free(picture.image);
            free(other);
            free(ring);
        }
    }
}

static void an_image_keeps_short_chains_and_lost_members(void **state)
{
    (void)state;
    struct ring *ring = fixture_ring(12, 4, 3, 2);
    ring->epoch = 7;
    ring->chain_epoch[5] = 6;
    ring->chain_length[5] = 1;
    ring->chain[5 * 3 + 1] = (struct ring_replica){RING_NO_MEMBER, 0};
    ring->chain[5 * 3 + 2] = (struct ring_replica){RING_NO_MEMBER, 0};
    ring->member[3].state = RING_MEMBER_LOST;
    struct picture picture = picture_of(ring);
    struct ring *other = read_back(picture.image, picture.bytes);
    assert_non_null(other);
    check_same(ring, other);
    free(picture.image);
    free(other);
    free(ring);
}

static void an_image_may_lie_at_any_alignment(void **state)
{
    (void)state;
    struct ring *ring = fixture_ring(12, 3, 3, 2);
    size_t bytes = ring_image_bytes(ring);
    uint8_t *shifted = malloc(bytes + 1);
    assert_non_null(shifted);
    ring_image_write(ring, shifted + 1);
    struct ring *other = read_back(shifted + 1, bytes);
    assert_non_null(other);
    check_same(ring, other);
    free(shifted);
    free(other);
    free(ring);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct ring *ring = fixture_ring(12, 3, 3, 2);
    struct picture picture = picture_of(ring);
    for (size_t bit = 0; bit < picture.bytes * 8; bit++) {
        picture.image[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(ring_image_needs(picture.image, picture.bytes), 0);
        picture.image[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_int_not_equal(ring_image_needs(picture.image, picture.bytes), 0);
    free(picture.image);
    free(ring);
}

static void seal(uint8_t *image, size_t bytes)
{
    uint32_t crc = crc32_iscsi(image + 8, (int)(bytes - 8), 0xffffffffu);
    memcpy(image + offsetof(struct ring_image_head, crc), &crc, sizeof crc);
}

/* Whatever an accepted image said: all that a client indexes with is in range. */
static void check_sound(const struct ring *ring)
{
    assert_true(ring->members >= 1 && ring->members <= TORC_NODES_MAX);
    assert_true(ring->replicas >= 1 && ring->replicas <= ring->members);
    for (uint16_t i = 0; i < ring->members; i++)
        assert_true(memchr(ring->member[i].name, 0, RING_NAME_BYTES) != NULL);
    for (uint32_t i = 0; i < ring->partitions; i++) {
        const struct ring_replica *row = ring_chain(ring, i);
        assert_true(ring->chain_length[i] >= 1 && ring->chain_length[i] <= ring->replicas);
        assert_true(ring->owner[i] < ring->members);
        for (uint8_t place = 0; place < ring->chain_length[i]; place++) {
            assert_true(row[place].member < ring->members);
            assert_true(row[place].worker < ring->member[row[place].member].workers);
        }
    }
}

/* What was accepted was also understood: the ring writes the same image again. */
static void check_writes(const struct ring *ring, const uint8_t *image, size_t bytes)
{
    assert_int_equal(ring_image_bytes(ring), bytes);
    struct picture again = picture_of(ring);
    assert_memory_equal(again.image, image, bytes);
    free(again.image);
}

static void a_liar_with_a_good_crc_is_refused_or_harmless(void **state)
{
    (void)state;
    static const uint8_t damage[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};
    uint32_t refused = 0;
    struct ring *ring = fixture_ring(12, 3, 3, 2);
    struct picture picture = picture_of(ring);
    for (size_t at = 8; at < picture.bytes; at++) {
        for (size_t i = 0; i < sizeof damage; i++) {
            picture.image[at] ^= damage[i];
            seal(picture.image, picture.bytes);
            struct ring *other = read_back(picture.image, picture.bytes);
            refused += other == NULL;
            if (other != NULL) {
                check_sound(other);
                check_writes(other, picture.image, picture.bytes);
            }
            free(other);
            picture.image[at] ^= damage[i];
        }
    }
    assert_true(refused > 0);
    free(picture.image);
    free(ring);
}

static void every_other_length_is_refused(void **state)
{
    (void)state;
    struct ring *ring = fixture_ring(3, 3, 2, 2);
    struct picture picture = picture_of(ring);
    for (size_t bytes = 0; bytes < picture.bytes; bytes++) {
        uint8_t *part = malloc(bytes + 1);
        assert_non_null(part);
        memcpy(part, picture.image, bytes);
        if (bytes >= sizeof(struct ring_image_head)) {
            uint32_t claimed = (uint32_t)bytes; /* a liar: its length agrees, and its CRC */
            memcpy(part + offsetof(struct ring_image_head, bytes), &claimed, sizeof claimed);
            seal(part, bytes);
        }
        assert_int_equal(ring_image_needs(part, bytes), 0);
        free(part);
    }
    picture.image = realloc(picture.image, picture.bytes + 1);
    picture.image[picture.bytes] = 0;
    assert_int_equal(ring_image_needs(picture.image, picture.bytes + 1), 0);
    free(picture.image);
    free(ring);
}

/* One field of a 12-partition image set to a value it must not have; CRC right. */
static void check_field_refused(size_t offset, size_t bytes, uint64_t value)
{
    struct ring *ring = fixture_ring(12, 3, 3, 2);
    struct picture picture = picture_of(ring);
    memcpy(picture.image + offset, &value, bytes);
    seal(picture.image, picture.bytes);
    struct ring *other = read_back(picture.image, picture.bytes);
    if (other != NULL)
        fail_msg("offset %zu took %llu", offset, (unsigned long long)value);
    free(picture.image);
    free(ring);
}

#define HEAD(field, value)                                                                         \
    check_field_refused(offsetof(struct ring_image_head, field),                                   \
        sizeof(((struct ring_image_head *)0)->field), value)
#define MEMBER_1 (sizeof(struct ring_image_head) + sizeof(struct ring_image_member))
#define MEMBER(field, value)                                                                       \
    check_field_refused(MEMBER_1 + offsetof(struct ring_image_member, field),                      \
        sizeof(((struct ring_image_member *)0)->field), value)
#define PARTITION_0 (sizeof(struct ring_image_head) + 3 * sizeof(struct ring_image_member))
#define PARTITION(field, value)                                                                    \
    check_field_refused(PARTITION_0 + offsetof(struct ring_image_partition, field),                \
        sizeof(((struct ring_image_partition *)0)->field), value)
#define REPLICA(place, value)                                                                      \
    check_field_refused(                                                                           \
        PARTITION_0 + sizeof(struct ring_image_partition) + sizeof(uint16_t) * (place), 2, value)

static void a_head_out_of_range_is_refused(void **state)
{
    (void)state;
    HEAD(magic, 0);
    HEAD(version, 0);
    HEAD(version, 2);
    HEAD(members, 0);
    HEAD(members, 0xffff);
    HEAD(bytes, 0xffffffff);
    HEAD(cluster, 0);
    HEAD(epoch, 0);
    HEAD(partitions, 0);
    HEAD(partitions, 0xffffffff);
    HEAD(replicas, 0);
    HEAD(replicas, 4);
    HEAD(hash, 0);
    HEAD(hash, 3);
    HEAD(claim, 3);
    HEAD(session_window, 3);
    HEAD(window, 0);
    HEAD(sessions, 0);
}

static void a_member_or_a_chain_out_of_range_is_refused(void **state)
{
    (void)state;
    MEMBER(id, 0);
    MEMBER(id, 1); /* member 0 has it */
    MEMBER(workers, 0);
    MEMBER(workers, 65);
    MEMBER(state, 2);
    MEMBER(port, 65535);
    MEMBER(reserved, 1);
    PARTITION(chain_epoch, 0);
    PARTITION(chain_epoch, 2); /* the ring's is 1 */
    PARTITION(owner, 3);
    PARTITION(length, 0);
    PARTITION(length, 4);
    PARTITION(length, 2); /* leaves a replica past the end */
    PARTITION(reserved, 1);
    REPLICA(0, 3); /* member */
    REPLICA(1, 2); /* worker */
    REPLICA(2, 0); /* the head again */
}

static void a_name_without_an_end_is_refused(void **state)
{
    (void)state;
    struct ring *ring = fixture_ring(12, 3, 3, 2);
    struct picture picture = picture_of(ring);
    memset(picture.image + MEMBER_1 + offsetof(struct ring_image_member, name), 'x', 32);
    seal(picture.image, picture.bytes);
    assert_int_equal(ring_image_needs(picture.image, picture.bytes), 0);
    free(picture.image);
    free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_reads_back_as_the_ring),
        cmocka_unit_test(an_image_keeps_short_chains_and_lost_members),
        cmocka_unit_test(an_image_may_lie_at_any_alignment),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(a_liar_with_a_good_crc_is_refused_or_harmless),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(a_head_out_of_range_is_refused),
        cmocka_unit_test(a_member_or_a_chain_out_of_range_is_refused),
        cmocka_unit_test(a_name_without_an_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
