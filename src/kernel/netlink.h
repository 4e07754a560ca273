/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink(7): links, addresses and routes of one network namespace: that in which the socket was
 * opened.
 *
 * Every request asks for an acknowledgement and waits for it, so a function that returned true has
 * taken effect.  Errors are RLC_ERRNO with the kernel's errno and name the object.
 */
#pragma once

#include <glib.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Netlink Netlink;

/* A request socket into the current network namespace; NULL on failure. Caller closes. */
Netlink *netlink_open(GError **error);
void netlink_close(Netlink *netlink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Netlink, netlink_close)

/* The loopback interface has this index in every network namespace. */
#define NETLINK_LOOPBACK 1

/* Bring a link up. mtu is in bytes; 0 leaves it. */
bool netlink_link_up(Netlink *netlink, unsigned index, uint32_t mtu, GError **error);

/* Keep the kernel from giving the link an IPv6 link-local address of its own making. */
bool netlink_link_no_addr_gen(Netlink *netlink, unsigned index, GError **error);

/*
 * Give a link an address. family is AF_INET or AF_INET6, address a struct in_addr or in6_addr,
 * prefix in bits.  Duplicate address detection is off: an IPv6 address is usable at once, never
 * tentative.
 */
bool netlink_address_add(Netlink *netlink, unsigned index, int family, const void *address,
			 unsigned prefix, GError **error);

/* Route everything else of this family through the gateway. */
bool netlink_route_default(Netlink *netlink, unsigned index, int family, const void *gateway,
			   GError **error);

/* A link, as the kernel describes it. */
typedef struct {
	unsigned index;
	unsigned master; /* index of the bridge that it is a port of; 0: none */
	bool up;	 /* by its administrator */
	uint32_t mtu;
	uint8_t mac[6];
	char name[IFNAMSIZ];
	char kind[16]; /* "bridge", "veth", …; "" for hardware */
} NetlinkLink;

/* An address of a link. */
typedef struct {
	int family;
	unsigned index, prefix;
	bool global;	/* scope: neither link-local nor host */
	bool permanent; /* set by an administrator, without an end */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} address;
} NetlinkAddress;

/* A destination of the main routing table; prefix 0 is the default route. */
typedef struct {
	int family;
	unsigned prefix;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} destination;
} NetlinkRoute;

/* The socket, still the Netlink's. It keeps its network namespace wherever it is sent. */
int netlink_fd(const Netlink *netlink);

/* A descriptor of the network namespace that the socket is in, the caller's; -1 on failure. */
int netlink_netns(const Netlink *netlink, GError **error);

/* Take over a socket that another process made by netlink_open(). */
Netlink *netlink_from_fd(int fd);

/* Look a link up by its name; RLC_ERRNO ENODEV when there is none. */
bool netlink_link_get(Netlink *netlink, const char *name, NetlinkLink *ret_link, GError **error);

/* All links: NetlinkLink. Caller unrefs. NULL on failure. */
GArray *netlink_links(Netlink *netlink, GError **error);

/* All addresses: NetlinkAddress. Caller unrefs. NULL on failure. */
GArray *netlink_addresses(Netlink *netlink, GError **error);

/* All routes of the main table: NetlinkRoute. Caller unrefs. NULL on failure. */
GArray *netlink_routes(Netlink *netlink, GError **error);

/* Make a bridge with this MAC, which its ports then do not change. */
bool netlink_bridge_add(Netlink *netlink, const char *name, const uint8_t mac[6], GError **error);

typedef struct {
	const char *name;      /* of the end that stays here */
	const char *peer_name; /* of the end in the other network namespace */
	const uint8_t *mac, *peer_mac;
	uint32_t mtu;
	unsigned master; /* the bridge that the end here becomes a port of */
	int peer_netns;	 /* descriptor of the other network namespace */
} NetlinkVeth;

/* Make a veth pair: one end here, up and a port of the bridge; the other there, down. veth(4) */
bool netlink_veth_add(Netlink *netlink, const NetlinkVeth *veth, GError **error);

/* Take a port off its bridge and bring it down. A link that does not exist is no error. */
bool netlink_link_detach(Netlink *netlink, const char *name, GError **error);

/* Move a link to another network namespace, where it is called name; NULL: as it is here. */
bool netlink_link_move(Netlink *netlink, unsigned index, int netns, const char *name,
		       GError **error);

/* Delete a link, with a veth's other end. A link that does not exist is no error. */
bool netlink_link_delete(Netlink *netlink, const char *name, GError **error);

/* What the kernel knows of a neighbour: arp(7). */
typedef enum {
	NEIGHBOUR_UNKNOWN,   /* nothing, or no answer (yet) */
	NEIGHBOUR_ANSWERED,  /* it answered just now, or was seen before */
	NEIGHBOUR_PERMANENT, /* an administrator wrote it down */
} NetlinkNeighbour;

/* Have the kernel ask on this link who has the address (ARP, or NDP for AF_INET6); waits not. */
bool netlink_neighbour_ask(Netlink *netlink, unsigned index, int family, const void *address,
			   GError **error);

/* What is known of the neighbour with this address; ret_mac is set if it is not unknown. */
NetlinkNeighbour netlink_neighbour_get(Netlink *netlink, unsigned index, int family,
				       const void *address, uint8_t ret_mac[6]);

/* Does a bridge know of a host with this MAC at one of its ports? */
bool netlink_bridge_knows(Netlink *netlink, unsigned bridge, const uint8_t mac[6]);

/* Forget the neighbour; it is no error if it is not known. */
void netlink_neighbour_forget(Netlink *netlink, unsigned index, int family, const void *address);
