/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/help.h"
#include "cmd/run_image.h"
#include "cmd/run_options.h"
#include "cmd/run_volumes.h"
#include "container/explain.h"
#include "container/run.h"

static int explain(const RunOptions *options, const char *state_root)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *script = container_explain(options->spec, state_root, &error);

	if (!script)
		return command_fail(error);
	fputs(script, stdout);
	return 0;
}

static int run(const RunOptions *options, const char *state_root)
{
	g_autoptr(GError) error = NULL;
	int exit_code;

	if (options->spec->rlc.keep)
		options->spec->rlc.directory = g_get_current_dir();
	if (!container_run(options->spec, state_root, &exit_code, &error))
		return command_fail(error);
	return exit_code;
}

static int run_detached(const RunOptions *options, const char *state_root)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *id = NULL;

	options->spec->rlc.directory = g_get_current_dir();
	id = container_run_detached(options->spec, state_root, &error);
	if (!id)
		return command_fail(error);
	puts(id);
	return 0;
}

int cmd_run(int argc, char **argv)
{
	g_auto(RunOptions) options = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) holds = run_image_holds_new();
	const char *state_root;
	int code = 0;

	if (argc == 2 && help_form(argv[1]) == HELP_TABLE) {
		run_options_print_help_table();
		return 0;
	}
	if (!run_options_parse(argc, argv, isatty(STDIN_FILENO), &options, &error))
		return command_fail(error);
	if (options.help) {
		run_options_print_help(stdout);
		return 0;
	}
	/* what the caller left open would stay open with the supervisor */
	if (options.spec->rlc.detach && !fd_close_others(-1, &error))
		return command_fail(error);
	if (options.explain)
		options.pull = PULL_NEVER;
	if (!run_image_prepare(&options, holds, &code, &error))
		return command_fail(error);
	if (code != 0)
		return code;
	for (int i = 1; options.spec->rlc.detach && i < argc; i++)
		g_ptr_array_add(options.spec->rlc.command, g_strdup(argv[i]));
	state_root = options.state_root ? options.state_root : g_getenv("RLC_ROOT");
	if (!run_volumes_from(&options, state_root, &error))
		return command_fail(error);
	if (options.explain)
		return explain(&options, state_root);
	return options.spec->rlc.detach ? run_detached(&options, state_root)
					: run(&options, state_root);
}
