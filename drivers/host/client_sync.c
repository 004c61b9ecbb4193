/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The synchronous calls: one call, and polling until it ended.
 */
#include <string.h>

#include "drivers/host/client_host.h"

struct waiting {
    bool ended;
    struct torc_result result;
    void *buffer;
    size_t capacity;
};

static void wake(void *context, const struct torc_result *result)
{
    struct waiting *waiting = context;
    waiting->result = *result;
    waiting->result.value = NULL;
    if (waiting->buffer != NULL && result->value != NULL) {
        const size_t bytes =
            result->value_bytes < waiting->capacity ? result->value_bytes : waiting->capacity;
        memcpy(waiting->buffer, result->value, bytes);
        waiting->result.value = waiting->buffer;
    }
    waiting->ended = true;
}

static int error_of(const struct torc_result *result)
{
    switch (result->outcome) {
    case TORC_DONE:
        return result->status == TORC_STATUS_NOT_FOUND ? -TORC_ENOTFOUND : 0;
    case TORC_REFUSED:
        return result->status == TORC_STATUS_TIMED_OUT ? -TORC_ETIMEDOUT : -TORC_EREFUSED;
    case TORC_OUTCOME_UNKNOWN:
        break;
    }
    return -TORC_EUNKNOWN;
}

/* The call was taken: it ends at its deadline at the latest. */
static int await(struct torc_client *client, struct waiting *waiting, struct torc_result *result)
{
    client_poll_until(client, &waiting->ended, UINT64_MAX);
    if (result != NULL)
        *result = waiting->result;
    return error_of(&waiting->result);
}

int torc_put(struct torc_client *client, const void *key, size_t key_bytes, const void *value,
    size_t value_bytes, uint64_t timeout_ns, struct torc_result *result)
{
    struct waiting waiting = {0};
    if (client == NULL || client->inside)
        return -TORC_EINVAL;
    const int status =
        torc_client_put(client, key, key_bytes, value, value_bytes, timeout_ns, wake, &waiting);
    return status != 0 ? status : await(client, &waiting, result);
}

int torc_delete(struct torc_client *client, const void *key, size_t key_bytes, uint64_t timeout_ns,
    struct torc_result *result)
{
    struct waiting waiting = {0};
    if (client == NULL || client->inside)
        return -TORC_EINVAL;
    const int status = torc_client_delete(client, key, key_bytes, timeout_ns, wake, &waiting);
    return status != 0 ? status : await(client, &waiting, result);
}

int torc_cas(struct torc_client *client, const void *key, size_t key_bytes, const void *value,
    size_t value_bytes, uint64_t version, uint64_t timeout_ns, struct torc_result *result)
{
    struct waiting waiting = {0};
    if (client == NULL || client->inside)
        return -TORC_EINVAL;
    const int status = torc_client_cas(
        client, key, key_bytes, value, value_bytes, version, timeout_ns, wake, &waiting);
    return status != 0 ? status : await(client, &waiting, result);
}

int torc_get(struct torc_client *client, const void *key, size_t key_bytes, void *buffer,
    size_t capacity, uint64_t timeout_ns, struct torc_result *result)
{
    struct waiting waiting = {.buffer = buffer, .capacity = capacity};
    if (client == NULL || client->inside || (buffer == NULL && capacity != 0))
        return -TORC_EINVAL;
    int status = torc_client_get(client, key, key_bytes, timeout_ns, wake, &waiting);
    if (status == 0)
        status = await(client, &waiting, result);
    if (status == 0 && waiting.result.value_bytes > capacity)
        status = -TORC_ETOOBIG;
    return status;
}
