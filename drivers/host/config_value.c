/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/config_value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* Largest first; the last one is what a bare number is in. */
static const struct unit size_units[] = {
    {"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"", 1}};
static const struct unit duration_units[] = {{"h", 3600000000000ull}, {"m", 60000000000ull},
    {"s", 1000000000ull}, {"ms", 1000000ull}, {"us", 1000ull}, {"ns", 1}};

#define UNITS(list) (list), sizeof(list) / sizeof((list)[0])

/* The digits at the start of a text; NULL if there are none or too many. Returns what follows. */
static const char *parse_digits(const char *text, uint64_t *value)
{
    uint64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return NULL;
        number = number * 10 + digit;
    }
    *value = number;
    return at == text ? NULL : at;
}

static bool parse_united(const char *text, const struct unit *unit, size_t units, uint64_t *value)
{
    uint64_t number = 0;
    const char *suffix = parse_digits(text, &number);
    if (suffix == NULL)
        return false;
    for (size_t i = 0; i < units; i++) {
        if (strcmp(suffix, unit[i].suffix) != 0)
            continue;
        *value = number * unit[i].factor;
        return number <= UINT64_MAX / unit[i].factor;
    }
    return false;
}

static void united_text(
    uint64_t value, const struct unit *unit, size_t units, char *text, size_t bytes)
{
    size_t i = 0;
    while (i + 1 < units && (value == 0 || value % unit[i].factor != 0))
        i++;
    snprintf(text, bytes, "%llu%s", (unsigned long long)(value / unit[i].factor), unit[i].suffix);
}

void config_size_text(uint64_t bytes, char *text, size_t text_bytes)
{
    united_text(bytes, UNITS(size_units), text, text_bytes);
}

void config_duration_text(uint64_t ns, char *text, size_t text_bytes)
{
    united_text(ns, UNITS(duration_units), text, text_bytes);
}

static bool parse_choice(const struct config_choice *choice, const char *text, uint64_t *value)
{
    for (; choice->text != NULL; choice++) {
        if (strcmp(choice->text, text) == 0) {
            *value = choice->value;
            return true;
        }
    }
    return false;
}

static bool parse_address(const char *text, uint64_t *value)
{
    struct in_addr in;
    if (inet_pton(AF_INET, text, &in) != 1)
        return false;
    *value = ntohl(in.s_addr);
    /* A host's own: neither 0.x, nor multicast, nor what lies behind it. */
    return *value >> 24 != 0 && *value >> 28 < 0xe;
}

static bool parse_number(const struct config_field *field, const char *text, uint64_t *value)
{
    const char *rest = NULL;
    switch (field->kind) {
    case CONFIG_SIZE:
        return parse_united(text, UNITS(size_units), value);
    case CONFIG_DURATION:
        return parse_united(text, UNITS(duration_units), value);
    default:
        rest = parse_digits(text, value);
        if (rest == NULL || *rest != 0)
            return false;
        return field->kind != CONFIG_POWER || (*value != 0 && (*value & (*value - 1)) == 0);
    }
}

static bool text_is_clean(const struct config_field *field, const char *text)
{
    for (const char *at = text; *at != 0; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= '0' && *at <= '9') || *at == '.' || *at == '_' || *at == '-';
        bool printable = *at >= ' ' && *at <= '~';
        if (field->kind == CONFIG_NAME ? !plain : !printable)
            return false;
    }
    size_t length = strlen(text);
    return length >= field->min && length <= field->max;
}

bool config_value_set(const struct config_field *field, const char *text, void *out)
{
    uint64_t value = 0;
    bool ranged = false;
    bool valid = false;
    char *place = (char *)out + field->out;
    switch (field->kind) {
    case CONFIG_NAME:
    case CONFIG_TEXT:
        if (!text_is_clean(field, text))
            return false;
        memcpy(place, text, strlen(text) + 1); /* places have max + 1 bytes */
        return true;
    case CONFIG_CHOICE:
        valid = parse_choice(field->choice, text, &value);
        break;
    case CONFIG_ADDRESS:
        valid = parse_address(text, &value);
        break;
    default:
        valid = parse_number(field, text, &value);
        ranged = true;
    }
    if (!valid || (ranged && (value < field->min || value > field->max)))
        return false;
    memcpy(place, &value, sizeof value);
    return true;
}

static void expected_choice(const struct config_choice *choice, char *text, size_t bytes)
{
    size_t used = 0;
    for (bool first = true; choice->text != NULL; choice++, first = false) {
        int more = snprintf(text + used, bytes - used, "%s%s",
            first                    ? ""
            : choice[1].text == NULL ? " or "
                                     : ", ",
            choice->text);
        if (more < 0 || (size_t)more >= bytes - used)
            return;
        used += (size_t)more;
    }
}

void config_value_expected(const struct config_field *field, char *text, size_t bytes)
{
    char min[32];
    char max[32];
    switch (field->kind) {
    case CONFIG_NUMBER:
    case CONFIG_POWER:
        snprintf(text, bytes, "a %s from %llu to %llu",
            field->kind == CONFIG_POWER ? "power of two" : "whole number",
            (unsigned long long)field->min, (unsigned long long)field->max);
        return;
    case CONFIG_SIZE:
        config_size_text(field->min, min, sizeof min);
        config_size_text(field->max, max, sizeof max);
        snprintf(text, bytes, "a size from %s to %s, in KiB, MiB, GiB or TiB", min, max);
        return;
    case CONFIG_DURATION:
        config_duration_text(field->min, min, sizeof min);
        config_duration_text(field->max, max, sizeof max);
        snprintf(text, bytes, "a duration from %s to %s, in ms, s, m or h", min, max);
        return;
    case CONFIG_CHOICE:
        expected_choice(field->choice, text, bytes);
        return;
    case CONFIG_ADDRESS:
        snprintf(text, bytes, "the IPv4 address of a host, such as 10.77.0.1");
        return;
    case CONFIG_NAME:
        snprintf(text, bytes, "%llu to %llu letters, digits, dots, hyphens or underscores",
            (unsigned long long)field->min, (unsigned long long)field->max);
        return;
    case CONFIG_TEXT:
        snprintf(text, bytes, "%llu to %llu printable characters", (unsigned long long)field->min,
            (unsigned long long)field->max);
        return;
    }
}
