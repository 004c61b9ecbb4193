/* SPDX-License-Identifier: BSD-3-Clause
 *
 * libtorc: a client core, a kernel socket and a clock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "drivers/host/client_host.h"
#include "drivers/net/socket.h"

#define NO_SLOT UINT32_MAX

uint64_t client_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- opening and closing ---- */

static int say(char *error, size_t error_bytes, int code, const char *what)
{
    if (error != NULL && error_bytes != 0)
        snprintf(error, error_bytes, "%s", what);
    return code;
}

static int open_memory(
    struct torc_client *client, const struct client_config *config, char *error, size_t error_bytes)
{
    const size_t core_bytes = (client_core_bytes(config) + 63) & ~(size_t)63;
    if (core_bytes == 0)
        return say(error, error_bytes, -TORC_EINVAL, "an option is out of its documented range");
    client->memory_bytes = core_bytes + sizeof client->slots[0] * config->requests;
    /* Zeroed, and touched only as far as it is used. */
    client->memory = mmap(NULL, client->memory_bytes, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (client->memory == MAP_FAILED) {
        client->memory = NULL;
        return say(error, error_bytes, -TORC_ENOMEM, "not enough memory for this client");
    }
    client->core = client_core_create(config, client->memory, core_bytes);
    if (client->core == NULL)
        return say(error, error_bytes, -TORC_EINVAL, "an option is out of its documented range");
    client->slots = (struct client_call_slot *)((uint8_t *)client->memory + core_bytes);
    for (uint32_t i = 0; i < config->requests; i++)
        client->slots[i] = (struct client_call_slot){
            .client = client, .next_free = i + 1 < config->requests ? i + 1 : NO_SLOT};
    return 0;
}

static int open_socket(struct torc_client *client, const struct torc_client_options *options,
    char *error, size_t error_bytes)
{
    const struct torc_socket_config config = {.address = options->local, .ports = 1, .queues = 1};
    char unheard[256];
    if (error == NULL || error_bytes == 0) {
        error = unheard;
        error_bytes = sizeof unheard;
    }
    return torc_socket_open(&config, &client->net, error, error_bytes);
}

static int fill_config(const char *seeds, const struct torc_client_options *options,
    struct client_config *config, char *error, size_t error_bytes)
{
    *config = (struct client_config){.requests = options->requests,
        .large = options->large_values,
        .packet_window = options->packet_window,
        .partitions_max = options->partitions_max};
    if (getrandom(&config->random, sizeof config->random, 0) != sizeof config->random)
        config->random = client_now_ns();
    client_config_defaults(config);
    return client_parse_seeds(seeds, config, error, error_bytes);
}

int torc_client_create(const char *seeds, const struct torc_client_options *options,
    struct torc_client **out, char *error, size_t error_bytes)
{
    static const struct torc_client_options defaults;
    struct client_config config;
    if (out == NULL || seeds == NULL)
        return say(error, error_bytes, -TORC_EINVAL, "no seed address was given");
    *out = NULL;
    if (options == NULL)
        options = &defaults;
    int status = fill_config(seeds, options, &config, error, error_bytes);
    if (status != 0)
        return status;
    struct torc_client *client =
        mmap(NULL, sizeof *client, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (client == MAP_FAILED)
        return say(error, error_bytes, -TORC_ENOMEM, "not enough memory for this client");
    status = open_memory(client, &config, error, error_bytes);
    if (status == 0)
        status = open_socket(client, options, error, error_bytes);
    if (status != 0) {
        torc_client_close(client);
        return status;
    }
    *out = client;
    return 0;
}

/* Bounded: what is not told, or lost, ends by idleness. */
static void leave(struct torc_client *client)
{
    const struct torc_net_ops *ops = client->net->ops;
    bool more = true;
    for (unsigned i = 0; i < 4 && more; i++) {
        struct torc_burst burst = {.tx = client->tx, .now_ns = client_now_ns()};
        burst.tx_count = ops->buffers(client->net, 0, client->tx, TORC_TX_BURST);
        more = client_core_leave(client->core, &burst);
        ops->send(client->net, 0, client->tx, burst.tx_used, burst.now_ns);
    }
}

void torc_client_close(struct torc_client *client)
{
    if (client == NULL)
        return;
    if (client->inside) {
        fputs("torc_client_close was called from a callback of the same client\n", stderr);
        abort();
    }
    if (client->slots != NULL) {
        client_core_stop(client->core);
        if (client->net != NULL)
            leave(client);
    }
    if (client->net != NULL)
        client->net->ops->close(client->net);
    if (client->memory != NULL)
        munmap(client->memory, client->memory_bytes);
    munmap(client, sizeof *client);
}

/* ---- calls ---- */

static void ended(void *context, const struct client_result *result)
{
    struct client_call_slot *slot = context;
    struct torc_client *client = slot->client;
    const torc_callback callback = slot->callback;
    void *callers = slot->context;
    const struct torc_result told = {.outcome = result->outcome,
        .status = result->status,
        .version = result->version,
        .value = result->value,
        .value_bytes = result->value_bytes,
        .retries = result->retries};
    slot->next_free = client->slot_free;
    client->slot_free = (uint32_t)(slot - client->slots);
    client->ended++;
    const bool inside = client->inside;
    client->inside = true;
    callback(callers, &told);
    client->inside = inside;
}

static uint64_t deadline(uint64_t timeout_ns)
{
    const uint64_t now = client_now_ns();
    return timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;
}

static int submit(struct torc_client *client, struct client_call *call, size_t key_bytes,
    size_t value_bytes, uint64_t timeout_ns, torc_callback callback, void *context)
{
    if (client == NULL || callback == NULL)
        return -TORC_EINVAL;
    if (key_bytes > TORC_KEY_BYTES_MAX || value_bytes > TORC_VALUE_BYTES_MAX)
        return -TORC_ETOOBIG;
    if (client->slot_free == NO_SLOT)
        return -TORC_EAGAIN;
    struct client_call_slot *slot = &client->slots[client->slot_free];
    slot->callback = callback;
    slot->context = context;
    call->key_bytes = (uint16_t)key_bytes;
    call->value_bytes = (uint32_t)value_bytes;
    call->deadline_ns = deadline(timeout_ns);
    call->done = ended;
    call->context = slot;
    const int status = client_core_submit(client->core, call);
    if (status == 0) {
        client->slot_free = slot->next_free;
        client->wake_ns = 0;
    }
    return status;
}

int torc_client_put(struct torc_client *client, const void *key, size_t key_bytes,
    const void *value, size_t value_bytes, uint64_t timeout_ns, torc_callback callback,
    void *context)
{
    struct client_call call = {.operation = WIRE_OP_PUT, .key = key, .value = value};
    return submit(client, &call, key_bytes, value_bytes, timeout_ns, callback, context);
}

int torc_client_get(struct torc_client *client, const void *key, size_t key_bytes,
    uint64_t timeout_ns, torc_callback callback, void *context)
{
    struct client_call call = {.operation = WIRE_OP_GET, .key = key};
    return submit(client, &call, key_bytes, 0, timeout_ns, callback, context);
}

int torc_client_delete(struct torc_client *client, const void *key, size_t key_bytes,
    uint64_t timeout_ns, torc_callback callback, void *context)
{
    struct client_call call = {.operation = WIRE_OP_DELETE, .key = key};
    return submit(client, &call, key_bytes, 0, timeout_ns, callback, context);
}

int torc_client_cas(struct torc_client *client, const void *key, size_t key_bytes,
    const void *value, size_t value_bytes, uint64_t version, uint64_t timeout_ns,
    torc_callback callback, void *context)
{
    struct client_call call = {
        .operation = WIRE_OP_CAS, .key = key, .value = value, .argument = version};
    return submit(client, &call, key_bytes, value_bytes, timeout_ns, callback, context);
}

uint32_t torc_client_pending(const struct torc_client *client)
{
    return client_core_pending(client->core);
}

/* ---- turns ---- */

void client_turn(struct torc_client *client)
{
    const struct torc_net_ops *ops = client->net->ops;
    struct torc_rx rx[TORC_RX_BURST];
    const uint64_t before = client_now_ns();
    struct torc_burst burst = {.rx = rx, .tx = client->tx};
    burst.rx_count = ops->receive(client->net, 0, rx, TORC_RX_BURST, before);
    burst.tx_count = ops->buffers(client->net, 0, client->tx, TORC_TX_BURST);
    burst.now_ns = client_now_ns();
    client_core_step(client->core, &burst);
    ops->send(client->net, 0, client->tx, burst.tx_used, burst.now_ns);
    ops->release(client->net, 0);
    /* A full burst: there may be more. */
    client->wake_ns = burst.rx_count == TORC_RX_BURST ? burst.now_ns : burst.wake_ns;
}

static void wait_for_packet(struct torc_client *client, uint64_t until_ns)
{
    const uint64_t now = client_now_ns();
    const uint64_t wake = client->wake_ns < until_ns ? client->wake_ns : until_ns;
    if (wake > now)
        client->net->ops->wait(client->net, 0, wake - now);
}

bool client_poll_until(struct torc_client *client, const bool *flag, uint64_t until_ns)
{
    for (;;) {
        client_turn(client);
        if (*flag)
            return true;
        if (client_now_ns() >= until_ns)
            return false;
        wait_for_packet(client, until_ns);
    }
}

int torc_client_poll(struct torc_client *client, uint64_t timeout_ns)
{
    if (client == NULL || client->inside)
        return -TORC_EINVAL;
    const uint64_t until = deadline(timeout_ns);
    client->ended = 0;
    client_turn(client);
    while (client->ended == 0 && timeout_ns != 0 && client_now_ns() < until) {
        wait_for_packet(client, until);
        client_turn(client);
    }
    return (int)client->ended;
}

int torc_client_fd(const struct torc_client *client)
{
    return torc_socket_descriptor(client->net, 0);
}

uint64_t torc_client_wake_ns(const struct torc_client *client)
{
    const uint64_t now = client_now_ns();
    return client->wake_ns > now ? client->wake_ns - now : 0;
}

const char *torc_client_trouble(const struct torc_client *client)
{
    return client_core_trouble(client->core);
}
