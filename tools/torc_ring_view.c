/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A ring to look at: of a cluster, or computed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "drivers/host/client_host.h"
#include "tools/torc_cli.h"

static struct ring *build(const struct cli *cli, const struct ring_member *member, void **memory)
{
    const uint64_t most = cli->nodes < 3 ? cli->nodes : 3;
    const struct ring_spec spec = {.cluster = 1,
        .epoch = 1,
        .partitions = (uint32_t)cli->partitions,
        .replicas = (uint16_t)(cli->replicas != 0 ? cli->replicas : most),
        .members = (uint16_t)cli->nodes,
        .hash = (uint8_t)cli->hash,
        .claim = (uint8_t)cli->claim,
        .class = {.session_window = 1, .sessions = 1, .window = 1},
        .member = member};
    const size_t bytes = ring_bytes(&spec);
    const char *why = spec.replicas > spec.members ? "there must not be more replicas than nodes"
                                                   : "that is no ring";
    struct ring *ring = NULL;
    if (bytes != 0) {
        *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
        ring = *memory == NULL ? NULL : ring_build(&spec, *memory, &why);
    }
    if (ring == NULL)
        cli_say(cli, "%s", why);
    return ring;
}

static int compute(const struct cli *cli, struct cli_ring *view)
{
    struct ring_member *member = calloc(cli->nodes, sizeof *member);
    if (member == NULL)
        return CLI_NO;
    for (uint32_t i = 0; i < cli->nodes; i++) {
        member[i].id = i + 1;
        member[i].workers = 1;
        snprintf(member[i].name, sizeof member[i].name, "n%u", i + 1);
    }
    view->ring = build(cli, member, &view->memory);
    free(member);
    return view->ring != NULL ? CLI_DONE : CLI_USAGE;
}

int cli_ring_open(const struct cli *cli, struct cli_ring *view)
{
    int status = CLI_DONE;
    *view = (struct cli_ring){0};
    if (cli->nodes != 0)
        return compute(cli, view);
    view->client = cli_connect(cli, &status);
    if (view->client != NULL)
        view->ring = client_ring_table(view->client);
    return status;
}

void cli_ring_close(struct cli_ring *view)
{
    torc_client_close(view->client);
    free(view->memory);
}
