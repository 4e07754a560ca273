/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/attach.h"

#include "base/error.h"
#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "cmd/run_values.h"
#include "container/control.h"

bool attach_options(const char *detach_keys, const char *sig_proxy, AttachOptions *options,
		    GError **error)
{
	if (!keys_parse(detach_keys ? detach_keys : ATTACH_DETACH_KEYS, &options->detach_keys,
			error)) {
		error_prefix(error, "parse --detach-keys '%s': ", detach_keys);
		return false;
	}
	options->signals = true;
	if (!sig_proxy || run_value_bool(sig_proxy, &options->signals, error))
		return true;
	error_prefix(error, "parse --sig-proxy '%s': ", sig_proxy);
	return false;
}

static bool attach_to(const char *name, const AttachOptions *options, int *ret_exit_code,
		      GError **error)
{
	g_autofree char *root = NULL;
	g_autoptr(StateEntry) entry = containers_get(name, &root, error);
	auto_fd socket = entry ? control_connect(root, entry->id, error) : -1;

	return socket >= 0 && attach_ask(socket, error) &&
	       attach(socket, root, entry->id, options, ret_exit_code, error);
}

int cmd_attach(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "attach",
		.arguments = "CONTAINER",
		.summary = "Connect this terminal to the standard streams of a detached container.",
		.text = "Ctrl-P Ctrl-Q detaches again, where the container has a terminal. Where\n"
			"it has none Ctrl-C is for the container. The exit code is the\n"
			"container's own. Input goes to one that was run with --interactive.\n",
		.min = 1,
		.max = 1,
	};
	gboolean no_stdin = FALSE;
	g_autofree char *keys = NULL, *sig_proxy = NULL;
	const GOptionEntry entries[] = {
		{"no-stdin", 0, 0, G_OPTION_ARG_NONE, &no_stdin, "only look", NULL},
		ATTACH_KEYS(keys),
		ATTACH_PROXY(sig_proxy),
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	AttachOptions options;
	int exit_code;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !attach_options(keys, sig_proxy, &options, &error))
		return command_fail(error);
	options.input = no_stdin == FALSE;
	return attach_to(argv[1], &options, &exit_code, &error) ? exit_code : command_fail(error);
}
