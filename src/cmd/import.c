/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include "cmd/image_program.h"
#include "cmd/load.h"
#include "cmd/options.h"

int cmd_import(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "import",
		.arguments = "FILE|- NAME[:TAG]",
		.summary = "Make an image of a root file system in a tar file, as 'docker export' "
			   "writes it, and\nprint its id.",
		.min = 2,
		.max = 2,
	};
	char *platform = NULL;
	const GOptionEntry entries[] = {
		{"platform", 0, 0, G_OPTION_ARG_STRING, &platform,
		 "what the image is for (default: this host)", "OS/ARCH[/VARIANT]"},
		{0},
	};
	const char *args[6] = {"import"};
	g_autoptr(GError) error = NULL;
	int n = 1, code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (platform) {
		args[n++] = "--platform";
		args[n++] = platform;
	}
	args[n++] = "-";
	args[n] = argv[2];
	if (!load_open_input(argv[1], &error) || !image_program_run(args, &code, &error))
		code = command_fail(error);
	g_free(platform);
	return code;
}
