/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * libslirp speaks TCP with the payload packet by packet.  On the lane the container's own kernel
 * does, on its loopback, and only the first packet of a connection comes to the net process, which
 * decides:
 *
 *     payload                      container's kernel                 net process          world
 *     connect(2) ─► SYN ─► lo ──► mark ─► tap ────────────────────► gate ─► connect(2) ──► SYN
 *                                                  refused: RST  ◄──  │  ◄──────────────── RST
 *                                                     SYN, back  ◄────┴───◄──────────── SYN|ACK
 *                   ┌─ SYN|ACK ◄─ listening socket ◄─ tproxy ◄─ tap
 *     connected ◄───┘                    └──────── accept(2) ──────► both sockets: net_splice.h
 *     send(2) ─► lo ─► the accepted socket ────────────────────────► splice(2) ──────────► data
 *
 * So a destination that refuses, is unreachable or says nothing looks so to the payload; what is
 * forbidden is judged by the gate, by the same packet that libslirp would have got; and when the
 * net process does not want a connection, it has not happened yet.
 *
 * The kernel does this by
 *
 *   - a table in which all of the world is local (AnyIP), and a rule that sends there what TCP
 * sends from here: but not where the main table knows better than its default route (the
 * container's own network, what the payload added);
 *   - a rule of nftables that marks the SYN of such a connection, and a table for what is marked:
 * to a neighbour on the tap that nobody is, by whose MAC the net process knows the lane's packets;
 *   - a rule of nftables that hands what comes back from that MAC to a listening socket, whatever
 *     its destination: tproxy.  The socket's own address is one that no payload can reach, and its
 *     port, 1 (tcpmux), the only thing that is no longer free inside.
 *
 * Inward, by published ports, the net process wants a socket of the container's that connects, in
 * the peer's name, to the payload.  It may make none in there, but who accepts a connection has
 * made one: so init leaves it a listening socket (mint) and one to connect to it (seed), whose mark
 * has a rule of its own; net_inward.c has the picture.  What leaves a published port goes by the
 * lane, to the gateway as well, for peers may be there.
 *
 * Everything is in place before the rules that lead there, so a kernel that refuses half of it
 * leaves the lane closed.  A payload that may change its own network (CAP_NET_ADMIN) could flush
 * the rules with a firewall of its own, and has no lane unless it was asked for.
 */
#include "feature/net_lane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "feature/net.h"
#include "kernel/netlink_policy.h"
#include "kernel/nft_batch.h"

#define TABLE	   "rlc-lane"
#define TABLE_LANE 0x726c6301 /* all is local */
#define TABLE_TAP  0x726c6302 /* all goes to the net process */
#define MARK	   0x08000000
#define MARK_MINT  0x04000000
#define PORT	   1
#define MANGLE	   (-150) /* NF_IP_PRI_MANGLE */
#define BACKLOG	   4096
#define NET_LANES_NONE                                                                             \
	{                                                                                          \
		{-1, -1, -1},                                                                      \
		{                                                                                  \
			-1, -1, -1                                                                 \
		}                                                                                  \
	}
#define UNSENT_MAX (128 << 10) /* more has left the processor's cache when the payload reads it */
#define HOST_LANE  4	       /* of the network, next to the gateway and the name server */

/* Before the rule of the main table, 32766, and behind those that a payload adds (ip-rule(8)). */
enum {
	PRIORITY_MINT = 32749,
	PRIORITY_MARKED,
	PRIORITY_PUBLISHED,
	PRIORITY_SPECIFIC, /* where the main table knows a way */
	PRIORITY_BACK,
	PRIORITY_LANE,
};

#define TCP_FLAGS_AT 13
#define TCP_OPENING  (TH_FIN | TH_SYN | TH_RST | TH_ACK)

/* Of one family: what the kernel is told. */
typedef struct {
	int family;
	const void *address; /* of the container */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} gateway, listen, mint;
} Lane;

