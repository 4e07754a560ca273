/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/rm.h"

#include <signal.h>
#include <stdio.h>

#include "base/error.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"

typedef struct {
	gboolean force, volumes;
} RmOptions;

static bool remove_container(const char *root, const StateEntry *entry, const char *name,
			     void *data, GError **error)
{
	const RmOptions *options = data;

	if (entry->alive && !options->force)
		return error_set(error, RLC_ERROR_STATE,
				 "remove container '%s': it is running; stop it, or use --force",
				 name);
	if (entry->alive && !containers_stop(root, entry->id, SIGKILL, -1, error))
		return false;
	if (!state_forget(root, entry->id, options->volumes, error))
		return false;
	puts(name);
	return true;
}

/* They all end at once; remove_container() then waits for each, and tells of what fails. */
static bool kill_container(const char *root, const StateEntry *entry, const char *name, void *data,
			   GError **error)
{
	(void)name;
	(void)data;
	(void)error;
	containers_kill(root, entry->id);
	return true;
}

int rm_ended(void)
{
	RmOptions options = {0};

	return containers_all(CONTAINERS_ENDED, remove_container, &options);
}

int cmd_rm(int argc, char **argv)
{
	OptionsUsage usage = {
		.command = "rm",
		.arguments = "CONTAINER...",
		.summary = "Remove containers that have ended: their record, name and logs.",
		.min = 0,
		.max = -1,
	};
	gboolean all = FALSE;
	RmOptions options = {0};
	const GOptionEntry entries[] = {
		{"force", 'f', 0, G_OPTION_ARG_NONE, &options.force,
		 "those that run, too: by SIGKILL", NULL},
		{"volumes", 'v', 0, G_OPTION_ARG_NONE, &options.volumes,
		 "with the anonymous volumes that they made", NULL},
		{"all", 'a', 0, G_OPTION_ARG_NONE, &all,
		 "all containers; without --force those that have ended", NULL},
		{NULL},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (options.force && all && !argv[1])
		containers_all(CONTAINERS_RUNNING, kill_container, NULL);
	return containers_given("rm", argv + 1, all,
				options.force ? CONTAINERS_ANY : CONTAINERS_ENDED, remove_container,
				&options);
}
