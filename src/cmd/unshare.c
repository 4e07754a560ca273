/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include "cmd/options.h"
#include "container/unshare.h"

int cmd_unshare(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "unshare",
		.arguments = "[COMMAND [ARG...]]",
		.summary = "Run COMMAND (default: your shell) as root in your own id map.",
		.text = "The map is the one that your containers have, and nothing else is "
			"isolated. "
			"So files\ncome to belong to the ids inside, and files that do can be "
			"changed "
			"and removed:\n\n"
			"  rlc unshare tar -x -C DIR -f ROOTFS.tar --exclude './dev/*'\n"
			"  rlc unshare rm -rf DIR",
		.max = -1,
		.posix = true,
	};
	static const GOptionEntry entries[] = {{0}};
	g_autoptr(GError) error = NULL;
	char *shell[] = {(char *)g_getenv("SHELL"), NULL};
	int exit_code;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (!shell[0] || !*shell[0])
		shell[0] = (char *)"/bin/sh";
	if (!unshare_run(argc > 1 ? argv + 1 : shell, -1, &exit_code, &error))
		return command_fail(error);
	return exit_code;
}
