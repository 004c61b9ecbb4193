/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drivers/net/frame_parse.h"
#include "net_frames.h"

static uint8_t buffer[2048];
static uint8_t *const ip = buffer + FRAME_ETH_BYTES;
static uint8_t *const udp = buffer + FRAME_ETH_BYTES + FRAME_IPV4_BYTES;
static struct frame_self self;
static struct frame_view view;

static int set_up(void **state)
{
    (void)state;
    self = frames_self(0);
    memset(&view, 0, sizeof view);
    memset(buffer, 0, sizeof buffer);
    memcpy(buffer, frames_udp, sizeof frames_udp);
    return 0;
}

/* Both parsers' verdict; they must agree. */
static enum frame_kind verdict(const uint8_t *data, size_t bytes)
{
    struct frame_view fast;
    bool accepted = frame_udp_fast(&self, data, (uint32_t)bytes, 0, &fast);
    enum frame_kind kind = frame_parse(&self, data, (uint32_t)bytes, 0, &view);
    if (accepted) {
        assert_int_equal(kind, FRAME_UDP);
        assert_ptr_equal(fast.payload, view.payload);
        assert_int_equal(fast.payload_bytes, view.payload_bytes);
        assert_int_equal(fast.from.ip, view.from.ip);
        assert_int_equal(fast.from.port, view.from.port);
        assert_int_equal(fast.to_port, view.to_port);
        assert_true(fast.from_mac == view.from_mac);
    } else if (kind == FRAME_UDP) {
        assert_int_not_equal(data[self.l2_bytes], 0x45); /* options are all it leaves to others */
    }
    return kind;
}

static void mend_ip(void)
{
    memset(ip + 10, 0, 2);
    uint16_t checksum = frame_checksum(ip, (ip[0] & (size_t)15) * 4);
    memcpy(ip + 10, &checksum, sizeof checksum);
}

static void a_datagram_for_us_is_seen_as_it_is(void **state)
{
    (void)state;
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_UDP);
    assert_int_equal(view.payload_bytes, 4);
    assert_memory_equal(view.payload, "torc", 4);
    assert_int_equal(view.from.ip, FRAMES_PEER);
    assert_int_equal(view.from.port, 9000);
    assert_int_equal(view.to_port, 7001);
    assert_true(view.from_mac == 0x020000000002ull); /* a palindrome of bytes */
}

static void padding_behind_the_packet_is_not_payload(void **state)
{
    (void)state;
    assert_int_equal(verdict(buffer, 60), FRAME_UDP);
    assert_int_equal(view.payload_bytes, 4);
}

static void options_are_skipped(void **state)
{
    (void)state;
    memcpy(buffer, frames_udp_options, sizeof frames_udp_options);
    assert_int_equal(verdict(buffer, sizeof frames_udp_options), FRAME_UDP);
    assert_memory_equal(view.payload, "torc", 4);
}

static void no_udp_checksum_is_a_good_one(void **state)
{
    (void)state;
    memset(udp + 6, 0, 2);
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_UDP);
}

static void a_changed_byte_is_noticed(void **state)
{
    (void)state;
    for (size_t i = FRAME_ETH_BYTES; i < sizeof frames_udp; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            buffer[i] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(verdict(buffer, sizeof frames_udp), FRAME_UDP);
            buffer[i] ^= (uint8_t)(1u << bit);
        }
    }
}

static void a_wrong_checksum_has_its_name(void **state)
{
    (void)state;
    ip[8]--;
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_BAD_CHECKSUM);
    ip[8]++;
    buffer[sizeof frames_udp - 1]++;
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_BAD_CHECKSUM);
}

static void what_the_port_checked_is_not_checked_again(void **state)
{
    (void)state;
    unsigned both = FRAME_IPV4_CHECKED | FRAME_UDP_CHECKED;
    ip[8]--;
    buffer[sizeof frames_udp - 1]++;
    assert_int_equal(frame_parse(&self, buffer, sizeof frames_udp, both, &view), FRAME_UDP);
    assert_true(frame_udp_fast(&self, buffer, sizeof frames_udp, both, &view));
    assert_int_equal(frame_parse(&self, buffer, sizeof frames_udp, FRAME_UDP_CHECKED, &view),
        FRAME_BAD_CHECKSUM);
    assert_false(frame_udp_fast(&self, buffer, sizeof frames_udp, FRAME_UDP_CHECKED, &view));
}

static void a_checksum_left_to_the_nic_is_good_only_where_expected(void **state)
{
    (void)state;
    frame_store16(udp + 6, 0x1420); /* the pseudo-header's sum, as a kernel leaves it */
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_BAD_CHECKSUM);
    self.accept_partial = true;
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_UDP);
    frame_store16(udp + 6, 0x1421);
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_BAD_CHECKSUM);
}

