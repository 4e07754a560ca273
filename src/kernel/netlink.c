/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "kernel/netlink_talk.h"
#include "kernel/nlmsg.h"

/* The largest request here is far under 256 bytes, and so is its acknowledgement. */
#define REQUEST_ROOM 1024

/* Answers of a dump come in as many kilobytes as the kernel likes, up to 32. */
#define ANSWER_ROOM 32768

#define DUMP_ATTEMPTS 5

/* A neighbour with an address of the link layer, however old. */
#define NEIGHBOUR_STATES (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct Netlink {
	int fd;
	uint32_t sequence;
	_Alignas(struct nlmsghdr) char buffer[REQUEST_ROOM];
};

Netlink *netlink_open(GError **error)
{
	int fd = nlmsg_open(NETLINK_ROUTE);

	if (fd >= 0)
		return netlink_from_fd(fd);
	error_errno(error, errno, "open an rtnetlink socket");
	return NULL;
}

void netlink_close(Netlink *netlink)
{
	if (!netlink)
		return;
	close(netlink->fd);
	g_free(netlink);
}

int netlink_fd(const Netlink *netlink)
{
	return netlink->fd;
}

int netlink_netns(const Netlink *netlink, GError **error)
{
	int fd = ioctl(netlink_fd(netlink), SIOCGSKNS);

	if (fd < 0)
		error_errno(error, errno, "find the network namespace of a socket");
	return fd; /* closed on exec: the kernel sees to that */
}

Netlink *netlink_from_fd(int fd)
{
	Netlink *netlink = g_new0(Netlink, 1);

	netlink->fd = fd;
	return netlink;
}

struct nlmsghdr *netlink_request(Netlink *netlink, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *header =
		nlmsg_begin(netlink->buffer, type, (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags));

	header->nlmsg_seq = ++netlink->sequence;
	return header;
}

bool netlink_talk(Netlink *netlink, const struct nlmsghdr *request)
{
	return nlmsg_talk(netlink->fd, request, netlink->buffer, REQUEST_ROOM, netlink->sequence,
			  NULL, NULL, NULL);
}

bool netlink_link_up(Netlink *netlink, unsigned index, uint32_t mtu, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWLINK, 0);
	struct ifinfomsg *link = nlmsg_put_header(request, sizeof *link);

	link->ifi_index = (int)index;
	link->ifi_flags = IFF_UP;
	link->ifi_change = IFF_UP;
	if (mtu)
		nlmsg_put_u32(request, IFLA_MTU, mtu);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "bring link %u up with an MTU of %u", index, mtu);
	return true;
}

bool netlink_link_no_addr_gen(Netlink *netlink, unsigned index, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWLINK, 0);
	struct ifinfomsg *link = nlmsg_put_header(request, sizeof *link);
	struct nlattr *families, *inet6;

	link->ifi_index = (int)index;
	families = nlmsg_nest(request, IFLA_AF_SPEC);
	inet6 = nlmsg_nest(request, AF_INET6);
	nlmsg_put_u8(request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	nlmsg_nest_end(request, inet6);
	nlmsg_nest_end(request, families);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "turn address generation of link %u off", index);
	return true;
}

size_t netlink_address_size(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

bool netlink_address_add(Netlink *netlink, unsigned index, int family, const void *address,
			 unsigned prefix, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *add = nlmsg_put_header(request, sizeof *add);
	char text[INET6_ADDRSTRLEN];

	add->ifa_family = (uint8_t)family;
	add->ifa_prefixlen = (uint8_t)prefix;
	add->ifa_flags = IFA_F_NODAD | IFA_F_PERMANENT;
	add->ifa_scope = RT_SCOPE_UNIVERSE;
	add->ifa_index = index;
	nlmsg_put(request, IFA_LOCAL, netlink_address_size(family), address);
	nlmsg_put(request, IFA_ADDRESS, netlink_address_size(family), address);
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
	struct rtmsg *route = nlmsg_put_header(request, sizeof *route);
	char text[INET6_ADDRSTRLEN];

	route->rtm_family = (uint8_t)family;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	nlmsg_put(request, RTA_GATEWAY, netlink_address_size(family), gateway);
	nlmsg_put_u32(request, RTA_OIF, index);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "add a default route through %s",
				   inet_ntop(family, gateway, text, sizeof text));
	return true;
}

