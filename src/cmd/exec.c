/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "cmd/help.h"
#include "cmd/run_options.h"
#include "cmd/run_table.h"
#include "container/enter.h"
#include "container/state.h"

static bool set_privileged(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->privileged = value != NULL;
	return true;
}

static const RunOption rows[] = {
	{.name = "interactive"},
	{.name = "tty"},
	{"detach", 'd', OPTION_SWITCH, NULL, NULL,
	 "run it in the background, without input and output"},
	{.name = "env"},
	{.name = "env-file"},
	{.name = "workdir"},
	{.name = "user"},
	{"privileged", 0, OPTION_SWITCH, set_privileged, NULL,
	 "all capabilities of the container's user namespace"},
	{"help", 0, OPTION_SWITCH, NULL, NULL, "print this help"},
};

static const RunGroup group = {"Options", rows, G_N_ELEMENTS(rows)};
static const RunGroup *const groups[] = {&group, NULL};
static const RunTable table = {"exec", groups};

#define ARGUMENTS "CONTAINER COMMAND [ARG...]"
#define SUMMARY                                                                                    \
	"Run a command in a container that runs, with the user, the variables and the rights\n"    \
	"of the container's own command. It ends when rlc exec does."

static void print_help(void)
{
	fputs("Usage: rlc exec [OPTIONS] " ARGUMENTS "\n\n" SUMMARY "\n", stdout);
	run_table_print(&table, stdout);
}

static void print_help_table(void)
{
	help_usage("exec", ARGUMENTS, "Run a command in a container that runs.");
	help_text(SUMMARY);
	run_table_print_rows(&table);
}

/* What was parsed; words are the arguments that are left, CONTAINER and the command. */
static bool take_options(RunParse *parse, char **words, EnterOptions *options, GError **error)
{
	const Spec *spec = parse->spec;
	GPtrArray *env = parse->out->env;

	if (!words[0] || !words[1])
		return error_set(error, RLC_ERROR_USAGE,
				 "read arguments of exec: they are " ARGUMENTS);
	g_ptr_array_extend_and_steal(env, g_ptr_array_ref(parse->env));
	g_ptr_array_add(env, NULL);
	*options = (EnterOptions){
		.args = words + 1,
		.env = (char *const *)env->pdata,
		.user = spec->process.user.name,
		.cwd = parse->out->workdir_given ? spec->process.cwd : NULL,
		.interactive = spec->rlc.interactive,
		.terminal = spec->process.terminal,
		.privileged = parse->privileged,
		.detach = spec->rlc.detach,
	};
	if (options->detach && (options->interactive || options->terminal)) {
		log_warn("with --detach, --interactive and --tty have no effect");
		options->interactive = options->terminal = false;
	}
	return true;
}

static bool exec(const EnterOptions *options, const char *container, int *ret_exit_code,
		 GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);
	g_autofree char *id = root ? state_find(root, container, error) : NULL;

	return id && enter_exec(root, id, options, ret_exit_code, error);
}

int cmd_exec(int argc, char **argv)
{
	g_auto(RunOptions) out = {0};
	g_autoptr(GPtrArray) env = g_ptr_array_new_with_free_func(g_free);
	RunParse parse = {.out = &out, .env = env};
	EnterOptions options;
	g_autoptr(GArray) given = NULL;
	g_autoptr(GError) error = NULL;
	int exit_code;

	if (argc == 2 && help_form(argv[1]) == HELP_TABLE) {
		print_help_table();
		return 0;
	}
	run_options_init(&out);
	parse.spec = out.spec;
	given = run_table_read(&table, argc, argv, &error);
	if (!given || !run_table_apply(&parse, given, &error))
		return command_fail(error);
	if (out.help) {
		print_help();
		return 0;
	}
	if (!take_options(&parse, argv + optind, &options, &error) ||
	    !exec(&options, argv[optind], &exit_code, &error))
		return command_fail(error);
	return exit_code;
}
