/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: to move a device it takes CAP_NET_ADMIN on both sides, so the runtime does
 * it, with a socket that init made inside.  A device that goes loses its addresses, which are read
 * before.  The kernel may give it another index and, from a template, any name; it is the link that
 * was not inside before.
 */
#include "feature/net_devices.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/netlink.h"
#include "kernel/sync.h"

static const GArray *devices_of(const Container *container)
{
	return container->plan->spec->linux_.net_devices;
}

bool net_devices_child(Container *container, GError **error)
{
	g_autoptr(Netlink) netlink = NULL;

	if (devices_of(container)->len == 0)
		return true;
	netlink = netlink_open(error);
	return netlink && sync_send(container->sync, SYNC_NETLINK, netlink_fd(netlink), error);
}

static bool has_index(const GArray *links, unsigned index)
{
	for (guint i = 0; i < links->len; i++) {
		if (g_array_index(links, NetlinkLink, i).index == index)
			return true;
	}
	return false;
}

static bool has_name(const GArray *links, const char *name)
{
	for (guint i = 0; i < links->len; i++) {
		if (strcmp(g_array_index(links, NetlinkLink, i).name, name) == 0)
			return true;
	}
	return false;
}

static unsigned find_new(Netlink *inside, const GArray *before, GError **error)
{
	g_autoptr(GArray) links = netlink_links(inside, error);

	for (guint i = 0; links && i < links->len; i++) {
		unsigned index = g_array_index(links, NetlinkLink, i).index;

		if (!has_index(before, index))
			return index;
	}
	if (links)
		error_set(error, RLC_ERROR_FAILED, "it is not there after its move");
	return 0;
}

static bool give_addresses(Netlink *inside, unsigned index, const GArray *addresses, unsigned was,
			   GError **error)
{
	for (guint i = 0; i < addresses->len; i++) {
		const NetlinkAddress *address = &g_array_index(addresses, NetlinkAddress, i);

		if (address->index == was && address->global && address->permanent &&
		    !netlink_address_add(inside, index, address->family, &address->address,
					 address->prefix, error))
			return false;
	}
	return true;
}

static bool move(Netlink *outside, Netlink *inside, const SpecNetDevice *device, GError **error)
{
	const char *name = device->inside && *device->inside ? device->inside : device->name;
	g_autoptr(GArray) before = netlink_links(inside, error), addresses = NULL;
	auto_fd netns = -1;
	NetlinkLink link;
	unsigned index;

	if (!before || !netlink_link_get(outside, device->name, &link, error))
		return false;
	if (has_name(before, name)) /* the kernel would move it first, and rename it then */
		return error_set(error, RLC_ERROR_EXISTS, "the container has a device '%s' already",
				 name);
	addresses = netlink_addresses(outside, error);
	netns = addresses ? netlink_netns(inside, error) : -1;
	if (netns < 0 || !netlink_link_move(outside, link.index, netns, name, error))
		return false;
	index = find_new(inside, before, error);
	return index && netlink_link_up(inside, index, 0, error) &&
	       give_addresses(inside, index, addresses, link.index, error);
}

bool net_devices_parent(Container *container, GError **error)
{
	const GArray *devices = devices_of(container);
	g_autoptr(Netlink) outside = NULL, inside = NULL;
	int fd = -1;

	if (devices->len == 0)
		return true;
	if (!sync_expect(container->sync, SYNC_NETLINK, &fd, error))
		return false;
	inside = netlink_from_fd(fd);
	outside = inside ? netlink_open(error) : NULL;
	for (guint i = 0; outside && i < devices->len; i++) {
		const SpecNetDevice *device = &g_array_index(devices, SpecNetDevice, i);

		if (move(outside, inside, device, error))
			continue;
		error_prefix(error, "network device '%s': ", device->name);
		return false;
	}
	return outside != NULL;
}
