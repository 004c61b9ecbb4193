/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The scalars of a configuration: strict parsing, and the sentence that says what is expected.
 * Pure; any thread.
 */
#ifndef HOST_CONFIG_VALUE_H
#define HOST_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_kind {
    CONFIG_NUMBER,   /* decimal digits -> uint64_t */
    CONFIG_POWER,    /* a power of two -> uint64_t */
    CONFIG_SIZE,     /* 64MiB -> uint64_t, bytes */
    CONFIG_DURATION, /* 10s -> uint64_t, nanoseconds */
    CONFIG_CHOICE,   /* one of a list -> uint64_t */
    CONFIG_ADDRESS,  /* IPv4 -> uint64_t, host byte order */
    CONFIG_NAME,     /* letters, digits and . _ - -> char[] */
    CONFIG_TEXT,     /* anything printable -> char[] */
};

struct config_choice {
    const char *text; /* NULL ends a list */
    uint64_t value;
};

struct config_field {
    const char *key;
    size_t raw; /* offset of the char * that YAML gave */
    size_t out; /* offset of the uint64_t or char[] that it becomes */
    enum config_kind kind;
    uint64_t min, max; /* of the value; of a text, its length */
    const struct config_choice *choice;
    const char *fallback; /* the text that stands for a missing one; "": leaves 0; NULL: required */
};

/* Sets *(out + field->out) from `text`; false, with nothing set, if it is not what is expected. */
bool config_value_set(const struct config_field *field, const char *text, void *out);

/* "a whole number from 1 to 65536": what would be right. */
void config_value_expected(const struct config_field *field, char *text, size_t bytes);

/* "64MiB", "10s": exact, in the largest unit that divides it. */
void config_size_text(uint64_t bytes, char *text, size_t text_bytes);
void config_duration_text(uint64_t ns, char *text, size_t text_bytes);

#endif
