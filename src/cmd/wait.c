/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdio.h>

#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "container/control.h"

/* The supervisor is gone: what the record says, or if that is gone too, that it was killed. */
static int recorded_code(const char *root, const char *id)
{
	g_autoptr(StateEntry) entry = NULL;

	state_await_end(root, id);
	entry = state_get(root, id, NULL);
	return entry ? entry->status.exit_code : 128 + SIGKILL;
}

static int wait_for_end(const char *root, const char *id)
{
	auto_fd socket = control_connect(root, id, NULL);
	int exit_code;

	if (socket >= 0 && control_call(socket, CONTROL_WAIT, 0, NULL, NULL, NULL, NULL) &&
	    control_wait(socket, -1, &exit_code) > 0)
		return exit_code;
	return recorded_code(root, id);
}

static bool wait_for(const char *root, const StateEntry *entry, const char *name, void *data,
		     GError **error)
{
	(void)name;
	(void)data;
	(void)error;
	printf("%d\n", entry->alive ? wait_for_end(root, entry->id) : entry->status.exit_code);
	fflush(stdout);
	return true;
}

int cmd_wait(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "wait",
		.arguments = "CONTAINER...",
		.summary = "Wait until containers have ended, and print their exit codes.",
		.min = 1,
		.max = -1,
	};
	static const GOptionEntry entries[] = {{NULL}};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	return containers_each(argv + 1, wait_for, NULL);
}
