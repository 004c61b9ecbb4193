/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/net/frame_parse.h"

#define ICMP_ECHO_REQUEST 8u
#define ICMP_UNREACHABLE  3u
#define ICMP_TOO_BIG      4u /* code of "unreachable": fragmentation needed */
#define ARP_REQUEST       1u
#define ARP_REPLY         2u

struct parse_ip {
    const uint8_t *header;
    const uint8_t *body;
    uint32_t header_bytes;
    uint32_t body_bytes;
};

static enum frame_kind parse_udp(const struct frame_self *self, const struct parse_ip *ip,
    unsigned checked, struct frame_view *view)
{
    const uint8_t *udp = ip->body;
    if (ip->body_bytes < FRAME_UDP_BYTES)
        return FRAME_MALFORMED;
    uint32_t bytes = frame_load16(udp + 4);
    view->to_port = frame_load16(udp + 2);
    if ((uint16_t)(view->to_port - self->base_port) >= self->ports)
        return FRAME_NOT_FOR_US;
    if (bytes < FRAME_UDP_BYTES || bytes > ip->body_bytes)
        return FRAME_MALFORMED;
    if (!(checked & FRAME_UDP_CHECKED) &&
        !frame_udp_ok(ip->header, udp, bytes, self->accept_partial))
        return FRAME_BAD_CHECKSUM;
    view->from.port = frame_load16(udp);
    view->payload = udp + FRAME_UDP_BYTES;
    view->payload_bytes = bytes - FRAME_UDP_BYTES;
    return FRAME_UDP;
}

/* "Fragmentation needed" quotes the packet that was too big: only one of ours tells us anything. */
static bool icmp_quotes_us(const struct frame_self *self, const struct parse_ip *ip)
{
    const uint8_t *quoted = ip->body + FRAME_ICMP_BYTES;
    return ip->body_bytes >= FRAME_ICMP_BYTES + FRAME_IPV4_BYTES &&
           frame_load32(quoted + 12) == self->ip && quoted[9] == FRAME_PROTO_UDP;
}

static enum frame_kind parse_icmp(const struct frame_self *self, const struct parse_ip *ip)
{
    if (ip->body_bytes < FRAME_ICMP_BYTES)
        return FRAME_MALFORMED;
    bool echo = ip->body[0] == ICMP_ECHO_REQUEST && ip->body[1] == 0;
    bool too_big =
        ip->body[0] == ICMP_UNREACHABLE && ip->body[1] == ICMP_TOO_BIG && icmp_quotes_us(self, ip);
    if (!echo && !too_big)
        return FRAME_NOT_FOR_US;
    if (frame_fold(frame_sum(ip->body, ip->body_bytes, 0)) != 0xffff)
        return FRAME_BAD_CHECKSUM;
    return echo ? FRAME_ECHO : FRAME_TOO_BIG;
}

/* An IPv4 packet whose Ethernet header is for us. */
static enum frame_kind parse_ipv4(const struct frame_self *self, const uint8_t *data,
    uint32_t bytes, unsigned checked, struct frame_view *view)
{
    struct parse_ip ip = {.header = data};
    if (bytes < FRAME_IPV4_BYTES || data[0] >> 4 != 4)
        return FRAME_MALFORMED;
    uint32_t total = frame_load16(data + 2);
    ip.header_bytes = (data[0] & 0xfu) * 4u;
    if (ip.header_bytes < FRAME_IPV4_BYTES || total < ip.header_bytes || total > bytes)
        return FRAME_MALFORMED;
    if (!(checked & FRAME_IPV4_CHECKED) &&
        frame_fold(frame_sum(data, ip.header_bytes, 0)) != 0xffff)
        return FRAME_BAD_CHECKSUM;
    if (frame_load32(data + 16) != self->ip)
        return FRAME_NOT_FOR_US;
    if (frame_load16(data + 6) & FRAME_IP_FRAGMENT)
        return FRAME_MALFORMED;
    ip.body = data + ip.header_bytes;
    ip.body_bytes = total - ip.header_bytes;
    view->from.ip = frame_load32(data + 12);
    view->ip_bytes = ip.header_bytes;
    view->all_bytes = total;
    if (data[9] == FRAME_PROTO_UDP)
        return parse_udp(self, &ip, checked, view);
    return data[9] == FRAME_PROTO_ICMP ? parse_icmp(self, &ip) : FRAME_NOT_FOR_US;
}

/* RFC 826. Hardware Ethernet, protocol IPv4; what is said of others than neighbours is no news. */
static enum frame_kind parse_arp(
    const struct frame_self *self, const uint8_t *data, uint32_t bytes, struct frame_view *view)
{
    static const uint8_t fixed[6] = {0, 1, 8, 0, FRAME_MAC_BYTES, 4};
    if (bytes < FRAME_ARP_BYTES)
        return FRAME_MALFORMED;
    if (memcmp(data, fixed, sizeof fixed) != 0)
        return FRAME_NOT_FOR_US;
    uint16_t operation = frame_load16(data + 6);
    bool to_us = frame_load32(data + 24) == self->ip;
    view->from_mac = frame_load_mac(data + 8);
    view->from.ip = frame_load32(data + 14);
    if (frame_mac_is_group(view->from_mac) || view->from_mac == 0)
        return FRAME_MALFORMED;
    if (to_us && operation == ARP_REQUEST) /* also of those who ask from elsewhere, or have none */
        return view->from.ip != self->ip ? FRAME_ARP_REQUEST : FRAME_NOT_FOR_US;
    if (!frame_is_neighbour(self, view->from.ip))
        return FRAME_NOT_FOR_US;
    if (to_us && operation == ARP_REPLY)
        return FRAME_ARP_REPLY;
    return operation == ARP_REQUEST || operation == ARP_REPLY ? FRAME_ARP_NEWS : FRAME_NOT_FOR_US;
}

enum frame_kind frame_parse(const struct frame_self *self, const uint8_t *data, uint32_t bytes,
    unsigned checked, struct frame_view *view)
{
    if (bytes < FRAME_ETH_BYTES)
        return FRAME_MALFORMED;
    uint64_t to = frame_load_mac(data);
    if (to != self->mac && to != FRAME_MAC_MASK)
        return FRAME_NOT_FOR_US;
    if (bytes < self->l2_bytes || !frame_tag_is_ours(self, data))
        return FRAME_NOT_FOR_US;
    const uint8_t *l3 = data + self->l2_bytes;
    uint16_t type = frame_load16(l3 - 2);
    bytes -= self->l2_bytes;
    view->from_mac = frame_load_mac(data + FRAME_MAC_BYTES);
    if (type == FRAME_TYPE_ARP)
        return parse_arp(self, l3, bytes, view);
    if (type != FRAME_TYPE_IPV4 || to != self->mac)
        return FRAME_NOT_FOR_US;
    return parse_ipv4(self, l3, bytes, checked, view);
}
