/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bench-micro: what the engine's parts cost one by one. See gbench.h for the options.
 */
#include "bench/micro.h"

int main(int argc, char **argv)
{
    micro_ring_register();
    micro_wire_register();
    micro_state_register();
    micro_kv_register();
    micro_mailbox_register();
    return gbench_main(argc, argv);
}
