/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include "cmd/options.h"
#include "cmd/save.h"

int cmd_export(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "export",
		.arguments = "IMAGE",
		.summary = "Write the root file system of an image as a tar file.",
		.min = 1,
		.max = 1,
	};
	char *output = NULL;
	const GOptionEntry entries[] = {
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Instead of standard output",
		 "FILE"},
		{0},
	};
	const char *args[4] = {"export", "-"};
	g_autoptr(GError) error = NULL;
	int code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	args[2] = argv[1];
	if (!save_run(args, output, &code, &error))
		code = command_fail(error);
	g_free(output);
	return code;
}
