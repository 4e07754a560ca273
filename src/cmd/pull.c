/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include "cmd/image_program.h"
#include "cmd/options.h"

int cmd_pull(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "pull",
		.arguments = "IMAGE",
		.summary = "Fetch an image into the store, and print its id.",
		.text = "IMAGE is NAME[:TAG][@DIGEST] at a registry, oci:DIR[:NAME],\n"
			"oci-archive:FILE[:NAME], docker-archive:FILE[:NAME] or dir:DIR.\n"
			"What is in the store already is not fetched again.",
		.min = 1,
		.max = 1,
	};
	gboolean quiet = FALSE;
	char *platform = NULL;
	const GOptionEntry entries[] = {
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Show no progress", NULL},
		{"platform", 0, 0, G_OPTION_ARG_STRING, &platform, "Of an image for several",
		 "OS/ARCH[/VARIANT]"},
		{0},
	};
	const char *args[6] = {"pull"};
	g_autoptr(GError) error = NULL;
	int n = 1, code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (quiet)
		args[n++] = "--quiet";
	if (platform) {
		args[n++] = "--platform";
		args[n++] = platform;
	}
	args[n] = argv[1];
	if (!image_program_run(args, &code, &error))
		code = command_fail(error);
	g_free(platform);
	return code;
}
