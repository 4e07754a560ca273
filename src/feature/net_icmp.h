/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a router would tell the container of a packet that could not be delivered: RFC 792, RFC
 * 4443.  In the net process.
 */
#pragma once

#include "feature/net_loop.h"
#include "model/plan.h"

/* Type and code, of IPv4's or IPv6's. */
typedef struct {
	uint8_t type, code;
} NetIcmp;

/* What a failure of connect(2) or sendmsg(2) is inside. false: it is the host's own, and nobody's
 * to tell. */
bool net_icmp_of(int family, int errno_value, NetIcmp *ret_icmp);

/*
 * Tell who sent the packet (quoted: an IP packet of the container's, or as much of it as is known).
 * back is the way there; its source, which is overwritten, the router: NULL for the gateway.
 */
void net_icmp_tell(NetLoop *loop, const NetPlan *plan, NetReturn back, const NetAddress *router,
		   NetIcmp icmp, const uint8_t *quoted, size_t length);
