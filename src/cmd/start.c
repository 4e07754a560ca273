/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "cmd/attach.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "cmd/run_image.h"
#include "container/run.h"

#define ROOT_TEXT "What it wrote is there again. One that ran in the foreground is detached now.\n"

/* Its relative paths are those of who ran it. The state's own is absolute. */
static bool start_where_it_was(const Spec *spec, const char *root, const char *id, int *guest,
			       GError **error)
{
	const char *directory = spec->rlc.directory ? spec->rlc.directory : "/";
	auto_fd here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool ok;

	if (here < 0 || chdir(directory) < 0)
		return error_errno(error, errno, "start container %.12s: enter '%s'", id,
				   directory);
	ok = container_start(spec, root, id, guest, error);
	if (fchdir(here) < 0)
		log_debug("start: go back: %s", g_strerror(errno));
	return ok;
}

/* guest: container_start()'s */
static bool start_entry(const char *root, const StateEntry *entry, int *guest, GError **error)
{
	g_autoptr(Spec) spec = state_load_spec(root, entry->id, error);
	g_autoptr(GArray) holds = run_image_holds_new();

	if (!spec)
		return false;
	spec->rlc.detach = true; /* wherever it ran first */
	g_free(spec->rlc.name);
	spec->rlc.name = g_strdup(entry->name); /* it may have been renamed */
	return run_image_hold(spec, holds, error) &&
	       start_where_it_was(spec, root, entry->id, guest, error);
}

static bool start(const char *root, const StateEntry *entry, const char *name, void *data,
		  GError **error)
{
	(void)data;
	if (!start_entry(root, entry, NULL, error))
		return false;
	puts(name);
	return true;
}

/* Nothing of what it writes is missed, however short it lives. */
static bool start_attached(const char *name, const AttachOptions *options, int *ret_exit_code,
			   GError **error)
{
	g_autofree char *root = NULL;
	g_autoptr(StateEntry) entry = containers_get(name, &root, error);
	int guest[2] = {-1, -1};
	bool ok;

	if (!entry)
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, guest) < 0)
		return error_errno(error, errno, "open a pair of sockets");
	ok = attach_ask(guest[0], error) && start_entry(root, entry, guest, error) &&
	     attach(guest[0], root, entry->id, options, ret_exit_code, error);
	fd_close(&guest[0]);
	fd_close(&guest[1]);
	return ok;
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
	return containers_stop_gently(root, entry->id, spec, *timeout, error) &&
	       start(root, entry, name, NULL, error);
}

int cmd_start(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "start",
		.arguments = "CONTAINER...",
		.summary = "Start containers again that have ended.",
		.text = ROOT_TEXT "Attached, the exit code is the container's own.\n",
		.min = 1,
		.max = -1,
	};
	gboolean attached = FALSE, input = FALSE;
	g_autofree char *keys = NULL, *sig_proxy = NULL;
	const GOptionEntry entries[] = {
		{"attach", 'a', 0, G_OPTION_ARG_NONE, &attached,
		 "connect to its output, as 'rlc attach' does", NULL},
		{"interactive", 'i', 0, G_OPTION_ARG_NONE, &input, "and to its input", NULL},
		ATTACH_KEYS(keys),
		ATTACH_PROXY(sig_proxy),
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	AttachOptions options;
	int exit_code;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !attach_options(keys, sig_proxy, &options, &error) ||
	    !fd_close_others(-1, &error)) /* the supervisors would keep it open */
		return command_fail(error);
	options.input = input != FALSE;
	if (!attached && !input)
		return containers_each(argv + 1, start, NULL);
	if (argc > 2) {
		error_set(&error, RLC_ERROR_USAGE,
			  "read arguments of start: with --attach there is one CONTAINER");
		return command_fail(error);
	}
	return start_attached(argv[1], &options, &exit_code, &error) ? exit_code
								     : command_fail(error);
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
	g_autofree char *time = NULL;
	int timeout;
	const GOptionEntry entries[] = {
		{"time", 't', 0, G_OPTION_ARG_STRING, &time,
		 "wait so long before SIGKILL (default: run --stop-timeout)", "SECONDS"},
		{NULL},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !containers_stop_time(time, &timeout, &error) ||
	    !fd_close_others(-1, &error)) /* the supervisors would keep it open */
		return command_fail(error);
	return containers_each(argv + 1, restart, &timeout);
}