void net_lane_plan(const Spec *spec, NetPlan *net)
{
	uint64_t admin = (uint64_t)1 << CAP_NET_ADMIN;

	net->lane = spec->rlc.network.lane;
	if (net->lane == NET_LANE_AUTO && spec->process.capabilities.bounding & admin)
		net->lane = NET_LANE_OFF;
}

/* --- init --- */

static bool publishes(const NetPlan *net)
{
	for (guint i = 0; net->publish && i < net->publish->len; i++)
		if (g_array_index(net->publish, PublishPlan, i).protocol == IPPROTO_TCP)
			return true;
	return false;
}

/* 192.0.0.8, 192.0.0.9 and 100::/64 are nobody's to this host, by RFC 7600, 7723 and 6666. */
static Lane lane_of(const NetPlan *net, int family)
{
	Lane lane = {.family = family};

	if (family == AF_INET) {
		lane.address = &net->address;
		lane.gateway.v4.s_addr = net->network.s_addr | htonl(HOST_LANE);
		inet_pton(AF_INET, "192.0.0.8", &lane.listen.v4);
		inet_pton(AF_INET, "192.0.0.9", &lane.mint.v4);
	} else {
		lane.address = &net->address6;
		lane.gateway.v6 = net->network6;
		lane.gateway.v6.s6_addr[15] = HOST_LANE;
		inet_pton(AF_INET6, "100::8", &lane.listen.v6);
		inet_pton(AF_INET6, "100::9", &lane.mint.v6);
	}
	return lane;
}

static void add_tproxy(NftBatch *batch, unsigned index, const Lane *lane)
{
	int family = lane->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;

	nft_batch_rule(batch, "back");
	nft_batch_meta32(batch, NFT_META_IIF, index);
	nft_batch_payload(batch, NFT_PAYLOAD_LL_HEADER, ETH_ALEN, NET_LANE_MAC, ETH_ALEN);
	nft_batch_meta8(batch, NFT_META_NFPROTO, (uint8_t)family);
	nft_batch_meta8(batch, NFT_META_L4PROTO, IPPROTO_TCP);
	nft_batch_tproxy(batch, family, &lane->listen, PORT);
}

static bool add_packet_rules(unsigned index, const Lane *lane4, const Lane *lane6, GError **error)
{
	NftBatch *batch = nft_batch_new(NFPROTO_INET, TABLE);

	nft_batch_chain(batch, "begin", "route", NF_INET_LOCAL_OUT, MANGLE);
	nft_batch_chain(batch, "back", "filter", NF_INET_PRE_ROUTING, MANGLE);
	nft_batch_rule(batch, "begin");
	nft_batch_meta32(batch, NFT_META_OIF, NETLINK_LOOPBACK);
	nft_batch_meta8(batch, NFT_META_L4PROTO, IPPROTO_TCP);
	nft_batch_payload_masked(batch, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_AT, TCP_OPENING,
				 TH_SYN);
	nft_batch_mark(batch, MARK);
	add_tproxy(batch, index, lane4);
	if (lane6)
		add_tproxy(batch, index, lane6);
	return nft_batch_send(batch, error);
}

static bool set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* One that may speak for any address. What is accepted inherits the options. */
static int open_socket(const Lane *lane, int mark, GError **error)
{
	bool is_v4 = lane->family == AF_INET;
	auto_fd fd = socket(lane->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 ||
	    !set_option(fd, is_v4 ? SOL_IP : SOL_IPV6, is_v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT,
			1) ||
	    !set_option(fd, SOL_TCP, TCP_NODELAY, 1) ||
	    !set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1) ||
	    !set_option(fd, SOL_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX) ||
	    (mark && (!set_option(fd, SOL_SOCKET, SO_MARK, mark) ||
		      !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)))) {
		error_errno(error, errno, "make a socket for the express lane");
		return -1;
	}
	return fd_steal(&fd);
}

