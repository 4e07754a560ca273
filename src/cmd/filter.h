/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --filter KEY=VALUE, any number of times.  Of several values for one key one must match, or all
 * where the key says so; of several keys all must match.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *key; /* NULL after the last */
	bool (*match)(const void *object, const char *value);
	bool (*valid)(const char *value); /* NULL: any value is */
	const char *values;		  /* those that are valid, for the message; may be NULL */
	bool all;
} Filter;

/*
 * A part of a name, as docker's scripts write it: "^web$" is all of it, "^web" its beginning, and a
 * slash may stand in front, as docker has one.  Names are letters, digits and _ . -, so that
 * anything else (docker takes regular expressions) would never match: it is not valid.
 */
bool filter_is_part(const char *value);
bool filter_match_part(const char *name, const char *value);
#define FILTER_PART "part of a name (^ and $ are its ends)"

/* Is each of texts (may be NULL) one of these? RLC_ERROR_USAGE; help lists them for the message. */
bool filter_check(const Filter *filters, const char *help, char *const *texts, GError **error);

/* Those of texts that filter_check() refuses are passed over. */
bool filter_match(const Filter *filters, char *const *texts, const void *object);
