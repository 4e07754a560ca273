/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_icmp.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>

/* Type, code, checksum, and four bytes that are 0 here */
#define HEADER 8

/* A packet that is quoted leaves the whole message shorter than any path's MTU. */
#define QUOTED4_MAX 548
#define QUOTED6_MAX 1232

static const struct {
	int errno_value;
	uint8_t code4, code6;
} codes[] = {
	{ECONNREFUSED, ICMP_PORT_UNREACH, ICMP6_DST_UNREACH_NOPORT},
	{ENETUNREACH, ICMP_NET_UNREACH, ICMP6_DST_UNREACH_NOROUTE},
	{ENETDOWN, ICMP_NET_UNREACH, ICMP6_DST_UNREACH_NOROUTE},
	{EHOSTUNREACH, ICMP_HOST_UNREACH, ICMP6_DST_UNREACH_ADDR},
	{EHOSTDOWN, ICMP_HOST_UNREACH, ICMP6_DST_UNREACH_ADDR},
	{EACCES, ICMP_PKT_FILTERED, ICMP6_DST_UNREACH_ADMIN},
	{EPERM, ICMP_PKT_FILTERED, ICMP6_DST_UNREACH_ADMIN},
};

bool net_icmp_of(int family, int errno_value, NetIcmp *ret_icmp)
{
	for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
		if (codes[i].errno_value == errno_value) {
			*ret_icmp = family == AF_INET
					    ? (NetIcmp){ICMP_DEST_UNREACH, codes[i].code4}
					    : (NetIcmp){ICMP6_DST_UNREACH, codes[i].code6};
			return true;
		}
	return false;
}

void net_icmp_tell(NetLoop *loop, const NetPlan *plan, NetReturn back, const NetAddress *router,
		   NetIcmp icmp, const uint8_t *quoted, size_t length)
{
	bool is_v4 = back.family == AF_INET;
	uint8_t *message = loop->reply + net_frame_header(&back);

	length = MIN(length, is_v4 ? QUOTED4_MAX : QUOTED6_MAX);
	if (router)
		back.from = *router;
	else if (is_v4)
		back.from.v4 = plan->gateway;
	else
		back.from.v6 = plan->gateway6;
	memset(message, 0, HEADER);
	message[0] = icmp.type;
	message[1] = icmp.code;
	memcpy(message + HEADER, quoted, length);
	net_loop_send(loop, loop->reply,
		      net_frame_finish(&back, loop->reply, is_v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
				       HEADER + length, 2));
}
