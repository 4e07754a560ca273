/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "cmd/listing.h"
#include "cmd/options.h"
#include "container/processes.h"
#include "container/state.h"

static const OptionsUsage usage = {
	.command = "top",
	.arguments = "CONTAINER",
	.summary = "List the processes of a container that runs; on a terminal, every second.",
	.text = "Ids and process ids are those inside. Off a terminal they are listed once.",
	.min = 1,
	.max = 1,
};

static const ListingColumn columns[] = {
	{"User", "UID"},	{"Pid", "PID"}, {"Ppid", "PPID"}, {"State", "STATE"},
	{"RssBytes", NULL},	{"Rss", "RSS"}, {"TimeMs", NULL}, {"Time", "TIME"},
	{"Command", "COMMAND"}, {NULL, NULL},
};

typedef struct {
	const char *format;
	bool once;
	Listing *listing;
	bool moves, first;
} Top;

static void put_process(Json *row, const Process *process)
{
	const char state[] = {process->state, '\0'};
	uint64_t ms = process->time_ms;
	g_autofree char *rss = g_strdup_printf("%" G_GUINT64_FORMAT "K", process->rss / 1024);
	g_autofree char *time = g_strdup_printf("%" G_GUINT64_FORMAT ":%02" G_GUINT64_FORMAT
						".%02" G_GUINT64_FORMAT,
						ms / 60000, ms / 1000 % 60, ms / 10 % 100);

	json_number(row, "User", process->uid);
	json_number(row, "Pid", process->pid);
	json_number(row, "Ppid", process->ppid);
	json_string(row, "State", state);
	json_number(row, "RssBytes", (int64_t)process->rss);
	json_string(row, "Rss", rss);
	json_number(row, "TimeMs", (int64_t)ms);
	json_string(row, "Time", time);
	json_string(row, "Command", process->command);
}

/* In the child inside: what is listed is printed there, too. */
static void take_process(const Process *process, void *data)
{
	const Top *top = data;

	if (process) {
		put_process(listing_begin(top->listing), process);
		listing_end(top->listing);
		return;
	}
	listing_show(top->listing, top->moves, top->first, NULL);
}

/* The end of the container is the end of a display that goes on. */
static bool show(Top *top, const char *container, GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);
	g_autofree char *id = root ? state_find(root, container, error) : NULL;

	for (top->first = true; id; top->first = false) {
		g_autoptr(Listing) listing = listing_new(columns, top->format, error);
		g_autoptr(GError) ended = NULL;

		if (!listing)
			return false;
		top->listing = listing;
		top->moves = !top->once && listing_moves(listing);
		if (!processes_list(root, id, take_process, top, &ended)) {
			if (top->first)
				g_propagate_error(error, g_steal_pointer(&ended));
			return !top->first;
		}
		if (!top->moves)
			return true;
		sleep(1);
	}
	return false;
}

int cmd_top(int argc, char **argv)
{
	g_autofree char *format = NULL;
	gboolean once = FALSE;
	const GOptionEntry entries[] = {
		{"no-stream", 0, 0, G_OPTION_ARG_NONE, &once, "once, and end", NULL},
		LISTING_OPTION(format),
		{NULL},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	return show(&(Top){.format = format, .once = once}, argv[1], &error) ? 0
									     : command_fail(error);
}
