/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/listing.h"
#include "cmd/options.h"
#include "cmd/ps_filter.h"

#define SHORT_ID      12
#define COMMAND_SHOWN 20

static const ListingColumn columns[] = {
	{"ID", "CONTAINER ID"}, {"Image", "IMAGE"},   {"Command", "COMMAND"}, {"CreatedAt", NULL},
	{"CreatedSince", NULL}, {"Status", "STATUS"}, {"State", NULL},	      {"Health", NULL},
	{"ExitCode", NULL},	{"Pid", NULL},	      {"Ports", "PORTS"},     {"Networks", NULL},
	{"Names", "NAMES"},	{"Labels", NULL},     {NULL, NULL},
};

/* --- the fields --- */

/* "5 minutes", as one says it */
static char *duration(int64_t microseconds)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
	int64_t seconds = MAX(microseconds / G_USEC_PER_SEC, 0);

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		int64_t n = seconds / units[i].seconds;

		if (n >= 2 || i + 1 == G_N_ELEMENTS(units))
			return g_strdup_printf("%" G_GINT64_FORMAT " %s", n, units[i].unit);
	}
	return NULL;
}

static char *status_text(const Status *status)
{
	int64_t now = g_get_real_time();
	g_autofree char *since = NULL;

	switch (status->state) {
	case STATUS_RUNNING:
		since = duration(now - status->started);
		if (status->health == HEALTH_STATE_NONE)
			return g_strconcat("Up ", since, NULL);
		return g_strdup_printf("Up %s (%s)", since, status_health_name(status->health));
	case STATUS_PAUSED:
		since = duration(now - status->started);
		return g_strdup_printf("Up %s (Paused)", since);
	case STATUS_STOPPED:
		since = duration(now - status->finished);
		return g_strdup_printf("Exited (%d) %s ago", status->exit_code, since);
	case STATUS_RESTARTING:
		since = duration(now - status->finished);
		return g_strdup_printf("Restarting (%d) %s ago", status->exit_code, since);
	default:
		return g_strdup("Created");
	}
}

static char *command_text(const Spec *spec, bool whole)
{
	g_autofree char *joined = g_strjoinv(" ", (char **)spec->process.args->pdata);
	g_autofree char *text = printable_copy(joined, "");
	g_autofree char *start = NULL;

	if (whole || g_utf8_strlen(text, -1) <= COMMAND_SHOWN)
		return g_strdup_printf("\"%s\"", text);
	start = g_utf8_substring(text, 0, COMMAND_SHOWN - 3);
	return g_strdup_printf("\"%s...\"", start);
}

