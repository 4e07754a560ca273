/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rlc makes on the host for a bridge, and takes away with the last container on it: the bridge
 * itself where it is rlc's own (rlc0), forwarding, masquerade, and leave to pass a firewall.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "feature/net_lease.h"
#include "kernel/netlink.h"

/* The bridge that rlc makes where there is none of Docker's. */
#define NET_MADE_BRIDGE "rlc0"

/* Docker's own; it sees to forwarding and masquerade itself. */
#define NET_DOCKER_BRIDGE "docker0"

/* Is the bridge one of a Docker engine's, by its name? */
bool net_made_is_dockers(const char *bridge);

/*
 * Before the first lease on a bridge, with the lock held: make what is missing.  A bridge of rlc's
 * own gets the first free /16 of 10.201.0.0 and up, free of the host's routes and of the addresses
 * in avoid (of char *), and a ULA /64.  What is made is written down first.
 */
bool net_made_ensure(const NetLeases *leases, Netlink *netlink, const char *bridge,
		     const GPtrArray *avoid, GError **error);

/*
 * After the last lease, with the lock held: take away what is written down, unless somebody else's
 * ports are on the bridge.  Idempotent.
 */
void net_made_undo(const NetLeases *leases, Netlink *netlink);
