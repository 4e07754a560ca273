/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about the container as a whole, and about rlc. */
#include "cmd/run_table.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "cmd/run_values.h"
#include "feature/cgroup_property.h"

static bool set_name(RunParse *parse, const char *value, GError **error)
{
	return run_value_name(value, error) && run_value_replace(&parse->spec->rlc.name, value);
}

static bool set_detach(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->rlc.detach = value != NULL;
	return true;
}

static bool set_remove(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->remove_given = true;
	parse->remove = value != NULL;
	return true;
}

static bool set_stop_signal(RunParse *parse, const char *value, GError **error)
{
	return run_value_signal(value, &parse->spec->rlc.stop_signal, error);
}

static bool set_stop_timeout(RunParse *parse, const char *value, GError **error)
{
	guint64 seconds;

	if (!g_ascii_string_to_unsigned(value, 10, 0, 86400, &seconds, NULL))
		return error_set(error, RLC_ERROR_USAGE, "not a number of seconds up to 86400");
	parse->spec->rlc.stop_timeout = (unsigned)seconds;
	return true;
}

static bool set_restart(RunParse *parse, const char *value, GError **error)
{
	static const char *const policies[] = {
		[RESTART_NO] = "no",
		[RESTART_ON_FAILURE] = "on-failure",
		[RESTART_ALWAYS] = "always",
		[RESTART_UNLESS_STOPPED] = "unless-stopped",
	};
	g_auto(GStrv) parts = g_strsplit(value, ":", 2);
	size_t policy = 0;
	guint64 count;

	while (policy < G_N_ELEMENTS(policies) && g_strcmp0(parts[0], policies[policy]) != 0)
		policy++;
	if (policy == G_N_ELEMENTS(policies))
		return error_set(error, RLC_ERROR_USAGE,
				 "not one of no, on-failure[:COUNT], always, unless-stopped");
	parse->spec->rlc.restart = (SpecRestart)policy;
	if (!parts[1])
		return true;
	if (parse->spec->rlc.restart != RESTART_ON_FAILURE ||
	    !g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXINT32, &count, NULL))
		return error_set(error, RLC_ERROR_USAGE, "only on-failure has a COUNT, from 1 on");
	parse->spec->rlc.restart_max = (unsigned)count;
	return true;
}

static bool set_log_driver(RunParse *parse, const char *value, GError **error)
{
	static const char *const drivers[] = {
		[LOG_DRIVER_FILE] = "file",
		[LOG_DRIVER_NONE] = "none",
		[LOG_DRIVER_JOURNALD] = "journald",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
		if (strcmp(drivers[i], value) != 0)
			continue;
		parse->spec->rlc.log_driver = (SpecLogDriver)i;
		return true;
	}
	return error_set(error, RLC_ERROR_USAGE, "not one of file, none, journald");
}

static bool set_log_opt(RunParse *parse, const char *value, GError **error)
{
	guint64 number;

	if (g_str_has_prefix(value, "max-size=")) {
		if (!run_value_size_from(value + strlen("max-size="), 1, &number, error))
			return false;
		parse->spec->rlc.log_max_size = number;
		return true;
	}
	if (!g_str_has_prefix(value, "max-file="))
		return error_set(error, RLC_ERROR_USAGE,
				 "neither max-size=SIZE nor max-file=COUNT");
	if (!g_ascii_string_to_unsigned(value + strlen("max-file="), 10, 1, 1000, &number, NULL))
		return error_set(error, RLC_ERROR_USAGE, "max-file is a number from 1 to 1000");
	parse->spec->rlc.log_max_file = (unsigned)number;
	return true;
}

static bool set_cidfile(RunParse *parse, const char *value, GError **error)
{
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "the file's name is empty");
	return run_value_replace(&parse->spec->rlc.cidfile, value);
}

static bool set_pidfile(RunParse *parse, const char *value, GError **error)
{
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "the file's name is empty");
	g_free(parse->spec->rlc.pidfile); /* each life writes it, wherever the supervisor stands */
	parse->spec->rlc.pidfile = g_canonicalize_filename(value, NULL);
	return true;
}

