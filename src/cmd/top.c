/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "cmd/json.h"
#include "cmd/options.h"
#include "container/processes.h"
#include "container/state.h"

static const OptionsUsage usage = {
	.command = "top",
	.arguments = "CONTAINER",
	.summary = "List the processes of a container that runs.",
	.text = "Ids and process ids are those inside.",
	.min = 1,
	.max = 1,
};

static void print_row(const Process *process, void *data)
{
	uint64_t ms;

	(void)data;
	if (!process) {
		fflush(stdout);
		return;
	}
	ms = process->time_ms;
	printf("%-6u %-6d %-6d %-5c %8" G_GUINT64_FORMAT "K %4" G_GUINT64_FORMAT
	       ":%02" G_GUINT64_FORMAT ".%02" G_GUINT64_FORMAT "  %s\n",
	       process->uid, process->pid, process->ppid, process->state, process->rss / 1024,
	       ms / 60000, ms / 1000 % 60, ms / 10 % 100, process->command);
}

static void print_json(const Process *process, void *data)
{
	const char state[] = {process ? process->state : '\0', '\0'};
	Json *json = data;

	if (!process) {
		json_close(json, ']');
		json_end(json);
		fflush(stdout);
		return;
	}
	json_open(json, NULL, '{');
	json_number(json, "uid", process->uid);
	json_number(json, "pid", process->pid);
	json_number(json, "ppid", process->ppid);
	json_string(json, "state", state);
	json_number(json, "rss", (int64_t)process->rss);
	json_number(json, "time_ms", (int64_t)process->time_ms);
	json_string(json, "command", process->command);
	json_close(json, '}');
}

static bool top_json(const char *root, const char *id, GError **error)
{
	Json json;
	bool ok;

	json_begin(&json);
	json_open(&json, NULL, '[');
	ok = processes_list(root, id, print_json, &json, error);
	g_string_free(json.text, TRUE); /* the child's copy was printed */
	return ok;
}

static bool top_table(const char *root, const char *id, GError **error)
{
	printf("%-6s %-6s %-6s %-5s %9s %10s  %s\n", "UID", "PID", "PPID", "STATE", "RSS", "TIME",
	       "COMMAND");
	fflush(stdout);
	return processes_list(root, id, print_row, NULL, error);
}

static bool top(const char *container, bool json, GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);
	g_autofree char *id = root ? state_find(root, container, error) : NULL;

	return id && (json ? top_json(root, id, error) : top_table(root, id, error));
}

int cmd_top(int argc, char **argv)
{
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {
		{"format", 0, 0, G_OPTION_ARG_STRING, &format, "table or json", "FORMAT"},
		{0},
	};
	g_autoptr(GError) error = NULL;
	bool json;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !options_take_format(format, &json, &error) || !top(argv[1], json, &error))
		return command_fail(error);
	return 0;
}
