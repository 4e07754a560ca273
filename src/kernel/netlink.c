/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"

/* The largest request here is far under 256 bytes, and so is its acknowledgement. */
#define REQUEST_ROOM 1024

struct Netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
	char buffer[REQUEST_ROOM];
};

Netlink *netlink_open(GError **error)
{
	g_autoptr(Netlink) netlink = g_new0(Netlink, 1);

	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		error_errno(error, errno, "open an rtnetlink socket");
		return NULL;
	}
	return g_steal_pointer(&netlink);
}

void netlink_close(Netlink *netlink)
{
	if (!netlink)
		return;
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	g_free(netlink);
}

static struct nlmsghdr *netlink_request(Netlink *netlink, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(netlink->buffer);

	header->nlmsg_type = type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	header->nlmsg_seq = ++netlink->sequence;
	return header;
}

/* Send the request and wait for its acknowledgement; errno tells what the kernel had against it. */
static bool netlink_talk(Netlink *netlink, const struct nlmsghdr *request)
{
	unsigned port = mnl_socket_get_portid(netlink->socket);
	ssize_t n;

	if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		return false;
	do {
		n = TEMP_FAILURE_RETRY(
			mnl_socket_recvfrom(netlink->socket, netlink->buffer, REQUEST_ROOM));
		if (n < 0)
			return false;
		n = mnl_cb_run(netlink->buffer, (size_t)n, netlink->sequence, port, NULL, NULL);
	} while (n > 0);
	return n == 0;
}

bool netlink_link_up(Netlink *netlink, unsigned index, uint32_t mtu, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof *link);

	link->ifi_index = (int)index;
	link->ifi_flags = IFF_UP;
	link->ifi_change = IFF_UP;
	if (mtu)
		mnl_attr_put_u32(request, IFLA_MTU, mtu);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "bring link %u up with an MTU of %u", index, mtu);
	return true;
}

bool netlink_link_no_addr_gen(Netlink *netlink, unsigned index, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof *link);
	struct nlattr *families, *inet6;

	link->ifi_index = (int)index;
	families = mnl_attr_nest_start(request, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(request, AF_INET6);
	mnl_attr_put_u8(request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(request, inet6);
	mnl_attr_nest_end(request, families);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "turn address generation of link %u off", index);
	return true;
}

static size_t address_size(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

bool netlink_address_add(Netlink *netlink, unsigned index, int family, const void *address,
			 unsigned prefix, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *add = mnl_nlmsg_put_extra_header(request, sizeof *add);
	char text[INET6_ADDRSTRLEN];

	add->ifa_family = (uint8_t)family;
	add->ifa_prefixlen = (uint8_t)prefix;
	add->ifa_flags = IFA_F_NODAD | IFA_F_PERMANENT;
	add->ifa_scope = RT_SCOPE_UNIVERSE;
	add->ifa_index = index;
	mnl_attr_put(request, IFA_LOCAL, address_size(family), address);
	mnl_attr_put(request, IFA_ADDRESS, address_size(family), address);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "add address %s/%u",
				   inet_ntop(family, address, text, sizeof text), prefix);
	return true;
}

bool netlink_route_default(Netlink *netlink, unsigned index, int family, const void *gateway,
			   GError **error)
{
	struct nlmsghdr *request =
		netlink_request(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof *route);
	char text[INET6_ADDRSTRLEN];

	route->rtm_family = (uint8_t)family;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put(request, RTA_GATEWAY, address_size(family), gateway);
	mnl_attr_put_u32(request, RTA_OIF, index);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "add a default route through %s",
				   inet_ntop(family, gateway, text, sizeof text));
	return true;
}
