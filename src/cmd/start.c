/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "cmd/run_image.h"
#include "container/run.h"

#define ROOT_TEXT "What it wrote is there again. One that ran in the foreground is detached now.\n"

/* Its relative paths are those of who ran it. The state's own is absolute. */
static bool start_where_it_was(const Spec *spec, const char *root, const char *id, GError **error)
{
	const char *directory = spec->rlc.directory ? spec->rlc.directory : "/";
	auto_fd here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool ok;

	if (here < 0 || chdir(directory) < 0)
		return error_errno(error, errno, "start container %.12s: enter '%s'", id,
				   directory);
	ok = container_start(spec, root, id, error);
	if (fchdir(here) < 0)
		log_debug("start: go back: %s", g_strerror(errno));
	return ok;
}

static bool start(const char *root, const StateEntry *entry, const char *name, void *data,
		  GError **error)
{
	g_autoptr(Spec) spec = state_load_spec(root, entry->id, error);
	g_autoptr(GArray) holds = run_image_holds_new();

	(void)data;
	if (!spec)
		return false;
	spec->rlc.detach = true; /* wherever it ran first */
	g_free(spec->rlc.name);
	spec->rlc.name = g_strdup(entry->name); /* it may have been renamed */
	if (!run_image_hold(spec, holds, error) ||
	    !start_where_it_was(spec, root, entry->id, error))
		return false;
	puts(name);
	return true;
}

static bool restart(const char *root, const StateEntry *entry, const char *name, void *data,
		    GError **error)
{
	const int *timeout = data;
	g_autoptr(Spec) spec = state_load_spec(root, entry->id, error);

	if (!spec)
		return false;
	if (!spec->rlc.keep)
		return error_set(error, RLC_ERROR_STATE,
				 "restart container '%s': it is not kept when it ends (--rm)",
				 name);
	if (!containers_stop(
		    root, entry->id, spec->rlc.stop_signal ? spec->rlc.stop_signal : SIGTERM,
		    (*timeout >= 0 ? *timeout : (int)spec->rlc.stop_timeout) * 1000, error))
		return false;
	return start(root, entry, name, NULL, error);
}

int cmd_start(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "start",
		.arguments = "CONTAINER...",
		.summary = "Start containers again that have ended.",
		.text = ROOT_TEXT,
		.min = 1,
		.max = -1,
	};
	static const GOptionEntry entries[] = {{NULL}};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (!fd_close_others(-1, &error)) /* the supervisors would keep it open */
		return command_fail(error);
	return containers_each(argv + 1, start, NULL);
}

int cmd_restart(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "restart",
		.arguments = "CONTAINER...",
		.summary = "End containers as 'rlc stop' does, and start them again.",
		.text = ROOT_TEXT,
		.min = 1,
		.max = -1,
	};
	int timeout = -1;
	const GOptionEntry entries[] = {
		{"time", 't', 0, G_OPTION_ARG_INT, &timeout,
		 "wait so long before SIGKILL (default: run --stop-timeout)", "SECONDS"},
		{NULL},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	timeout = MIN(timeout, G_MAXINT / 1000);
	if (!fd_close_others(-1, &error)) /* the supervisors would keep it open */
		return command_fail(error);
	return containers_each(argv + 1, restart, &timeout);
}
