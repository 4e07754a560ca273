/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy routing over rtnetlink: tables beside the main one, and the rules that lead to them.
 * ip-rule(8), ip-route(8).  Errors are as in netlink.h.
 */
#pragma once

#include "kernel/netlink.h"

/* One rule; what is 0 or NULL is not asked for. */
typedef struct {
	int family;
	uint32_t priority, table;
	bool tcp;
	bool specific;	      /* a default route of that table does not count */
	uint32_t mark;	      /* these bits are set in the packet's mark */
	const char *input;    /* came in by this interface; "lo": made here */
	uint16_t first, last; /* the source port is in this range */
} NetlinkRule;

bool netlink_rule_add(Netlink *netlink, const NetlinkRule *rule, GError **error);

/* In this table every address is this machine's own, and who connects there is source. */
bool netlink_route_local(Netlink *netlink, uint32_t table, int family, const void *source,
			 GError **error);

/* In this table all goes to gateway, on the link with this index. */
bool netlink_route_all(Netlink *netlink, uint32_t table, unsigned index, int family,
		       const void *gateway, GError **error);

/* Know for good which MAC an address of the link has. */
bool netlink_neighbour_add(Netlink *netlink, unsigned index, int family, const void *address,
			   const uint8_t mac[6], GError **error);

/*
 * Take IPv4 packets from the link that claim to be from this machine itself (accept_local), and
 * such as would be answered by another link (rp_filter 2, whatever the host's default is).
 */
bool netlink_link_accept_local(Netlink *netlink, unsigned index, GError **error);
