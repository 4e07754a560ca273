/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_probe.h"

#define PROBE_STEP 5 /* milliseconds between two looks */

bool net_probe_ask(Netlink *netlink, unsigned bridge, int family, const void *address,
		   GError **error)
{
	uint8_t mac[6];

	if (netlink_neighbour_get(netlink, bridge, family, address, mac) == NEIGHBOUR_PERMANENT)
		return true; /* somebody's for certain */
	netlink_neighbour_forget(netlink, bridge, family, address);
	return netlink_neighbour_ask(netlink, bridge, family, address, error);
}

bool net_probe_answered(Netlink *netlink, unsigned bridge, int family, const void *address,
			uint8_t ret_mac[6])
{
	switch (netlink_neighbour_get(netlink, bridge, family, address, ret_mac)) {
	case NEIGHBOUR_PERMANENT:
		return true;
	case NEIGHBOUR_ANSWERED:
		return true; /* and the entry is true, so it may stay */
	case NEIGHBOUR_UNKNOWN:
	default:
		netlink_neighbour_forget(netlink, bridge, family, address);
		return false;
	}
}

/* The ends of veth pairs stay in this machine; what else is a port (a card, a tap) may lead out. */
bool net_probe_leads_out(const char *bridge)
{
	g_autofree char *path = g_strdup_printf("/sys/class/net/%s/brif", bridge);
	g_autoptr(GDir) ports = g_dir_open(path, 0, NULL);
	const char *port;

	while (ports && (port = g_dir_read_name(ports))) {
		if (!g_str_has_prefix(port, "veth") && !g_str_has_prefix(port, "rlc"))
			return true;
	}
	return false;
}

void net_probe_wait(Netlink *netlink, unsigned bridge, int family, const void *address)
{
	uint8_t mac[6];

	for (int waited = 0; waited < NET_PROBE_WAIT; waited += PROBE_STEP) {
		if (netlink_neighbour_get(netlink, bridge, family, address, mac))
			return;
		g_usleep(PROBE_STEP * 1000);
	}
}
