/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "cmd/run_values.h"

static bool rename_container(const char *container, const char *name, GError **error)
{
	g_autofree char *root = NULL;
	g_autoptr(StateEntry) entry = NULL;

	if (!run_value_name(name, error)) {
		error_prefix(error, "use the name '%s': ", name);
		return false;
	}
	entry = containers_get(container, &root, error);
	return entry && state_rename(root, entry->id, name, error);
}

int cmd_rename(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "rename",
		.arguments = "CONTAINER NAME",
		.summary = "Give a container another name.",
		.text = "Its neighbours on a bridge go on calling it by the name it was started "
			"with, until another container is started by that name.\n",
		.min = 2,
		.max = 2,
	};
	static const GOptionEntry entries[] = {{NULL}};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !rename_container(argv[1], argv[2], &error))
		return command_fail(error);
	return 0;
}
