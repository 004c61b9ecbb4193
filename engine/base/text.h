/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Text into a buffer of fixed size; what does not fit is cut. For diagnostics; the engine has no
 * stdio.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
    char *at;
    size_t room;  /* bytes, the final 0 included */
    size_t bytes; /* written, without the final 0 */
};

/* An empty text in `buffer` of at least 1 byte; always ends in 0. */
void text_init(struct text *text, char *buffer, size_t bytes);
void text_add(struct text *text, const char *string);
void text_add_number(struct text *text, uint64_t number);
/* 127.0.0.1:7400 */
void text_add_address(struct text *text, uint32_t ip, uint16_t port);

#endif
