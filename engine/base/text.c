/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/base/text.h"

#include "engine/base/assert.h"

void text_init(struct text *text, char *buffer, size_t bytes)
{
    TORC_ASSERT(bytes > 0);
    *text = (struct text){.at = buffer, .room = bytes};
    buffer[0] = 0;
}

static void text_add_char(struct text *text, char c)
{
    if (text->bytes + 1 >= text->room)
        return;
    text->at[text->bytes++] = c;
    text->at[text->bytes] = 0;
}

void text_add(struct text *text, const char *string)
{
    while (*string != 0)
        text_add_char(text, *string++);
}

void text_add_number(struct text *text, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0)
        text_add_char(text, digits[--count]);
}

void text_add_address(struct text *text, uint32_t ip, uint16_t port)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        text_add_number(text, ip >> shift & 255);
        text_add_char(text, shift > 0 ? '.' : ':');
    }
    text_add_number(text, port);
}
