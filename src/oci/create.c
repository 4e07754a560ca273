/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/launch.h"

int verb_create(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	LaunchOptions options = {.detach = TRUE};
	const GOptionEntry entries[] = {LAUNCH_ENTRIES(options), {NULL}};
	Launch launch;

	if (!verb_parse(globals, &argc, &argv, entries, error))
		return -1;
	if (!launch_create(globals, &options, argv[1], &launch, error))
		return -1;
	launch_leave(&launch);
	return 0;
}