/* --- what is there --- */

/*
 * Ask for an answer or a dump of answers, and hand each to take with data. errno on failure.  A
 * dump during which something changed is read to its end.
 */
static bool netlink_ask(Netlink *netlink, struct nlmsghdr *request, NlmsgTake take, void *data,
			bool *ret_interrupted)
{
	g_autofree char *answer = g_malloc(ANSWER_ROOM);

	return nlmsg_talk(netlink->fd, request, answer, ANSWER_ROOM, netlink->sequence, take, data,
			  ret_interrupted);
}

typedef struct {
	const char *what;
	uint16_t type;
	size_t header_size, element_size;
	NlmsgTake take;
	uint8_t family; /* AF_UNSPEC: all */
} Dump;

static bool netlink_dump_once(Netlink *netlink, const Dump *dump, GArray *found,
			      bool *ret_interrupted)
{
	struct nlmsghdr *request = netlink_request(netlink, dump->type, NLM_F_DUMP);

	request->nlmsg_flags &= (uint16_t)~NLM_F_ACK; /* NLMSG_DONE is its end */
	*(uint8_t *)nlmsg_put_header(request, dump->header_size) = dump->family;
	if (dump->type == RTM_GETLINK)
		nlmsg_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	*ret_interrupted = false;
	g_array_set_size(found, 0);
	return netlink_ask(netlink, request, dump->take, found, ret_interrupted);
}

/* Where things change all the time, the last of some attempts has to do. */
static GArray *netlink_dump(Netlink *netlink, const Dump *dump, GError **error)
{
	g_autoptr(GArray) found = g_array_new(FALSE, TRUE, (guint)dump->element_size);
	bool interrupted = true;

	for (int i = 0; i < DUMP_ATTEMPTS && interrupted; i++) {
		if (!netlink_dump_once(netlink, dump, found, &interrupted)) {
			error_errno(error, errno, "list %s", dump->what);
			return NULL;
		}
	}
	return g_steal_pointer(&found);
}

static void take_link_info(const struct nlattr *attr, void *data)
{
	NetlinkLink *link = data;

	if (nlmsg_attr_type(attr) == IFLA_INFO_KIND)
		g_strlcpy(link->kind, nlmsg_attr_string(attr), sizeof link->kind);
}

static void take_link_attribute(const struct nlattr *attr, void *data)
{
	NetlinkLink *link = data;

	switch (nlmsg_attr_type(attr)) {
	case IFLA_IFNAME:
		g_strlcpy(link->name, nlmsg_attr_string(attr), sizeof link->name);
		break;
	case IFLA_MTU:
		link->mtu = nlmsg_attr_u32(attr);
		break;
	case IFLA_MASTER:
		link->master = nlmsg_attr_u32(attr);
		break;
	case IFLA_ADDRESS:
		if (nlmsg_attr_size(attr) == sizeof link->mac)
			memcpy(link->mac, nlmsg_attr_data(attr), sizeof link->mac);
		break;
	case IFLA_LINKINFO:
		nlmsg_attr_each(attr, take_link_info, link);
		break;
	default:
		break;
	}
}

/* Adds to a GArray of NetlinkLink. */
static void take_link(const struct nlmsghdr *answer, void *data)
{
	const struct ifinfomsg *header = nlmsg_header(answer);
	NetlinkLink link = {.index = (unsigned)header->ifi_index, .up = header->ifi_flags & IFF_UP};

	nlmsg_each(answer, sizeof *header, take_link_attribute, &link);
	g_array_append_val((GArray *)data, link);
}

