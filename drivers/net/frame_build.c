/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/frame_build.h"

/* Addresses, tag and type; returns what follows them. */
static uint8_t *build_ethernet(
    const struct frame_self *self, uint8_t *frame, uint64_t to, uint16_t type)
{
    frame_store_mac(frame, to);
    frame_store_mac(frame + FRAME_MAC_BYTES, self->mac);
    if (self->vlan) {
        frame_store16(frame + 12, FRAME_TYPE_VLAN);
        frame_store16(frame + 14, self->vlan);
    }
    frame_store16(frame + self->l2_bytes - 2, type);
    return frame + self->l2_bytes;
}

void frame_template_make(struct frame_template *template, const struct frame_self *self,
    uint64_t mac, uint32_t ip, uint16_t from_port)
{
    uint8_t *header = template->bytes + FRAME_TEMPLATE_IP;
    memset(template, 0, sizeof *template);
    build_ethernet(self, header - self->l2_bytes, mac, FRAME_TYPE_IPV4);
    header[0] = 0x45;
    frame_store16(header + 6, FRAME_IP_DF);
    header[8] = FRAME_TTL;
    header[9] = FRAME_PROTO_UDP;
    frame_store32(header + 12, self->ip);
    frame_store32(header + 16, ip);
    uint16_t sum = frame_fold(frame_ipv4_sum(header));
    memcpy(header + 10, &sum, sizeof sum);
    frame_store16(template->bytes + FRAME_TEMPLATE_UDP, from_port);
}

static void build_arp(
    const struct frame_self *self, uint8_t *arp, uint16_t operation, uint64_t mac, uint32_t ip)
{
    static const uint8_t fixed[6] = {0, 1, 8, 0, FRAME_MAC_BYTES, 4};
    memcpy(arp, fixed, sizeof fixed);
    frame_store16(arp + 6, operation);
    frame_store_mac(arp + 8, self->mac);
    frame_store32(arp + 14, self->ip);
    frame_store_mac(arp + 18, mac);
    frame_store32(arp + 24, ip);
}

uint32_t frame_arp_request(const struct frame_self *self, uint8_t *frame, uint64_t mac, uint32_t ip)
{
    uint8_t *arp = build_ethernet(self, frame, mac, FRAME_TYPE_ARP);
    build_arp(self, arp, 1, mac == FRAME_MAC_MASK ? 0 : mac, ip);
    return self->l2_bytes + FRAME_ARP_BYTES;
}

uint32_t frame_arp_reply(const struct frame_self *self, uint8_t *frame)
{
    uint8_t *arp = frame + self->l2_bytes;
    uint64_t mac = frame_load_mac(arp + 8);
    uint32_t ip = frame_load32(arp + 14);
    build_ethernet(self, frame, mac, FRAME_TYPE_ARP);
    build_arp(self, arp, 2, mac, ip);
    return self->l2_bytes + FRAME_ARP_BYTES;
}

uint32_t frame_echo_reply(
    const struct frame_self *self, uint8_t *frame, uint32_t ip_bytes, uint32_t all_bytes)
{
    uint8_t *ip = frame + self->l2_bytes;
    uint8_t *icmp = ip + ip_bytes;
    uint32_t asker = frame_load32(ip + 12);
    build_ethernet(self, frame, frame_load_mac(frame + FRAME_MAC_BYTES), FRAME_TYPE_IPV4);
    frame_store32(ip + 12, self->ip);
    frame_store32(ip + 16, asker);
    ip[8] = FRAME_TTL;
    memset(ip + 10, 0, 2);
    uint16_t checksum = frame_checksum(ip, ip_bytes);
    memcpy(ip + 10, &checksum, sizeof checksum);
    uint16_t before;
    uint16_t after;
    memcpy(&before, icmp, sizeof before);
    icmp[0] = 0; /* echo reply */
    memcpy(&after, icmp, sizeof after);
    memcpy(&checksum, icmp + 2, sizeof checksum);
    checksum = frame_checksum_adjust(checksum, before, after);
    memcpy(icmp + 2, &checksum, sizeof checksum);
    return self->l2_bytes + all_bytes;
}
