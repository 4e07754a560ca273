/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <slirp/libslirp-version.h>

#include "cmd/options.h"

int cmd_version(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "version",
		.arguments = "",
		.summary = "Print the version of rlc and of its libraries.",
	};
	static const GOptionEntry entries[] = {{0}};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	printf("rlc %s\nglib %u.%u.%u, libslirp %s\n", RLC_VERSION, glib_major_version,
	       glib_minor_version, glib_micro_version, SLIRP_VERSION_STRING);
	return 0;
}
