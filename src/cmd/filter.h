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

/* Is each of texts (may be NULL) one of these? RLC_ERROR_USAGE; help lists them for the message. */
bool filter_check(const Filter *filters, const char *help, char *const *texts, GError **error);

/* Those of texts that filter_check() refuses are passed over. */
bool filter_match(const Filter *filters, char *const *texts, const void *object);
