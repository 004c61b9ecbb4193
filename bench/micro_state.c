/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a worker keeps of a put: its entry in the log, its answer in the session.
 */
#include <string.h>

#include "bench/micro.h"
#include "engine/log/log.h"
#include "engine/vnode/session.h"

#define STATE_VNODES 64u
#define STATE_WINDOW 64u
#define STATE_ENTRY  (sizeof(struct wire_entry) + 8 + 64)

/* Append to one vnode after the other, and release what is STATE_WINDOW / 2 behind. */
static void micro_log(struct gbench *bench, int64_t entry_bytes)
{
    const uint64_t bytes = 16u << 20;
    struct arena counting = micro_counting();
    log_create(&counting, bytes, STATE_VNODES, STATE_WINDOW);
    struct arena arena = micro_arena(&counting);
    struct log_stream *log = log_create(&arena, bytes, STATE_VNODES, STATE_WINDOW);
    uint8_t entry[2048] = {0};
    uint32_t vnode = 0;
    while (gbench_next(bench, MICRO_BATCH))
        for (unsigned i = 0; i < MICRO_BATCH; i++) {
            vnode = (vnode + 1) % STATE_VNODES;
            if (!log_room(log, (uint32_t)entry_bytes, 0, 3)) {
                gbench_skip(bench, "the log is full");
                return;
            }
            memcpy(log_append(log, vnode, (uint32_t)entry_bytes), entry, (size_t)entry_bytes);
            const uint64_t last = log_last(log, vnode);
            if (last > STATE_WINDOW / 2)
                log_release(log, vnode, last - STATE_WINDOW / 2);
        }
}

/* What a head asks, notes and, once the entry is committed, keeps. */
static void micro_session(struct gbench *bench, int64_t sessions)
{
    struct arena counting = micro_counting();
    session_create(&counting, STATE_VNODES, (uint32_t)sessions, STATE_WINDOW);
    struct arena arena = micro_arena(&counting);
    struct session_table *table =
        session_create(&arena, STATE_VNODES, (uint32_t)sessions, STATE_WINDOW);
    struct wire_session id[STATE_VNODES];
    for (uint32_t v = 0; v < STATE_VNODES; v++)
        for (int64_t s = 0; s < sessions; s++)
            session_open(table, v, 1, (uint64_t)s + 1, (uint64_t)s + 1, &id[v]);
    struct wire_request request = {.operation = WIRE_OP_PUT, .number = 1};
    const struct session_answer answer = {.status = TORC_STATUS_OK, .version = 9};
    uint32_t vnode = 0;
    while (gbench_next(bench, MICRO_BATCH))
        for (unsigned i = 0; i < MICRO_BATCH; i++) {
            struct session_answer was;
            request.session = id[vnode];
            if (session_request(table, vnode, &request, 1, &was) != SESSION_NEW ||
                session_apply(table, vnode, &request, &was) != SESSION_NEW) {
                gbench_skip(bench, "a new request is not NEW");
                return;
            }
            session_in_flight(table, vnode, &request);
            session_applied(table, vnode, &request, &answer);
            vnode = (vnode + 1) % STATE_VNODES;
            request.number += vnode == 0;
        }
}

void micro_state_register(void)
{
    static const int64_t entry_bytes[] = {STATE_ENTRY, 1104};
    static const int64_t sessions[] = {1, 64};
    gbench_register("log/append_release", micro_log, "bytes", entry_bytes, 2);
    gbench_register("session/request_applied", micro_session, "sessions", sessions, 2);
}
