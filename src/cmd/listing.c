/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: a table is a template too, one whose columns are parted by tabs, and its
 * headings are one more row.  A row of nothing but headings also tells beforehand, even where there
 * is nothing to list, whether a template names what does not exist.
 */
#include "cmd/listing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/printable.h"
#include "base/screen.h"
#include "cmd/template.h"

#define TABLE_PREFIX "table "
#define GAP	     2 /* between two columns */

typedef enum {
	FORM_TABLE,
	FORM_JSON,
	FORM_TEMPLATE,
} Form;

struct Listing {
	Form form;
	char *template;	 /* not of FORM_JSON */
	char *headings;	 /* an object; NULL: without columns */
	GPtrArray *rows; /* of char *, objects */
	Json row;	 /* the one that is being written */
};

static char *make_headings(const ListingColumn *columns)
{
	Json json;

	json_begin(&json);
	json_open(&json, NULL, '{');
	for (; columns->name; columns++) {
		g_autofree char *upper = g_ascii_strup(columns->name, -1);

		json_string(&json, columns->name, columns->heading ? columns->heading : upper);
	}
	json_close(&json, '}');
	return g_string_free(json.text, FALSE);
}

static char *table_template(const ListingColumn *columns)
{
	GString *template = g_string_new(NULL);

	for (; columns->name; columns++) {
		if (columns->heading)
			g_string_append_printf(template, "%s{{.%s}}", template->len ? "\t" : "",
					       columns->name);
	}
	return g_string_free(template, FALSE);
}

static bool set_form(Listing *listing, const ListingColumn *columns, const char *format,
		     GError **error)
{
	format = format ? format : columns ? "table" : "json";
	if (columns && strcmp(format, "table") == 0) {
		listing->template = table_template(columns);
	} else if (strcmp(format, "json") == 0) {
		listing->form = FORM_JSON;
	} else if (!template_is(format)) {
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --format '%s': neither %sjson, nor a text with {{.NAME}}",
				 format, columns ? "table, nor " : "");
	} else if (columns && g_str_has_prefix(format, TABLE_PREFIX)) {
		listing->template = g_strdup(format + strlen(TABLE_PREFIX));
	} else {
		listing->form = FORM_TEMPLATE;
		listing->template = g_strdup(format);
	}
	return true;
}

Listing *listing_new(const ListingColumn *columns, const char *format, GError **error)
{
	g_autoptr(Listing) listing = g_new0(Listing, 1);
	g_autoptr(GString) unused = g_string_new(NULL);

	listing->rows = g_ptr_array_new_with_free_func(g_free);
	listing->headings = columns ? make_headings(columns) : NULL;
	if (!set_form(listing, columns, format, error) ||
	    (listing->headings && listing->template &&
	     !template_fill(listing->template, listing->headings, unused, error)))
		return NULL;
	return g_steal_pointer(&listing);
}

void listing_free(Listing *listing)
{
	if (!listing)
		return;
	g_free(listing->template);
	g_free(listing->headings);
	g_ptr_array_unref(listing->rows);
	g_free(listing);
}

Json *listing_begin(Listing *listing)
{
	json_begin(&listing->row);
	json_open(&listing->row, NULL, '{');
	return &listing->row;
}

void listing_end(Listing *listing)
{
	json_close(&listing->row, '}');
	g_ptr_array_add(listing->rows, g_string_free(listing->row.text, FALSE));
}

/* --- printing --- */

static void add_json(const GPtrArray *rows, GString *text)
{
	g_string_append_c(text, '[');
	for (guint i = 0; i < rows->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? "," : "",
				       (const char *)g_ptr_array_index(rows, i));
	g_string_append(text, "]\n");
}

/*
 * Of a row with columns: listing_new() found that the template names nothing unknown.  A table is
 * for people's eyes, and whoever chose a label or the name of a file need not be their friend.
 */
static char *fill(const Listing *listing, const char *row)
{
	g_autoptr(GString) text = g_string_new(NULL);

	template_fill(listing->template, row, text, NULL);
	return printable_copy(text->str, "\t\n");
}

static void widen(GArray *widths, char *const *cells)
{
	for (guint i = 0; cells[i]; i++) {
		glong width = g_utf8_strlen(cells[i], -1);

		if (i == widths->len)
			g_array_append_val(widths, width);
		else if (g_array_index(widths, glong, i) < width)
			g_array_index(widths, glong, i) = width;
	}
}

static void add_cells(const GArray *widths, char *const *cells, GString *text)
{
	for (guint i = 0; cells[i]; i++) {
		glong pad = g_array_index(widths, glong, i) - g_utf8_strlen(cells[i], -1) + GAP;

		g_string_append_printf(text, "%s%*s", cells[i], cells[i + 1] ? (int)pad : 0, "");
	}
	g_string_append_c(text, '\n');
}

static void add_table(const Listing *listing, GString *text)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	g_autoptr(GArray) widths = g_array_new(FALSE, FALSE, sizeof(glong));

	for (guint i = 0; i <= listing->rows->len; i++) {
		g_autofree char *line =
			fill(listing,
			     i == 0 ? listing->headings : g_ptr_array_index(listing->rows, i - 1));
		char **cells = g_strsplit(line, "\t", -1);

		widen(widths, cells);
		g_ptr_array_add(lines, cells);
	}
	for (guint i = 0; i < lines->len; i++)
		add_cells(widths, g_ptr_array_index(lines, i), text);
}

static bool listing_append(const Listing *listing, GString *text, GError **error)
{
	if (listing->form == FORM_TABLE)
		add_table(listing, text);
	else if (listing->form == FORM_JSON && (listing->headings || listing->rows->len > 0))
		add_json(listing->rows, text);
	for (guint i = 0; listing->form == FORM_TEMPLATE && i < listing->rows->len; i++) {
		if (!template_fill(listing->template, g_ptr_array_index(listing->rows, i), text,
				   error))
			return false;
		g_string_append_c(text, '\n');
	}
	return true;
}

bool listing_print(const Listing *listing, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	bool ok = listing_append(listing, text, error);

	fputs(text->str, stdout);
	return ok;
}

bool listing_moves(const Listing *listing)
{
	return listing->form == FORM_TABLE && screen_moves(STDOUT_FILENO);
}

bool listing_show(const Listing *listing, bool moves, bool first, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!listing_append(listing, text, error))
		return false;
	if (moves ? screen_show(STDOUT_FILENO, text->str, first)
		  : fd_write_all(STDOUT_FILENO, text->str, text->len))
		return true;
	return error_errno(error, errno, "write to standard output");
}
