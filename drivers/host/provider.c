/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/provider.h"

#include <stdio.h>
#include <string.h>

#ifdef TORC_HAVE_DPDK
#include "drivers/net/dpdk.h"
#include "drivers/net/dpdk_eal.h"
#endif
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

static void socket_provider_close(struct host_port *port)
{
    port->net->ops->close(port->net);
}

#ifdef TORC_HAVE_DPDK

static int dpdk_port_open(const struct host_port_request *request, struct host_port *port,
    char *error, size_t error_bytes)
{
    const struct host_config *config = request->config;
    const struct ring_member *self = &config->member[config->self];
    struct torc_dpdk_config dpdk = {
        .device = config->dpdk.device,
        .ip = self->address.ip,
        .gateway = (uint32_t)config->dpdk.gateway,
        .prefix = (uint8_t)config->dpdk.prefix,
        .vlan = (uint16_t)config->dpdk.vlan,
        .base_port = self->address.port,
        .ports = self->workers,
        .queues = (uint16_t)config->queues,
        .packet_bytes = request->packet_bytes,
    };
    int result = torc_dpdk_open(&dpdk, &port->net, error, error_bytes);
    /* Workers that share a queue share what it holds. */
    if (result == 0)
        port->receive_packets =
            torc_dpdk_receive_packets(port->net) * port->net->queues / self->workers;
    return result;
}

static int dpdk_provider_open(const struct host_port_request *request, struct host_port *port,
    char *error, size_t error_bytes)
{
    const char *device = request->config->dpdk.device;
    struct torc_dpdk_eal_config eal = {
        .device = &device,
        .devices = 1,
        .hugepages = request->config->dpdk.hugepages != 0,
        .extra = request->arguments,
    };
    int result = torc_dpdk_eal_start(&eal, error, error_bytes);
    if (result != 0)
        return result;
    result = dpdk_port_open(request, port, error, error_bytes);
    if (result != 0)
        torc_dpdk_eal_stop();
    return result;
}

static void dpdk_provider_close(struct host_port *port)
{
    port->net->ops->close(port->net);
    torc_dpdk_eal_stop();
}

/* There are never more workers than EAL can count; and one that it does not is only slower. */
static void dpdk_provider_thread_start(void)
{
    torc_dpdk_thread_start();
}

#endif

static const struct host_provider providers[] = {
    {.name = "socket", .open = socket_provider_open, .close = socket_provider_close},
#ifdef TORC_HAVE_DPDK
    {.name = "dpdk",
        .needs_device = true,
        .takes_arguments = true,
        .open = dpdk_provider_open,
        .close = dpdk_provider_close,
        .thread_start = dpdk_provider_thread_start,
        .thread_stop = torc_dpdk_thread_stop},
#endif
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
