/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listing: what `rlc ps` and its like print, in all forms that --format knows.
 *
 *     static const ListingColumn columns[] = {{"ID", "CONTAINER ID"}, {"Labels", NULL}, {NULL}};
 *     g_autoptr(Listing) listing = listing_new(columns, format, &error);
 *     Json *row = listing_begin(listing);
 *     json_string(row, "ID", id);
 *     …
 *     listing_end(listing);
 *     ok = listing_print(listing, &error);
 *
 * The forms are a table (also NULL), json, a template (template.h), or "table " and a template
 * whose columns are parted by \t.  Each row is an object of JSON with exactly the members that the
 * columns name, in this order; doc/formats.md describes them.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "cmd/json.h"

typedef struct {
	const char *name;    /* of the member */
	const char *heading; /* NULL: not in the table that is printed without a template */
} ListingColumn;

typedef struct Listing Listing;

/* The row of a table of options; variable is a char *. */
#define LISTING_OPTION(variable)                                                                   \
	{                                                                                          \
		"format", 0, 0, G_OPTION_ARG_STRING, &(variable),                                  \
			"table, json, or a text with {{.NAME}} ...", "FORMAT"                      \
	}

/* The same for objects without columns. */
#define LISTING_OPTION_OBJECTS(variable)                                                           \
	{                                                                                          \
		"format", 'f', 0, G_OPTION_ARG_STRING, &(variable),                                \
			"json, or a text with {{.NAME.NAME}} ...", "FORMAT"                        \
	}

/*
 * columns end with a name that is NULL.  Without any, columns NULL, rows are objects whose members
 * are known when they are there; the forms are json (also NULL) and a template then.  NULL with
 * RLC_ERROR_USAGE if the format is none.
 */
Listing *listing_new(const ListingColumn *columns, const char *format, GError **error);
void listing_free(Listing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listing, listing_free)

/* Where the members of one more row are written to, until listing_end(). */
Json *listing_begin(Listing *listing);
void listing_end(Listing *listing);

/* On standard output. Without columns a template may fail, and of no object nothing is printed. */
bool listing_print(const Listing *listing, GError **error);

/* Is it a table, and standard output a terminal whose cursor can be moved (screen.h)? */
bool listing_moves(const Listing *listing);

/* At once; moves: over the listing before this one, or over all else if it is the first. */
bool listing_show(const Listing *listing, bool moves, bool first, GError **error);