/* "80/tcp 0.0.0.0:8080" becomes "0.0.0.0:8080->80/tcp". */
static char *ports_text(const char *record)
{
	g_auto(GStrv) lines = g_strsplit(record, "\n", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 2);

		if (words[0] && words[1])
			g_string_append_printf(text, "%s%s->%s", text->len ? ", " : "", words[1],
					       words[0]);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void put_row(Json *row, const char *root, const StateEntry *entry, const Spec *spec,
		    bool whole)
{
	const Status *status = &entry->status;
	g_autofree char *record = state_read(root, entry->id, STATE_PORTS, NULL);
	g_autofree char *image = spec_image(spec), *command = command_text(spec, whole);
	g_autofree char *created = containers_time(status->created);
	g_autofree char *since = duration(g_get_real_time() - status->created);
	g_autofree char *text = status_text(status), *ports = ports_text(record ? record : "");
	g_autofree char *id = whole ? g_strdup(entry->id) : g_strndup(entry->id, SHORT_ID);

	json_string(row, "ID", id);
	json_string(row, "Image", image);
	json_string(row, "Command", command);
	json_string(row, "CreatedAt", created);
	json_string(row, "CreatedSince", since);
	json_string(row, "Status", text);
	json_string(row, "State", status_name(status->state));
	json_string(row, "Health", status_health_name(status->health));
	json_number(row, "ExitCode", status->exit_code);
	json_number(row, "Pid", status->pid);
	json_string(row, "Ports", ports);
	json_string(row, "Networks", containers_network(spec));
	json_string(row, "Names", entry->name ? entry->name : "");
	json_strings(row, "Labels", spec->rlc.labels);
}

/* --- which of them --- */

typedef struct {
	gboolean all, quiet, whole, latest;
	int last; /* so many of the newest; -1: all */
	char **filters;
	char *sort;
	char *format;
} PsOptions;

/* Who asks for some in particular means those that ended, too. */
static bool shows_ended(const PsOptions *options)
{
	return options->all || options->filters || options->last >= 0;
}

static bool is_listed(const PsOptions *options, const PsContainer *container)
{
	return (container->entry->alive || shows_ended(options)) &&
	       ps_filter_match(options->filters, container);
}

/* Of PsContainer *, the newest first unless --sort says otherwise. */
static GPtrArray *select_containers(const PsOptions *options, const char *root,
				    const GPtrArray *entries)
{
	GPtrArray *selected = g_ptr_array_new_with_free_func((GDestroyNotify)ps_container_free);

	for (guint i = 0; i < entries->len; i++) {
		PsContainer *container = ps_container_new(root, g_ptr_array_index(entries, i));

		if (container && is_listed(options, container) &&
		    (options->last < 0 || selected->len < (guint)options->last))
			g_ptr_array_add(selected, container);
		else
			ps_container_free(container); /* or it was removed just now */
	}
	ps_sort(selected, options->sort);
	return selected;
}

static void print_ids(const GPtrArray *containers, bool whole)
{
	for (guint i = 0; i < containers->len; i++) {
		const PsContainer *container = g_ptr_array_index(containers, i);

		printf("%.*s\n", whole ? INT_MAX : SHORT_ID, container->entry->id);
	}
}

static bool ps(const PsOptions *options, GError **error)
{
	g_autoptr(Listing) listing = listing_new(columns, options->format, error);
	g_autofree char *root = NULL;
	g_autoptr(GPtrArray) entries = NULL, containers = NULL;
	bool whole;

	if (!listing || !ps_sort_check(options->sort, error) ||
	    !ps_filter_check(options->filters, error))
		return false;
	root = state_root_choose(NULL, error);
	entries = root ? state_list(root, error) : NULL;
	if (!entries)
		return false;
	whole = options->whole || g_strcmp0(options->format, "json") == 0;
	containers = select_containers(options, root, entries);
	if (options->quiet) {
		print_ids(containers, options->whole);
		return true;
	}
	for (guint i = 0; i < containers->len; i++) {
		const PsContainer *container = g_ptr_array_index(containers, i);

		put_row(listing_begin(listing), root, container->entry, container->spec, whole);
		listing_end(listing);
	}
	return listing_print(listing, error);
}

int cmd_ps(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "ps",
		.arguments = "",
		.summary = "List containers that run.",
		.text = "Filters: " PS_FILTERS
			"; with one, those that have ended are\nlisted, too.\n",
		.min = 0,
		.max = 0,
	};
	PsOptions options = {.last = -1};
	const GOptionEntry entries[] = {
		{"all", 'a', 0, G_OPTION_ARG_NONE, &options.all, "those that have ended, too",
		 NULL},
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "only their ids", NULL},
		{"last", 'n', 0, G_OPTION_ARG_INT, &options.last,
		 "so many of the newest, those that have ended, too", "COUNT"},
		{"latest", 'l', 0, G_OPTION_ARG_NONE, &options.latest, "the newest: --last 1",
		 NULL},
		{"no-trunc", 0, 0, G_OPTION_ARG_NONE, &options.whole, "ids and commands whole",
		 NULL},
		{"filter", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &options.filters,
		 "only those that match", "KEY=VALUE"},
		{"sort", 0, 0, G_OPTION_ARG_STRING, &options.sort, "by " PS_SORTS, "KEY"},
		LISTING_OPTION(options.format),
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	bool ok = options_parse(&argc, &argv, entries, &usage, &error);

	if (options.latest)
		options.last = 1;
	ok = ok && ps(&options, &error);
	g_strfreev(options.filters);
	g_free(options.sort);
	g_free(options.format);
	return ok ? 0 : command_fail(error);
}
