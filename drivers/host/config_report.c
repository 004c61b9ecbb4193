/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/config_report.h"

#include <stdio.h>
#include <string.h>

#include "drivers/host/config.h"
#include "drivers/host/config_locate.h"
#include "drivers/host/config_schema.h"
#include <torc/error.h>

#define PATH_BYTES     256u
#define EXPECTED_BYTES 256u
#define STEPS_MAX      8u

static int write_line(
    const struct config_report *report, unsigned line, const char *path, const char *what)
{
    int used = snprintf(report->error, HOST_ERROR_BYTES, "%s:%u: %s%s%s", report->name, line, path,
        path[0] != 0 ? ": " : "", what);
    /* One line whatever the text said. */
    for (int i = 0; i < used && i < (int)HOST_ERROR_BYTES - 1; i++)
        if ((unsigned char)report->error[i] < ' ')
            report->error[i] = ' ';
    return -TORC_ECONFIG;
}

int config_wrong(const struct config_report *report, const char *path, const char *what, ...)
{
    char text[HOST_ERROR_BYTES];
    va_list arguments;
    va_start(arguments, what);
    /* The analyser of clang 14 does not see va_start. */
    vsnprintf(text, sizeof text, what, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
    va_end(arguments);
    return write_line(report, config_locate(report->text, report->bytes, path, NULL), path, text);
}

int config_unexpected(const struct config_report *report, const char *path, const char *text)
{
    char expected[EXPECTED_BYTES];
    config_schema_expected(path, expected, sizeof expected);
    return config_wrong(report, path, "\"%.64s\" is not valid; expected %s", text, expected);
}

/* ---- what the YAML reader says ---- */

static void take_step(struct config_report *report, const char *line)
{
    char key[64];
    unsigned entry = 0;
    char *step = report->steps < STEPS_MAX ? report->step[report->steps++] : NULL;
    if (step == NULL)
        return;
    step[0] = 0;
    if (sscanf(line, " in mapping field '%63[^']'", key) == 1)
        snprintf(step, sizeof report->step[0], "%s", key);
    else if (sscanf(line, " in sequence entry '%u'", &entry) == 1)
        snprintf(step, sizeof report->step[0], "[%u]", entry > 0 ? entry - 1 : 0);
}

void config_report_log(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    struct config_report *report = context;
    char line[256];
    (void)level;
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = 0;
    const char *said = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
    if (strncmp(said, "  in ", 5) == 0)
        take_step(report, said);
    else if (!report->told && strncmp(said, "Backtrace", 9) != 0) {
        snprintf(report->message, sizeof report->message, "%s", said);
        report->told = true;
    }
}

/* The steps from the outermost to number `from`, as a path, with `key` at its end. */
static void path_of(
    const struct config_report *report, unsigned from, const char *key, char path[PATH_BYTES])
{
    size_t used = 0;
    path[0] = 0;
    for (unsigned i = report->steps; i > from && used < PATH_BYTES; i--) {
        const char *step = report->step[i - 1];
        used += (size_t)snprintf(path + used, PATH_BYTES - used, "%s%s",
            used > 0 && step[0] != '[' && step[0] != 0 ? "." : "", step);
    }
    if (key[0] != 0 && used < PATH_BYTES)
        snprintf(path + used, PATH_BYTES - used, "%s%s", used > 0 ? "." : "", key);
}

/* What follows `start` in the reader's message, if it begins so. */
static const char *after(const struct config_report *report, const char *start)
{
    size_t length = strlen(start);
    return strncmp(report->message, start, length) == 0 ? report->message + length : NULL;
}

/* A key that is not there: the line is its section's. The innermost step is the last key that was.
 */
static int report_missing(const struct config_report *report, const char *key)
{
    char path[PATH_BYTES];
    char what[EXPECTED_BYTES + 32];
    char expected[EXPECTED_BYTES];
    path_of(report, 1, "", path);
    unsigned line = config_locate(report->text, report->bytes, path, NULL);
    path_of(report, 1, key, path);
    config_schema_expected(path, expected, sizeof expected);
    snprintf(what, sizeof what, "missing; expected %s", expected);
    return write_line(report, line, path, what);
}

int config_report_reader(struct config_report *report, cyaml_err_t cause)
{
    char path[PATH_BYTES];
    char expected[EXPECTED_BYTES];
    const char *key = NULL;
    bool few = cause == CYAML_ERR_SEQUENCE_ENTRIES_MIN;
    bool many = cause == CYAML_ERR_SEQUENCE_ENTRIES_MAX;
    /* A step without a key stands between a section and a key unknown in it; one of an entry,
     * between a list and its length. */
    unsigned from = few || many || (report->steps > 0 && report->step[0][0] == 0) ? 1 : 0;
    path_of(report, from, "", path);
    config_schema_expected(path, expected, sizeof expected);
    if ((key = after(report, "Missing required mapping field: ")) != NULL)
        return report_missing(report, key);
    if ((key = after(report, "Unexpected key: ")) != NULL) {
        path_of(report, from, key, path);
        return config_wrong(report, path, "no such key; expected %s", expected);
    }
    if (after(report, "Mapping field already seen: ") != NULL)
        return config_wrong(report, path, "given twice; leave one");
    if (after(report, "Expecting ") != NULL)
        return config_wrong(report, path, "of another kind; expected %s", expected);
    if (few || many)
        return config_wrong(
            report, path, "too %s entries; expected %s", few ? "few" : "many", expected);
    return config_wrong(report, path, "%s", report->told ? report->message : cyaml_strerror(cause));
}
