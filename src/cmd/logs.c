/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "cmd/when.h"
#include "container/control.h"
#include "container/logfile.h"
#include "container/streams.h"

static bool parse_tail(const char *text, int64_t *ret_tail, GError **error)
{
	guint64 lines;

	*ret_tail = -1;
	if (!text || strcmp(text, "all") == 0)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &lines, NULL))
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --tail '%s': neither a number of lines nor all", text);
	*ret_tail = (int64_t)lines;
	return true;
}

static void add_time(GPtrArray *words, const char *option, int64_t microseconds)
{
	if (microseconds > 0)
		g_ptr_array_add(words, g_strdup_printf("--%s=@%" G_GINT64_FORMAT ".%06d", option,
						       microseconds / G_USEC_PER_SEC,
						       (int)(microseconds % G_USEC_PER_SEC)));
}

/* journalctl(1) takes this process's place; it does not know when the container ends. */
static bool logs_journal(const char *id, const LogQuery *query, GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *line = NULL;

	g_ptr_array_add(words, g_strdup("journalctl"));
	g_ptr_array_add(words, g_strdup("--quiet"));
	g_ptr_array_add(words, g_strdup_printf("--output=%s",
					       query->timestamps ? "short-iso-precise" : "cat"));
	if (query->follow)
		g_ptr_array_add(words, g_strdup("--follow"));
	if (query->follow && query->tail < 0)
		g_ptr_array_add(words, g_strdup("--no-tail"));
	if (query->tail >= 0)
		g_ptr_array_add(words, g_strdup_printf("--lines=%" G_GINT64_FORMAT, query->tail));
	add_time(words, "since", query->since);
	add_time(words, "until", query->until);
	g_ptr_array_add(words, g_strdup_printf("CONTAINER_ID_FULL=%s", id));
	g_ptr_array_add(words, NULL);
	execvp("journalctl", (char **)words->pdata);
	line = g_strjoinv(" ", (char **)words->pdata);
	return error_errno(error, errno, "read the journal: run '%s'", line);
}

static bool logs(const char *name, const LogQuery *query, GError **error)
{
	g_autofree char *root = NULL, *path = NULL;
	g_autoptr(StateEntry) entry = containers_get(name, &root, error);
	g_autoptr(Spec) spec = entry ? state_load_spec(root, entry->id, error) : NULL;
	auto_fd dir = -1, control = -1;

	if (!spec)
		return false;
	path = g_build_filename(root, "containers", entry->id, NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_errno(error, errno, "open '%s'", path);
	if (spec->rlc.log_driver == LOG_DRIVER_JOURNALD)
		return logs_journal(entry->id, query, error);
	/* a supervisor that was detached has its messages there */
	if (spec->rlc.log_driver == LOG_DRIVER_NONE ||
	    faccessat(dir, STREAMS_MESSAGES, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(
			error, RLC_ERROR_STATE, "read the log of '%s': it keeps none (%s)", name,
			spec->rlc.log_driver == LOG_DRIVER_NONE ? "--log-driver none"
								: "its output went to who ran it");
	if (query->follow && entry->alive)
		control = control_connect(root, entry->id, NULL);
	/* one that just ended has no more to say */
	if (control >= 0 && !control_call(control, CONTROL_WAIT, 0, NULL, NULL, NULL, NULL))
		fd_close(&control);
	return logfile_print(dir, query, control, error);
}

int cmd_logs(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "logs",
		.arguments = "CONTAINER",
		.summary = "Print what a detached container wrote, each stream to its own.",
		.text = WHEN_HELP,
		.min = 1,
		.max = 1,
	};
	g_autofree char *tail = NULL, *since = NULL, *until = NULL;
	gboolean follow = FALSE, timestamps = FALSE;
	const GOptionEntry entries[] = {
		{"follow", 'f', 0, G_OPTION_ARG_NONE, &follow, "go on until the container ends",
		 NULL},
		{"tail", 'n', 0, G_OPTION_ARG_STRING, &tail, "only the last lines", "LINES"},
		{"since", 0, 0, G_OPTION_ARG_STRING, &since, "only what came after", "TIME"},
		{"until", 0, 0, G_OPTION_ARG_STRING, &until, "only what came before", "TIME"},
		{"timestamps", 't', 0, G_OPTION_ARG_NONE, &timestamps,
		 "the time in front of each line", NULL},
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	LogQuery query = {0};

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !parse_tail(tail, &query.tail, &error) ||
	    !when_parse("since", since, &query.since, &error) ||
	    !when_parse("until", until, &query.until, &error))
		return command_fail(error);
	query.follow = follow != FALSE;
	query.timestamps = timestamps != FALSE;
	return logs(argv[1], &query, &error) ? 0 : command_fail(error);
}
