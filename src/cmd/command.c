/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hint.h"
#include "base/log.h"
#include "base/log_json.h"
#include "base/suggest.h"
#include "cmd/help.h"
#include "cmd/options.h"

static int cmd_help(int argc, char **argv);

static const Command commands[] = {
	{"run", "[OPTIONS] [IMAGE [COMMAND [ARG...]]]", "run a command in a new container",
	 cmd_run},
	{"cp", "CONTAINER:PATH HOSTPATH | HOSTPATH CONTAINER:PATH",
	 "copy files between the host and a container", cmd_cp},
	{"exec", "[OPTIONS] CONTAINER COMMAND [ARG...]", "run a command in a container that runs",
	 cmd_exec},
	{"ps", "[OPTIONS]", "list containers", cmd_ps},
	{"events", "[OPTIONS]", "print what happened to containers", cmd_events},
	{"logs", "[OPTIONS] CONTAINER", "print what a detached container wrote", cmd_logs},
	{"attach", "[OPTIONS] CONTAINER", "connect to the streams of a detached container",
	 cmd_attach},
	{"wait", "[OPTIONS] CONTAINER...", "wait for the end of containers, print their exit codes",
	 cmd_wait},
	{"stop", "[OPTIONS] CONTAINER...", "end containers", cmd_stop},
	{"kill", "[OPTIONS] CONTAINER...", "send a signal to containers", cmd_kill},
	{"start", "[OPTIONS] CONTAINER...", "start containers again that have ended", cmd_start},
	{"restart", "[OPTIONS] CONTAINER...", "end containers and start them again", cmd_restart},
	{"pause", "CONTAINER...", "stop all processes of containers where they are", cmd_pause},
	{"unpause", "CONTAINER...", "let paused containers go on", cmd_unpause},
	{"update", "[OPTIONS] CONTAINER...", "change the limits of containers", cmd_update},
	{"rm", "[OPTIONS] CONTAINER...", "remove containers", cmd_rm},
	{"healthcheck", "run CONTAINER", "run a container's health check now", cmd_healthcheck},
	{"generate", "systemd [OPTIONS] CONTAINER...", "print units of systemd's for containers",
	 cmd_generate},
	{"rename", "CONTAINER NAME", "give a container another name", cmd_rename},
	{"inspect", "CONTAINER...", "print all about containers as JSON", cmd_inspect},
	{"pull", "[OPTIONS] IMAGE", "fetch an image from a registry or an archive", cmd_pull},
	{"images", "[OPTIONS] [NAME]", "list the images of the store", cmd_images},
	{"prune", "[-a] [-f]", "remove ended containers and what no image needs", cmd_prune},
	{"rmi", "[OPTIONS] IMAGE...", "remove images", cmd_rmi},
	{"tag", "IMAGE NAME...", "give an image one more name", cmd_tag},
	{"image", "COMMAND [ARG...]", "inspect images, sweep the store; all that concerns images",
	 cmd_image},
	{"load", "[-i FILE]", "read images from an archive", cmd_load},
	{"save", "[-o FILE] IMAGE...", "write images to an archive", cmd_save},
	{"import", "FILE|- NAME", "make an image of a tar of a root", cmd_import},
	{"export", "[-o FILE] CONTAINER|IMAGE",
	 "write the root of a container or an image as a tar", cmd_export},
	{"diff", "[OPTIONS] CONTAINER", "list what a container changed in its root", cmd_diff},
	{"commit", "[OPTIONS] CONTAINER NAME", "make an image of what a container wrote",
	 cmd_commit},
	{"network", "ls|inspect [BRIDGE...]", "list bridges and who is on them", cmd_network},
	{"port", "[--format text|json] CONTAINER [PORT[/tcp|/udp]]",
	 "print which ports of the host lead to a container", cmd_port},
	{"stats", "[OPTIONS] [CONTAINER...]", "show what containers use", cmd_stats},
	{"top", "[--format table|json] CONTAINER", "list the processes of a container", cmd_top},
	{"volume", "COMMAND [ARG...]", "make, list and remove volumes", cmd_volume},
	{"unshare", "COMMAND [ARG...]", "run a command in your own id map, nothing else isolated",
	 cmd_unshare},
	{"info", "[OPTIONS]", "print what rlc knows of this host", cmd_info},
	{"check", "", "tell whether this host can run containers, and what is missing", cmd_check},
	{"selftest", "[OPTIONS] [IMAGE]", "show that isolation holds on this host: TAP",
	 cmd_selftest},
	{"version", "[OPTIONS]", "print the version", cmd_version},
	{"help", "[COMMAND [COMMAND]]", "print help, or the help of a command", cmd_help},
	{NULL, NULL, NULL, NULL},
};

int command_fail(const GError *error)
{
	g_autoptr(GError) hinted = g_error_copy(error);

	hint_add_common(&hinted);
	log_error("%s", hinted->message);
	if (g_error_matches(error, RLC_ERROR, RLC_ERROR_EXEC_NOT_FOUND))
		return EXIT_NO_SUCH_PROGRAM;
	if (g_error_matches(error, RLC_ERROR, RLC_ERROR_EXEC_DENIED))
		return EXIT_CANNOT_EXECUTE;
	return EXIT_RLC_FAILED;
}

