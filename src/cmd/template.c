/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: the objects are rlc's own, written by json.c a moment ago: well-formed, and
 * without white space outside of strings.  So nothing is parsed into a tree; a name is looked for
 * in the text, value by value.
 */
#include "cmd/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_text.h"

/* --- walking JSON --- */

/* The value of this member, or NULL. */
static const char *find_member(const char *object, const char *name, size_t length)
{
	const char *key = object + 1;

	if (*object != '{')
		return NULL;
	while (*key == '"') {
		const char *value = json_text_skip_string(key) + 1;

		if ((size_t)(value - key) - 3 == length &&
		    g_ascii_strncasecmp(key + 1, name, length) == 0)
			return value;
		key = json_text_skip_value(value);
		key += *key == ',';
	}
	return NULL;
}

static char *list_members(const char *object)
{
	GString *names = g_string_new(NULL);
	const char *key = object + 1;

	while (*object == '{' && *key == '"') {
		const char *value = json_text_skip_string(key) + 1;

		g_string_append_printf(names, "%s%.*s", names->len ? ", " : "",
				       (int)(value - key) - 3, key + 1);
		key = json_text_skip_value(value);
		key += *key == ',';
	}
	return g_string_free(names, FALSE);
}

static void append_string(GString *text, const char *at)
{
	for (at++; *at && *at != '"'; at++) {
		if (*at != '\\') {
			g_string_append_c(text, *at);
		} else if (at[1] == 'u') { /* json.c writes control characters so, nothing else */
			char digits[5] = "";

			memcpy(digits, at + 2, 4);
			g_string_append_c(text, (char)strtoul(digits, NULL, 16));
			at += 5;
		} else {
			g_string_append_c(text, *++at);
		}
	}
}

static void append_value(GString *text, const char *value);

static void append_elements(GString *text, const char *array)
{
	for (const char *at = array + 1; *at && *at != ']'; at += *at == ',') {
		if (at > array + 1)
			g_string_append_c(text, ',');
		append_value(text, at);
		at = json_text_skip_value(at);
	}
}

/* As one reads it */
static void append_value(GString *text, const char *value)
{
	if (*value == '"')
		append_string(text, value);
	else if (*value == '[')
		append_elements(text, value);
	else if (!g_str_has_prefix(value, "null"))
		g_string_append_len(text, value, json_text_skip_value(value) - value);
}

void template_get(const char *object, const char *name, GString *text)
{
	const char *value = find_member(object, name, strlen(name));

	if (value)
		append_value(text, value);
}

/* --- templates --- */

bool template_is(const char *format)
{
	return format && strstr(format, "{{");
}

typedef struct {
	const char *start, *at; /* of the template */
	const char *object;
	GString *text;
} Filling;

static int column(const Filling *filling)
{
	return (int)g_utf8_strlen(filling->start, filling->at - filling->start) + 1;
}

static void skip_spaces(Filling *filling)
{
	filling->at += strspn(filling->at, " ");
}

/* ".NAME.NAME" or ".": the value that it leads to; "null" below what is null. */
static const char *follow_path(Filling *filling, GError **error)
{
	const char *value = filling->object;

	if (*filling->at == '.' && (filling->at[1] == '}' || filling->at[1] == ' ')) {
		filling->at++;
		return value;
	}
	while (*filling->at == '.') {
		size_t length = strcspn(filling->at + 1, ".} ");
		const char *member = find_member(value, filling->at + 1, length);
		g_autofree char *names = NULL;

		if (!member && !g_str_has_prefix(value, "null")) {
			names = list_members(value);
			error_set(error, RLC_ERROR_USAGE,
				  "parse --format: column %d: there is no '%.*s' here, but %s",
				  column(filling), (int)length, filling->at + 1,
				  *names ? names : "nothing below it");
			return NULL;
		}
		value = member ? member : value;
		filling->at += 1 + length;
	}
	return value;
}

/* What stands behind "{{" */
static bool fill_field(Filling *filling, GError **error)
{
	bool json = false;
	const char *value;

	skip_spaces(filling);
	if (g_str_has_prefix(filling->at, "json ")) {
		json = true;
		filling->at += strlen("json ");
		skip_spaces(filling);
	}
	if (*filling->at != '.')
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --format: column %d: neither .NAME nor json .NAME",
				 column(filling));
	value = follow_path(filling, error);
	if (!value)
		return false;
	skip_spaces(filling);
	if (!g_str_has_prefix(filling->at, "}}"))
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --format: column %d: here should stand }}",
				 column(filling));
	filling->at += 2;
	if (json)
		g_string_append_len(filling->text, value, json_text_skip_value(value) - value);
	else
		append_value(filling->text, value);
	return true;
}

static void fill_character(Filling *filling)
{
	if (*filling->at == '\\' && filling->at[1] && strchr("nt\\", filling->at[1])) {
		filling->at++;
		g_string_append_c(filling->text, *filling->at == 'n'   ? '\n'
						 : *filling->at == 't' ? '\t'
								       : '\\');
	} else {
		g_string_append_c(filling->text, *filling->at);
	}
	filling->at++;
}

bool template_fill(const char *template, const char *object, GString *text, GError **error)
{
	Filling filling = {.start = template, .at = template, .object = object, .text = text};
	gsize before = text->len;

	while (*filling.at) {
		if (!g_str_has_prefix(filling.at, "{{")) {
			fill_character(&filling);
			continue;
		}
		filling.at += 2;
		if (!fill_field(&filling, error)) {
			g_string_truncate(text, before);
			return false;
		}
	}
	return true;
}

bool template_print(const char *template, const char *object, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!template_fill(template, object, text, error))
		return false;
	puts(text->str);
	return true;
}
