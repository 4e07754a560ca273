/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "container/events.h"

static bool stop(const char *root, const StateEntry *entry, const char *name, void *data,
		 GError **error)
{
	const int *timeout = data;
	g_autoptr(Spec) spec = state_load_spec(root, entry->id, error);

	if (!spec || !containers_stop_gently(root, entry->id, spec, *timeout, error))
		return false;
	if (entry->alive)
		events_add(root, "stop", entry->id, entry->name, spec, -1, NULL);
	puts(name);
	return true;
}

int cmd_stop(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "stop",
		.arguments = "CONTAINER...",
		.summary = "End containers: by a signal, and if that takes too long by SIGKILL.",
		.text = "The signal is that of run --stop-signal.\n",
		.min = 0,
		.max = -1,
	};
	gboolean all = FALSE;
	g_autofree char *time = NULL;
	int timeout;
	const GOptionEntry entries[] = {
		{"time", 't', 0, G_OPTION_ARG_STRING, &time,
		 "wait so long (default: run --stop-timeout)", "SECONDS"},
		{"all", 'a', 0, G_OPTION_ARG_NONE, &all, "all containers that run", NULL},
		{NULL},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !containers_stop_time(time, &timeout, &error))
		return command_fail(error);
	return containers_given("stop", argv + 1, all, CONTAINERS_RUNNING, stop, &timeout);
}
