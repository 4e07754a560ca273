/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS over TCP, in the net process: libslirp connects what the container sends to 10.0.2.3:53 to a
 * listening socket of ours (net_sandbox.h), and this moves the bytes to the first of the host's
 * name servers that takes the connection.  libslirp has no such guest forward for IPv6.
 */
#pragma once

#include "feature/net_dns.h"
#include "feature/net_loop.h"

typedef struct NetRelay NetRelay;

/* Takes the listener over. loop and servers are borrowed and must outlive it. */
NetRelay *net_relay_new(NetLoop *loop, const NetServers *servers, int listener);
void net_relay_free(NetRelay *relay);
