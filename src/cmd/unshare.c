/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "container/unshare.h"

static void print_help(void)
{
	fputs("Usage: rlc unshare [COMMAND [ARG...]]\n\n"
	      "Run COMMAND (default: your shell) as root in your own id map, the one that your\n"
	      "containers have, with nothing else isolated. So files come to belong to the ids\n"
	      "inside, and files that do can be changed and removed:\n\n"
	      "  rlc unshare tar -x -C DIR -f ROOTFS.tar --exclude './dev/*'\n"
	      "  rlc unshare rm -rf DIR\n",
	      stdout);
}

int cmd_unshare(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	char *shell[] = {(char *)g_getenv("SHELL"), NULL};
	char **command = argv + 1;
	int exit_code;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_help();
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--") == 0) {
		command++;
	} else if (argc > 1 && argv[1][0] == '-') {
		error_set(&error, RLC_ERROR_USAGE, "read options of unshare: it has no option '%s'",
			  argv[1]);
		return command_fail(error);
	}
	if (!shell[0] || !*shell[0])
		shell[0] = (char *)"/bin/sh";
	if (!unshare_run(*command ? command : shell, -1, &exit_code, &error))
		return command_fail(error);
	return exit_code;
}
