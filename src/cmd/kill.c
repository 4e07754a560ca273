/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdio.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "cmd/run_values.h"
#include "container/control.h"

static bool send_signal(const char *root, const StateEntry *entry, const char *name, void *data,
			GError **error)
{
	const int *signal_number = data;
	auto_fd socket = control_connect(root, entry->id, error);

	if (socket < 0 ||
	    !control_call(socket, *signal_number == SIGKILL ? CONTROL_STOP : CONTROL_SIGNAL,
			  *signal_number, NULL, NULL, NULL, error))
		return false;
	puts(name);
	return true;
}

int cmd_kill(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "kill",
		.arguments = "CONTAINER...",
		.summary = "Send a signal to the payload of containers.",
		.min = 0,
		.max = -1,
	};
	g_autofree char *text = NULL;
	gboolean all = FALSE;
	int signal_number = SIGKILL;
	const GOptionEntry entries[] = {
		{"signal", 's', 0, G_OPTION_ARG_STRING, &text, "a name or a number (default KILL)",
		 "SIGNAL"},
		{"all", 'a', 0, G_OPTION_ARG_NONE, &all, "all containers that run", NULL},
		{NULL},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (text && !run_value_signal(text, &signal_number, &error)) {
		error_prefix(&error, "parse --signal '%s': ", text);
		return command_fail(error);
	}
	return containers_given("kill", argv + 1, all, CONTAINERS_RUNNING, send_signal,
				&signal_number);
}
