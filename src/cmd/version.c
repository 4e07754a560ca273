/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <slirp/libslirp-version.h>

#include "cmd/listing.h"
#include "cmd/options.h"

static void print_text(void)
{
	printf("rlc %s\nglib %u.%u.%u, libslirp %s\n", RLC_VERSION, glib_major_version,
	       glib_minor_version, glib_micro_version, SLIRP_VERSION_STRING);
}

static bool print_object(const char *format, GError **error)
{
	g_autoptr(Listing) listing = listing_new(NULL, format, error);
	g_autofree char *glib = g_strdup_printf("%u.%u.%u", glib_major_version, glib_minor_version,
						glib_micro_version);
	Json *json = listing ? listing_begin(listing) : NULL;

	if (!json)
		return false;
	json_string(json, "Version", RLC_VERSION);
	json_string(json, "Glib", glib);
	json_string(json, "Libslirp", SLIRP_VERSION_STRING);
	listing_end(listing);
	return listing_print(listing, error);
}

int cmd_version(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "version",
		.arguments = "",
		.summary = "Print the versions of rlc and of the libraries that it runs with.",
	};
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {LISTING_OPTION_OBJECTS(format), {NULL}};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (!format)
		print_text();
	else if (!print_object(format, &error))
		return command_fail(error);
	return 0;
}