int command_end(int code)
{
	g_autoptr(GError) error = NULL;

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	error_errno(&error, errno ? errno : EIO, "write to standard output");
	return command_fail(error);
}

static const struct option_help {
	const char *name, *metavar, *help;
} global_options[] = {
	{"root", "DIR", "where the state of containers is kept (or RLC_ROOT)"},
	{"store", "DIR", "where images are kept (or RLC_STORE)"},
	{"log-level", "LEVEL", "error, warn, info or debug (or RLC_LOG_LEVEL)"},
	{"log-format", "FORMAT", "text, or json for programs: a line each (or RLC_LOG_FORMAT)"},
	{"version", NULL, "print the version"},
	{"help", NULL, "print this help"},
};

static const Command *command_find(const Command *table, const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

/* Commands of docker's and podman's that rlc has not, and what does that here. */
static const struct {
	const char *name, *instead;
} elsewhere[] = {
	{"build", "rlc builds no images; 'rlc commit' makes one of what a container wrote"},
	{"container", "leave the word out, as in 'rlc ps' and 'rlc rm'"},
	{"create", "'rlc run --detach' makes a container and starts it"},
	{"history", "'rlc image inspect' prints all about an image"},
	{"login", "'rlc pull' takes --creds, and what podman, skopeo or docker login left"},
	{"push", "rlc pushes nothing; give what 'rlc save' writes to skopeo copy"},
	{"search", "rlc asks no registry for names; 'rlc pull' fetches the image of one"},
	{"system", "see 'rlc info', 'rlc events' and 'rlc prune'"},
};

/* group: "image", or "" for rlc's own commands */
static int command_unknown(const Command *table, const char *group, const char *name)
{
	Suggestion nearest = {.typed = name};
	const char *space = *group ? " " : "";

	for (size_t i = 0; !*group && i < G_N_ELEMENTS(elsewhere); i++) {
		if (strcmp(elsewhere[i].name, name) == 0) {
			log_error("run '%s': no such command; %s", name, elsewhere[i].instead);
			return EXIT_RLC_FAILED;
		}
	}
	for (; table->name; table++)
		suggest_offer(&nearest, table->name);
	if (nearest.best)
		log_error("run '%s%s%s': no such command; did you mean 'rlc %s%s%s'?", group, space,
			  name, group, space, nearest.best);
	else
		log_error("run '%s%s%s': no such command; 'rlc %s%s--help' lists them", group,
			  space, name, group, space);
	return EXIT_RLC_FAILED;
}

static void print_commands(FILE *out, const Command *table)
{
	fputs("Commands:\n", out);
	for (; table->name; table++)
		help_row(out, table->name, 11, table->summary);
}

static void print_command_table(const Command *table)
{
	help_heading("Commands");
	for (; table->name; table++)
		help_command(table->name, table->arguments, table->summary);
}

int command_group(const char *group, const char *summary, const Command *table, int argc,
		  char **argv)
{
	HelpForm form = help_form(argv[1]);
	const Command *command;

	if (form == HELP_TEXT && argc > 2) { /* rlc help GROUP COMMAND */
		char *help_argv[] = {argv[2], argv[1], NULL};

		command = command_find(table, argv[2]);
		return command ? command->run(2, help_argv)
			       : command_unknown(table, group, argv[2]);
	}
	if (form == HELP_TABLE) {
		help_usage(group, "COMMAND [ARG...]", summary);
		print_command_table(table);
		return 0;
	}
	if (form == HELP_TEXT) {
		printf("Usage: rlc %s COMMAND [ARG...]\n\n%s\n\n", group, summary);
		print_commands(stdout, table);
		printf("\n'rlc %s COMMAND --help' explains a command.\n", group);
		return 0;
	}
	if (argc < 2) {
		log_error("run '%s': a command is missing; 'rlc %s --help' lists them", group,
			  group);
		return EXIT_RLC_FAILED;
	}
	command = command_find(table, argv[1]);
	if (!command)
		return command_unknown(table, group, argv[1]);
	return command->run(argc - 1, argv + 1);
}

static void print_help(FILE *out)
{
	fputs("Usage: rlc [OPTIONS] COMMAND [ARG...]\n\n"
	      "Linux containers for everybody, without a daemon.\n\n",
	      out);
	print_commands(out, commands);
	fputs("\nGlobal options:\n", out);
	for (size_t i = 0; i < G_N_ELEMENTS(global_options); i++) {
		const struct option_help *row = &global_options[i];
		g_autofree char *flag = g_strconcat("--", row->name, " ", row->metavar, NULL);

		help_row(out, flag, 18, row->help);
	}
	fputs("\n'rlc COMMAND --help' explains a command. 'rlc run' alone opens a shell.\n", out);
}

static void print_help_table(void)
{
	help_usage("", "COMMAND [ARG...]", "Linux containers for everybody, without a daemon.");
	help_heading("Global options");
	for (size_t i = 0; i < G_N_ELEMENTS(global_options); i++) {
		const struct option_help *row = &global_options[i];

		help_option(row->name, 0, row->metavar, row->metavar ? "once" : "switch",
			    row->help);
	}
	print_command_table(commands);
}

static int cmd_help(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "help",
		.arguments = "[COMMAND [COMMAND]]",
		.summary = "Print help, or the help of a command.",
		.max = 2,
	};
	static const GOptionEntry entries[] = {{0}};
	g_autoptr(GError) error = NULL;
	char help_flag[] = "--help";
	char *help_argv[] = {NULL, help_flag, NULL, NULL};
	const Command *command;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (argc < 2) {
		print_help(stdout);
		return 0;
	}
	command = command_find(commands, argv[1]);
	if (!command)
		return command_unknown(commands, "", argv[1]);
	help_argv[0] = argv[1];
	help_argv[2] = argc == 3 ? argv[2] : NULL;
	return command->run(argc, help_argv);
}

