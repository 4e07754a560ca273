/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cmd/options.h"
#include "container/state.h"
#include "feature/net_list.h"

/* A name of an interface may hold what a string of JSON may not. */
static void print_string(const char *key, const char *value, const char *end)
{
	printf("\"%s\":", key);
	if (!value || strcmp(value, "-") == 0) {
		printf("null%s", end);
		return;
	}
	putchar('"');
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (g_ascii_iscntrl(*c))
			printf("\\u%04x", (unsigned char)*c);
		else
			putchar(*c);
	}
	printf("\"%s", end);
}

static void print_member(const NetMember *member)
{
	putchar('{');
	print_string("id", member->id, ",");
	print_string("name", member->record.name, ",");
	print_string("ip", member->record.address, ",");
	print_string("ip6", member->record.address6, ",");
	print_string("mac", member->record.mac, "}");
}

static void print_json_entry(const NetEntry *entry)
{
	putchar('{');
	print_string("name", entry->name, ",");
	print_string("driver", "bridge", ",");
	printf("\"ours\":%s,", entry->ours ? "true" : "false");
	print_string("subnet", entry->subnet, ",");
	print_string("gateway", entry->gateway, ",");
	print_string("subnet6", entry->subnet6, ",");
	print_string("gateway6", entry->gateway6, ",");
	printf("\"containers\":[");
	for (guint i = 0; i < entry->members->len; i++) {
		if (i > 0)
			putchar(',');
		print_member(entry->members->pdata[i]);
	}
	printf("]}");
}

static void print_json(const GPtrArray *entries)
{
	putchar('[');
	for (guint i = 0; i < entries->len; i++) {
		if (i > 0)
			putchar(',');
		print_json_entry(entries->pdata[i]);
	}
	puts("]");
}

static void print_table(const GPtrArray *entries)
{
	printf("%-15s  %-18s  %-24s  %s\n", "NAME", "SUBNET", "SUBNET6", "CONTAINERS");
	for (guint i = 0; i < entries->len; i++) {
		const NetEntry *entry = entries->pdata[i];

		printf("%-15s  %-18s  %-24s  %u\n", entry->name, entry->subnet,
		       entry->subnet6 ? entry->subnet6 : "-", entry->members->len);
	}
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

/* All bridges that a container can be put on. */
static GPtrArray *load(GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);

	return root && state_clean(root, error) ? net_list(root, error) : NULL;
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
	const GOptionEntry entries[] = {
		{"format", 0, 0, G_OPTION_ARG_STRING, &format, "table or json", "FORMAT"},
		{0},
	};
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(GError) error = NULL;
	bool json;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !options_take_format(format, &json, &error))
		return command_fail(error);
	found = load(&error);
	if (!found)
		return command_fail(error);
	(json ? print_json : print_table)(found);
	return 0;
}

static int network_inspect(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "network inspect",
		.arguments = "BRIDGE...",
		.summary = "Print bridges, and which containers of rlc's are on them, as JSON.",
		.min = 1,
		.max = -1,
	};
	static const GOptionEntry entries[] = {{0}};
	g_autoptr(GPtrArray) found = NULL, named = NULL;
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	found = load(&error);
	named = found ? select_named(found, argv + 1, &error) : NULL;
	if (!named)
		return command_fail(error);
	print_json(named);
	return 0;
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