bool netlink_link_get(Netlink *netlink, const char *name, NetlinkLink *ret_link, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_GETLINK, 0);
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(NetlinkLink));
	bool interrupted = false;

	nlmsg_put_header(request, sizeof(struct ifinfomsg));
	nlmsg_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	nlmsg_put_string(request, IFLA_IFNAME, name);
	if (!netlink_ask(netlink, request, take_link, found, &interrupted))
		return error_errno(error, errno, "find link '%s'", name);
	if (found->len == 0)
		return error_errno(error, ENODEV, "find link '%s'", name);
	*ret_link = g_array_index(found, NetlinkLink, 0);
	return true;
}

GArray *netlink_links(Netlink *netlink, GError **error)
{
	static const Dump dump = {.what = "links",
				  .type = RTM_GETLINK,
				  .header_size = sizeof(struct ifinfomsg),
				  .element_size = sizeof(NetlinkLink),
				  .take = take_link};

	return netlink_dump(netlink, &dump, error);
}

/* IPv4 has its own address in IFA_LOCAL, for IFA_ADDRESS is the peer's on a point-to-point link. */
static void take_address_attribute(const struct nlattr *attr, void *data)
{
	NetlinkAddress *address = data;

	if (nlmsg_attr_type(attr) == (address->family == AF_INET ? IFA_LOCAL : IFA_ADDRESS))
		memcpy(&address->address, nlmsg_attr_data(attr),
		       MIN(nlmsg_attr_size(attr), sizeof address->address));
}

/* Adds to a GArray of NetlinkAddress. */
static void take_address(const struct nlmsghdr *answer, void *data)
{
	const struct ifaddrmsg *header = nlmsg_header(answer);
	NetlinkAddress address = {.family = header->ifa_family,
				  .index = header->ifa_index,
				  .prefix = header->ifa_prefixlen,
				  .global = header->ifa_scope < RT_SCOPE_LINK,
				  .permanent = header->ifa_flags & IFA_F_PERMANENT};

	nlmsg_each(answer, sizeof *header, take_address_attribute, &address);
	g_array_append_val((GArray *)data, address);
}

GArray *netlink_addresses(Netlink *netlink, GError **error)
{
	static const Dump dump = {.what = "addresses",
				  .type = RTM_GETADDR,
				  .header_size = sizeof(struct ifaddrmsg),
				  .element_size = sizeof(NetlinkAddress),
				  .take = take_address};

	return netlink_dump(netlink, &dump, error);
}

static void take_route_attribute(const struct nlattr *attr, void *data)
{
	NetlinkRoute *route = data;

	if (nlmsg_attr_type(attr) == RTA_DST)
		memcpy(&route->destination, nlmsg_attr_data(attr),
		       MIN(nlmsg_attr_size(attr), sizeof route->destination));
}

/* Adds to a GArray of NetlinkRoute what is of the main table. */
static void take_route(const struct nlmsghdr *answer, void *data)
{
	const struct rtmsg *header = nlmsg_header(answer);
	NetlinkRoute route = {.family = header->rtm_family, .prefix = header->rtm_dst_len};

	if (header->rtm_table != RT_TABLE_MAIN)
		return;
	nlmsg_each(answer, sizeof *header, take_route_attribute, &route);
	g_array_append_val((GArray *)data, route);
}

GArray *netlink_routes(Netlink *netlink, GError **error)
{
	static const Dump dump = {.what = "routes",
				  .type = RTM_GETROUTE,
				  .header_size = sizeof(struct rtmsg),
				  .element_size = sizeof(NetlinkRoute),
				  .take = take_route};

	return netlink_dump(netlink, &dump, error);
}

/* --- bridges and veth pairs --- */

bool netlink_bridge_add(Netlink *netlink, const char *name, const uint8_t mac[6], GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info;

	nlmsg_put_header(request, sizeof(struct ifinfomsg));
	nlmsg_put_string(request, IFLA_IFNAME, name);
	nlmsg_put(request, IFLA_ADDRESS, 6, mac);
	info = nlmsg_nest(request, IFLA_LINKINFO);
	nlmsg_put_string(request, IFLA_INFO_KIND, "bridge");
	nlmsg_nest_end(request, info);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "make the bridge '%s'", name);
	return true;
}

