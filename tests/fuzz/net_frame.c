/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of the container: taken apart, judged at the gate, answered. */
#include <arpa/inet.h>
#include <string.h>

#include "feature/net_dns6.h"
#include "feature/net_gate.h"
#include "fuzz.h"

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

/* What leaves for the world is for nobody whom the host takes for itself. */
static void check_destination(const NetPacket *packet)
{
	if (packet->family == AF_INET) {
		uint32_t first = ntohl(packet->to.v4.s_addr) >> 24;

		g_assert_true(first != 0 && first != 127 && first < 224);
	} else if (packet->family == AF_INET6) {
		g_assert_false(IN6_IS_ADDR_LOOPBACK(&packet->to.v6));
		g_assert_false(IN6_IS_ADDR_UNSPECIFIED(&packet->to.v6));
		g_assert_false(IN6_IS_ADDR_V4MAPPED(&packet->to.v6));
	}
}

/* What goes to the name server as IPv4 says the same, from an address that is not the container's.
 */
static void check_dns6(const NetPacket *packet)
{
	static uint8_t made[NET_FRAME_MAX], again[NET_FRAME_MAX];
	size_t length = net_dns6_in(&plan, packet, made);
	NetPacket other;

	if (length == 0)
		return;
	g_assert_true(net_frame_parse(made, length, &other));
	g_assert_cmpint(other.family, ==, AF_INET);
	g_assert_cmpuint(other.from.v4.s_addr, !=, plan.address.s_addr);
	g_assert_cmpuint(other.from_port, ==, packet->from_port);
	g_assert_cmpuint(other.to_port, ==, packet->to_port);
	g_assert_cmpuint(other.body_length, ==, packet->body_length);
	g_assert_cmpint(net_gate(&plan, &other), ==, NET_GATE_PASS);
	g_assert_cmpuint(net_dns6_out(&plan, made, length, again), ==, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t reply[NET_FRAME_MAX];
	NetVerdict verdict;
	NetPacket packet;
	NetReturn back;

	if (plan.mtu == 0)
		plan_fill();
	g_assert_cmpuint(net_dns6_out(&plan, data, size, reply), <=, NET_FRAME_MAX);
	if (!net_frame_parse(data, size, &packet))
		return 0;
	if (packet.family != AF_UNSPEC)
		g_assert_true(packet.body >= data &&
			      packet.body + packet.body_length <= data + size);
	verdict = net_gate(&plan, &packet);
	if (verdict == NET_GATE_DROP)
		return 0;
	check_destination(&packet);
	if (verdict == NET_GATE_DNS6)
		check_dns6(&packet);
	if (packet.family == AF_UNSPEC)
		return 0;
	net_frame_return(&packet, &back);
	if (packet.body_length <= net_frame_udp_room(&back, plan.mtu))
		g_assert_cmpuint(net_frame_udp(&back, packet.body, packet.body_length, reply), <=,
				 NET_FRAME_MAX);
	return 0;
}