/* source: the flag or the variable */
static bool set_log_level(const char *source, const char *text)
{
	LogLevel level;

	if (!log_level_parse(text, &level)) {
		log_error("parse %s '%s': not one of error, warn, info, debug", source, text);
		return false;
	}
	log_set_level(level);
	return g_setenv("RLC_LOG_LEVEL", text, TRUE);
}

static bool set_log_format(const char *source, const char *text)
{
	if (log_json_choose(text))
		return g_setenv("RLC_LOG_FORMAT", text, TRUE);
	log_error("parse %s '%s': not one of text, json", source, text);
	return false;
}

static bool set_from_environment(const char *name,
				 bool (*set)(const char *source, const char *text))
{
	const char *value = g_getenv(name);

	return !value || !*value || set(name, value);
}

static void refuse_global(const char *word)
{
	g_autofree char *name = g_strndup(word, strcspn(word, "="));
	Suggestion nearest = {.typed = name + strspn(name, "-")};
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(global_options); i++)
		suggest_offer(&nearest, global_options[i].name);
	suggest_option(&nearest, name, "rlc", &error);
	command_fail(error);
}

/* What is left to do after the global flags: a command at argv[optind], unless *ret_code is set. */
static bool parse_globals(int argc, char **argv, int *ret_code)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'},
		{"store", required_argument, NULL, 's'},
		{"log-level", required_argument, NULL, 'l'},
		{"log-format", required_argument, NULL, 'f'},
		{"version", no_argument, NULL, 'v'},
		{"help", optional_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *word;
	int c;

	opterr = 0;
	while ((word = argv[MIN(optind, argc)],
		c = getopt_long(argc, argv, "+:h", options, NULL)) >= 0) {
		*ret_code = EXIT_RLC_FAILED;
		switch (c) {
		case 'r':
		case 's':
			if (!*optarg) {
				log_error("parse --%s '': the directory is empty",
					  c == 'r' ? "root" : "store");
				return false;
			}
			g_setenv(c == 'r' ? "RLC_ROOT" : "RLC_STORE", optarg, TRUE);
			break;
		case 'l':
			if (!set_log_level("--log-level", optarg))
				return false;
			break;
		case 'f':
			if (!set_log_format("--log-format", optarg))
				return false;
			break;
		case 'v':
			*ret_code = cmd_version(1, argv);
			return false;
		case 'h':
			if (help_form(argv[optind - 1]) == HELP_TABLE)
				print_help_table();
			else
				print_help(stdout);
			*ret_code = 0;
			return false;
		case ':':
			log_error("parse '%s': it needs a value", word);
			return false;
		default:
			refuse_global(word);
			return false;
		}
	}
	return true;
}

/*
 * A standard stream that the caller closed is /dev/null from here on: else the next file opened
 * would take its number, and what is meant for the stream would go there.
 */
static bool open_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_NOCTTY) != fd)
			return false;
	}
	return true;
}

/*
 * Who has no home directory needs none until something is kept there; GLib would warn of it.  One
 * that is relative would be another from each directory: the store, with containers that are kept.
 */
static void set_home(void)
{
	const char *home = g_getenv("HOME");

	if (home && !g_path_is_absolute(home))
		g_unsetenv("HOME");
	if (!g_getenv("HOME") && !getpwuid(geteuid()))
		g_setenv("HOME", "/", TRUE);
}

int command_main(int argc, char **argv)
{
	const Command *command;
	int code;

	if (!open_streams())
		return EXIT_RLC_FAILED;
	set_home();
	if (!set_from_environment("RLC_LOG_LEVEL", set_log_level) ||
	    !set_from_environment("RLC_LOG_FORMAT", set_log_format))
		return EXIT_RLC_FAILED;
	if (!parse_globals(argc, argv, &code))
		return command_end(code);
	if (optind >= argc) {
		print_help(stderr);
		return EXIT_RLC_FAILED;
	}
	command = command_find(commands, argv[optind]);
	if (!command)
		return command_unknown(commands, "", argv[optind]);
	return command_end(command->run(argc - optind, argv + optind));
}
