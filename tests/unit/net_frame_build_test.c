/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drivers/net/frame_build.h"
#include "drivers/net/frame_parse.h"
#include "net_frames.h"

#define PEER_MAC 0x020000000002ull

static uint8_t buffer[256];

/* The peer of frames_self: what we send, it must take. */
static struct frame_self peer_self(uint16_t vlan)
{
    struct frame_addressing peer = {
        .mac = {2, 0, 0, 0, 0, 2},
        .ip = FRAMES_PEER,
        .prefix = 24,
        .vlan = vlan,
        .base_port = 9000,
        .ports = 1,
    };
    struct frame_self self;
    assert_null(frame_self_init(&self, &peer));
    return self;
}

static uint8_t *datagram(const struct frame_self *self, const char *text, uint32_t bytes)
{
    struct frame_template template;
    uint8_t *payload = buffer + 64;
    frame_template_make(&template, self, PEER_MAC, FRAMES_PEER, 7001);
    memcpy(payload - sizeof template, &template, sizeof template);
    memcpy(payload, text, bytes);
    frame_template_fill(&template, payload, bytes, 9000);
    return payload - self->l2_bytes - FRAME_IP_UDP_BYTES;
}

static void a_filled_template_is_a_good_datagram(void **state)
{
    (void)state;
    for (unsigned vlan = 0; vlan <= 9; vlan += 9) {
        struct frame_self self = frames_self((uint16_t)vlan);
        struct frame_self peer = peer_self((uint16_t)vlan);
        struct frame_view view;
        uint8_t *frame = datagram(&self, "torc", 4);
        uint32_t bytes = self.l2_bytes + FRAME_IP_UDP_BYTES + 4;
        assert_int_equal(frame_parse(&peer, frame, bytes, 0, &view), FRAME_UDP);
        assert_memory_equal(view.payload, "torc", 4);
        assert_int_equal(view.payload_bytes, 4);
        assert_int_equal(view.from.ip, FRAMES_US);
        assert_int_equal(view.from.port, 7001);
        assert_int_equal(view.to_port, 9000);
        assert_int_equal(frame_parse(&peer, frame, bytes - 1, 0, &view), FRAME_MALFORMED);
    }
}

static void the_ipv4_checksum_is_right_for_every_length(void **state)
{
    (void)state;
    struct frame_self self = frames_self(0);
    struct frame_template template;
    uint8_t *payload = buffer + 64;
    frame_template_make(&template, &self, PEER_MAC, FRAMES_PEER, 7001);
    for (uint32_t bytes = 0; bytes <= 65507; bytes++) {
        memcpy(payload - sizeof template, &template, sizeof template);
        frame_template_fill(&template, payload, bytes, 9000);
        assert_true(frame_ipv4_ok(payload - FRAME_IP_UDP_BYTES));
    }
}

static void golden_bytes_of_a_datagram(void **state)
{
    (void)state;
    /* clang-format off */
    static const uint8_t golden[] = {
        0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x00,                  /* Ethernet */
        0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0x26, 0xcb, 10, 0, 0, 1, 10, 0, 0, 2, /* IPv4 */
        0x1b, 0x59, 0x23, 0x28, 0, 12, 0, 0, 't', 'o', 'r', 'c',                     /* UDP */
    };
    /* clang-format on */
    struct frame_self self = frames_self(0);
    assert_memory_equal(datagram(&self, "torc", 4), golden, sizeof golden);
}

static void the_udp_checksum_covers_addresses_ports_and_payload(void **state)
{
    (void)state;
    struct frame_self self = frames_self(0);
    uint8_t *frame = datagram(&self, "torc", 4);
    uint8_t *ip = frame + FRAME_ETH_BYTES;
    uint8_t *udp = ip + FRAME_IPV4_BYTES;
    uint16_t checksum = frame_udp_checksum(ip, udp, 12);
    memcpy(udp + 6, &checksum, sizeof checksum);
    assert_true(frame_udp_ok(ip, udp, 12, false));
    assert_int_equal(frame_load16(udp + 6), 0xc67f); /* as the peer's: the sum is symmetric */
    for (unsigned i = 12; i < FRAME_IPV4_BYTES + 12; i++) {
        ip[i] ^= 0x10;
        assert_false(frame_udp_ok(ip, udp, 12, false));
        ip[i] ^= 0x10;
    }
}

