/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Writes the seed corpus: every sample packet, as it is and to be sealed anew after each mutation,
 * and the entries and requests in them. make-wire-corpus FOLDER STAMP makes FOLDER/wire-corpus
 * and the empty FOLDER/wire-found, then the file STAMP.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/wire_fuzz.h"
#include "tests/unit/wire_samples.h"

static_assert(FUZZ_CLUSTER == SAMPLE_CLUSTER, "samples are sealed for the cluster of the target");

static bool write_file(const char *path, uint8_t mode, const uint8_t *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    const bool written = fputc(mode, file) != EOF && fwrite(bytes, 1, count, file) == count;
    return fclose(file) == 0 && written;
}

static bool write_seed(
    const char *folder, const char *name, uint8_t mode, const uint8_t *bytes, size_t count)
{
    char path[4096];
    const int length =
        snprintf(path, sizeof path, "%s/wire-corpus/%s-%u", folder, name, (unsigned)mode);
    if (length < 0 || (size_t)length >= sizeof path || !write_file(path, mode, bytes, count)) {
        fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

/* The body of a first FORWARD or WRITE, unpadded. */
static bool write_body(const char *folder, const char *name, const uint8_t *packet)
{
    const struct wire_frame *frame = (const struct wire_frame *)(packet + WIRE_PACKET_MIN);
    const uint8_t *body = (const uint8_t *)(frame + 1);
    if (frame->type == WIRE_FRAME_FORWARD)
        return write_seed(folder, name, FUZZ_ENTRY | FUZZ_SIGN, body,
            wire_entry_bytes((const struct wire_entry *)body));
    if (frame->type == WIRE_FRAME_WRITE || frame->type == WIRE_FRAME_READ)
        return write_seed(folder, name, FUZZ_REQUEST | FUZZ_SIGN, body,
            ((const struct wire_request *)body)->length);
    return true;
}

static bool write_sample(const char *folder, enum sample sample)
{
    uint8_t packet[WIRE_PACKET_BYTES];
    const char *name = sample_name(sample);
    const size_t bytes = sample_build(sample, packet);
    return write_seed(folder, name, FUZZ_RAW, packet, bytes) &&
           write_seed(folder, name, FUZZ_SEAL, packet, bytes) &&
           write_seed(folder, name, FUZZ_SEAL | FUZZ_SIGN, packet, bytes) &&
           write_body(folder, name, packet);
}

static bool make_folder(const char *parent, const char *name)
{
    char path[4096];
    const int length = snprintf(path, sizeof path, "%s/%s", parent, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return false;
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return true;
    fprintf(stderr, "cannot make %s: %s\n", path, strerror(errno));
    return false;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: make-wire-corpus FOLDER STAMP\n");
        return 2;
    }
    if (!make_folder(argv[1], "wire-corpus") || !make_folder(argv[1], "wire-found"))
        return 1;
    for (enum sample sample = 0; sample < SAMPLES; sample++)
        if (!write_sample(argv[1], sample))
            return 1;
    return write_file(argv[2], '\n', NULL, 0) ? 0 : 1;
}
