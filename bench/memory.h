/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Memory for what is measured: zeroed, in huge pages where the kernel gives them.
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stddef.h>

/* `bytes` zeroed bytes, 2 MiB aligned, never given back; ends the process without. */
void *bench_memory(size_t bytes);

#endif
