/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames are taken apart without reading beyond them, and none reaches the host's loopback. */
#include "feature/net_gate.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <string.h>

#include "feature/net_frame.h"

typedef struct {
	uint8_t bytes[256];
	size_t length;
} Frame;

static NetPlan plan;

static void plan_fill(void)
{
	plan.mode = NET_SLIRP;
	plan.ipv6 = true;
	plan.mtu = 65520;
	plan.prefix = 24;
	inet_pton(AF_INET, "10.0.2.0", &plan.network);
	inet_pton(AF_INET, "10.0.2.2", &plan.gateway);
	inet_pton(AF_INET, "10.0.2.3", &plan.nameserver);
	inet_pton(AF_INET, "10.0.2.100", &plan.address);
	inet_pton(AF_INET6, "fd00::", &plan.network6);
	inet_pton(AF_INET6, "fd00::2", &plan.gateway6);
	inet_pton(AF_INET6, "fd00::3", &plan.nameserver6);
	inet_pton(AF_INET6, "fd00::100", &plan.address6);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* A frame with a body of 20 bytes; port is the destination's, or the ICMP type. */
static Frame make(const char *from, const char *to, uint8_t protocol, unsigned port)
{
	Frame frame = {.length = ETH_HLEN};
	bool v6 = strchr(to, ':') != NULL;
	uint8_t *ip = frame.bytes + ETH_HLEN, *body = ip + (v6 ? 40 : 20);

	put16(frame.bytes + 12, v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	if (v6) {
		ip[0] = 0x60;
		put16(ip + 4, 20);
		ip[6] = protocol;
		g_assert_cmpint(inet_pton(AF_INET6, from, ip + 8), ==, 1);
		g_assert_cmpint(inet_pton(AF_INET6, to, ip + 24), ==, 1);
	} else {
		ip[0] = 0x45;
		put16(ip + 2, 40);
		ip[9] = protocol;
		g_assert_cmpint(inet_pton(AF_INET, from, ip + 12), ==, 1);
		g_assert_cmpint(inet_pton(AF_INET, to, ip + 16), ==, 1);
	}
	put16(body, 40000);
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		put16(body, port << 8);
	else
		put16(body + 2, port);
	if (protocol == IPPROTO_UDP)
		put16(body + 4, 20);
	frame.length = (size_t)(body - frame.bytes) + 20;
	return frame;
}

static NetVerdict verdict(const Frame *frame)
{
	/* an exact copy on the heap: the sanitizer sees any read beyond it */
	g_autofree uint8_t *copy = g_memdup2(frame->bytes, frame->length);
	NetPacket packet;

	if (!net_frame_parse(copy, frame->length, &packet))
		return NET_GATE_DROP;
	return net_gate(&plan, &packet);
}

#define MINE4 "10.0.2.100"
#define MINE6 "fd00::100"

static const struct {
	const char *name, *from, *to;
	uint8_t protocol;
	unsigned port;
	NetVerdict verdict;
} cases[] = {
	{"tcp4-world", MINE4, "203.0.113.1", IPPROTO_TCP, 80, NET_GATE_WORLD},
	{"udp4-world", MINE4, "203.0.113.1", IPPROTO_UDP, 53, NET_GATE_WORLD},
	{"icmp4-world", MINE4, "203.0.113.1", IPPROTO_ICMP, 8, NET_GATE_WORLD},
	{"sctp4-world", MINE4, "203.0.113.1", IPPROTO_SCTP, 80, NET_GATE_DROP},
	{"tcp4-loopback", MINE4, "127.0.0.1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"udp4-loopback", MINE4, "127.0.0.1", IPPROTO_UDP, 53, NET_GATE_DROP},
	{"icmp4-loopback", MINE4, "127.0.0.1", IPPROTO_ICMP, 8, NET_GATE_DROP},
	{"tcp4-loopback-far", MINE4, "127.255.255.254", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"tcp4-zero", MINE4, "0.0.0.0", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"tcp4-zero-net", MINE4, "0.1.2.3", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"udp4-multicast", MINE4, "224.0.0.251", IPPROTO_UDP, 5353, NET_GATE_DROP},
	{"udp4-broadcast", MINE4, "255.255.255.255", IPPROTO_UDP, 67, NET_GATE_DROP},
	{"udp4-net-broadcast", MINE4, "10.0.2.255", IPPROTO_UDP, 9, NET_GATE_DROP},
	{"tcp4-neighbour", MINE4, "10.0.2.55", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"tcp4-gateway", MINE4, "10.0.2.2", IPPROTO_TCP, 80, NET_GATE_PASS},
	{"icmp4-gateway", MINE4, "10.0.2.2", IPPROTO_ICMP, 8, NET_GATE_PASS},
	{"bootp", MINE4, "10.0.2.2", IPPROTO_UDP, 67, NET_GATE_DROP},
	{"tftp", MINE4, "10.0.2.2", IPPROTO_UDP, 69, NET_GATE_DROP},
	{"dns4", MINE4, "10.0.2.3", IPPROTO_UDP, 53, NET_GATE_DNS},
	{"dns4-tcp", MINE4, "10.0.2.3", IPPROTO_TCP, 53, NET_GATE_PASS},
	{"nameserver4-other", MINE4, "10.0.2.3", IPPROTO_UDP, 54, NET_GATE_DROP},
	{"nameserver4-other-tcp", MINE4, "10.0.2.3", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"nameserver4-ping", MINE4, "10.0.2.3", IPPROTO_ICMP, 8, NET_GATE_REFLECT},
	{"nameserver4-icmp", MINE4, "10.0.2.3", IPPROTO_ICMP, 3, NET_GATE_DROP},
	{"from-gateway", "10.0.2.2", "203.0.113.1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"from-nameserver", "10.0.2.3", "203.0.113.1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"from-stranger", "192.0.2.1", "203.0.113.1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"from-loopback", "127.0.0.1", "203.0.113.1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"tcp6-world", MINE6, "2001:db8::1", IPPROTO_TCP, 80, NET_GATE_WORLD},
	{"udp6-world", MINE6, "2001:db8::1", IPPROTO_UDP, 53, NET_GATE_WORLD},
	{"ping6-world", MINE6, "2001:db8::1", IPPROTO_ICMPV6, 128, NET_GATE_PING6},
	{"icmp6-world", MINE6, "2001:db8::1", IPPROTO_ICMPV6, 1, NET_GATE_DROP},
	{"hop-by-hop", MINE6, "2001:db8::1", IPPROTO_HOPOPTS, 0, NET_GATE_DROP},
	{"routing-header", MINE6, "2001:db8::1", IPPROTO_ROUTING, 0, NET_GATE_DROP},
	{"tcp6-loopback", MINE6, "::1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"udp6-loopback", MINE6, "::1", IPPROTO_UDP, 80, NET_GATE_DROP},
	{"ping6-loopback", MINE6, "::1", IPPROTO_ICMPV6, 128, NET_GATE_DROP},
	{"tcp6-unspecified", MINE6, "::", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"tcp6-mapped", MINE6, "::ffff:127.0.0.1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"tcp6-mapped-zero", MINE6, "::ffff:0.0.0.0", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"udp6-mapped", MINE6, "::ffff:127.0.0.1", IPPROTO_UDP, 80, NET_GATE_DROP},
	{"tcp6-compatible", MINE6, "::127.0.0.1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"tcp6-link-local", MINE6, "fe80::1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"udp6-multicast", MINE6, "ff02::fb", IPPROTO_UDP, 5353, NET_GATE_DROP},
	{"dhcpv6", MINE6, "ff02::1:2", IPPROTO_UDP, 547, NET_GATE_DROP},
	{"neighbour-solicitation", MINE6, "ff02::1:ff00:2", IPPROTO_ICMPV6, 135, NET_GATE_PASS},
	{"router-solicitation", "::", "ff02::2", IPPROTO_ICMPV6, 133, NET_GATE_PASS},
	{"tcp6-gateway", MINE6, "fd00::2", IPPROTO_TCP, 80, NET_GATE_PASS},
	{"tftp6", MINE6, "fd00::2", IPPROTO_UDP, 69, NET_GATE_DROP},
	{"tcp6-neighbour", MINE6, "fd00::55", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"dns6", MINE6, "fd00::3", IPPROTO_UDP, 53, NET_GATE_DNS},
	{"dns6-tcp", MINE6, "fd00::3", IPPROTO_TCP, 53, NET_GATE_DNS6},
	{"dns6-other-tcp", MINE6, "fd00::3", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"nameserver6-ping", MINE6, "fd00::3", IPPROTO_ICMPV6, 128, NET_GATE_PASS},
	{"from-gateway6", "fd00::2", "2001:db8::1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"from-unspecified6", "::", "2001:db8::1", IPPROTO_TCP, 80, NET_GATE_DROP},
	{"from-loopback6", "::1", "2001:db8::1", IPPROTO_UDP, 80, NET_GATE_DROP},
};

static void test_case(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	Frame frame = make(cases[i].from, cases[i].to, cases[i].protocol, cases[i].port);

	g_assert_cmpint(verdict(&frame), ==, cases[i].verdict);
}

/* Every frame cut short at every length: no read beyond, and nothing forwarded that is not whole.
 */
static void test_truncated(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		Frame frame = make(cases[i].from, cases[i].to, cases[i].protocol, cases[i].port);

		while (frame.length-- > 0)
			g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
	}
}

/* Every byte of the headers set to every value: no read beyond, and never to the loopback. */
static void test_mutated(void)
{
	for (size_t at = 0; at < ETH_HLEN + 60; at++) {
		for (int value = 0; value < 256; value++) {
			Frame frame = make(MINE4, "127.0.0.1", IPPROTO_UDP, 53);

			frame.bytes[at] = (uint8_t)value;
			if (at != ETH_HLEN + 16 && at != 12 && at != 13) /* no longer 127/8, IPv4 */
				g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
			else
				verdict(&frame);
		}
	}
}

static void test_lengths(void)
{
	Frame frame = make(MINE4, "10.0.2.3", IPPROTO_UDP, 53);
	uint8_t *ip = frame.bytes + ETH_HLEN;

	put16(ip + 24, 21); /* UDP length beyond the packet */
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
	put16(ip + 24, 7); /* and less than its header */
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
	put16(ip + 24, 20);
	put16(ip + 2, 41); /* IP length beyond the frame */
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
	put16(ip + 2, 40);
	ip[0] = 0x4f; /* a header that eats the body */
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
	ip[0] = 0x44; /* a header shorter than a header */
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
	ip[0] = 0x45;
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DNS);
	put16(ip + 6, 0x2000); /* the first fragment of a query: not looked at */
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
}

static void test_no_ipv6(void)
{
	Frame frame = make(MINE6, "2001:db8::1", IPPROTO_TCP, 80);

	plan.ipv6 = false;
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
	plan.ipv6 = true;
}

static void test_other_types(void)
{
	Frame frame = {.length = 64};

	put16(frame.bytes + 12, 0x88f8); /* NC-SI, for which libslirp has a parser */
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
	put16(frame.bytes + 12, ETHERTYPE_VLAN);
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
	put16(frame.bytes + 12, ETHERTYPE_ARP);
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
	memcpy(frame.bytes + ETH_HLEN, "\0\1\x08\0\6\4\0\1", 8);
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_PASS);
	frame.length = 41;
	g_assert_cmpint(verdict(&frame), ==, NET_GATE_DROP);
}

/* A reply's checksums are what the other side's kernel wants. */
static void test_reply(void)
{
	static const char *const ends[][2] = {{MINE4, "10.0.2.3"}, {MINE6, "fd00::3"}};
	static uint8_t reply[NET_FRAME_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
		Frame frame = make(ends[i][0], ends[i][1], IPPROTO_UDP, 53);
		NetPacket query, answer;
		NetReturn back;
		uint8_t pseudo[4] = {0, IPPROTO_UDP};
		uint64_t sum;
		size_t length, size = i ? 16 : 4;

		g_assert_true(net_frame_parse(frame.bytes, frame.length, &query));
		net_frame_return(&query, &back);
		length = net_frame_udp(&back, (const uint8_t *)"odd", 3, reply);
		g_assert_true(net_frame_parse(reply, length, &answer));
		g_assert_cmpuint(answer.from_port, ==, 53);
		g_assert_cmpuint(answer.to_port, ==, 40000);
		g_assert_cmpint(memcmp(&answer.from, &query.to, size), ==, 0);
		g_assert_cmpint(memcmp(&answer.to, &query.from, size), ==, 0);
		g_assert_cmpuint(answer.body_length, ==, 11);
		g_assert_cmpint(memcmp(answer.body + 8, "odd", 3), ==, 0);
		put16(pseudo + 2, 11);
		sum = net_frame_sum((const uint8_t *)&answer.from, size, 0);
		sum = net_frame_sum((const uint8_t *)&answer.to, size, sum);
		sum = net_frame_sum(pseudo, sizeof pseudo, sum);
		sum = net_frame_sum(answer.body, answer.body_length, sum);
		g_assert_cmpuint(net_frame_fold(sum), ==, 0);
		if (i == 0)
			g_assert_cmpuint(net_frame_fold(net_frame_sum(reply + ETH_HLEN, 20, 0)), ==,
					 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	plan_fill();
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/net/gate/%s", cases[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_case);
	}
	g_test_add_func("/net/gate/truncated", test_truncated);
	g_test_add_func("/net/gate/mutated", test_mutated);
	g_test_add_func("/net/gate/lengths", test_lengths);
	g_test_add_func("/net/gate/no-ipv6", test_no_ipv6);
	g_test_add_func("/net/gate/other-types", test_other_types);
	g_test_add_func("/net/frame/reply", test_reply);
	return g_test_run();
}
