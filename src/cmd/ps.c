/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/json.h"
#include "cmd/options.h"

#define SHORT_ID      12
#define COMMAND_SHOWN 20

/* One container as it is shown; fields[] has the texts in the order of the table below. */
enum {
	FIELD_ID,
	FIELD_IMAGE,
	FIELD_COMMAND,
	FIELD_CREATED,
	FIELD_STATUS,
	FIELD_STATE,
	FIELD_EXIT_CODE,
	FIELD_PORTS,
	FIELD_NAMES,
	FIELD_COUNT
};

static const struct {
	const char *name;    /* in JSON and in {{.Name}} */
	const char *heading; /* NULL: not in the table */
} columns[FIELD_COUNT] = {
	[FIELD_ID] = {"ID", "CONTAINER ID"},	  [FIELD_IMAGE] = {"Image", "IMAGE"},
	[FIELD_COMMAND] = {"Command", "COMMAND"}, [FIELD_CREATED] = {"CreatedAt", NULL},
	[FIELD_STATUS] = {"Status", "STATUS"},	  [FIELD_STATE] = {"State", NULL},
	[FIELD_EXIT_CODE] = {"ExitCode", NULL},	  [FIELD_PORTS] = {"Ports", "PORTS"},
	[FIELD_NAMES] = {"Names", "NAMES"},
};

typedef struct {
	char *fields[FIELD_COUNT];
} Row;

static void row_free(gpointer data)
{
	Row *row = data;

	for (int i = 0; i < FIELD_COUNT; i++)
		g_free(row->fields[i]);
	g_free(row);
}

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
		return g_strconcat("Up ", since, NULL);
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

/* Control characters are not for the terminal of who looks. */
static char *command_text(const Spec *spec, bool whole)
{
	g_autofree char *joined = g_strjoinv(" ", (char **)spec->process.args->pdata);
	g_autofree char *escaped = g_strescape(joined, "\"\\");
	glong length = g_utf8_strlen(escaped, -1);

	if (whole || length <= COMMAND_SHOWN)
		return g_strdup_printf("\"%s\"", escaped);
	return g_strdup_printf("\"%.*s...\"", COMMAND_SHOWN - 3, escaped);
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

static Row *make_row(const char *root, const StateEntry *entry, bool whole)
{
	g_autoptr(Spec) spec = state_load_spec(root, entry->id, NULL);
	g_autofree char *ports = state_read(root, entry->id, STATE_PORTS, NULL);
	Row *row;

	if (!spec)
		return NULL; /* removed just now */
	row = g_new0(Row, 1);
	row->fields[FIELD_ID] = whole ? g_strdup(entry->id) : g_strndup(entry->id, SHORT_ID);
	row->fields[FIELD_IMAGE] = containers_image(spec);
	row->fields[FIELD_COMMAND] = command_text(spec, whole);
	row->fields[FIELD_CREATED] = containers_time(entry->status.created);
	row->fields[FIELD_STATUS] = status_text(&entry->status);
	row->fields[FIELD_STATE] = g_strdup(status_name(entry->status.state));
	row->fields[FIELD_EXIT_CODE] = g_strdup_printf("%d", entry->status.exit_code);
	row->fields[FIELD_PORTS] = ports_text(ports ? ports : "");
	row->fields[FIELD_NAMES] = g_strdup(entry->name ? entry->name : "");
	return row;
}

/* --- filters --- */

static bool filter_matches(const char *filter, const StateEntry *entry, bool *ret_matches,
			   GError **error)
{
	g_autofree char *key = g_strndup(filter, strcspn(filter, "="));
	const char *value = strchr(filter, '=') ? strchr(filter, '=') + 1 : "";
	guint64 code;

	if (strcmp(key, "id") == 0) {
		*ret_matches = g_str_has_prefix(entry->id, value);
	} else if (strcmp(key, "name") == 0) {
		*ret_matches = entry->name && strstr(entry->name, value);
	} else if (strcmp(key, "status") == 0) {
		*ret_matches =
			strcmp(status_name(entry->status.state), value) == 0 ||
			(entry->status.state == STATUS_STOPPED && strcmp(value, "exited") == 0);
	} else if (strcmp(key, "exited") == 0 &&
		   g_ascii_string_to_unsigned(value, 10, 0, 255, &code, NULL)) {
		*ret_matches = entry->status.state == STATUS_STOPPED &&
			       entry->status.exit_code == (int)code;
	} else {
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --filter '%s': it is id=, name=, status= or exited=CODE",
				 filter);
	}
	return true;
}

static bool is_selected(char *const *filters, const StateEntry *entry, bool *ret_selected,
			GError **error)
{
	*ret_selected = true;
	for (; filters && *filters && *ret_selected; filters++) {
		if (!filter_matches(*filters, entry, ret_selected, error))
			return false;
	}
	return true;
}

/* --- output --- */

static int column_width(const GPtrArray *rows, int field)
{
	size_t width = strlen(columns[field].heading);

	for (guint i = 0; i < rows->len; i++)
		width = MAX(width,
			    strlen(((const Row *)g_ptr_array_index(rows, i))->fields[field]));
	return (int)width;
}

