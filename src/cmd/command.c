/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "cmd/suggest.h"

static int cmd_help(int argc, char **argv);

static const Command commands[] = {
	{"run", "[OPTIONS] [IMAGE [COMMAND [ARG...]]]", "run a command in a new container",
	 cmd_run},
	{"cp", "CONTAINER:PATH HOSTPATH | HOSTPATH CONTAINER:PATH",
	 "copy files between the host and a container", cmd_cp},
	{"exec", "[OPTIONS] CONTAINER COMMAND [ARG...]", "run a command in a container that runs",
	 cmd_exec},
	{"ps", "[OPTIONS]", "list containers", cmd_ps},
	{"logs", "[OPTIONS] CONTAINER", "print what a detached container wrote", cmd_logs},
	{"attach", "[OPTIONS] CONTAINER", "connect to the streams of a detached container",
	 cmd_attach},
	{"wait", "CONTAINER...", "wait for the end of containers, print their exit codes",
	 cmd_wait},
	{"stop", "[OPTIONS] CONTAINER...", "end containers", cmd_stop},
	{"kill", "[OPTIONS] CONTAINER...", "send a signal to containers", cmd_kill},
	{"start", "CONTAINER...", "start containers again that have ended", cmd_start},
	{"restart", "[OPTIONS] CONTAINER...", "end containers and start them again", cmd_restart},
	{"rm", "[OPTIONS] CONTAINER...", "remove containers", cmd_rm},
	{"rename", "CONTAINER NAME", "give a container another name", cmd_rename},
	{"inspect", "CONTAINER...", "print all about containers as JSON", cmd_inspect},
	{"pull", "[OPTIONS] IMAGE", "fetch an image from a registry or an archive", cmd_pull},
	{"images", "[OPTIONS] [NAME]", "list the images of the store", cmd_images},
	{"rmi", "[OPTIONS] IMAGE...", "remove images", cmd_rmi},
	{"tag", "IMAGE NAME...", "give an image one more name", cmd_tag},
	{"image", "COMMAND [ARG...]", "inspect images, sweep the store; what concerns images",
	 cmd_image},
	{"load", "[-i FILE]", "read images from an archive", cmd_load},
	{"save", "[-o FILE] IMAGE...", "write images to an archive", cmd_save},
	{"import", "FILE|- NAME", "make an image of a tar of a root", cmd_import},
	{"export", "[-o FILE] IMAGE", "write the root of an image as a tar", cmd_export},
	{"network", "ls|inspect [BRIDGE...]", "list bridges and who is on them", cmd_network},
	{"port", "[--format text|json] CONTAINER [PORT[/tcp|/udp]]",
	 "print which ports of the host lead to a container", cmd_port},
	{"top", "[--format table|json] CONTAINER", "list the processes of a container", cmd_top},
	{"unshare", "COMMAND [ARG...]", "run a command in your own id map, nothing else isolated",
	 cmd_unshare},
	{"version", "", "print the version", cmd_version},
	{"help", "[COMMAND]", "print help, or the help of a command", cmd_help},
};

int command_fail(const GError *error)
{
	log_error("%s", error->message);
	if (g_error_matches(error, RLC_ERROR, RLC_ERROR_EXEC_NOT_FOUND))
		return EXIT_NO_SUCH_PROGRAM;
	if (g_error_matches(error, RLC_ERROR, RLC_ERROR_EXEC_DENIED))
		return EXIT_CANNOT_EXECUTE;
	return EXIT_RLC_FAILED;
}

static const Command *command_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int command_unknown(const char *name)
{
	Suggestion nearest = {.typed = name};

	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		suggest_offer(&nearest, commands[i].name);
	if (nearest.best)
		log_error("run '%s': no such command; did you mean 'rlc %s'?", name, nearest.best);
	else
		log_error("run '%s': no such command; 'rlc help' lists them", name);
	return EXIT_RLC_FAILED;
}

static void print_help(FILE *out)
{
	fputs("Usage: rlc [--root DIR] [--store DIR] [--log-level LEVEL] COMMAND [ARG...]\n\n"
	      "Linux containers for everybody, without a daemon.\n\nCommands:\n",
	      out);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\nGlobal options:\n"
	      "  --root DIR         where the state of containers is kept (or RLC_ROOT)\n"
	      "  --store DIR        where images are kept (or RLC_STORE)\n"
	      "  --log-level LEVEL  error, warn, info or debug (or RLC_LOG_LEVEL)\n"
	      "  --version          print the version\n"
	      "  --help             print this help\n\n"
	      "'rlc COMMAND --help' explains a command. 'rlc run' alone opens a shell.\n",
	      out);
}

static int cmd_help(int argc, char **argv)
{
	char help_flag[] = "--help";
	char *help_argv[] = {NULL, help_flag, NULL};
	const Command *command;

	if (argc < 2) {
		print_help(stdout);
		return 0;
	}
	command = command_find(argv[1]);
	if (!command)
		return command_unknown(argv[1]);
	if (command->run == cmd_help || !*command->arguments) {
		printf("Usage: rlc %s %s\n%s\n", command->name, command->arguments,
		       command->summary);
		return 0;
	}
	help_argv[0] = argv[1];
	return command->run(2, help_argv);
}

static bool set_log_level(const char *text)
{
	LogLevel level;

	if (!log_level_parse(text, &level)) {
		log_error("set log level '%s': not one of error, warn, info, debug", text);
		return false;
	}
	log_set_level(level);
	return g_setenv("RLC_LOG_LEVEL", text, TRUE);
}

/* What is left to do after the global flags: a command at argv[optind], unless *ret_code is set. */
static bool parse_globals(int argc, char **argv, int *ret_code)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'},
		{"store", required_argument, NULL, 's'},
		{"log-level", required_argument, NULL, 'l'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:h", options, NULL)) >= 0) {
		*ret_code = EXIT_RLC_FAILED;
		switch (c) {
		case 'r':
			g_setenv("RLC_ROOT", optarg, TRUE);
			break;
		case 's':
			g_setenv("RLC_STORE", optarg, TRUE);
			break;
		case 'l':
			if (!set_log_level(optarg))
				return false;
			break;
		case 'v':
			*ret_code = cmd_version(1, argv);
			return false;
		case 'h':
			*ret_code = cmd_help(1, argv);
			return false;
		case ':':
			log_error("parse %s: it needs a value", argv[optind - 1]);
			return false;
		default:
			log_error("parse %s: no such global option; 'rlc help' lists them",
				  argv[optind - 1]);
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

int command_main(int argc, char **argv)
{
	const char *level = g_getenv("RLC_LOG_LEVEL");
	const Command *command;
	int code;

	if (!open_streams())
		return EXIT_RLC_FAILED;
	if (level && *level && !set_log_level(level))
		return EXIT_RLC_FAILED;
	if (!parse_globals(argc, argv, &code))
		return code;
	if (optind >= argc) {
		print_help(stderr);
		return EXIT_RLC_FAILED;
	}
	command = command_find(argv[optind]);
	if (!command)
		return command_unknown(argv[optind]);
	return command->run(argc - optind, argv + optind);
}
