/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rlc generate systemd: a unit that starts a container, tells when it runs, and stops it.
 *
 * The unit is of Type=notify.  `rlc start` leaves a supervisor behind, which says so to the service
 * manager itself (base/notify.h) before `rlc start` ends: from then on it is the unit's main
 * process, and its exit code is the payload's.
 */
#include "cmd/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "cmd/run_table.h"

#define SHORT_ID	   12
#define STOP_MARGIN	   60 /* seconds that ending may take beyond --stop-timeout */
#define START_TIMEOUT	   300
#define PLAIN_CHARACTERS   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@+-"
#define START_LIMIT_PERIOD 3600

typedef struct {
	gboolean by_name, anew, files;
	char *restart; /* instead of the container's own policy; NULL */
} GenerateOptions;

/* systemd.service(5), "Command lines": in quotation marks, with % and $ doubled */
static void append_word(GString *line, const char *word)
{
	g_string_append_c(line, ' ');
	if (*word && strspn(word, PLAIN_CHARACTERS) == strlen(word)) {
		g_string_append(line, word);
		return;
	}
	g_string_append_c(line, '"');
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			g_string_append_printf(line, "\\%c", *word);
		else if (*word == '%' || *word == '$')
			g_string_append_printf(line, "%c%c", *word, *word);
		else if (g_ascii_iscntrl(*word))
			g_string_append_printf(line, "\\x%02x", (unsigned char)*word);
		else
			g_string_append_c(line, *word);
	}
	g_string_append_c(line, '"');
}

/* "ExecStart=/usr/bin/rlc WORD WORD" */
static void append_command(GString *unit, const char *key, const char *program,
			   const char *const *words)
{
	g_string_append_printf(unit, "%s%s", key, program);
	for (; *words; words++)
		append_word(unit, *words);
	g_string_append_c(unit, '\n');
}

static void append_environment(GString *unit, const char *name, const char *value)
{
	g_autofree char *assignment = g_strdup_printf("%s=%s", name, value);
	g_autoptr(GString) line = g_string_new(NULL);

	if (!value || !*value)
		return;
	append_word(line, assignment);
	g_string_append_printf(unit, "Environment=%s", line->str + 1);
	g_string_append_c(unit, '\n');
}

/* Where rlc finds its state and store now has to be where the unit's finds them. */
static void append_environments(GString *unit)
{
	append_environment(unit, "RLC_ROOT", g_getenv("RLC_ROOT"));
	append_environment(unit, "RLC_STORE", g_getenv("RLC_STORE"));
}

static const char *restart_policy(const Spec *spec, const GenerateOptions *options)
{
	static const char *const policies[] = {
		[RESTART_NO] = "no",
		[RESTART_ON_FAILURE] = "on-failure",
		[RESTART_ALWAYS] = "always",
		[RESTART_UNLESS_STOPPED] = "always", /* systemd leaves alone what was stopped */
	};

	return options->restart ? options->restart : policies[spec->rlc.restart];
}

static void append_head(GString *unit, const Spec *spec, const char *name)
{
	g_string_append_printf(unit,
			       "[Unit]\n"
			       "Description=Container %s\n"
			       "Documentation=man:rlc-generate-systemd(1)\n"
			       "Wants=network-online.target\n"
			       "After=network-online.target\n",
			       name);
	if (spec->rlc.restart == RESTART_ON_FAILURE && spec->rlc.restart_max > 0)
		g_string_append_printf(unit, "StartLimitIntervalSec=%d\nStartLimitBurst=%u\n",
				       START_LIMIT_PERIOD, spec->rlc.restart_max + 1);
}

static void append_service(GString *unit, const Spec *spec, const GenerateOptions *options)
{
	int stop_signal = spec->rlc.stop_signal ? spec->rlc.stop_signal : SIGTERM;

	g_string_append_printf(unit,
			       "\n[Service]\n"
			       "Type=notify\n"
			       "NotifyAccess=all\n"
			       "Restart=%s\n"
			       "KillMode=mixed\n"
			       "Delegate=yes\n"
			       "SuccessExitStatus=%d\n"
			       "TimeoutStartSec=%d\n"
			       "TimeoutStopSec=%u\n",
			       restart_policy(spec, options), 128 + stop_signal, START_TIMEOUT,
			       spec->rlc.stop_timeout + STOP_MARGIN);
	append_environments(unit);
}

static void append_start(GString *unit, const char *program, const char *name)
{
	const char *const start[] = {"start", name, NULL};

	append_command(unit, "ExecStart=", program, start);
}

/* run's --cidfile has to be new, and one is there from the time before. */
static void append_remove_cidfile(GString *unit, const GPtrArray *run)
{
	g_autoptr(GArray) given =
		run_table_read(&run_table, (int)run->len - 1, (char **)run->pdata, NULL);
	const RunGiven *cidfile = given ? run_table_given(given, "cidfile") : NULL;
	const char *const remove[] = {"-f", "--", cidfile ? cidfile->value : NULL, NULL};

	if (cidfile)
		append_command(unit, "ExecStartPre=-", "/bin/rm", remove);
}

