/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink_policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/error.h"
#include "kernel/netlink_talk.h"
#include "kernel/nlmsg.h"

bool netlink_rule_add(Netlink *netlink, const NetlinkRule *rule, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
	struct fib_rule_hdr *header = nlmsg_put_header(request, sizeof *header);

	header->family = (uint8_t)rule->family;
	header->action = FR_ACT_TO_TBL;
	nlmsg_put_u32(request, FRA_TABLE, rule->table);
	nlmsg_put_u32(request, FRA_PRIORITY, rule->priority);
	if (rule->tcp)
		nlmsg_put_u8(request, FRA_IP_PROTO, IPPROTO_TCP);
	if (rule->specific)
		nlmsg_put_u32(request, FRA_SUPPRESS_PREFIXLEN, 0);
	if (rule->mark) {
		nlmsg_put_u32(request, FRA_FWMARK, rule->mark);
		nlmsg_put_u32(request, FRA_FWMASK, rule->mark);
	}
	if (rule->input)
		nlmsg_put_string(request, FRA_IIFNAME, rule->input);
	if (rule->first) {
		struct fib_rule_port_range range = {rule->first, rule->last};

		nlmsg_put(request, FRA_SPORT_RANGE, sizeof range, &range);
	}
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "add the routing rule %u", rule->priority);
	return true;
}

static struct nlmsghdr *route_request(Netlink *netlink, uint32_t table, int family)
{
	struct nlmsghdr *request =
		netlink_request(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *route = nlmsg_put_header(request, sizeof *route);

	route->rtm_family = (uint8_t)family;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	nlmsg_put_u32(request, RTA_TABLE, table);
	return request;
}

bool netlink_route_local(Netlink *netlink, uint32_t table, int family, const void *source,
			 GError **error)
{
	struct nlmsghdr *request = route_request(netlink, table, family);
	struct rtmsg *route = nlmsg_header(request);

	route->rtm_type = RTN_LOCAL;
	route->rtm_scope = RT_SCOPE_HOST;
	nlmsg_put_u32(request, RTA_OIF, NETLINK_LOOPBACK);
	nlmsg_put(request, RTA_PREFSRC, netlink_address_size(family), source);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "add a local route to table %u", table);
	return true;
}

bool netlink_route_all(Netlink *netlink, uint32_t table, unsigned index, int family,
		       const void *gateway, GError **error)
{
	struct nlmsghdr *request = route_request(netlink, table, family);

	nlmsg_put_u32(request, RTA_OIF, index);
	nlmsg_put(request, RTA_GATEWAY, netlink_address_size(family), gateway);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "add a default route to table %u", table);
	return true;
}

bool netlink_neighbour_add(Netlink *netlink, unsigned index, int family, const void *address,
			   const uint8_t mac[6], GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWNEIGH, NLM_F_CREATE);
	struct ndmsg *neighbour = nlmsg_put_header(request, sizeof *neighbour);
	char text[INET6_ADDRSTRLEN];

	neighbour->ndm_family = (uint8_t)family;
	neighbour->ndm_ifindex = (int)index;
	neighbour->ndm_state = NUD_PERMANENT;
	nlmsg_put(request, NDA_DST, netlink_address_size(family), address);
	nlmsg_put(request, NDA_LLADDR, 6, mac);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "add the neighbour %s",
				   inet_ntop(family, address, text, sizeof text));
	return true;
}

bool netlink_link_accept_local(Netlink *netlink, unsigned index, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWLINK, 0);
	struct ifinfomsg *link = nlmsg_put_header(request, sizeof *link);
	struct nlattr *families, *inet, *settings;

	link->ifi_index = (int)index;
	families = nlmsg_nest(request, IFLA_AF_SPEC);
	inet = nlmsg_nest(request, AF_INET);
	settings = nlmsg_nest(request, IFLA_INET_CONF);
	nlmsg_put_u32(request, IPV4_DEVCONF_ACCEPT_LOCAL, 1);
	nlmsg_put_u32(request, IPV4_DEVCONF_RP_FILTER, 2);
	nlmsg_nest_end(request, settings);
	nlmsg_nest_end(request, inet);
	nlmsg_nest_end(request, families);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "let link %u take local packets", index);
	return true;
}
