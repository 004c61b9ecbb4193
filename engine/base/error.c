/* SPDX-License-Identifier: BSD-3-Clause */
#include <torc/error.h>
#include <torc/types.h>

const char *torc_strerror(int error)
{
    switch (error < 0 ? -error : error) {
    case 0:
        return "ok";
#define ERROR_TEXT(name, number, text)                                                             \
    case number:                                                                                   \
        return text;
        TORC_ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
    default:
        return "an error that this version does not know";
    }
}

const char *torc_status_text(int status)
{
    switch (status) {
#define STATUS_TEXT(name, number, text)                                                            \
    case number:                                                                                   \
        return text;
        TORC_STATUSES(STATUS_TEXT)
#undef STATUS_TEXT
    default:
        return "a status that this version does not know";
    }
}

const char *torc_status_name(int status)
{
    switch (status) {
#define STATUS_NAME(name, number, text)                                                            \
    case number:                                                                                   \
        return #name;
        TORC_STATUSES(STATUS_NAME)
#undef STATUS_NAME
    default:
        return "UNKNOWN_STATUS";
    }
}
