/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
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

typedef enum {
	FORMAT_LIST, /* "80/tcp -> 0.0.0.0:8080" */
	FORMAT_HOST, /* "0.0.0.0:8080" */
	FORMAT_JSON,
} Format;

/* inside is PORT/PROTOCOL; outside is ADDRESS:PORT, with an IPv6 address in brackets. */
static void print_json_port(const char *inside, const char *outside, bool first)
{
	const char *colon = strrchr(outside, ':');
	bool brackets = *outside == '[';

	printf("%s{\"port\":%.*s,\"protocol\":\"%s\",\"host_address\":\"%.*s\",\"host_port\":%s}",
	       first ? "" : ",", (int)strcspn(inside, "/"), inside, strchr(inside, '/') + 1,
	       (int)(colon - outside) - (brackets ? 2 : 0), outside + (brackets ? 1 : 0),
	       colon + 1);
}

/* Lines of "80/tcp 0.0.0.0:8080"; key: only those of this port. How many there were. */
static unsigned print_ports(char *const *lines, const char *key, Format format)
{
	unsigned printed = 0;

	if (format == FORMAT_JSON)
		putchar('[');
	for (; *lines; lines++) {
		g_auto(GStrv) words = g_strsplit(*lines, " ", 2);

		if (!words[0] || !words[1] || (key && strcmp(words[0], key) != 0))
			continue;
		if (format == FORMAT_JSON)
			print_json_port(words[0], words[1], printed == 0);
		else if (format == FORMAT_HOST)
			puts(words[1]);
		else
			printf("%s -> %s\n", words[0], words[1]);
		printed++;
	}
	if (format == FORMAT_JSON)
		puts("]");
	return printed;
}

static bool port(const char *container, const char *asked, Format format, GError **error)
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
	if (print_ports(lines, key, format) > 0 || !key || format == FORMAT_JSON)
		return true;
	return error_set(error, RLC_ERROR_NOT_FOUND, "find port %s of '%s': it is not published",
			 key, container);
}

static bool take_format(const char *format, Format *ret_format, GError **error)
{
	if (format && strcmp(format, "json") != 0 && strcmp(format, "text") != 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --format '%s': neither text nor json", format);
	if (g_strcmp0(format, "json") == 0)
		*ret_format = FORMAT_JSON;
	return true;
}

int cmd_port(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "port",
		.arguments = "CONTAINER [PORT[/tcp|/udp]]",
		.summary = "Print which ports of the host lead to a container, or to a port of it.",
		.text = "A line is such as\n\n  80/tcp -> 0.0.0.0:8080",
		.min = 1,
		.max = 2,
	};
	g_autofree char *text = NULL;
	const GOptionEntry entries[] = {
		{"format", 0, 0, G_OPTION_ARG_STRING, &text, "text or json", "FORMAT"},
		{0},
	};
	g_autoptr(GError) error = NULL;
	Format format;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	format = argc > 2 ? FORMAT_HOST : FORMAT_LIST;
	if (!take_format(text, &format, &error) || !port(argv[1], argv[2], format, &error))
		return command_fail(error);
	return 0;
}
