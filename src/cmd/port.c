/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "container/state.h"

static void print_help(void)
{
	fputs("Usage: rlc port CONTAINER [PORT[/tcp|/udp]]\n\n"
	      "Print which ports of the host lead to CONTAINER (its name, or the beginning of its\n"
	      "id), or to this port of it:\n\n"
	      "  80/tcp -> 0.0.0.0:8080\n",
	      stdout);
}

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

/* Lines of "80/tcp 0.0.0.0:8080"; key: only those of this port. How many there were. */
static unsigned print_ports(char *const *lines, const char *key)
{
	unsigned printed = 0;

	for (; *lines; lines++) {
		g_auto(GStrv) words = g_strsplit(*lines, " ", 2);

		if (!words[0] || !words[1] || (key && strcmp(words[0], key) != 0))
			continue;
		if (key)
			puts(words[1]);
		else
			printf("%s -> %s\n", words[0], words[1]);
		printed++;
	}
	return printed;
}

static bool port(const char *container, const char *asked, GError **error)
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
	if (print_ports(lines, key) > 0 || !key)
		return true;
	return error_set(error, RLC_ERROR_NOT_FOUND, "find port %s of '%s': it is not published",
			 key, container);
}

int cmd_port(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_help();
		return 0;
	}
	if (argc < 2 || argc > 3)
		error_set(&error, RLC_ERROR_USAGE,
			  "read arguments of port: they are CONTAINER [PORT[/tcp|/udp]]");
	else if (port(argv[1], argv[2], &error))
		return 0;
	return command_fail(error);
}