static void put_peer(struct nlmsghdr *request, const NetlinkVeth *veth)
{
	struct nlattr *peer = nlmsg_nest(request, VETH_INFO_PEER);

	nlmsg_put_header(request, sizeof(struct ifinfomsg));
	nlmsg_put_string(request, IFLA_IFNAME, veth->peer_name);
	nlmsg_put(request, IFLA_ADDRESS, 6, veth->peer_mac);
	nlmsg_put_u32(request, IFLA_MTU, veth->mtu);
	nlmsg_put_u32(request, IFLA_NET_NS_FD, (uint32_t)veth->peer_netns);
	nlmsg_nest_end(request, peer);
}

bool netlink_veth_add(Netlink *netlink, const NetlinkVeth *veth, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct ifinfomsg *link = nlmsg_put_header(request, sizeof *link);
	struct nlattr *info, *data;

	link->ifi_flags = IFF_UP;
	link->ifi_change = IFF_UP;
	nlmsg_put_string(request, IFLA_IFNAME, veth->name);
	nlmsg_put(request, IFLA_ADDRESS, 6, veth->mac);
	nlmsg_put_u32(request, IFLA_MTU, veth->mtu);
	nlmsg_put_u32(request, IFLA_MASTER, veth->master);
	info = nlmsg_nest(request, IFLA_LINKINFO);
	nlmsg_put_string(request, IFLA_INFO_KIND, "veth");
	data = nlmsg_nest(request, IFLA_INFO_DATA);
	put_peer(request, veth);
	nlmsg_nest_end(request, data);
	nlmsg_nest_end(request, info);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "make the veth pair '%s' and '%s'", veth->name,
				   veth->peer_name);
	return true;
}

bool netlink_link_detach(Netlink *netlink, const char *name, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWLINK, 0);
	struct ifinfomsg *link = nlmsg_put_header(request, sizeof *link);

	link->ifi_change = IFF_UP;
	nlmsg_put_string(request, IFLA_IFNAME, name);
	nlmsg_put_u32(request, IFLA_MASTER, 0);
	if (!netlink_talk(netlink, request) && errno != ENODEV)
		return error_errno(error, errno, "take '%s' off its bridge", name);
	return true;
}

bool netlink_link_move(Netlink *netlink, unsigned index, int netns, const char *name,
		       GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_NEWLINK, 0);
	struct ifinfomsg *link = nlmsg_put_header(request, sizeof *link);

	link->ifi_index = (int)index;
	nlmsg_put_u32(request, IFLA_NET_NS_FD, (uint32_t)netns);
	if (name)
		nlmsg_put_string(request, IFLA_IFNAME, name);
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "move link %u to another network namespace",
				   index);
	return true;
}

bool netlink_link_delete(Netlink *netlink, const char *name, GError **error)
{
	struct nlmsghdr *request = netlink_request(netlink, RTM_DELLINK, 0);

	nlmsg_put_header(request, sizeof(struct ifinfomsg));
	nlmsg_put_string(request, IFLA_IFNAME, name);
	if (!netlink_talk(netlink, request) && errno != ENODEV)
		return error_errno(error, errno, "delete link '%s'", name);
	return true;
}

/* --- neighbours --- */

static struct nlmsghdr *neighbour_request(Netlink *netlink, uint16_t type, uint16_t flags,
					  unsigned index, int family, const void *address)
{
	struct nlmsghdr *request = netlink_request(netlink, type, flags);
	struct ndmsg *neighbour = nlmsg_put_header(request, sizeof *neighbour);

	neighbour->ndm_family = (uint8_t)family;
	neighbour->ndm_ifindex = (int)index;
	nlmsg_put(request, NDA_DST, netlink_address_size(family), address);
	return request;
}

