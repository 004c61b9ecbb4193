/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/frame.h"

static const char *frame_addressing_wrong(const struct frame_addressing *a)
{
    if (a->ip == 0 || a->ip >> 28 >= 0xe)
        return "the address is not one of a host";
    if (a->prefix < 1 || a->prefix > 32)
        return "the prefix is not between 1 and 32";
    if (a->vlan > 4094)
        return "the VLAN is not between 1 and 4094 (0: none)";
    if (a->base_port == 0 || a->ports == 0 || a->base_port + a->ports > 65536)
        return "the UDP ports do not lie between 1 and 65535";
    return NULL;
}

const char *frame_self_init(struct frame_self *self, const struct frame_addressing *addressing)
{
    const char *wrong = frame_addressing_wrong(addressing);
    if (wrong)
        return wrong;
    memset(self, 0, sizeof *self);
    self->mac = frame_load_mac(addressing->mac);
    self->ip = addressing->ip;
    self->mask = 0xffffffffu << (32 - addressing->prefix);
    self->gateway = addressing->gateway;
    self->ip_raw = __builtin_bswap32(addressing->ip);
    self->vlan = addressing->vlan;
    self->l2_bytes = FRAME_ETH_BYTES + (addressing->vlan ? FRAME_VLAN_BYTES : 0);
    self->base_port = addressing->base_port;
    self->ports = addressing->ports;
    if (self->gateway && !frame_is_neighbour(self, self->gateway))
        return "the gateway is not another host of the address's subnet";
    return NULL;
}
