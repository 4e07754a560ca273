/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/printable.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/filter.h"
#include "cmd/json.h"
#include "cmd/options.h"
#include "cmd/template.h"
#include "cmd/when.h"
#include "container/events.h"
#include "container/state.h"
#include "container/state_sweep.h"

#define FILTERS "container=NAME|ID, event=ACTION and image=IMAGE"

typedef struct {
	const char *format; /* NULL: as text */
	char *const *filters;
} Printing;

static bool match_container(const void *object, const char *value)
{
	const Event *event = object;

	return g_strcmp0(event->name, value) == 0 || (*value && g_str_has_prefix(event->id, value));
}

static bool match_event(const void *object, const char *value)
{
	return strcmp(((const Event *)object)->action, value) == 0;
}

static bool match_image(const void *object, const char *value)
{
	return g_strcmp0(((const Event *)object)->image, value) == 0;
}

static const Filter known[] = {
	{"container", match_container, NULL, NULL, false},
	{"event", match_event, NULL, NULL, false},
	{"image", match_image, NULL, NULL, false},
	{NULL, NULL, NULL, NULL, false},
};

/* An object. Caller frees. */
static char *event_json(const Event *event)
{
	g_autofree char *time = containers_time(event->time);
	Json json;

	json_begin(&json);
	json_open(&json, NULL, '{');
	json_string(&json, "Time", time);
	json_string(&json, "Action", event->action);
	json_string(&json, "ID", event->id);
	json_string(&json, "Name", event->name);
	json_string(&json, "Image", event->image);
	if (event->exit_code >= 0)
		json_number(&json, "ExitCode", event->exit_code);
	else
		json_string(&json, "ExitCode", NULL);
	json_string(&json, "Detail", event->detail);
	json_close(&json, '}');
	return g_string_free(json.text, FALSE);
}

/* Before there is any event: one without anything has all members. */
static bool check_format(const char *format, GError **error)
{
	g_autoptr(GString) unused = g_string_new(NULL);
	g_autofree char *object = event_json(&(Event){.exit_code = -1});

	if (!format || strcmp(format, "json") == 0)
		return true;
	if (!template_is(format))
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --format '%s': neither json, nor a text with {{.NAME}}",
				 format);
	return template_fill(format, object, unused, error);
}

/* What a payload or a name could have put there is not for the terminal. */
static void print_text(const Event *event)
{
	g_autofree char *time = containers_time(event->time);
	g_autofree char *detail = event->detail ? printable_copy(event->detail, "") : NULL;

	printf("%s %s %.12s", time, event->action, event->id);
	if (event->name)
		printf(" name=%s", event->name);
	if (event->image)
		printf(" image=%s", event->image);
	if (event->exit_code >= 0)
		printf(" code=%d", event->exit_code);
	if (detail)
		printf(" (%s)", detail);
	putchar('\n');
}

static bool print_event(const Event *event, void *data)
{
	const Printing *printing = data;
	g_autofree char *object = NULL;

	if (!filter_match(known, printing->filters, event))
		return true;
	object = printing->format ? event_json(event) : NULL;
	if (!object)
		print_text(event);
	else if (strcmp(printing->format, "json") == 0)
		puts(object);
	else
		template_print(printing->format, object, NULL);
	return fflush(stdout) == 0;
}

static bool events(const EventsQuery *query, const char *format, char *const *filters,
		   GError **error)
{
	Printing printing = {.format = format, .filters = filters};
	g_autofree char *root = NULL;

	if (!check_format(format, error) || !filter_check(known, FILTERS, filters, error))
		return false;
	root = state_root_choose(NULL, error);
	return root && state_clean(root, error) &&
	       events_read(root, query, print_event, &printing, error);
}

int cmd_events(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "events",
		.arguments = "",
		.summary =
			"Print what happened to containers: create, start, die, stop, kill, oom,\n"
			"health_status, exec, pause, unpause, rename, remove.",
		.text = "Filters: " FILTERS ".\n" WHEN_HELP,
	};
	g_autofree char *since = NULL, *until = NULL, *format = NULL;
	g_auto(GStrv) filters = NULL;
	gboolean follow = FALSE;
	const GOptionEntry entries[] = {
		{"follow", 'f', 0, G_OPTION_ARG_NONE, &follow,
		 "what happens from now on, or from --since on", NULL},
		{"since", 0, 0, G_OPTION_ARG_STRING, &since, "only what came after", "TIME"},
		{"until", 0, 0, G_OPTION_ARG_STRING, &until, "only what came before", "TIME"},
		{"filter", 0, 0, G_OPTION_ARG_STRING_ARRAY, &filters, "only those that match",
		 "KEY=VALUE"},
		{"format", 0, 0, G_OPTION_ARG_STRING, &format, "json, or a text with {{.NAME}} ...",
		 "FORMAT"},
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	EventsQuery query = {.ended = -1};

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	query.follow = follow != FALSE;
	query.since = follow && !since ? g_get_real_time() : 0;
	if (!when_parse("since", since, &query.since, &error) ||
	    !when_parse("until", until, &query.until, &error) ||
	    !events(&query, format, filters, &error))
		return command_fail(error);
	return 0;
}
