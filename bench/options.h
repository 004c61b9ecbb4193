/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The command line of bench-chain.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
    uint32_t value_bytes;
    uint32_t batch;
    uint32_t window;
    uint32_t keys;
    uint32_t partitions;
    uint32_t rounds;
    uint32_t verify;
    uint32_t floor_log_mib;
    uint64_t loops; /* 0: by time */
    double seconds;
    bool json;
    bool hugepages;
};

/* False: the process ends with *status, said what there is to say. */
bool options_parse(struct options *options, int argc, char **argv, int *status);

#endif
