/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP connections handed on, in the net process: who connects to a listening socket is connected to
 * the first of several servers that takes it.
 *
 * DNS over TCP goes this way: libslirp connects what the container sends to 10.0.2.3:53 to a
 * listening socket of ours (net_sandbox.h), and the servers are the host's name servers.  (libslirp
 * has no such guest forward for IPv6.)  So do published ports on a bridge (net_forward.h).
 */
#pragma once

#include "feature/net_dns.h"
#include "feature/net_loop.h"

typedef struct NetRelay NetRelay;

/* What a relay allows its clients. */
typedef struct {
	unsigned streams; /* so many at once; more are refused */
	unsigned all;	  /* so many of all relays of this process; 0: that does not matter */
	gint64 idle;	  /* microseconds of silence that end one; 0: none do */
} NetRelayLimits;

/*
 * Takes the listener over; -1: connections come by net_relay_take() alone.  loop and servers are
 * borrowed and must outlive it.
 */
NetRelay *net_relay_new(NetLoop *loop, const NetServers *servers, int listener,
			NetRelayLimits limits);
/* Hand an accepted connection on; takes it over. */
void net_relay_take(NetRelay *relay, int client);

void net_relay_free(NetRelay *relay);
