/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a client knows of the ring, and what nodes and the client count.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/host/client_host.h"

#define LOOK_AGAIN_NS 10000000u

static_assert(TORC_DECIMAL_BYTES == RING_DECIMAL_BYTES, "digits");
static_assert(TORC_MEMBER_NAME_BYTES == RING_NAME_BYTES, "name");

const struct ring *client_ring_table(const struct torc_client *client)
{
    return client_core_ring(client->core);
}

static void describe(const struct ring *ring, struct torc_ring_info *info)
{
    *info = (struct torc_ring_info){.cluster = ring->cluster,
        .epoch = ring->epoch,
        .partitions = ring->partitions,
        .replicas = ring->replicas,
        .members = ring->members,
        .hash = (enum torc_hash)ring->hash,
        .claim = (enum torc_claim)ring->claim};
}

/* Why there is no ring; after the time has passed. */
static int no_ring(const struct torc_client *client)
{
    return client_core_counters(client->core)->version_refusals != 0 ? -TORC_EVERSION
                                                                     : -TORC_ETIMEDOUT;
}

int torc_client_ring(struct torc_client *client, uint64_t timeout_ns, struct torc_ring_info *info)
{
    if (client == NULL || info == NULL || client->inside)
        return -TORC_EINVAL;
    const uint64_t now = client_now_ns();
    const uint64_t until = timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;
    client_turn(client);
    while (client_ring_table(client) == NULL) {
        const uint64_t at = client_now_ns();
        if (at >= until || client_core_is_stuck(client->core))
            return no_ring(client);
        const uint64_t next = at + LOOK_AGAIN_NS < until ? at + LOOK_AGAIN_NS : until;
        client->net->ops->wait(client->net, 0, next - at);
        client_turn(client);
    }
    describe(client_ring_table(client), info);
    return 0;
}

int torc_client_partition(
    const struct torc_client *client, uint32_t index, struct torc_partition_info *info)
{
    if (client == NULL || info == NULL)
        return -TORC_EINVAL;
    const struct ring *ring = client_ring_table(client);
    if (ring == NULL)
        return -TORC_EAGAIN;
    if (index >= ring->partitions)
        return -TORC_ENOTFOUND;
    memset(info, 0, sizeof *info);
    ring_point_decimal(ring->partitions, index + 1, info->point);
    info->owner = ring->member[ring->owner[index]].id;
    info->length = ring->chain_length[index];
    info->epoch = ring->chain_epoch[index];
    for (uint32_t i = 0; i < info->length; i++) {
        const struct ring_replica *replica = &ring_chain(ring, index)[i];
        info->chain[i] = ring->member[replica->member].id;
        info->worker[i] = replica->worker;
    }
    return 0;
}

int torc_client_member(
    const struct torc_client *client, uint32_t index, struct torc_member_info *info)
{
    if (client == NULL || info == NULL)
        return -TORC_EINVAL;
    const struct ring *ring = client_ring_table(client);
    if (ring == NULL)
        return -TORC_EAGAIN;
    if (index >= ring->members)
        return -TORC_ENOTFOUND;
    const struct ring_member *member = &ring->member[index];
    memset(info, 0, sizeof *info);
    info->id = member->id;
    info->workers = member->workers;
    info->address = member->address;
    info->incarnation = member->incarnation;
    info->lost = member->state == RING_MEMBER_LOST;
    memcpy(info->name, member->name, sizeof info->name);
    return 0;
}

int torc_client_locate(const struct torc_client *client, const void *key, size_t key_bytes,
    char hash[TORC_DECIMAL_BYTES], uint32_t *partition)
{
    if (client == NULL || key == NULL || partition == NULL)
        return -TORC_EINVAL;
    const struct ring *ring = client_ring_table(client);
    if (ring == NULL)
        return -TORC_EAGAIN;
    const struct ring_hash of_key = ring_hash_key((enum torc_hash)ring->hash, key, key_bytes);
    *partition = ring_partition(ring, &of_key);
    if (hash != NULL)
        ring_decimal(&of_key, hash);
    return 0;
}

/* ---- statistics ---- */

struct stats_wait {
    bool ended;
    enum torc_status status;
    uint32_t bytes;
};

static void stats_ended(void *context, enum torc_status status, uint32_t bytes)
{
    struct stats_wait *wait = context;
    *wait = (struct stats_wait){.ended = true, .status = status, .bytes = bytes};
}

static int stats_error(const struct stats_wait *wait)
{
    switch (wait->status) {
    case TORC_STATUS_OK:
        return (int)wait->bytes;
    case TORC_STATUS_TIMED_OUT:
        return -TORC_ETIMEDOUT;
    case TORC_STATUS_FULL:
        return -TORC_ETOOBIG;
    default:
        return -TORC_EREFUSED;
    }
}

int torc_client_stats(
    struct torc_client *client, uint32_t node, uint64_t timeout_ns, char *text, size_t bytes)
{
    struct torc_ring_info info;
    struct stats_wait wait = {0};
    if (text == NULL || bytes == 0)
        return -TORC_EINVAL;
    const uint64_t until = client_now_ns() + timeout_ns;
    int status = torc_client_ring(client, timeout_ns, &info);
    if (status != 0)
        return status;
    const uint16_t member = ring_member_by_id(client_ring_table(client), node);
    if (member == RING_NO_MEMBER)
        return -TORC_ENOTFOUND;
    status = client_core_info(client->core, member, (uint8_t *)text,
        bytes - 1 < UINT32_MAX ? (uint32_t)(bytes - 1) : UINT32_MAX, until, stats_ended, &wait);
    if (status != 0)
        return status;
    client_poll_until(client, &wait.ended, UINT64_MAX);
    const int length = stats_error(&wait);
    text[length > 0 ? length : 0] = 0;
    return length;
}

int torc_client_counters(const struct torc_client *client, char *text, size_t bytes)
{
    if (client == NULL || text == NULL)
        return -TORC_EINVAL;
    const struct client_counters *counters = client_core_counters(client->core);
    size_t used = 0;
#define COUNTER_LINE(name, sentence)                                                               \
    if (used < bytes)                                                                              \
        used += (size_t)snprintf(                                                                  \
            text + used, bytes - used, #name " %llu\n", (unsigned long long)counters->name);
    CLIENT_COUNTERS(COUNTER_LINE)
#undef COUNTER_LINE
    return used < bytes ? (int)used : -TORC_ETOOBIG;
}