static int listen_inside(const Lane *lane, const void *address, int mark, GError **error)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	bool is_v4 = lane->family == AF_INET;
	auto_fd fd = open_socket(lane, mark, error);

	if (fd < 0)
		return -1;
	if (is_v4)
		memcpy(&v4.sin_addr, address, sizeof v4.sin_addr);
	else
		memcpy(&v6.sin6_addr, address, sizeof v6.sin6_addr);
	if (bind(fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
		 is_v4 ? sizeof v4 : sizeof v6) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		error_errno(error, errno, "listen for the express lane");
		return -1;
	}
	return fd_steal(&fd);
}

static bool open_sockets(const NetPlan *net, const Lane *lane, NetLaneSockets *sockets,
			 GError **error)
{
	sockets->listener = listen_inside(lane, &lane->listen, 0, error);
	if (sockets->listener < 0 || !publishes(net))
		return sockets->listener >= 0;
	sockets->mint = listen_inside(lane, &lane->mint, MARK_MINT, error);
	if (sockets->mint >= 0)
		sockets->seed = open_socket(lane, MARK_MINT, error);
	return sockets->seed >= 0;
}

static bool add_published(const NetPlan *net, Netlink *netlink, int family, GError **error)
{
	NetlinkRule rule = {
		.family = family, .priority = PRIORITY_PUBLISHED, .table = TABLE_LANE, .tcp = true};

	for (guint i = 0; net->publish && i < net->publish->len; i++) {
		const PublishPlan *publish = &g_array_index(net->publish, PublishPlan, i);

		if (publish->protocol != IPPROTO_TCP || publish->port == rule.last)
			continue;
		if (rule.last && publish->port == rule.last + 1) {
			rule.last++;
			continue;
		}
		if (rule.last && !netlink_rule_add(netlink, &rule, error))
			return false;
		rule.first = rule.last = publish->port;
	}
	return !rule.last || netlink_rule_add(netlink, &rule, error);
}

static bool add_routes(const NetPlan *net, Netlink *netlink, unsigned index, const Lane *lane,
		       GError **error)
{
	const NetlinkRule mint = {.family = lane->family,
				  .priority = PRIORITY_MINT,
				  .table = TABLE_LANE,
				  .mark = MARK_MINT};
	const NetlinkRule specific = {.family = lane->family,
				      .priority = PRIORITY_SPECIFIC,
				      .table = RT_TABLE_MAIN,
				      .tcp = true,
				      .specific = true};
	const NetlinkRule marked = {.family = lane->family,
				    .priority = PRIORITY_MARKED,
				    .table = TABLE_TAP,
				    .mark = MARK};
	const NetlinkRule back = {.family = lane->family,
				  .priority = PRIORITY_BACK,
				  .table = TABLE_LANE,
				  .tcp = true,
				  .input = NET_TAP};
	const NetlinkRule begin = {.family = lane->family,
				   .priority = PRIORITY_LANE,
				   .table = TABLE_LANE,
				   .tcp = true,
				   .input = "lo"};

	return netlink_neighbour_add(netlink, index, lane->family, &lane->gateway,
				     (const uint8_t *)NET_LANE_MAC, error) &&
	       netlink_route_all(netlink, TABLE_TAP, index, lane->family, &lane->gateway, error) &&
	       netlink_route_local(netlink, TABLE_LANE, lane->family, lane->address, error) &&
	       (!publishes(net) || netlink_rule_add(netlink, &mint, error)) &&
	       netlink_rule_add(netlink, &marked, error) &&
	       add_published(net, netlink, lane->family, error) &&
	       netlink_rule_add(netlink, &specific, error) &&
	       netlink_rule_add(netlink, &back, error) && netlink_rule_add(netlink, &begin, error);
}

static void close_sockets(NetLaneSockets *sockets)
{
	fd_close(&sockets->listener);
	fd_close(&sockets->mint);
	fd_close(&sockets->seed);
}

/* A lane is open from here on, or has no sockets. */
static bool open_lane(const NetPlan *net, Netlink *netlink, unsigned index, const Lane *lane,
		      NetLaneSockets *sockets, GError **error)
{
	if (open_sockets(net, lane, sockets, error) && add_routes(net, netlink, index, lane, error))
		return true;
	close_sockets(sockets);
	return false;
}

