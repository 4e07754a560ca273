/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "oci/processes.h"
#include "oci/verb.h"

static void print_json(const GArray *pids)
{
	json_t *array = json_array();

	for (guint i = 0; i < pids->len; i++)
		json_array_append_new(array, json_integer(g_array_index(pids, pid_t, i)));
	json_dumpf(array, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(array);
}

static bool is_among(const GArray *pids, gint64 pid)
{
	for (guint i = 0; i < pids->len; i++) {
		if (g_array_index(pids, pid_t, i) == pid)
			return true;
	}
	return false;
}

/* The word of that number in a line, counted from 0; NULL: it has not so many. */
static const char *word_at(const char *line, int number)
{
	static const char blanks[] = " \t";

	for (line += strspn(line, blanks); number > 0 && *line; number--) {
		line += strcspn(line, blanks);
		line += strspn(line, blanks);
	}
	return *line ? line : NULL;
}

static int find_pid_column(const char *head)
{
	const char *word;

	for (int i = 0; (word = word_at(head, i)); i++) {
		if (strcspn(word, " \t") == 3 && strncmp(word, "PID", 3) == 0)
			return i;
	}
	return -1;
}

/* Options of ps such as "aux" choose processes, so that ps cannot be told which there are. */
static bool print_chosen(const char *table, const GArray *pids, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(table, "\n", -1);
	int column = *lines ? find_pid_column(*lines) : -1;

	if (column < 0)
		return error_set(error, RLC_ERROR_FAILED, "couldn't find PID field in ps output");
	puts(*lines);
	for (char **line = lines + 1; *line; line++) {
		const char *pid = word_at(*line, column);

		if (pid && is_among(pids, g_ascii_strtoll(pid, NULL, 10)))
			puts(*line);
	}
	return true;
}

/* ps(1) of the host with the caller's options or -ef, and of what it says those. */
static bool print_table(const GArray *pids, char **options, GError **error)
{
	g_autoptr(GPtrArray) command = g_ptr_array_new();
	g_autofree char *table = NULL;
	int status = 0;

	g_ptr_array_add(command, (char *)"ps");
	if (!*options)
		g_ptr_array_add(command, (char *)"-ef");
	for (; *options; options++)
		g_ptr_array_add(command, *options);
	g_ptr_array_add(command, NULL);
	signal(SIGCHLD, SIG_DFL); /* ignored by the caller it would keep us from its exit status */
	if (!g_spawn_sync(NULL, (char **)command->pdata, NULL,
			  G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, &table,
			  NULL, &status, error))
		return false;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(error, RLC_ERROR_FAILED, "ps failed"); /* and said why */
	return print_chosen(table, pids, error);
}

int verb_ps(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {
		{"format", 'f', 0, G_OPTION_ARG_STRING, &format, "table or json", "FORMAT"},
		{NULL},
	};
	g_auto(Created) created = {.dir = -1, .lock = -1};
	g_auto(CgroupHandle) cgroup = CGROUP_HANDLE_NONE;
	g_autoptr(GArray) pids = NULL;
	bool json;

	if (!verb_parse(globals, &argc, &argv, entries, error) ||
	    !verb_format(format, &json, error) ||
	    !created_open(globals->root, argv[1], false, &created, error))
		return -1;
	if (created_state(&created) == CREATED_STOPPED) {
		error_set(error, RLC_ERROR_STATE, "container not running");
		return -1;
	}
	if (!cgroup_handle_open(created.dir, &cgroup, error))
		return -1;
	pids = processes_find(&created, &cgroup);
	if (json) {
		print_json(pids);
		return 0;
	}
	return print_table(pids, argv + 2, error) ? 0 : -1;
}
