/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/history.h"

#include <stdlib.h>

void history_init(struct history *history)
{
    *history = (struct history){0};
}

void history_free(struct history *history)
{
    free(history->op);
}

size_t history_add(struct history *history, const struct history_op *op)
{
    if (history->count == history->room) {
        history->room = history->room * 2 + 4096;
        struct history_op *grown = realloc(history->op, history->room * sizeof *grown);
        if (grown == NULL)
            abort();
        history->op = grown;
    }
    history->op[history->count] = *op;
    return history->count++;
}
