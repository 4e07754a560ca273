/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "container/state.h"
#include "feature/net_list.h"

static void print_help(void)
{
	fputs("Usage: rlc network ls [--format table|json]\n"
	      "       rlc network inspect [--format json] BRIDGE...\n\n"
	      "The bridges that a container can be put on (rlc run --network bridge:BRIDGE), and\n"
	      "which containers of rlc's are on them.\n",
	      stdout);
}

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

/* "--format WORD" at the head of the arguments, which are then cut. */
static bool take_format(char ***argv, bool *ret_json, GError **error)
{
	if (g_strcmp0(**argv, "--format") != 0)
		return true;
	if (g_strcmp0((*argv)[1], "json") != 0 && g_strcmp0((*argv)[1], "table") != 0)
		return error_set(error, RLC_ERROR_USAGE, "parse --format: neither table nor json");
	*ret_json = strcmp((*argv)[1], "json") == 0;
	*argv += 2;
	return true;
}

static bool list(char **argv, GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);
	g_autoptr(GPtrArray) entries = NULL;
	bool json = false;

	if (!root || !take_format(&argv, &json, error))
		return false;
	if (*argv)
		return error_set(error, RLC_ERROR_USAGE, "parse '%s': ls takes no names", *argv);
	entries = state_clean(root, error) ? net_list(root, error) : NULL;
	if (!entries)
		return false;
	(json ? print_json : print_table)(entries);
	return true;
}

static bool inspect(char **argv, GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);
	g_autoptr(GPtrArray) entries = NULL, named = NULL;
	bool json = true;

	if (!root || !take_format(&argv, &json, error))
		return false;
	if (!*argv || !json)
		return error_set(error, RLC_ERROR_USAGE,
				 "read arguments of network inspect: they are [--format json] "
				 "BRIDGE...");
	entries = state_clean(root, error) ? net_list(root, error) : NULL;
	named = entries ? select_named(entries, argv, error) : NULL;
	if (!named)
		return false;
	print_json(named);
	return true;
}

int cmd_network(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	const char *what = argc > 1 ? argv[1] : "";
	bool ok;

	if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
		print_help();
		return 0;
	}
	if (strcmp(what, "ls") == 0)
		ok = list(argv + 2, &error);
	else if (strcmp(what, "inspect") == 0)
		ok = inspect(argv + 2, &error);
	else
		ok = error_set(&error, RLC_ERROR_USAGE, "run network '%s': it is ls or inspect",
			       what);
	return ok ? 0 : command_fail(error);
}