bool netlink_neighbour_ask(Netlink *netlink, unsigned index, int family, const void *address,
			   GError **error)
{
	struct nlmsghdr *request =
		neighbour_request(netlink, RTM_NEWNEIGH, NLM_F_CREATE, index, family, address);
	struct ndmsg *neighbour = nlmsg_header(request);
	char text[INET6_ADDRSTRLEN];

	neighbour->ndm_flags = NTF_USE;
	if (!netlink_talk(netlink, request))
		return error_errno(error, errno, "ask who has %s",
				   inet_ntop(family, address, text, sizeof text));
	return true;
}

typedef struct {
	uint16_t state;
	uint8_t mac[6];
} Neighbour;

static void take_neighbour_attribute(const struct nlattr *attr, void *data)
{
	Neighbour *neighbour = data;

	if (nlmsg_attr_type(attr) == NDA_LLADDR)
		memcpy(neighbour->mac, nlmsg_attr_data(attr),
		       MIN(nlmsg_attr_size(attr), sizeof neighbour->mac));
}

static void take_neighbour(const struct nlmsghdr *answer, void *data)
{
	const struct ndmsg *header = nlmsg_header(answer);
	Neighbour *neighbour = data;

	neighbour->state = header->ndm_state;
	nlmsg_each(answer, sizeof *header, take_neighbour_attribute, neighbour);
}

NetlinkNeighbour netlink_neighbour_get(Netlink *netlink, unsigned index, int family,
				       const void *address, uint8_t ret_mac[6])
{
	struct nlmsghdr *request =
		neighbour_request(netlink, RTM_GETNEIGH, 0, index, family, address);
	Neighbour neighbour = {0};
	bool interrupted = false;

	if (!netlink_ask(netlink, request, take_neighbour, &neighbour, &interrupted) ||
	    !(neighbour.state & (NEIGHBOUR_STATES)))
		return NEIGHBOUR_UNKNOWN;
	memcpy(ret_mac, neighbour.mac, sizeof neighbour.mac);
	return neighbour.state & NUD_PERMANENT ? NEIGHBOUR_PERMANENT : NEIGHBOUR_ANSWERED;
}

void netlink_neighbour_forget(Netlink *netlink, unsigned index, int family, const void *address)
{
	struct nlmsghdr *request =
		neighbour_request(netlink, RTM_DELNEIGH, 0, index, family, address);

	if (!netlink_talk(netlink, request) && errno != ENOENT)
		log_debug("netlink: forget a neighbour: %s", g_strerror(errno));
}

/* An entry of a bridge's forwarding table. */
typedef struct {
	unsigned bridge;
	uint8_t mac[6];
} ForwardingEntry;

static void take_forwarding_attribute(const struct nlattr *attr, void *data)
{
	ForwardingEntry *entry = data;

	if (nlmsg_attr_type(attr) == NDA_MASTER)
		entry->bridge = nlmsg_attr_u32(attr);
	else if (nlmsg_attr_type(attr) == NDA_LLADDR)
		memcpy(entry->mac, nlmsg_attr_data(attr),
		       MIN(nlmsg_attr_size(attr), sizeof entry->mac));
}

/* Adds to a GArray of ForwardingEntry. */
static void take_forwarding(const struct nlmsghdr *answer, void *data)
{
	ForwardingEntry entry = {0};

	nlmsg_each(answer, sizeof(struct ndmsg), take_forwarding_attribute, &entry);
	g_array_append_val((GArray *)data, entry);
}

bool netlink_bridge_knows(Netlink *netlink, unsigned bridge, const uint8_t mac[6])
{
	static const Dump dump = {.what = "forwarding entries",
				  .type = RTM_GETNEIGH,
				  .header_size = sizeof(struct ndmsg),
				  .element_size = sizeof(ForwardingEntry),
				  .take = take_forwarding,
				  .family = AF_BRIDGE};
	g_autoptr(GArray) entries = netlink_dump(netlink, &dump, NULL);

	for (guint i = 0; entries && i < entries->len; i++) {
		const ForwardingEntry *entry = &g_array_index(entries, ForwardingEntry, i);

		if (entry->bridge == bridge && memcmp(entry->mac, mac, sizeof entry->mac) == 0)
			return true;
	}
	return false;
}
