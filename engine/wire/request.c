/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Requests and entries: signing, and checking what was signed. The order is always: lengths, so
 * that nothing is read out of bounds; the CRC; what the fields mean.
 */
#include <string.h>

#include "engine/base/assert.h"
#include "engine/base/mutant.h"
#include "engine/wire/crc.h"
#include "engine/wire/wire.h"

static uint32_t request_crc(const struct wire_request *request)
{
    return wire_crc_run(WIRE_CRC_START, (const uint8_t *)request + WIRE_REQUEST_CRC_START,
        request->length - WIRE_REQUEST_CRC_START);
}

static uint32_t entry_crc(const struct wire_entry *entry)
{
    return wire_crc_short(
        WIRE_CRC_START, (const uint8_t *)entry + WIRE_ENTRY_CRC_START, WIRE_ENTRY_CRC_BYTES);
}

void wire_request_sign(struct wire_request *request)
{
    request->crc = request_crc(request);
}

void wire_entry_sign(struct wire_entry *entry)
{
    entry->crc = entry_crc(entry);
}

static bool session_is_none(const struct wire_session *session)
{
    return (session->epoch | session->number) == 0;
}

/* The operations that the engine itself knows: each has one shape. */
static bool engine_operation_is_sound(const struct wire_request *request)
{
    if (request->length != sizeof *request || request->key_bytes != 0)
        return false;
    switch (request->operation) {
    case WIRE_OP_SESSION_OPEN:
    case WIRE_OP_NOOP:
        return session_is_none(&request->session) &&
               (request->number | request->awaited_behind) == 0;
    case WIRE_OP_SESSION_CLOSE:
        return !session_is_none(&request->session);
    default:
        return false;
    }
}

/* A service's operation, of which only the frame is known here: key, value, session. */
static bool service_operation_is_sound(const struct wire_request *request)
{
    const uint32_t payload = request->length - (uint32_t)sizeof *request;
    if (request->key_bytes == 0 || request->key_bytes > TORC_KEY_BYTES_MAX ||
        request->key_bytes > payload || payload - request->key_bytes > TORC_VALUE_BYTES_MAX)
        return false;
    if (WIRE_OP_IS_READ(request->operation))
        return session_is_none(&request->session);
    return request->awaited_behind < request->number;
}

enum wire_drop wire_request_check(const struct wire_request *request, size_t bytes)
{
    if (bytes < sizeof *request || bytes > WIRE_REQUEST_BYTES_MAX || request->length != bytes)
        return WIRE_DROP_bad_request;
    if (TORC_UNLIKELY(request_crc(request) != request->crc && !MUTANT(entry_crc_unchecked)))
        return WIRE_DROP_bad_request_crc;
    const bool sound = TORC_LIKELY(request->operation >= WIRE_OP_PUT)
                           ? service_operation_is_sound(request)
                           : engine_operation_is_sound(request);
    return sound ? WIRE_TAKEN : WIRE_DROP_bad_request;
}

enum wire_drop wire_entry_check(const struct wire_entry *entry, size_t bytes)
{
    if (bytes < sizeof *entry || bytes > WIRE_ENTRY_BYTES_MAX || wire_entry_bytes(entry) != bytes)
        return WIRE_DROP_bad_request;
    if (TORC_UNLIKELY(entry_crc(entry) != entry->crc && !MUTANT(entry_crc_unchecked)))
        return WIRE_DROP_bad_entry_crc;
    const enum wire_drop drop = wire_request_check(&entry->request, entry->request.length);
    if (TORC_UNLIKELY(drop != WIRE_TAKEN))
        return drop;
    if (entry->flags != 0)
        return WIRE_DROP_bad_flags;
    if (entry->kind != WIRE_ENTRY_REQUEST || WIRE_OP_IS_READ(entry->request.operation))
        return WIRE_DROP_bad_request;
    return WIRE_TAKEN;
}
