/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Writes the seeds: images of a few small rings. make-ring-image-corpus FOLDER STAMP makes
 * FOLDER/ring-image-corpus and the empty FOLDER/ring-image-found, then the file STAMP.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/ring/ring.h"

#define MEMBERS 3u

static uint8_t memory[1 << 16] __attribute__((aligned(64)));
static uint8_t image[1 << 16];

static bool write_seed(const char *folder, uint32_t partitions, uint16_t replicas)
{
    struct ring_member member[MEMBERS];
    char path[4096];
    const char *why;
    for (uint16_t i = 0; i < MEMBERS; i++)
        member[i] = (struct ring_member){
            .id = i + 1u, .workers = 2, .address = {.ip = 0x7f000001, .port = 7000}, .name = "n"};
    const struct ring_spec spec = {.cluster = 1,
        .epoch = 2,
        .partitions = partitions,
        .replicas = replicas,
        .members = MEMBERS,
        .hash = TORC_HASH_XXH3,
        .claim = TORC_CLAIM_SPREAD,
        .class = {.session_window = 4, .sessions = 2, .window = 8},
        .member = member};
    const struct ring *ring = ring_build(&spec, memory, &why);
    if (ring == NULL)
        return false;
    ring_image_write(ring, image);
    (void)snprintf(path, sizeof path, "%s/ring-image-corpus/%u-%u", folder, (unsigned)partitions,
        (unsigned)replicas);
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    const bool written = fwrite(image, ring_image_bytes(ring), 1, file) == 1;
    return fclose(file) == 0 && written;
}

static void make_folder(const char *folder, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)mkdir(path, 0777); /* it may be there from last time */
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    make_folder(argv[1], "ring-image-corpus");
    make_folder(argv[1], "ring-image-found");
    for (uint32_t partitions = 1; partitions <= 12; partitions++) {
        for (uint16_t replicas = 1; replicas <= MEMBERS; replicas++) {
            if (!write_seed(argv[1], partitions, replicas)) {
                (void)fprintf(stderr, "cannot write the seeds in %s\n", argv[1]);
                return 1;
            }
        }
    }
    FILE *stamp = fopen(argv[2], "wb");
    return stamp != NULL && fclose(stamp) == 0 ? 0 : 1;
}