static bool open_lanes(const NetPlan *net, Netlink *netlink, unsigned index, NetLanes *lanes,
		       GError **error)
{
	Lane lane4 = lane_of(net, AF_INET), lane6 = lane_of(net, AF_INET6);

	return add_packet_rules(index, &lane4, net->ipv6 ? &lane6 : NULL, error) &&
	       netlink_link_accept_local(netlink, index, error) &&
	       open_lane(net, netlink, index, &lane4, &lanes->ipv4, error) &&
	       (!net->ipv6 || open_lane(net, netlink, index, &lane6, &lanes->ipv6, error));
}

static bool send_sockets(const NetPlan *net, Sync *sync, const NetLaneSockets *sockets,
			 GError **error)
{
	return sync_send(sync, SYNC_LANE, sockets->listener, error) &&
	       (!publishes(net) || (sync_send(sync, SYNC_LANE, sockets->mint, error) &&
				    sync_send(sync, SYNC_LANE, sockets->seed, error)));
}

static bool send_lanes(const NetPlan *net, Sync *sync, const NetLanes *lanes, GError **error)
{
	return send_sockets(net, sync, &lanes->ipv4, error) &&
	       (!net->ipv6 || send_sockets(net, sync, &lanes->ipv6, error));
}

static void close_lanes(NetLanes *lanes)
{
	close_sockets(&lanes->ipv4);
	close_sockets(&lanes->ipv6);
}

bool net_lane_child(Container *container, Netlink *netlink, unsigned index, GError **error)
{
	const NetPlan *net = &container->plan->net;
	g_autoptr(GError) problem = NULL;
	NetLanes lanes = NET_LANES_NONE;
	bool ok;

	if (net->lane == NET_LANE_OFF)
		return true;
	ok = open_lanes(net, netlink, index, &lanes, &problem);
	if (!ok && net->lane == NET_LANE_EXPRESS) {
		close_lanes(&lanes);
		g_propagate_prefixed_error(error, g_steal_pointer(&problem), "lane=express: ");
		return false;
	}
	if (!ok)
		log_debug("network: no express lane: %s", problem->message);
	ok = send_lanes(net, container->sync, &lanes, error);
	close_lanes(&lanes);
	return ok;
}

/* --- on the way to the net process --- */

static bool take_sockets(const NetPlan *net, Sync *control, NetLaneSockets *sockets, GError **error)
{
	return sync_expect_any(control, SYNC_LANE, &sockets->listener, error) &&
	       (!publishes(net) || (sync_expect_any(control, SYNC_LANE, &sockets->mint, error) &&
				    sync_expect_any(control, SYNC_LANE, &sockets->seed, error)));
}

bool net_lane_take(const NetPlan *net, Sync *control, NetLanes *ret_lanes, GError **error)
{
	*ret_lanes = (NetLanes)NET_LANES_NONE;
	if (net->lane == NET_LANE_OFF)
		return true;
	if (take_sockets(net, control, &ret_lanes->ipv4, error) &&
	    (!net->ipv6 || take_sockets(net, control, &ret_lanes->ipv6, error)))
		return true;
	close_lanes(ret_lanes);
	return false;
}

bool net_lane_parent(const Container *container, Sync *control, GError **error)
{
	const NetPlan *net = &container->plan->net;
	NetLanes lanes;
	bool ok;

	if (net->lane == NET_LANE_OFF)
		return true;
	if (!net_lane_take(net, container->sync, &lanes, error))
		return false;
	ok = send_lanes(net, control, &lanes, error);
	close_lanes(&lanes);
	return ok;
}

void net_lane_explain(const NetPlan *net, GString *script)
{
	if (net->lane == NET_LANE_OFF)
		return;
	g_string_append(script,
			"# The express lane, where the kernel can: TCP to the world and from "
			"published ports ends in\n"
			"# the container's own kernel (ip rule ipproto tcp, a table with local "
			"default dev lo,\n"
			"# nftables tproxy to a listening socket), and the net process splices it "
			"to sockets of the\n"
			"# host. slirp4netns has none.\n");
}