static void a_udp_checksum_is_never_stored_as_none(void **state)
{
    (void)state;
    struct frame_self self = frames_self(0);
    uint8_t *frame = datagram(&self, "\0\0", 2);
    uint8_t *ip = frame + FRAME_ETH_BYTES;
    uint8_t *udp = ip + FRAME_IPV4_BYTES;
    uint16_t sum = frame_udp_checksum(ip, udp, 10);
    memcpy(udp + 8, &sum, sizeof sum); /* now the words sum up to 0xffff */
    assert_int_equal(frame_udp_checksum(ip, udp, 10), 0xffff);
}

static void an_arp_request_is_asked_of_all_or_of_one(void **state)
{
    (void)state;
    struct frame_self self = peer_self(0);
    uint64_t us = frame_load_mac((const uint8_t[]){2, 0, 0, 0, 0, 1});
    assert_int_equal(frame_arp_request(&self, buffer, FRAME_MAC_MASK, FRAMES_US), 42);
    assert_memory_equal(buffer, frames_arp_request, sizeof frames_arp_request);
    frame_arp_request(&self, buffer, us, FRAMES_US);
    assert_true(frame_load_mac(buffer) == us);
    struct frame_view view;
    self = frames_self(0);
    assert_int_equal(frame_parse(&self, buffer, 42, 0, &view), FRAME_ARP_REQUEST);
}

static void an_arp_request_becomes_its_reply(void **state)
{
    (void)state;
    struct frame_self self = frames_self(0);
    memcpy(buffer, frames_arp_request, sizeof frames_arp_request);
    assert_int_equal(frame_arp_reply(&self, buffer), sizeof frames_arp_reply);
    assert_memory_equal(buffer, frames_arp_reply, sizeof frames_arp_reply);
}

static void a_tagged_arp_request_gets_a_tagged_reply(void **state)
{
    (void)state;
    struct frame_self self = frames_self(7);
    struct frame_self peer = peer_self(7);
    struct frame_view view;
    frames_tag(buffer, frames_arp_request, sizeof frames_arp_request, 7);
    assert_int_equal(frame_arp_reply(&self, buffer), 46);
    assert_int_equal(frame_parse(&peer, buffer, 46, 0, &view), FRAME_ARP_REPLY);
    assert_int_equal(view.from.ip, FRAMES_US);
    assert_true(view.from_mac == self.mac);
}

static void a_gratuitous_request_is_news_to_a_peer(void **state)
{
    (void)state;
    struct frame_self self = frames_self(0);
    struct frame_self peer = peer_self(0);
    struct frame_view view;
    uint32_t bytes = frame_arp_request(&self, buffer, FRAME_MAC_MASK, self.ip);
    assert_int_equal(frame_parse(&peer, buffer, bytes, 0, &view), FRAME_ARP_NEWS);
    assert_int_equal(view.from.ip, FRAMES_US);
}

static void a_ping_becomes_its_answer(void **state)
{
    (void)state;
    /* clang-format off */
    static const uint8_t golden[] = {
        0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x00,                 /* Ethernet */
        0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 1, 0x26, 0xdb, 10, 0, 0, 1, 10, 0, 0, 2, /* IPv4 */
        0, 0, 0x29, 0x04, 0x12, 0x34, 0, 1, 'a', 'b', 'c', 'd',                     /* ICMP */
    };
    /* clang-format on */
    struct frame_self self = frames_self(0);
    memcpy(buffer, frames_echo, sizeof frames_echo);
    assert_int_equal(frame_echo_reply(&self, buffer, 20, 32), sizeof golden);
    assert_memory_equal(buffer, golden, sizeof golden);
}

