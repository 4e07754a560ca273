/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results as JSON on standard output.  A writer keeps the commas; strings may hold any bytes, and
 * what is not UTF-8 in them is replaced.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	GString *text;
	bool comma; /* something stands before the next member */
} Json;

void json_begin(Json *json);
/* Print it with a newline, and free it. */
void json_end(Json *json);

/* key is NULL inside an array. */
void json_open(Json *json, const char *key, char bracket);	  /* '{' or '[' */
void json_close(Json *json, char bracket);			  /* '}' or ']' */
void json_string(Json *json, const char *key, const char *value); /* NULL: null */
/* An array of those that are not NULL. */
void json_strings(Json *json, const char *key, const GPtrArray *strings);
void json_number(Json *json, const char *key, int64_t value);
void json_bool(Json *json, const char *key, bool value);
