/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where a client finds its cluster: "ADDRESS[:PORT],...".
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/host/client_host.h"

#define SEED_BYTES 256u

static int parse_port(const char *text, uint16_t *port)
{
    char *end = NULL;
    const unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || value == 0 || value > 65535)
        return -TORC_EINVAL;
    *port = (uint16_t)value;
    return 0;
}

static int resolve(const char *host, uint32_t *ip)
{
    struct in_addr literal;
    if (inet_pton(AF_INET, host, &literal) == 1) {
        *ip = ntohl(literal.s_addr);
        return 0;
    }
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return -TORC_EINVAL;
    *ip = ntohl(((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr.s_addr);
    freeaddrinfo(found);
    return 0;
}

/* One seed, which is cut at its colon. */
static int parse_seed(char *text, struct torc_addr *addr, char *error, size_t error_bytes)
{
    char *colon = strchr(text, ':');
    addr->port = TORC_PORT_DEFAULT;
    if (colon != NULL) {
        *colon = 0;
        if (parse_port(colon + 1, &addr->port) != 0) {
            snprintf(error, error_bytes, "seed %s:%s: the port must be a number from 1 to 65535",
                text, colon + 1);
            return -TORC_EINVAL;
        }
    }
    if (*text != 0 && resolve(text, &addr->ip) == 0)
        return 0;
    snprintf(error, error_bytes,
        "seed \"%s\" is no IPv4 address or known name; write ADDRESS[:PORT][,...]", text);
    return -TORC_EINVAL;
}

int client_parse_seeds(
    const char *text, struct client_config *config, char *error, size_t error_bytes)
{
    char unheard[SEED_BYTES];
    if (error == NULL || error_bytes == 0) {
        error = unheard;
        error_bytes = sizeof unheard;
    }
    config->seeds = 0;
    for (;;) {
        char seed[SEED_BYTES];
        const size_t length = strcspn(text, ",");
        if (length >= sizeof seed || config->seeds == CLIENT_SEEDS_MAX) {
            snprintf(error, error_bytes, "at most %u seeds, each shorter than %u characters",
                CLIENT_SEEDS_MAX, SEED_BYTES);
            return -TORC_EINVAL;
        }
        memcpy(seed, text, length);
        seed[length] = 0;
        const int status = parse_seed(seed, &config->seed[config->seeds], error, error_bytes);
        if (status != 0)
            return status;
        config->seeds++;
        if (text[length] == 0)
            return 0;
        text += length + 1;
    }
}