static void checksums_change_as_their_words_do(void **state)
{
    (void)state;
    uint8_t words[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (unsigned value = 0; value <= 0xffff; value += 5) {
        uint16_t before;
        uint16_t after = (uint16_t)value;
        uint16_t checksum = frame_checksum(words, sizeof words);
        memcpy(&before, words + 4, sizeof before);
        memcpy(words + 4, &after, sizeof after);
        assert_int_equal(
            frame_checksum_adjust(checksum, before, after), frame_checksum(words, sizeof words));
    }
}

static void sums_agree_with_the_plain_definition(void **state)
{
    (void)state;
    uint8_t bytes[67];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 83u + 200u);
    for (unsigned length = 0; length <= sizeof bytes; length++) {
        uint32_t sum = 0;
        for (unsigned i = 0; i < length; i++)
            sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
        while (sum >> 16)
            sum = (sum & 0xffff) + (sum >> 16);
        assert_int_equal(frame_fold(frame_sum(bytes, length, 0)), __builtin_bswap16((uint16_t)sum));
    }
}

static void the_next_hop_is_the_host_or_the_gateway(void **state)
{
    (void)state;
    struct frame_self self = frames_self(0);
    assert_int_equal(frame_next_hop(&self, FRAMES_PEER), FRAMES_PEER);
    assert_int_equal(frame_next_hop(&self, 0x0a000102), 0x0a0000fe);
    assert_int_equal(frame_next_hop(&self, FRAMES_US), 0);
    assert_int_equal(frame_next_hop(&self, 0x0a0000ff), 0); /* broadcast */
    assert_int_equal(frame_next_hop(&self, 0x0a000000), 0); /* the subnet */
    self.gateway = 0;
    assert_int_equal(frame_next_hop(&self, 0x0a000102), 0);
}

static void wrong_addressing_is_named(void **state)
{
    (void)state;
    struct frame_addressing good = {.ip = FRAMES_US, .prefix = 24, .base_port = 1, .ports = 1};
    struct frame_self self;
    struct frame_addressing bad = good;
    assert_null(frame_self_init(&self, &good));
    bad.ip = 0xe0000001;
    assert_non_null(strstr(frame_self_init(&self, &bad), "address"));
    bad = good;
    bad.prefix = 0;
    assert_non_null(strstr(frame_self_init(&self, &bad), "prefix"));
    bad = good;
    bad.vlan = 4095;
    assert_non_null(strstr(frame_self_init(&self, &bad), "VLAN"));
    bad = good;
    bad.base_port = 65535;
    bad.ports = 2;
    assert_non_null(strstr(frame_self_init(&self, &bad), "ports"));
    bad = good;
    bad.gateway = 0x0b000001;
    assert_non_null(strstr(frame_self_init(&self, &bad), "gateway"));
    bad.gateway = good.ip;
    assert_non_null(strstr(frame_self_init(&self, &bad), "gateway"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filled_template_is_a_good_datagram),
        cmocka_unit_test(the_ipv4_checksum_is_right_for_every_length),
        cmocka_unit_test(golden_bytes_of_a_datagram),
        cmocka_unit_test(the_udp_checksum_covers_addresses_ports_and_payload),
        cmocka_unit_test(a_udp_checksum_is_never_stored_as_none),
        cmocka_unit_test(an_arp_request_is_asked_of_all_or_of_one),
        cmocka_unit_test(an_arp_request_becomes_its_reply),
        cmocka_unit_test(a_tagged_arp_request_gets_a_tagged_reply),
        cmocka_unit_test(a_gratuitous_request_is_news_to_a_peer),
        cmocka_unit_test(a_ping_becomes_its_answer),
        cmocka_unit_test(checksums_change_as_their_words_do),
        cmocka_unit_test(sums_agree_with_the_plain_definition),
        cmocka_unit_test(the_next_hop_is_the_host_or_the_gateway),
        cmocka_unit_test(wrong_addressing_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
