/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Requests and entries: signing, and checking what was signed.
 */
#include "engine/wire/check.h"

void wire_request_sign(struct wire_request *request)
{
    request->crc = check_request_crc(request);
}

void wire_entry_sign(struct wire_entry *entry)
{
    entry->crc = check_entry_crc(entry);
}

enum wire_drop wire_request_check(const struct wire_request *request, size_t bytes)
{
    return check_request(request, bytes);
}

enum wire_drop wire_entry_check(const struct wire_entry *entry, size_t bytes)
{
    return check_entry(entry, bytes);
}