/* NAME alone has an empty value. */
static bool add_pair(GPtrArray *pairs, const char *value, GError **error)
{
	g_autofree char *pair =
		strchr(value, '=') ? g_strdup(value) : g_strconcat(value, "=", NULL);

	if (*pair == '=')
		return error_set(error, RLC_ERROR_USAGE, "the name is empty");
	spec_set_pair(pairs, pair);
	return true;
}

static bool set_label(RunParse *parse, const char *value, GError **error)
{
	return add_pair(parse->spec->rlc.labels, value, error);
}

static bool set_annotation(RunParse *parse, const char *value, GError **error)
{
	return cgroup_property_check(value, error) &&
	       add_pair(parse->spec->annotations, value, error);
}

static bool set_explain(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->out->explain = value != NULL;
	return true;
}

static bool set_timing(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->rlc.timing = value != NULL;
	return true;
}

static bool set_root(RunParse *parse, const char *value, GError **error)
{
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "the directory is empty");
	return run_value_replace(&parse->out->state_root, value);
}

static bool set_log_level(RunParse *parse, const char *value, GError **error)
{
	LogLevel level;

	(void)parse;
	if (!log_level_parse(value, &level))
		return error_set(error, RLC_ERROR_USAGE, "not one of error, warn, info, debug");
	log_set_level(level);
	return g_setenv("RLC_LOG_LEVEL", value, TRUE); /* for the programs that rlc runs */
}

static bool set_help(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->out->help = value != NULL;
	return true;
}

static const RunOption rows[] = {
	{"name", 0, OPTION_ONCE, set_name, "NAME", "a name of your own beside the id"},
	{"detach", 'd', OPTION_SWITCH, set_detach, NULL, "run in the background and print the id"},
	{"rm", 0, OPTION_SWITCH, set_remove, NULL,
	 "remove it when it ends (default unless --detach)"},
	{"stop-signal", 0, OPTION_ONCE, set_stop_signal, "SIGNAL",
	 "what 'rlc stop' sends (default TERM)"},
	{"stop-timeout", 0, OPTION_ONCE, set_stop_timeout, "SECONDS",
	 "how long 'rlc stop' waits before it kills (default 10)"},
	{"restart", 0, OPTION_ONCE, set_restart, "POLICY",
	 "start it again: no, on-failure[:COUNT], always, unless-stopped; needs --detach"},
	{"log-driver", 0, OPTION_ONCE, set_log_driver, "DRIVER",
	 "what --detach does with the output: file (default), journald or none"},
	{"log-opt", 0, OPTION_MANY, set_log_opt, "NAME=VALUE",
	 "max-size=SIZE (10m) of a log file, max-file=COUNT (3)"},
	{"cidfile", 0, OPTION_ONCE, set_cidfile, "FILE", "write the id to FILE, which must be new"},
	{"pidfile", 0, OPTION_ONCE, set_pidfile, "FILE", "write the pid of PID 1 to FILE"},
	{"label", 'l', OPTION_MANY, set_label, "NAME[=VALUE]",
	 "what to remember of it, for 'rlc ps --filter'"},
	{"annotation", 0, OPTION_MANY, set_annotation, "NAME[=VALUE]",
	 "what to remember of it, as OCI's annotation; org.systemd.property.NAME is one of its "
	 "scope's"},
	{"explain", 0, OPTION_SWITCH, set_explain, NULL,
	 "print every step as a shell script; run nothing"},
	{"timing", 0, OPTION_SWITCH, set_timing, NULL, "print what each step took"},
	{"root", 0, OPTION_ONCE, set_root, "DIR", "where the state of containers is kept"},
	{"log-level", 0, OPTION_ONCE, set_log_level, "LEVEL", "error, warn, info or debug"},
	{"help", 0, OPTION_SWITCH, set_help, NULL, "print this help"},
};

const RunGroup run_container_group = {"Container", rows, G_N_ELEMENTS(rows)};
