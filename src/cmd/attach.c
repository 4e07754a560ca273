/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/attach.h"

#include "base/error.h"
#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "container/control.h"

static bool attach_to(const char *name, bool input, int *ret_exit_code, GError **error)
{
	g_autofree char *root = NULL;
	g_autoptr(StateEntry) entry = containers_get(name, &root, error);
	auto_fd socket = entry ? control_connect(root, entry->id, error) : -1;

	return socket >= 0 && attach(socket, input, ret_exit_code, error);
}

int cmd_attach(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "attach",
		.arguments = "CONTAINER",
		.summary = "Connect this terminal to the standard streams of a detached container.",
		.text = "Ctrl-P Ctrl-Q detaches again, where the container has a terminal. The "
			"exit "
			"code is\nthe container's own. Input goes to one that was run with "
			"--interactive.\n",
		.min = 1,
		.max = 1,
	};
	gboolean no_stdin = FALSE;
	const GOptionEntry entries[] = {
		{"no-stdin", 0, 0, G_OPTION_ARG_NONE, &no_stdin, "only look", NULL},
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	int exit_code;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !attach_to(argv[1], !no_stdin, &exit_code, &error))
		return command_fail(error);
	return exit_code;
}
