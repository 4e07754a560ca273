/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate: what the net process does with a frame from the container.  A pure function.
 *
 * libslirp hands every destination that is not its own to the host's connect(2) or sendto(2), and
 * there 127.0.0.1, 0.0.0.0, ::1 and ::ffff:127.0.0.1 would all mean the host itself.  The
 * container's kernel never sends such packets out of the tap, but a payload with CAP_NET_RAW writes
 * any frame it likes.  The same holds for the protocols that libslirp has servers for (BOOTP, TFTP,
 * NC-SI).
 */
#pragma once

#include "feature/net_frame.h"
#include "model/plan.h"

typedef enum {
	NET_GATE_DROP,	/* goes nowhere */
	NET_GATE_PASS,	/* libslirp's */
	NET_GATE_WORLD, /* to the world: the express lane's if it came there, else libslirp's */
	NET_GATE_DNS,	/* a datagram to the name server: net_dns.h */
	NET_GATE_DNS6,	/* a segment to the name server's IPv6 address: net_dns6.h */
	NET_GATE_PING6, /* an IPv6 echo request to the world, which libslirp cannot send: net_ping.h
			 */
	NET_GATE_REFLECT, /* an IPv4 echo request to the name server: net_ping.h answers */
} NetVerdict;

NetVerdict net_gate(const NetPlan *plan, const NetPacket *packet);
