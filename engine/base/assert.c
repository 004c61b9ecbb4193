/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/base/assert.h"

#include <stddef.h>

static void (*assert_handler)(const char *what, const char *file, int line);

void base_assert_handler_set(void (*handler)(const char *what, const char *file, int line))
{
    assert_handler = handler;
}

void base_assert_failed(const char *what, const char *file, int line)
{
    if (assert_handler != NULL)
        assert_handler(what, file, line);
    __builtin_trap();
}