static void other_stations_addresses_ports_and_protocols_are_not_for_us(void **state)
{
    (void)state;
    buffer[5] = 9;
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_NOT_FOR_US);
    memset(buffer, 0xff, 6); /* a payload to everybody is for nobody */
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_NOT_FOR_US);
    set_up(NULL);
    ip[19] = 9;
    mend_ip();
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_NOT_FOR_US);
    set_up(NULL);
    frame_store16(udp + 2, FRAMES_PORT + 4);
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_NOT_FOR_US);
    frame_store16(udp + 2, FRAMES_PORT - 1);
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_NOT_FOR_US);
    set_up(NULL);
    ip[9] = 6;
    mend_ip();
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_NOT_FOR_US);
    set_up(NULL);
    frame_store16(buffer + 12, 0x86dd);
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_NOT_FOR_US);
}

static void fragments_and_impossible_lengths_are_malformed(void **state)
{
    (void)state;
    static const uint16_t fragments[] = {0x2000, 0x0001, 0x1fff, 0x6000};
    for (size_t i = 0; i < 4; i++) {
        frame_store16(ip + 6, fragments[i]);
        mend_ip();
        assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_MALFORMED);
    }
    set_up(NULL);
    frame_store16(ip + 2, 33); /* one more than there is */
    mend_ip();
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_MALFORMED);
    frame_store16(ip + 2, 27);
    mend_ip();
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_MALFORMED);
    set_up(NULL);
    frame_store16(udp + 4, 7);
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_MALFORMED);
    frame_store16(udp + 4, 13);
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_MALFORMED);
    set_up(NULL);
    ip[0] = 0x44;
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_MALFORMED);
    ip[0] = 0x65;
    assert_int_equal(verdict(buffer, sizeof frames_udp), FRAME_MALFORMED);
}

static void a_truncated_frame_is_refused_and_never_read_past_its_end(void **state)
{
    (void)state;
    static const struct {
        const uint8_t *frame;
        size_t bytes;
    } frames[] = {
        {frames_udp, sizeof frames_udp},
        {frames_udp_options, sizeof frames_udp_options},
        {frames_echo, sizeof frames_echo},
        {frames_arp_request, sizeof frames_arp_request},
        {frames_arp_reply, sizeof frames_arp_reply},
    };
    struct frames_edge edge;
    frames_edge_open(&edge);
    for (unsigned vlan = 0; vlan <= 7; vlan += 7) {
        self = frames_self((uint16_t)vlan);
        for (size_t f = 0; f < sizeof frames / sizeof *frames; f++) {
            size_t bytes = frames[f].bytes;
            memcpy(buffer, frames[f].frame, bytes);
            if (vlan)
                bytes = frames_tag(buffer, frames[f].frame, bytes, 7);
            for (size_t cut = 0; cut < bytes; cut++) {
                enum frame_kind kind = verdict(frames_edge_put(&edge, buffer, cut), cut);
                assert_true(kind == FRAME_MALFORMED || kind == FRAME_NOT_FOR_US);
            }
        }
    }
    frames_edge_close(&edge);
}

static void arbitrary_bytes_never_make_it_read_past_the_end(void **state)
{
    (void)state;
    struct frames_edge edge;
    frames_edge_open(&edge);
    uint64_t random = 88172645463325252ull;
    for (unsigned round = 0; round < 200000; round++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        bool echo = random >> 63;
        size_t whole = echo ? sizeof frames_echo : sizeof frames_udp_options;
        size_t bytes = random % (whole + 1);
        uint8_t *data = frames_edge_put(&edge, echo ? frames_echo : frames_udp_options, bytes);
        if (bytes) {
            data[(random >> 8) % bytes] = (uint8_t)(random >> 16);
            data[(random >> 24) % bytes] = (uint8_t)(random >> 32);
        }
        unsigned checked = (unsigned)(random >> 60) & 3u;
        enum frame_kind kind = frame_parse(&self, data, (uint32_t)bytes, checked, &view);
        if (kind == FRAME_UDP) {
            assert_true(view.payload >= data);
            assert_true(view.payload + view.payload_bytes <= data + bytes);
        }
        if (frame_udp_fast(&self, data, (uint32_t)bytes, checked, &view))
            assert_int_equal(kind, FRAME_UDP);
    }
    frames_edge_close(&edge);
}

static void a_tag_must_be_ours_where_one_is_configured_and_absent_where_not(void **state)
{
    (void)state;
    size_t bytes = frames_tag(buffer, frames_udp, sizeof frames_udp, 0xe000 | 7); /* priority 7 */
    assert_int_equal(verdict(buffer, bytes), FRAME_NOT_FOR_US);
    self = frames_self(7);
    assert_int_equal(verdict(buffer, bytes), FRAME_UDP);
    assert_memory_equal(view.payload, "torc", 4);
    assert_int_equal(verdict(frames_udp, sizeof frames_udp), FRAME_NOT_FOR_US);
    self = frames_self(8);
    assert_int_equal(verdict(buffer, bytes), FRAME_NOT_FOR_US);
    bytes = frames_tag(buffer, frames_arp_request, sizeof frames_arp_request, 8);
    assert_int_equal(verdict(buffer, bytes), FRAME_ARP_REQUEST);
}

