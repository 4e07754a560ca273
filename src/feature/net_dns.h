/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's name server: takes the datagrams sent to 10.0.2.3:53 (and fd00::3) off the wire
 * and asks the host's name servers, in the net process.  Queries over TCP are net_relay.h's;
 * those to fd00::3 get there by net_dns6.h.
 */
#pragma once

#include <glib.h>
#include <sys/socket.h>

#include "feature/net_loop.h"
#include "feature/net_resolv.h"

typedef struct {
	struct sockaddr_storage address;
	socklen_t length;
} NetServer;

typedef struct {
	NetServer servers[NET_RESOLV_SERVERS_MAX];
	unsigned count;
} NetServers;

/*
 * Read addresses as resolv.conf writes them, "fe80::1%eth0" too, for port 53.  What cannot be read
 * is left out.  Looks interfaces up, so it must run before the sandbox closes.
 */
void net_dns_servers(const GPtrArray *nameservers, NetServers *ret_servers);

typedef struct NetDns NetDns;

/* loop and servers are borrowed and must outlive it. */
NetDns *net_dns_new(NetLoop *loop, const NetServers *servers);
void net_dns_free(NetDns *dns);

/* Take a datagram that net_gate() called NET_GATE_DNS. */
void net_dns_query(NetDns *dns, const NetPacket *packet);
