/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Anything at all is given to the reader of ring images, with what guards the rest (magic, version,
 * length, CRC) made right. What it accepts must read back, look up and be written again byte for
 * byte: nothing in an image goes unchecked or unused. The image lies in a block of its exact size.
 */
#include <isa-l/crc.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ring/image.h"
#include "engine/ring/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(bool kept)
{
    if (!kept)
        __builtin_trap();
}

static void make_right(uint8_t *image, size_t bytes)
{
    struct ring_image_head head;
    memcpy(&head, image, sizeof head);
    head.magic = RING_IMAGE_MAGIC;
    head.version = RING_IMAGE_VERSION;
    head.bytes = (uint32_t)bytes;
    memcpy(image, &head, sizeof head);
    head.crc = crc32_iscsi(image + 8, (int)(bytes - 8), 0xffffffffu);
    memcpy(image, &head, sizeof head);
}

/* What a client does with a ring. */
static void use(const struct ring *ring)
{
    struct ring_hash hash = ring_hash_key(TORC_HASH_XXH3, &ring->epoch, sizeof ring->epoch);
    uint32_t partition = ring_partition(ring, &hash);
    promise(partition < ring->partitions && ring->owner[partition] < ring->members);
    for (uint8_t i = 0; i < ring->chain_length[partition]; i++) {
        struct ring_replica replica = ring_chain(ring, partition)[i];
        promise(replica.worker < ring->member[replica.member].workers);
        promise(ring_member_by_id(ring, ring->member[replica.member].id) == replica.member);
    }
}

static void read_image(const uint8_t *image, size_t bytes)
{
    size_t needs = ring_image_needs(image, bytes);
    if (needs == 0)
        return;
    void *memory = aligned_alloc(64, needs);
    struct ring *ring = ring_image_read(image, bytes, memory);
    if (ring != NULL) {
        uint8_t *again = malloc(bytes);
        use(ring);
        promise(ring_image_bytes(ring) == bytes);
        ring_image_write(ring, again);
        promise(memcmp(image, again, bytes) == 0);
        free(again);
    }
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *image = malloc(size + 1);
    memcpy(image, data, size);
    if (size >= sizeof(struct ring_image_head))
        make_right(image, size);
    uint8_t *exact = realloc(image, size > 0 ? size : 1);
    read_image(exact, size);
    free(exact);
    return 0;
}
