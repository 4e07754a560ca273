/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is an address in use on a bridge?  ARP (RFC 5227) and neighbour discovery (RFC 4861).
 *
 * Theory of operation: the kernel asks in our place.  RFC 5227 has a probe say 0.0.0.0 for its
 * sender because whoever asks has no address yet, and must not put the one it hopes for into
 * everybody's cache.  This host has one on the bridge, the gateway's, so its kernel can ask as it
 * does before any packet, and its table of neighbours holds the answer; what was in that table for
 * the address before is forgotten first, so that an answer is a fresh one.  No packet socket is
 * needed, whose closing waits for the whole kernel.
 *
 * The containers of a bridge are answered for by this same kernel while it delivers the question.
 * Only a port that leads out of the machine can take longer, so only then net_probe_wait() waits.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/netlink.h"

/* Ask, and do not wait. family is AF_INET or AF_INET6. */
bool net_probe_ask(Netlink *netlink, unsigned bridge, int family, const void *address,
		   GError **error);

/* Did anybody answer? Then ret_mac is who. Leaves nothing in the kernel's table. */
bool net_probe_answered(Netlink *netlink, unsigned bridge, int family, const void *address,
			uint8_t ret_mac[6]);

/* Does the bridge have a port that may lead out of this machine? */
bool net_probe_leads_out(const char *bridge);

/* For a bridge that leads out: wait for an answer to net_probe_ask(), NET_PROBE_WAIT at most. */
void net_probe_wait(Netlink *netlink, unsigned bridge, int family, const void *address);

#define NET_PROBE_WAIT 200 /* milliseconds */
