/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_list.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "feature/net_made.h"
#include "kernel/netlink.h"

static void member_free(void *data)
{
	NetMember *member = data;

	g_free(member->id);
	net_record_clear(&member->record);
	g_free(member);
}

static void entry_free(void *data)
{
	NetEntry *entry = data;

	g_free(entry->name);
	g_free(entry->subnet);
	g_free(entry->gateway);
	g_free(entry->subnet6);
	g_free(entry->gateway6);
	g_ptr_array_unref(entry->members);
	g_free(entry);
}

/* The network that an address of a bridge lies in: its bits behind the prefix are cleared. */
static char *subnet_text(const NetlinkAddress *address)
{
	NetlinkAddress network = *address;
	unsigned size = address->family == AF_INET ? 4 : 16;
	uint8_t *bytes = (uint8_t *)&network.address;
	char text[INET6_ADDRSTRLEN];

	for (unsigned bit = address->prefix; bit < size * 8; bit++)
		bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	inet_ntop(address->family, bytes, text, sizeof text);
	return g_strdup_printf("%s/%u", text, address->prefix);
}

static void take_address(NetEntry *entry, const NetlinkAddress *address)
{
	char **subnet = address->family == AF_INET ? &entry->subnet : &entry->subnet6;
	char **gateway = address->family == AF_INET ? &entry->gateway : &entry->gateway6;
	char text[INET6_ADDRSTRLEN];

	if (*subnet || !address->global)
		return;
	*subnet = subnet_text(address);
	*gateway = g_strdup(inet_ntop(address->family, &address->address, text, sizeof text));
}

static gint compare_members(gconstpointer a, gconstpointer b)
{
	const NetMember *const *one = a, *const *other = b;
	struct in_addr first = {0}, second = {0};

	inet_pton(AF_INET, (*one)->record.address, &first);
	inet_pton(AF_INET, (*other)->record.address, &second);
	return ntohl(first.s_addr) < ntohl(second.s_addr) ? -1 : 1;
}

/* Whoever is entered on the bridge and still has a record of it. */
static void add_members(NetEntry *entry, const char *state_root)
{
	g_autofree char *key = net_lease_key(entry->name);
	g_auto(GStrv) ids = net_lease_holders(state_root, key);

	for (char **id = ids; *id; id++) {
		g_autofree char *path = g_build_filename(state_root, "containers", *id, NULL);
		auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		NetMember *member = g_new0(NetMember, 1);

		member->id = g_strdup(*id);
		if (dir >= 0 && net_record_read(dir, &member->record))
			g_ptr_array_add(entry->members, member);
		else
			member_free(member);
	}
	g_ptr_array_sort(entry->members, compare_members);
}

static NetEntry *make_entry(const NetlinkLink *link, const GArray *addresses,
			    const char *state_root)
{
	NetEntry *entry = g_new0(NetEntry, 1);

	entry->name = g_strdup(link->name);
	entry->ours = strcmp(link->name, NET_MADE_BRIDGE) == 0;
	entry->members = g_ptr_array_new_with_free_func(member_free);
	for (guint i = 0; i < addresses->len; i++) {
		const NetlinkAddress *address = &g_array_index(addresses, NetlinkAddress, i);

		if (address->index == link->index)
			take_address(entry, address);
	}
	add_members(entry, state_root);
	return entry;
}

static gint compare_entries(gconstpointer a, gconstpointer b)
{
	const NetEntry *const *one = a, *const *other = b;

	return strcmp((*one)->name, (*other)->name);
}

GPtrArray *net_list(const char *state_root, GError **error)
{
	g_autoptr(Netlink) netlink = netlink_open(error);
	g_autoptr(GArray) links = netlink ? netlink_links(netlink, error) : NULL;
	g_autoptr(GArray) addresses = links ? netlink_addresses(netlink, error) : NULL;
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);

	if (!addresses)
		return NULL;
	for (guint i = 0; i < links->len; i++) {
		const NetlinkLink *link = &g_array_index(links, NetlinkLink, i);
		NetEntry *entry;

		if (strcmp(link->kind, "bridge") != 0)
			continue;
		entry = make_entry(link, addresses, state_root);
		if (entry->subnet)
			g_ptr_array_add(entries, entry);
		else
			entry_free(entry);
	}
	g_ptr_array_sort(entries, compare_entries);
	return g_steal_pointer(&entries);
}
