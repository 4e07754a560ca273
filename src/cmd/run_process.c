/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about the process. */
#include "cmd/run_table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/run_values.h"
#include "feature/process.h"

#define ENV_FILE_MAX	(1 << 20)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static bool set_interactive(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->rlc.interactive = value != NULL;
	return true;
}

static bool set_terminal(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->process.terminal = value != NULL;
	return true;
}

static bool set_entrypoint(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	return run_value_replace(&parse->out->entrypoint, value);
}

static bool set_workdir(RunParse *parse, const char *value, GError **error)
{
	if (*value != '/')
		return error_set(error, RLC_ERROR_USAGE, "not an absolute path");
	parse->out->workdir_given = true;
	return run_value_replace(&parse->spec->process.cwd, value);
}

static bool set_env(RunParse *parse, const char *value, GError **error)
{
	return run_value_env(parse->env, value, error);
}

static bool take_env_line(RunParse *parse, const char *line, GError **error)
{
	while (*line == ' ' || *line == '\t')
		line++;
	if (!*line || *line == '#')
		return true;
	if (strcspn(line, "= \t") != strcspn(line, "="))
		return error_set(error, RLC_ERROR_USAGE, "the name '%.*s' has white space in it",
				 (int)strcspn(line, "="), line);
	return run_value_env(parse->out->env, line, error);
}

/* Editors of other systems put a mark at its head and a carriage return behind each line. */
static bool set_env_file(RunParse *parse, const char *value, GError **error)
{
	auto_fd fd = open(value, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	size_t start;

	if (fd < 0)
		return error_errno(error, errno, "open");
	text = fd_read_all(fd, value, ENV_FILE_MAX, error);
	if (!text)
		return false;
	start = g_str_has_prefix(text, BYTE_ORDER_MARK) ? strlen(BYTE_ORDER_MARK) : 0;
	lines = g_strsplit(text + start, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		if (g_str_has_suffix(lines[i], "\r"))
			lines[i][strlen(lines[i]) - 1] = '\0';
		if (!take_env_line(parse, lines[i], error)) {
			error_prefix(error, "%s:%u: ", value, i + 1);
			return false;
		}
	}
	return true;
}

static bool set_init(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->rlc.init = value != NULL;
	return true;
}

static bool set_no_init(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->rlc.init = value == NULL;
	return true;
}

static bool set_timeout(RunParse *parse, const char *value, GError **error)
{
	guint64 seconds;

	if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT32, &seconds, NULL))
		return error_set(error, RLC_ERROR_USAGE, "not a number of seconds");
	parse->spec->rlc.timeout = (unsigned)seconds;
	return true;
}

static bool parse_limit(const char *text, uint64_t *ret_limit)
{
	guint64 number;

	if (strcmp(text, "unlimited") == 0 || strcmp(text, "-1") == 0)
		number = RLIM_INFINITY;
	else if (!run_value_number(text, G_MAXINT64, &number))
		return false;
	*ret_limit = number;
	return true;
}

static bool set_ulimit(RunParse *parse, const char *value, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(value, "=", 2);
	g_auto(GStrv) limits = NULL;
	SpecRlimit limit;

	if (!parts[0] || !parts[1])
		return error_set(error, RLC_ERROR_USAGE, "not of the form NAME=SOFT[:HARD]");
	if (!process_rlimit_parse(parts[0], &limit.resource))
		return error_set(error, RLC_ERROR_USAGE, "'%s' is no limit of setrlimit(2)",
				 parts[0]);
	limits = g_strsplit(parts[1], ":", 2);
	for (int i = 0; i < 2 && limits[i]; i++) {
		if (!parse_limit(limits[i], i == 0 ? &limit.soft : &limit.hard))
			return error_set(error, RLC_ERROR_USAGE,
					 "'%s' is neither a number nor unlimited", limits[i]);
	}
	if (!limits[0])
		return error_set(error, RLC_ERROR_USAGE, "the limit after '=' is empty");
	if (!limits[1])
		limit.hard = limit.soft;
	if (limit.soft > limit.hard)
		return error_set(error, RLC_ERROR_USAGE,
				 "soft limit '%s' is above the hard one, '%s'", limits[0],
				 limits[1]);
	g_array_append_val(parse->spec->process.rlimits, limit);
	return true;
}

static bool set_sysctl(RunParse *parse, const char *value, GError **error)
{
	if (!strchr(value, '=') || *value == '=')
		return error_set(error, RLC_ERROR_USAGE, "not of the form NAME=VALUE");
	g_ptr_array_add(parse->spec->linux_.sysctl, g_strdup(value));
	return true;
}

static const RunOption rows[] = {
	{"interactive", 'i', OPTION_SWITCH, set_interactive, NULL, "keep standard input open"},
	{"tty", 't', OPTION_SWITCH, set_terminal, NULL, "give the command a terminal"},
	{"env", 'e', OPTION_MANY, set_env, "NAME[=VALUE]",
	 "set a variable; without a value, take the host's"},
	{"env-file", 0, OPTION_MANY, set_env_file, "FILE",
	 "set the variables that FILE has, one NAME[=VALUE] a line"},
	{"entrypoint", 0, OPTION_ONCE, set_entrypoint, "PROGRAM",
	 "run PROGRAM; COMMAND and ARGs are its arguments"},
	{"workdir", 'w', OPTION_ONCE, set_workdir, "DIR", "start in DIR, made if missing"},
	{"init", 0, OPTION_SWITCH, set_init, NULL,
	 "a small PID 1 reaps orphans and forwards signals (default)"},
	{"no-init", 0, OPTION_SWITCH, set_no_init, NULL, "the command itself is PID 1"},
	{"timeout", 0, OPTION_ONCE, set_timeout, "SECONDS",
	 "kill it after so long, and exit with 124"},
	{"ulimit", 0, OPTION_MANY, set_ulimit, "NAME=SOFT[:HARD]",
	 "resource limit, such as nofile=1024"},
	{"sysctl", 0, OPTION_MANY, set_sysctl, "NAME=VALUE",
	 "a kernel parameter of its namespaces, such as net.core.somaxconn=1024"},
};

const RunGroup run_process_group = {"Process", rows, G_N_ELEMENTS(rows)};
