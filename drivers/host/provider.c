/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/provider.h"

#include <stdio.h>
#include <string.h>

#include "drivers/net/socket.h"

static int socket_provider_open(const struct host_port_request *request, struct host_port *port,
    char *error, size_t error_bytes)
{
    const struct host_config *config = request->config;
    const struct ring_member *self = &config->member[config->self];
    struct torc_socket_config socket = {
        .address = self->address,
        .ports = self->workers,
        .queues = (uint32_t)config->queues,
        .packet_bytes = request->packet_bytes,
    };
    int result = torc_socket_open(&socket, &port->net, error, error_bytes);
    if (result == 0)
        port->receive_packets = torc_socket_receive_packets(port->net);
    return result;
}

static const struct host_provider providers[] = {
    {.name = "socket", .open = socket_provider_open},
};
#define PROVIDERS (sizeof providers / sizeof providers[0])

const struct host_provider *host_provider_find(const char *name)
{
    for (size_t i = 0; i < PROVIDERS; i++)
        if (strcmp(providers[i].name, name) == 0)
            return &providers[i];
    return NULL;
}

void host_provider_names(char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < PROVIDERS && used < bytes; i++)
        used += (size_t)snprintf(
            text + used, bytes - used, "%s%s", i > 0 ? " or " : "", providers[i].name);
}
