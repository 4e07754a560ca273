/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container on a bridge of the host: docker0 where a Docker engine has one, a bridge that was
 * named, or rlc0, which is made when it is missing.  For root.
 *
 *      host                               container
 *      bridge ──┬── rlcXXXXXXXXXXXX ═════ eth0      a veth pair, made by the supervisor
 *   (gateway)   ├── vethDOCKER      ═════ …
 *
 * Theory of operation: the supervisor does it all while init is busy with mounts.  It takes an
 * address by writing a lease (net_lease.h) and asks the bridge whether somebody unknown to rlc has
 * it (net_probe.h).  Init meanwhile opens an rtnetlink socket in its own network namespace and
 * sends it out: an address that turned out to be taken can be replaced by then without a word to
 * init, which is told once all is up.  The container's /etc/hosts comes out the same way, for it is
 * the supervisor that learns of the names of others on the bridge.
 */
#pragma once

#include "kernel/netlink.h"
#include "model/container.h"

#define NET_BRIDGE_LINK "eth0"

/* May this process give its containers a bridge by default: is it the root of a whole host? */
bool net_bridge_is_default(void);

/* Fills plan->net.bridge. Refuses ordinary users, and bridges or addresses that are none. */
bool net_bridge_plan(const SpecNetwork *spec, NetPlan *net, GError **error);

/*
 * The host's name servers that can be reached from a bridge, and its search list and options, as
 * the text of a resolv.conf: systemd-resolved's own servers in place of 127.0.0.53, and no others
 * of the host's loopback. Caller frees.
 */
char *net_bridge_resolv(const SpecNetwork *spec);

/* init: prepare the sysctls of eth0 to come, and send SYNC_NETLINK. */
bool net_bridge_child(Container *container, Netlink *netlink, GError **error);

/* supervisor: lease, veth pair, addresses, routes, /etc/hosts; fills container->lease. */
bool net_bridge_parent(Container *container, GError **error);

/* supervisor: the names on the bridge changed (container->hosts_notify is readable). */
void net_bridge_names_changed(Container *container);

/*
 * Give back all that a container has on its bridge, from what its state directory says alone:
 * container_dir is open.  The last one takes the bridge's own things away.  Idempotent.
 */
void net_bridge_release(const char *state_root, int container_dir, const char *id);

/* supervisor: the same, for a container of this process, after its init is dead. */
void net_bridge_cleanup(Container *container);

void net_bridge_explain(const Plan *plan, GString *script);
