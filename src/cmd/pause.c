/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/error.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "container/cgroups.h"
#include "container/events.h"

static bool pause_one(const char *root, const StateEntry *entry, const char *name, void *data,
		      GError **error)
{
	bool pause = *(const bool *)data;
	g_autoptr(Spec) spec = NULL;

	if (!entry->alive)
		return error_set(error, RLC_ERROR_STATE, "%s container '%s': it is not running",
				 pause ? "pause" : "unpause", name);
	if (!cgroups_pause(root, entry->id, pause, error))
		return false;
	spec = state_load_spec(root, entry->id, NULL);
	events_add(root, pause ? "pause" : "unpause", entry->id, entry->name, spec, -1, NULL);
	puts(name);
	return true;
}

static int run(const OptionsUsage *usage, bool pause, int argc, char **argv)
{
	static const GOptionEntry entries[] = {{NULL}};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, usage, &error))
		return command_fail(error);
	return containers_each(argv + 1, pause_one, &pause);
}

int cmd_pause(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "pause",
		.arguments = "CONTAINER...",
		.summary = "Stop all processes of containers where they are.",
		.text = "They notice nothing of it; 'rlc unpause' lets them go on, 'rlc stop' as\n"
			"well, which ends them. It takes a cgroup: rlc run --cgroups.\n",
		.min = 1,
		.max = -1,
	};

	return run(&usage, true, argc, argv);
}

int cmd_unpause(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "unpause",
		.arguments = "CONTAINER...",
		.summary = "Let the processes of paused containers go on.",
		.min = 1,
		.max = -1,
	};

	return run(&usage, false, argc, argv);
}
