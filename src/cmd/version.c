/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <slirp/libslirp-version.h>

int cmd_version(int argc, char **argv)
{
	if (argc > 1) {
		fprintf(stderr, "rlc: parse '%s': version takes no arguments\n", argv[1]);
		return EXIT_RLC_FAILED;
	}
	printf("rlc %s\nglib %u.%u.%u, libslirp %s\n", RLC_VERSION, glib_major_version,
	       glib_minor_version, glib_micro_version, SLIRP_VERSION_STRING);
	return 0;
}
