/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "cmd/listing.h"
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

static const ListingColumn columns[] = {
	{"User", "UID"},	{"Pid", "PID"}, {"Ppid", "PPID"}, {"State", "STATE"},
	{"RssBytes", NULL},	{"Rss", "RSS"}, {"TimeMs", NULL}, {"Time", "TIME"},
	{"Command", "COMMAND"}, {NULL, NULL},
};

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
	Listing *listing = data;

	if (process) {
		put_process(listing_begin(listing), process);
		listing_end(listing);
		return;
	}
	listing_print(listing, NULL);
	fflush(stdout);
}

static bool top(const char *container, Listing *listing, GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);
	g_autofree char *id = root ? state_find(root, container, error) : NULL;

	return id && processes_list(root, id, take_process, listing, error);
}

int cmd_top(int argc, char **argv)
{
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {LISTING_OPTION(format), {NULL}};
	g_autoptr(Listing) listing = NULL;
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	listing = listing_new(columns, format, &error);
	return listing && top(argv[1], listing, &error) ? 0 : command_fail(error);
}
