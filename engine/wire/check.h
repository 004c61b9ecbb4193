/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checks of requests and entries, inline in the walk over a packet's frames. The order is always:
 * lengths, so that nothing is read out of bounds; the CRC; what the fields mean.
 *
 * Internal to engine/wire.
 */
#ifndef WIRE_CHECK_H
#define WIRE_CHECK_H

#include "engine/base/assert.h"
#include "engine/base/mutant.h"
#include "engine/wire/crc.h"
#include "engine/wire/wire.h"

static inline uint32_t check_request_crc(const struct wire_request *request)
{
    return wire_crc_run(WIRE_CRC_START, (const uint8_t *)request + WIRE_REQUEST_CRC_START,
        request->length - WIRE_REQUEST_CRC_START);
}

static inline uint32_t check_entry_crc(const struct wire_entry *entry)
{
    return wire_crc_short(
        WIRE_CRC_START, (const uint8_t *)entry + WIRE_ENTRY_CRC_START, WIRE_ENTRY_CRC_BYTES);
}

static inline bool check_no_session(const struct wire_session *session)
{
    return (session->epoch | session->number) == 0;
}

/* The operations that the engine itself knows: each has one shape. */
static inline bool check_engine_operation(const struct wire_request *request)
{
    if (request->length != sizeof *request || request->key_bytes != 0)
        return false;
    switch (request->operation) {
    case WIRE_OP_SESSION_OPEN:
    case WIRE_OP_NOOP:
        return check_no_session(&request->session) &&
               (request->number | request->awaited_behind) == 0;
    case WIRE_OP_SESSION_CLOSE:
        return !check_no_session(&request->session);
    default:
        return false;
    }
}

/* A service's operation, of which only the frame is known here: key, value, session. */
static inline bool check_service_operation(const struct wire_request *request)
{
    const uint32_t payload = request->length - (uint32_t)sizeof *request;
    if (request->key_bytes == 0 || request->key_bytes > TORC_KEY_BYTES_MAX ||
        request->key_bytes > payload || payload - request->key_bytes > TORC_VALUE_BYTES_MAX)
        return false;
    if (WIRE_OP_IS_READ(request->operation))
        return check_no_session(&request->session);
    return request->awaited_behind < request->number;
}

static inline enum wire_drop check_request(const struct wire_request *request, size_t bytes)
{
    if (bytes < sizeof *request || bytes > WIRE_REQUEST_BYTES_MAX || request->length != bytes)
        return WIRE_DROP_bad_request;
    if (TORC_UNLIKELY(check_request_crc(request) != request->crc && !MUTANT(entry_crc_unchecked)))
        return WIRE_DROP_bad_request_crc;
    const bool sound = TORC_LIKELY(request->operation >= WIRE_OP_PUT)
                           ? check_service_operation(request)
                           : check_engine_operation(request);
    return sound ? WIRE_TAKEN : WIRE_DROP_bad_request;
}

static inline enum wire_drop check_entry(const struct wire_entry *entry, size_t bytes)
{
    if (bytes < sizeof *entry || bytes > WIRE_ENTRY_BYTES_MAX || wire_entry_bytes(entry) != bytes)
        return WIRE_DROP_bad_request;
    if (TORC_UNLIKELY(check_entry_crc(entry) != entry->crc && !MUTANT(entry_crc_unchecked)))
        return WIRE_DROP_bad_entry_crc;
    const enum wire_drop drop = check_request(&entry->request, entry->request.length);
    if (TORC_UNLIKELY(drop != WIRE_TAKEN))
        return drop;
    if (entry->flags != 0)
        return WIRE_DROP_bad_flags;
    if (entry->kind != WIRE_ENTRY_REQUEST || WIRE_OP_IS_READ(entry->request.operation))
        return WIRE_DROP_bad_request;
    return WIRE_TAKEN;
}

#endif
