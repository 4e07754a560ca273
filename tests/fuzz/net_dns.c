/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DNS forwarder: a question of the container's, and (behind a byte of 0) a server's answer. */
#include <net/ethernet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "feature/net_dns.h"
#include "fuzz.h"

#define HEADERS (ETH_HLEN + 20 + 8)

/* "a.test" A IN, id 0x1234 */
static const uint8_t question[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1";

static NetLoop loop;
static NetServers servers;
static int wire, server;

static void start(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int ends[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), ==,
			0);
	loop.context = g_main_context_new();
	loop.tap = ends[0];
	loop.mtu = 1500;
	wire = ends[1];
	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	g_assert_cmpint(bind(server, (struct sockaddr *)&address, sizeof address), ==, 0);
	servers.count = 1;
	servers.servers[0].length = sizeof address;
	g_assert_cmpint(getsockname(server, (struct sockaddr *)&servers.servers[0].address,
				    &servers.servers[0].length),
			==, 0);
}

static void ask(NetDns *dns, const uint8_t *message, size_t length)
{
	g_autofree uint8_t *frame = g_malloc0(HEADERS + length);
	uint8_t *ip = frame + ETH_HLEN, *udp = ip + 20;
	NetPacket packet;

	frame[12] = 0x08;
	ip[0] = 0x45;
	ip[2] = (uint8_t)((28 + length) >> 8);
	ip[3] = (uint8_t)(28 + length);
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, "\x0a\0\2\x64\x0a\0\2\3", 8);
	memcpy(udp, "\x9c\x40\0\x35", 4);
	udp[4] = (uint8_t)((8 + length) >> 8);
	udp[5] = (uint8_t)(8 + length);
	memcpy(udp + 8, message, length);
	g_assert_true(net_frame_parse(frame, HEADERS + length, &packet));
	net_dns_query(dns, &packet);
}

static void answer(const uint8_t *message, size_t length)
{
	static uint8_t asked[NET_FRAME_MAX];
	struct sockaddr_in from;
	socklen_t size = sizeof from;

	if (recvfrom(server, asked, sizeof asked, 0, (struct sockaddr *)&from, &size) < 0)
		return;
	sendto(server, message, length, 0, (struct sockaddr *)&from, size);
	while (g_main_context_iteration(loop.context, FALSE))
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t frame[NET_FRAME_MAX];
	bool is_answer = size > 0 && data[0] == 0;
	NetDns *dns;

	if (size > 4096)
		return 0;
	if (!loop.context)
		start();
	dns = net_dns_new(&loop, &servers);
	if (is_answer) {
		ask(dns, question, sizeof question - 1);
		answer(data + 1, size - 1);
	} else {
		ask(dns, data, size);
		answer(data, size);
	}
	net_dns_free(dns);
	while (recv(wire, frame, sizeof frame, 0) > 0 || recv(server, frame, sizeof frame, 0) >= 0)
		;
	return 0;
}