/* The container is made anew each time, by the command that made this one. */
static void append_start_anew(GString *unit, const char *program, const char *name,
			      const Spec *spec)
{
	const char *const remove[] = {"rm", "-f", name, NULL};
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_auto(GStrv) directory =
		g_strsplit(spec->rlc.directory ? spec->rlc.directory : "/", "%", -1);
	g_autofree char *escaped = g_strjoinv("%%", directory);

	g_ptr_array_add(words, (char *)"run");
	if (!spec->rlc.name) {
		g_ptr_array_add(words, (char *)"--name");
		g_ptr_array_add(words, (char *)name);
	}
	for (guint i = 0; i < spec->rlc.command->len; i++)
		g_ptr_array_add(words, g_ptr_array_index(spec->rlc.command, i));
	g_ptr_array_add(words, NULL);
	g_string_append_printf(unit, "WorkingDirectory=%s\n", escaped);
	append_command(unit, "ExecStartPre=-", program, remove);
	append_remove_cidfile(unit, words);
	append_command(unit, "ExecStart=", program, (const char *const *)words->pdata);
	append_command(unit, "ExecStopPost=-", program, remove);
}

static char *make_unit(const StateEntry *entry, const Spec *spec, const char *unit_name,
		       const char *program, const GenerateOptions *options)
{
	g_autofree char *timeout = g_strdup_printf("%u", spec->rlc.stop_timeout);
	const char *name = options->anew      ? (spec->rlc.name ? spec->rlc.name : unit_name)
			   : options->by_name ? entry->name
					      : entry->id;
	const char *const stop[] = {"stop", "-t", timeout, name, NULL};
	GString *unit = g_string_new(NULL);

	g_string_append_printf(unit, "# %s.service, made by rlc generate systemd\n\n", unit_name);
	append_head(unit, spec, name);
	append_service(unit, spec, options);
	if (options->anew)
		append_start_anew(unit, program, name, spec);
	else
		append_start(unit, program, name);
	append_command(unit, "ExecStop=", program, stop);
	g_string_append(unit, "\n[Install]\nWantedBy=default.target\n");
	return g_string_free(unit, FALSE);
}

static bool write_unit(const char *unit_name, const char *text, GError **error)
{
	g_autofree char *here = g_get_current_dir();
	g_autofree char *file = g_strconcat(unit_name, ".service", NULL);
	g_autofree char *path = g_build_filename(here, file, NULL);
	g_autoptr(GError) failed = NULL;

	if (!g_file_set_contents(path, text, -1, &failed))
		return error_set(error, RLC_ERROR_FAILED, "write the unit: %s", failed->message);
	puts(path);
	return true;
}

static bool check(const StateEntry *entry, const Spec *spec, const char *name,
		  const GenerateOptions *options, GError **error)
{
	if (!spec->rlc.detach)
		return error_set(error, RLC_ERROR_STATE,
				 "make a unit for '%s': it was not run with --detach", name);
	if (!spec->rlc.keep && !options->anew)
		return error_set(error, RLC_ERROR_STATE,
				 "make a unit for '%s': it is not kept when it ends (--rm); use "
				 "--new",
				 name);
	if (options->by_name && !entry->name)
		return error_set(error, RLC_ERROR_STATE, "make a unit for '%s': it has no name",
				 name);
	return true;
}

static bool generate(const char *root, const StateEntry *entry, const char *name, void *data,
		     GError **error)
{
	const GenerateOptions *options = data;
	g_autoptr(Spec) spec = state_load_spec(root, entry->id, error);
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *unit_name = NULL, *text = NULL;

	if (!spec || !check(entry, spec, name, options, error))
		return false;
	if (!program)
		return error_errno(error, errno, "read '/proc/self/exe'");
	unit_name = options->by_name ? g_strconcat("container-", entry->name, NULL)
				     : g_strdup_printf("container-%.*s", SHORT_ID, entry->id);
	text = make_unit(entry, spec, unit_name, program, options);
	if (options->files)
		return write_unit(unit_name, text, error);
	fputs(text, stdout);
	return true;
}

static bool check_restart(const char *restart, GError **error)
{
	static const char *const known[] = {"no",	  "always",	 "on-success",
					    "on-failure", "on-abnormal", "on-watchdog",
					    "on-abort",	  NULL};

	if (!restart || g_strv_contains(known, restart))
		return true;
	return error_set(error, RLC_ERROR_USAGE,
			 "parse --restart-policy '%s': not one of no, always, on-success, "
			 "on-failure, on-abnormal, on-watchdog, on-abort",
			 restart);
}

static int generate_systemd(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "generate systemd",
		.arguments = "CONTAINER...",
		.summary = "Print a unit of systemd's for each container.",
		.text = "A user puts it into ~/.config/systemd/user, root into "
			"/etc/systemd/system; "
			"then\n\n  systemctl --user daemon-reload\n"
			"  systemctl --user enable --now container-NAME\n"
			"  loginctl enable-linger    (to run without a login, from the boot on)",
		.min = 1,
		.max = -1,
	};
	GenerateOptions options = {0};
	const GOptionEntry entries[] = {
		{"name", 'n', 0, G_OPTION_ARG_NONE, &options.by_name,
		 "call it by its name rather than its id", NULL},
		{"new", 0, 0, G_OPTION_ARG_NONE, &options.anew,
		 "make the container anew at each start, as it was run", NULL},
		{"files", 'f', 0, G_OPTION_ARG_NONE, &options.files,
		 "write container-NAME.service here, print its path", NULL},
		{"restart-policy", 0, 0, G_OPTION_ARG_STRING, &options.restart,
		 "Restart= of the unit (default: as run --restart)", "POLICY"},
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	int code;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !check_restart(options.restart, &error))
		code = command_fail(error);
	else
		code = containers_each(argv + 1, generate, &options);
	g_free(options.restart);
	return code;
}

int cmd_generate(int argc, char **argv)
{
	static const Command table[] = {
		{"systemd", "[OPTIONS] CONTAINER...", "print units of systemd's", generate_systemd},
		{NULL, NULL, NULL, NULL},
	};

	return command_group("generate", "Files for other programs.", table, argc, argv);
}