static void print_table(const GPtrArray *rows)
{
	int widths[FIELD_COUNT];

	for (int field = 0; field < FIELD_COUNT; field++)
		widths[field] = columns[field].heading ? column_width(rows, field) : 0;
	for (guint i = 0; i <= rows->len; i++) {
		const Row *row = i == 0 ? NULL : g_ptr_array_index(rows, i - 1);

		for (int field = 0; field < FIELD_NAMES; field++) {
			if (columns[field].heading)
				printf("%-*s  ", widths[field],
				       row ? row->fields[field] : columns[field].heading);
		}
		puts(row ? row->fields[FIELD_NAMES] : columns[FIELD_NAMES].heading);
	}
}

static void print_json(const GPtrArray *rows)
{
	Json json;

	json_begin(&json);
	json_open(&json, NULL, '[');
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = g_ptr_array_index(rows, i);

		json_open(&json, NULL, '{');
		for (int field = 0; field < FIELD_COUNT; field++)
			json_string(&json, columns[field].name, row->fields[field]);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_end(&json);
}

static void print_ids(const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++)
		puts(((const Row *)g_ptr_array_index(rows, i))->fields[FIELD_ID]);
}

/* "{{.ID}} {{.Names}}" for one row */
static bool fill(const char *template, const Row *row, GString *text, GError **error)
{
	const char *open;

	while ((open = strstr(template, "{{."))) {
		size_t length = strcspn(open + 3, "}");
		int field = 0;

		g_string_append_len(text, template, open - template);
		while (field < FIELD_COUNT && (strlen(columns[field].name) != length ||
					       strncmp(columns[field].name, open + 3, length) != 0))
			field++;
		if (field == FIELD_COUNT || strncmp(open + 3 + length, "}}", 2) != 0)
			return error_set(error, RLC_ERROR_USAGE,
					 "parse --format: '{{.%.*s}}' is none of ID Image Command "
					 "CreatedAt Status State ExitCode Ports Names",
					 (int)length, open + 3);
		g_string_append(text, row->fields[field]);
		template = open + 3 + length + 2;
	}
	g_string_append(text, template);
	return true;
}

static bool print_template(const GPtrArray *rows, const char *template, GError **error)
{
	g_autoptr(GString) unused = g_string_new(NULL);
	char empty[] = "";
	Row none;

	/* a wrong field is one even if there is nothing to show */
	for (int field = 0; field < FIELD_COUNT; field++)
		none.fields[field] = empty;
	if (!fill(template, &none, unused, error))
		return false;
	for (guint i = 0; i < rows->len; i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		if (!fill(template, g_ptr_array_index(rows, i), text, error))
			return false;
		puts(text->str);
	}
	return true;
}

typedef struct {
	gboolean all, quiet, whole;
	char **filters;
	char *format;
} PsOptions;

static bool list(const PsOptions *options, GPtrArray *rows, GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);
	g_autoptr(GPtrArray) entries = root ? state_list(root, error) : NULL;

	if (!entries)
		return false;
	for (guint i = 0; i < entries->len; i++) {
		const StateEntry *entry = g_ptr_array_index(entries, i);
		bool selected;
		Row *row;

		if (!is_selected(options->filters, entry, &selected, error))
			return false;
		/* who filters by status means those that ended, too */
		if (!selected || (!options->all && !options->filters && !entry->alive))
			continue;
		row = make_row(root, entry, options->whole);
		if (row)
			g_ptr_array_add(rows, row);
	}
	return true;
}

static bool ps(const PsOptions *options, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
	bool json = false;

	if (options->format && strstr(options->format, "{{"))
		return list(options, rows, error) && print_template(rows, options->format, error);
	if (!options_take_format(options->format, &json, error) || !list(options, rows, error))
		return false;
	if (options->quiet)
		print_ids(rows);
	else if (json)
		print_json(rows);
	else
		print_table(rows);
	return true;
}

int cmd_ps(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "ps",
		.arguments = "",
		.summary = "List containers that run.",
		.text = "A filter is id=PREFIX, name=PART, status=running|stopped or exited=CODE; "
			"with one,\nthose that have ended are listed, too.\n",
		.min = 0,
		.max = 0,
	};
	PsOptions options = {0};
	const GOptionEntry entries[] = {
		{"all", 'a', 0, G_OPTION_ARG_NONE, &options.all, "those that have ended, too",
		 NULL},
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "only their ids", NULL},
		{"no-trunc", 0, 0, G_OPTION_ARG_NONE, &options.whole, "ids and commands whole",
		 NULL},
		{"filter", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &options.filters,
		 "only those that match", "KEY=VALUE"},
		{"format", 0, 0, G_OPTION_ARG_STRING, &options.format,
		 "table, json, or a text with {{.ID}} {{.Names}} ...", "FORMAT"},
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	bool ok = options_parse(&argc, &argv, entries, &usage, &error) && ps(&options, &error);

	g_strfreev(options.filters);
	g_free(options.format);
	return ok ? 0 : command_fail(error);
}
