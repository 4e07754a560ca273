/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Echo requests that libslirp does not serve, in the net process: IPv6 ones to the world, forwarded
 * through the kernel's ping sockets (icmp(7), IPPROTO_ICMPV6), and IPv4 ones to the name server.
 */
#pragma once

#include "feature/net_loop.h"
#include "model/plan.h"

typedef struct NetPing NetPing;

/*
 * loop and plan are borrowed. forbidden_gid: the group that may not ping on this host, -1 when all
 * is well.
 */
NetPing *net_ping_new(NetLoop *loop, const NetPlan *plan, gint64 forbidden_gid);
void net_ping_free(NetPing *ping);

/* May this process make ping sockets? ret_gid is for net_ping_new(). */
void net_ping_probe(gint64 *ret_gid);

/* An echo request to the world is about to be sent: says, once, if this host forbids it. */
void net_ping_notice(NetPing *ping);

/*
 * Take a packet that net_gate() called NET_GATE_PING6.  Where it cannot go, the container is told
 * so by the gateway, as the host was.
 */
void net_ping_request6(NetPing *ping, const NetPacket *packet);

/* Take a packet that net_gate() called NET_GATE_REFLECT. */
void net_ping_reflect(NetPing *ping, const NetPacket *packet);
