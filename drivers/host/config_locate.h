/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where in a YAML text a key stands: the YAML reader forgets the lines of what it accepted, and is
 * vague about those of what it did not.
 */
#ifndef HOST_CONFIG_LOCATE_H
#define HOST_CONFIG_LOCATE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The line, from 1, of the key (or list entry) at a path such as "cluster.members[2].port", counted
 * from 0 in lists; of the deepest part of the path that exists, of its last occurrence. 1 for the
 * empty path and for a text that is not YAML. *whole, unless NULL: does all of it exist?
 */
unsigned config_locate(const char *text, size_t bytes, const char *path, bool *whole);

/*
 * Is the text one YAML document with a mapping at the top? If not, `problem` says why and *line
 * where.
 */
bool config_is_mapping(
    const char *text, size_t bytes, unsigned *line, char *problem, size_t problem_bytes);

#endif
