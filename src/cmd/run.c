/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <unistd.h>

#include "cmd/run_image.h"
#include "cmd/run_options.h"
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

	if (!container_run(options->spec, state_root, &exit_code, &error))
		return command_fail(error);
	return exit_code;
}

int cmd_run(int argc, char **argv)
{
	g_auto(RunOptions) options = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) holds = run_image_holds_new();
	const char *state_root;
	int code = 0;

	if (!run_options_parse(argc, argv, isatty(STDIN_FILENO), &options, &error))
		return command_fail(error);
	if (options.help) {
		run_options_print_help(stdout);
		return 0;
	}
	if (options.explain)
		options.pull = PULL_NEVER;
	if (options.image && !run_image_prepare(&options, holds, &code, &error))
		return command_fail(error);
	if (code != 0)
		return code;
	state_root = options.state_root ? options.state_root : g_getenv("RLC_ROOT");
	return options.explain ? explain(&options, state_root) : run(&options, state_root);
}
