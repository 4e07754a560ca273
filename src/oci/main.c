/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/error.h"
#include "kernel/userns.h"
#include "oci/report.h"
#include "oci/verb.h"

static G_GNUC_NORETURN void print_version(void)
{
	puts("rlc-oci version " RLC_VERSION "\ncommit: " RLC_VERSION "\nspec: " OCI_VERSION);
	exit(0);
}

/* root: /run, others: where their session has its files. */
static char *default_root(void)
{
	const char *runtime = g_getenv("XDG_RUNTIME_DIR");
	bool host_root = geteuid() == 0 && userns_is_host();

	if (runtime && *runtime == '/' && !host_root)
		return g_build_filename(runtime, "rlc-oci", NULL);
	return host_root ? g_strdup("/run/rlc-oci") : g_strdup_printf("/tmp/rlc-oci-%u", geteuid());
}

/* Up to the verb: what stands behind it is its own. */
static bool parse_globals(int *argc, char ***argv, OciGlobals *globals, GError **error)
{
	gboolean version = FALSE;
	const GOptionEntry entries[] = {
		{"root", 0, 0, G_OPTION_ARG_FILENAME, &globals->root,
		 "where the state of containers is kept", "DIR"},
		{"log", 0, 0, G_OPTION_ARG_FILENAME, &globals->log,
		 "where messages go; default: standard error", "FILE"},
		{"log-format", 0, 0, G_OPTION_ARG_STRING, &globals->log_format, "text or json",
		 "FORMAT"},
		{"debug", 0, 0, G_OPTION_ARG_NONE, &globals->debug, "say what is done", NULL},
		{"systemd-cgroup", 0, 0, G_OPTION_ARG_NONE, &globals->systemd_cgroup,
		 "have systemd make the cgroups", NULL},
		{"rootless", 0, 0, G_OPTION_ARG_STRING, &globals->rootless,
		 "has no effect: it is found out", "MODE"},
		{"cgroup-manager", 0, 0, G_OPTION_ARG_STRING, &globals->cgroup_manager,
		 "cgroupfs, systemd or disabled", "NAME"},
		{"version", 'v', 0, G_OPTION_ARG_NONE, &version, "print the version", NULL},
		{NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new("VERB [ARG...]");
	g_autofree char *verbs = verb_list_text();

	if (*argc == 2 && strcmp((*argv)[1], VERB_TABLE) == 0) {
		verb_print_table("", "VERB [ARGUMENT...]",
				 "An OCI runtime with runc's command line.", entries);
		verb_list_table();
		exit(0);
	}
	g_set_prgname("rlc-oci");
	g_option_context_set_summary(context, "rlc as an OCI runtime, with runc's command line");
	g_option_context_set_description(context, verbs);
	g_option_context_set_strict_posix(context, TRUE);
	arguments_add(context, entries);
	if (!arguments_parse(context, entries, "rlc-oci", argc, *argv, error))
		return false;
	if (version)
		print_version();
	if (*argc < 2)
		return error_set(error, RLC_ERROR_USAGE,
				 "a verb is missing; rlc-oci --help lists them");
	if (!globals->root)
		globals->root = default_root();
	return true;
}

/* See cmd/command.c: a file that is opened must not take the number of a stream. */
static bool open_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_NOCTTY) != fd)
			return false;
	}
	return true;
}

static int run(int argc, char **argv, GError **error)
{
	OciGlobals globals = {0};

	if (!open_streams() || !parse_globals(&argc, &argv, &globals, error) ||
	    !report_open(globals.log, globals.log_format, globals.debug, error))
		return -1;
	globals.verb = verb_find(argv[1]);
	if (globals.verb)
		return globals.verb->run(&globals, argc - 1, argv + 1, error);
	if (strcmp(argv[1], "checkpoint") == 0 || strcmp(argv[1], "restore") == 0)
		error_set(error, RLC_ERROR_UNSUPPORTED,
			  "%s: not supported: rlc-oci neither saves nor restores processes",
			  argv[1]);
	else
		error_set(error, RLC_ERROR_USAGE, "no such verb: '%s'; rlc-oci --help lists them",
			  argv[1]);
	return -1;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	int code;

	if (argc > 1 &&
	    (strcmp(argv[argc - 1], "--help") == 0 || strcmp(argv[argc - 1], "-h") == 0))
		setlocale(LC_CTYPE, "C.UTF-8"); /* GOption prints dots that are not ASCII */
	code = run(argc, argv, &error);

	return code < 0 ? report_error(error) : code;
}
