/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One line for whatever is wrong with a configuration: file, line, field, and what would be right.
 */
#ifndef HOST_CONFIG_REPORT_H
#define HOST_CONFIG_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cyaml/cyaml.h>

struct config_report {
    const char *name; /* of the file */
    const char *text;
    size_t bytes;
    char *error; /* HOST_ERROR_BYTES; the line goes here */

    /* What the YAML reader has said so far: its message, then the way from the value to the top. */
    char message[256];
    char step[8][64]; /* "members" or "[2]", innermost first; "" where it names no key */
    unsigned steps;
    bool told; /* the message is there */
};

/* Writes the line about `path`; `what` says what is wrong. Returns -TORC_ECONFIG. */
int config_wrong(const struct config_report *report, const char *path, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with what the schema expects at the path added. */
int config_unexpected(const struct config_report *report, const char *path, const char *text);

/* For cyaml_config_t.log_fn, with the report as its context. */
void config_report_log(cyaml_log_t level, void *report, const char *format, va_list arguments);

/* Writes the line about what the YAML reader has complained of. Returns -TORC_ECONFIG. */
int config_report_reader(struct config_report *report, cyaml_err_t cause);

#endif
