/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cmd/listing.h"
#include "cmd/options.h"
#include "container/state.h"

/* "80" stands for "80/tcp". */
static char *port_key(const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", 2);
	const char *protocol = parts[0] && parts[1] ? parts[1] : "tcp";
	guint64 port;

	if (!parts[0] || !g_ascii_string_to_unsigned(parts[0], 10, 1, 65535, &port, NULL) ||
	    (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0)) {
		error_set(error, RLC_ERROR_USAGE, "read port '%s': not PORT, PORT/tcp or PORT/udp",
			  text);
		return NULL;
	}
	return g_strdup_printf("%" G_GUINT64_FORMAT "/%s", port, protocol);
}

static const ListingColumn columns[] = {
	{"Port", "PORT"},
	{"Protocol", "PROTOCOL"},
	{"HostAddress", "HOST ADDRESS"},
	{"HostPort", "HOST PORT"},
	{NULL, NULL},
};

/* inside is PORT/PROTOCOL; outside is ADDRESS:PORT, with an IPv6 address in brackets. */
static void put_port(Json *row, const char *inside, const char *outside)
{
	const char *colon = strrchr(outside, ':');
	bool brackets = *outside == '[';
	g_autofree char *address =
		g_strndup(outside + brackets, (gsize)(colon - outside) - (brackets ? 2 : 0));

	json_number(row, "Port", atoi(inside));
	json_string(row, "Protocol", strchr(inside, '/') + 1);
	json_string(row, "HostAddress", address);
	json_number(row, "HostPort", atoi(colon + 1));
}

/*
 * Lines of "80/tcp 0.0.0.0:8080"; key: only those of this port; listing NULL: as text.  How many
 * there were.
 */
static unsigned take_ports(char *const *lines, const char *key, Listing *listing)
{
	unsigned found = 0;

	for (; *lines; lines++) {
		g_auto(GStrv) words = g_strsplit(*lines, " ", 2);

		if (!words[0] || !words[1] || (key && strcmp(words[0], key) != 0))
			continue;
		found++;
		if (listing) {
			put_port(listing_begin(listing), words[0], words[1]);
			listing_end(listing);
		} else if (key) {
			puts(words[1]);
		} else {
			printf("%s -> %s\n", words[0], words[1]);
		}
	}
	return found;
}

static bool port(const char *container, const char *asked, Listing *listing, GError **error)
{
	g_autofree char *key = asked ? port_key(asked, error) : NULL;
	g_autofree char *root = NULL, *id = NULL, *record = NULL;
	g_auto(GStrv) lines = NULL;

	if (asked && !key)
		return false;
	root = state_root_choose(NULL, error);
	id = root ? state_find(root, container, error) : NULL;
	record = id ? state_read(root, id, STATE_PORTS, error) : NULL;
	if (!record)
		return false;
	lines = g_strsplit(record, "\n", -1);
	if (take_ports(lines, key, listing) == 0 && key && !listing)
		return error_set(error, RLC_ERROR_NOT_FOUND,
				 "find port %s of '%s': it is not published", key, container);
	return !listing || listing_print(listing, error);
}

int cmd_port(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "port",
		.arguments = "CONTAINER [PORT[/tcp|/udp]]",
		.summary = "Print which ports of the host lead to a container, or to this port of "
			   "it.",
		.text = "As text, which is the default, a line is such as\n\n  80/tcp -> "
			"0.0.0.0:8080",
		.min = 1,
		.max = 2,
	};
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {LISTING_OPTION(format), {NULL}};
	g_autoptr(Listing) listing = NULL;
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (format && strcmp(format, "text") != 0) {
		listing = listing_new(columns, format, &error);
		if (!listing)
			return command_fail(error);
	}
	return port(argv[1], argc > 2 ? argv[2] : NULL, listing, &error) ? 0 : command_fail(error);
}
