/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A history: what clients asked and what they were told, with the times of both.
 */
#ifndef TESTS_SIM_HISTORY_H
#define TESTS_SIM_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include <torc/types.h>

enum history_kind { HISTORY_PUT, HISTORY_DELETE, HISTORY_CAS, HISTORY_GET };

#define HISTORY_NOTHING 0u         /* value: there was no such key */
#define HISTORY_NEVER   UINT64_MAX /* end_ns: no answer came while the run lasted */

/*
 * One call. Values are named by numbers: each put and cas of a history writes another one, never
 * HISTORY_NOTHING; the world makes the bytes of a value from its number and knows them again.
 */
struct history_op {
    uint64_t start_ns; /* world time at which it was submitted */
    uint64_t end_ns;   /* and ended */
    uint64_t value;    /* put, cas: written; get: found (HISTORY_NOTHING: not found) */
    uint64_t version;  /* the answer's: put, cas, get done; cas mismatch: the one found; 0: none */
    uint64_t expected; /* cas: the version it asked for; 0: no such key */
    uint32_t key;
    uint16_t client;
    uint8_t kind;    /* enum history_kind */
    uint8_t outcome; /* enum torc_outcome; 0: never ended */
    uint16_t status; /* enum torc_status */
    uint16_t era;    /* how often the whole cluster had lost its memory when it began */
};

struct history {
    struct history_op *op;
    size_t count, room;
};

void history_init(struct history *history);
void history_free(struct history *history);
/* Room for one more; returns its number. */
size_t history_add(struct history *history, const struct history_op *op);

#endif
