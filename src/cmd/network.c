/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cmd/listing.h"
#include "cmd/options.h"
#include "container/state.h"
#include "container/state_sweep.h"
#include "feature/net_list.h"

static const ListingColumn columns[] = {
	{"Name", "NAME"},     {"Driver", NULL},	      {"Ours", NULL},	  {"Subnet", "SUBNET"},
	{"Gateway", NULL},    {"Subnet6", "SUBNET6"}, {"Gateway6", NULL}, {"Members", "CONTAINERS"},
	{"Containers", NULL}, {NULL, NULL},
};

/* The record has "-" for what there is not. */
static void put_address(Json *json, const char *name, const char *address)
{
	json_string(json, name, g_strcmp0(address, "-") == 0 ? NULL : address);
}

static void put_member(Json *json, const NetMember *member)
{
	json_open(json, NULL, '{');
	json_string(json, "ID", member->id);
	put_address(json, "Name", member->record.name);
	put_address(json, "IPv4", member->record.address);
	put_address(json, "IPv6", member->record.address6);
	put_address(json, "Mac", member->record.mac);
	json_close(json, '}');
}

static void put_entry(Json *json, const NetEntry *entry)
{
	json_string(json, "Name", entry->name);
	json_string(json, "Driver", "bridge");
	json_bool(json, "Ours", entry->ours);
	json_string(json, "Subnet", entry->subnet);
	json_string(json, "Gateway", entry->gateway);
	json_string(json, "Subnet6", entry->subnet6);
	json_string(json, "Gateway6", entry->gateway6);
	json_number(json, "Members", entry->members->len);
	json_open(json, "Containers", '[');
	for (guint i = 0; i < entry->members->len; i++)
		put_member(json, entry->members->pdata[i]);
	json_close(json, ']');
}

static bool print(Listing *listing, const GPtrArray *entries, GError **error)
{
	for (guint i = 0; i < entries->len; i++) {
		put_entry(listing_begin(listing), entries->pdata[i]);
		listing_end(listing);
	}
	return listing_print(listing, error);
}

/* Of the bridges that there are, those that were named; all of them must exist. */
static GPtrArray *select_named(GPtrArray *entries, char *const *names, GError **error)
{
	g_autoptr(GPtrArray) named = g_ptr_array_new();

	for (; *names; names++) {
		guint before = named->len;

		for (guint i = 0; i < entries->len; i++) {
			const NetEntry *entry = entries->pdata[i];

			if (strcmp(entry->name, *names) == 0)
				g_ptr_array_add(named, entries->pdata[i]);
		}
		if (named->len == before) {
			error_set(error, RLC_ERROR_NOT_FOUND,
				  "find network '%s': there is no such bridge with an IPv4 address",
				  *names);
			return NULL;
		}
	}
	return g_steal_pointer(&named);
}

static bool list(const char *format, GError **error)
{
	g_autoptr(Listing) listing = listing_new(columns, format, error);
	g_autofree char *root = listing ? state_root_choose(NULL, error) : NULL;
	g_autoptr(GPtrArray) entries = NULL;

	if (!root || !state_clean(root, error))
		return false;
	entries = net_list(root, error);
	return entries && print(listing, entries, error);
}

static bool inspect(const char *format, char *const *names, GError **error)
{
	g_autoptr(Listing) listing = listing_new(columns, format ? format : "json", error);
	g_autofree char *root = listing ? state_root_choose(NULL, error) : NULL;
	g_autoptr(GPtrArray) entries = NULL, named = NULL;

	if (!root || !state_clean(root, error))
		return false;
	entries = net_list(root, error);
	named = entries ? select_named(entries, names, error) : NULL;
	return named && print(listing, named, error);
}

static int network_ls(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "network ls",
		.arguments = "",
		.summary = "List the bridges that a container can be put on.",
		.text = "rlc run --network bridge:BRIDGE puts one there.",
	};
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {LISTING_OPTION(format), {NULL}};
	g_autoptr(GError) error = NULL;

	return options_parse(&argc, &argv, entries, &usage, &error) && list(format, &error)
		       ? 0
		       : command_fail(error);
}

static int network_inspect(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "network inspect",
		.arguments = "BRIDGE...",
		.summary = "Print all about bridges, and which containers of rlc's are on them.",
		.min = 1,
		.max = -1,
	};
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {LISTING_OPTION(format), {NULL}};
	g_autoptr(GError) error = NULL;

	return options_parse(&argc, &argv, entries, &usage, &error) &&
			       inspect(format, argv + 1, &error)
		       ? 0
		       : command_fail(error);
}

int cmd_network(int argc, char **argv)
{
	static const Command table[] = {
		{"ls", "", "list bridges", network_ls},
		{"inspect", "BRIDGE...", "print all that is known of bridges", network_inspect},
		{NULL, NULL, NULL, NULL},
	};

	return command_group("network", "Bridges, and who is on them.", table, argc, argv);
}
