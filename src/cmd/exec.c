/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "cmd/run_values.h"
#include "container/enter.h"
#include "container/state.h"
#include "feature/user.h"

typedef struct {
	EnterOptions enter;
	GPtrArray *env; /* of "NAME=VALUE" */
	bool help;
} ExecOptions;

static void print_help(void)
{
	fputs("Usage: rlc exec [OPTIONS] CONTAINER COMMAND [ARG...]\n\n"
	      "Run a command in a container that runs, with the user, the variables and the "
	      "rights\n"
	      "of the container's own command. It ends when rlc exec does.\n\n"
	      "  -i, --interactive       keep standard input open\n"
	      "  -t, --tty               give the command a terminal\n"
	      "  -d, --detach            do not wait for its end; no input and no output\n"
	      "  -e, --env NAME[=VALUE]  set a variable; without a value, take the host's\n"
	      "  -w, --workdir DIR       start in DIR, made if missing\n"
	      "  -u, --user USER[:GROUP] names of the container's, or ids\n"
	      "      --privileged        all capabilities of the container's user namespace\n"
	      "      --help              print this help\n",
	      stdout);
}

static const struct option long_options[] = {
	{"interactive", no_argument, NULL, 'i'},
	{"tty", no_argument, NULL, 't'},
	{"detach", no_argument, NULL, 'd'},
	{"env", required_argument, NULL, 'e'},
	{"workdir", required_argument, NULL, 'w'},
	{"user", required_argument, NULL, 'u'},
	{"privileged", no_argument, NULL, 'p'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool set_workdir(ExecOptions *options, const char *value, GError **error)
{
	options->enter.cwd = value;
	return *value == '/' || error_set(error, RLC_ERROR_USAGE,
					  "parse --workdir '%s': not an absolute path", value);
}

static bool set_user(ExecOptions *options, const char *value, GError **error)
{
	options->enter.user = value;
	if (user_check(value, error))
		return true;
	g_prefix_error(error, "parse --user '%s': ", value);
	return false;
}

static bool set_env(ExecOptions *options, const char *value, GError **error)
{
	if (run_value_env(options->env, value, error))
		return true;
	g_prefix_error(error, "parse --env '%s': ", value);
	return false;
}

/* One result of getopt_long; word is the argument that it looked at. */
static bool take_option(ExecOptions *options, int option, const char *word, GError **error)
{
	switch (option) {
	case 'i':
		options->enter.interactive = true;
		return true;
	case 't':
		options->enter.terminal = true;
		return true;
	case 'd':
		options->enter.detach = true;
		return true;
	case 'p':
		options->enter.privileged = true;
		return true;
	case 'h':
		options->help = true;
		return true;
	case 'e':
		return set_env(options, optarg, error);
	case 'w':
		return set_workdir(options, optarg, error);
	case 'u':
		return set_user(options, optarg, error);
	case ':':
		return error_set(error, RLC_ERROR_USAGE, "parse '%s': it needs a value", word);
	default:
		return error_set(error, RLC_ERROR_USAGE,
				 "parse '%s': no such option; 'rlc exec --help' lists them", word);
	}
}

static bool parse_options(int argc, char **argv, ExecOptions *options, GError **error)
{
	opterr = 0;
	optind = 0; /* start afresh: the global flags were parsed before */
	for (;;) {
		const char *word = argv[MIN(MAX(optind, 1), argc)];
		int option = getopt_long(argc, argv, "+:itde:w:u:h", long_options, NULL);

		if (option < 0)
			break;
		if (!take_option(options, option, word, error))
			return false;
	}
	if (options->help)
		return true;
	if (argc - optind < 2)
		return error_set(error, RLC_ERROR_USAGE,
				 "read arguments of exec: they are CONTAINER COMMAND [ARG...]");
	if (options->enter.detach && (options->enter.interactive || options->enter.terminal)) {
		log_warn("with --detach, --interactive and --tty have no effect");
		options->enter.interactive = options->enter.terminal = false;
	}
	g_ptr_array_add(options->env, NULL);
	options->enter.env = (char *const *)options->env->pdata;
	options->enter.args = argv + optind + 1;
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
	g_autoptr(GPtrArray) env = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	ExecOptions options = {.env = env};
	int exit_code;

	if (!parse_options(argc, argv, &options, &error))
		return command_fail(error);
	if (options.help) {
		print_help();
		return 0;
	}
	if (!exec(&options.enter, argv[optind], &exit_code, &error))
		return command_fail(error);
	return exit_code;
}
