/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink(7): links, addresses and routes of the calling process's network namespace.
 *
 * Every request asks for an acknowledgement and waits for it, so a function that returned true has
 * taken effect.  Errors are RLC_ERRNO with the kernel's errno and name the object.
 */
#pragma once

#include <glib.h>
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