static void a_ping_is_an_echo_unless_its_checksum_is_wrong(void **state)
{
    (void)state;
    memcpy(buffer, frames_echo, sizeof frames_echo);
    assert_int_equal(verdict(buffer, sizeof frames_echo), FRAME_ECHO);
    assert_int_equal(view.ip_bytes, 20);
    assert_int_equal(view.all_bytes, 32);
    buffer[sizeof frames_echo - 1] ^= 1;
    assert_int_equal(verdict(buffer, sizeof frames_echo), FRAME_BAD_CHECKSUM);
    udp[0] = 13; /* timestamp request */
    assert_int_equal(verdict(buffer, sizeof frames_echo), FRAME_NOT_FOR_US);
}

/* "Fragmentation needed" about a packet from `source`. */
static size_t too_big(uint32_t source)
{
    uint8_t *quoted = udp + FRAME_ICMP_BYTES;
    memset(udp, 0, 64);
    udp[0] = 3;
    udp[1] = 4;
    quoted[0] = 0x45;
    quoted[9] = 17;
    frame_store32(quoted + 12, source);
    uint16_t checksum = frame_checksum(udp, FRAME_ICMP_BYTES + FRAME_IPV4_BYTES);
    memcpy(udp + 2, &checksum, sizeof checksum);
    ip[9] = 1;
    frame_store16(ip + 2, FRAME_IPV4_BYTES + FRAME_ICMP_BYTES + FRAME_IPV4_BYTES);
    mend_ip();
    return FRAME_ETH_BYTES + FRAME_IPV4_BYTES + FRAME_ICMP_BYTES + FRAME_IPV4_BYTES;
}

static void a_routers_word_on_size_counts_only_about_our_packets(void **state)
{
    (void)state;
    assert_int_equal(verdict(buffer, too_big(FRAMES_US)), FRAME_TOO_BIG);
    assert_int_equal(verdict(buffer, too_big(FRAMES_PEER)), FRAME_NOT_FOR_US);
}

static void arp_is_told_apart(void **state)
{
    (void)state;
    uint8_t *arp = buffer + FRAME_ETH_BYTES;
    size_t bytes = sizeof frames_arp_request;
    memcpy(buffer, frames_arp_request, bytes);
    assert_int_equal(verdict(buffer, bytes), FRAME_ARP_REQUEST);
    assert_int_equal(view.from.ip, FRAMES_PEER);
    memset(arp + 14, 0, 4); /* a probe: nobody has the address yet */
    assert_int_equal(verdict(buffer, bytes), FRAME_ARP_REQUEST);
    frame_store32(arp + 14, 0x0b000001); /* kernels ask with any address of theirs */
    assert_int_equal(verdict(buffer, bytes), FRAME_ARP_REQUEST);
    frame_store32(arp + 14, FRAMES_US); /* somebody else thinks that he is us */
    assert_int_equal(verdict(buffer, bytes), FRAME_NOT_FOR_US);
    frame_store32(arp + 14, FRAMES_PEER);
    frame_store32(arp + 24, FRAMES_PEER); /* gratuitous */
    assert_int_equal(verdict(buffer, bytes), FRAME_ARP_NEWS);
    arp[7] = 2;
    assert_int_equal(verdict(buffer, bytes), FRAME_ARP_NEWS);
    frame_store32(arp + 24, FRAMES_US);
    assert_int_equal(verdict(buffer, bytes), FRAME_ARP_REPLY);
    frame_store32(arp + 14, FRAMES_US); /* somebody claims to be us */
    assert_int_equal(verdict(buffer, bytes), FRAME_NOT_FOR_US);
    frame_store32(arp + 14, FRAMES_PEER);
    arp[8] = 1; /* a group is not a station */
    assert_int_equal(verdict(buffer, bytes), FRAME_MALFORMED);
    arp[8] = 2;
    arp[7] = 3; /* reverse ARP */
    assert_int_equal(verdict(buffer, bytes), FRAME_NOT_FOR_US);
    arp[3] = 6; /* not IPv4 */
    assert_int_equal(verdict(buffer, bytes), FRAME_NOT_FOR_US);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_datagram_for_us_is_seen_as_it_is),
        T(padding_behind_the_packet_is_not_payload),
        T(options_are_skipped),
        T(no_udp_checksum_is_a_good_one),
        T(a_changed_byte_is_noticed),
        T(a_wrong_checksum_has_its_name),
        T(what_the_port_checked_is_not_checked_again),
        T(a_checksum_left_to_the_nic_is_good_only_where_expected),
        T(other_stations_addresses_ports_and_protocols_are_not_for_us),
        T(fragments_and_impossible_lengths_are_malformed),
        T(a_truncated_frame_is_refused_and_never_read_past_its_end),
        T(arbitrary_bytes_never_make_it_read_past_the_end),
        T(a_tag_must_be_ours_where_one_is_configured_and_absent_where_not),
        T(a_ping_is_an_echo_unless_its_checksum_is_wrong),
        T(a_routers_word_on_size_counts_only_about_our_packets),
        T(arp_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
