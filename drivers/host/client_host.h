/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of libtorc share, and what the command line needs beyond the public header.
 */
#ifndef HOST_CLIENT_HOST_H
#define HOST_CLIENT_HOST_H

#include <torc/client.h>
#include <torc/driver.h>

#include "engine/client/client.h"

/* Stands between a call of the engine and a callback of the public header. */
struct client_call_slot {
    torc_callback callback;
    void *context;
    struct torc_client *client;
    uint32_t next_free;
};

struct torc_client {
    struct client_core *core;
    void *memory;
    size_t memory_bytes;
    struct torc_net *net;
    struct client_call_slot *slots;
    uint32_t slot_free;
    uint32_t ended; /* callbacks since the poll began */
    bool inside;    /* a callback runs */
    uint64_t wake_ns;
    struct torc_tx tx[TORC_TX_BURST];
};

uint64_t client_now_ns(void);

/* Parses "ADDRESS[:PORT],...". 0, or -TORC_EINVAL with a line in `error`. */
int client_parse_seeds(
    const char *text, struct client_config *config, char *error, size_t error_bytes);

/* One receive, step, send. */
void client_turn(struct torc_client *client);
/* Turns and waits until `*flag` or the time; false: the time came first. */
bool client_poll_until(struct torc_client *client, const bool *flag, uint64_t until_ns);

/* The ring in use, or NULL; valid until the next poll. For programs linked with libtorc.a. */
const struct ring *client_ring_table(const struct torc_client *client);

#endif
