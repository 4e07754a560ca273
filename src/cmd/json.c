/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/json.h"

#include <stdio.h>

#include "base/json_text.h"

static void begin_member(Json *json, const char *key)
{
	if (json->comma)
		g_string_append_c(json->text, ',');
	json->comma = true;
	if (!key)
		return;
	json_text_append_string(json->text, key);
	g_string_append_c(json->text, ':');
}

void json_begin(Json *json)
{
	*json = (Json){.text = g_string_new(NULL)};
}

void json_end(Json *json)
{
	puts(json->text->str);
	g_string_free(json->text, TRUE);
	json->text = NULL;
}

void json_open(Json *json, const char *key, char bracket)
{
	begin_member(json, key);
	g_string_append_c(json->text, bracket);
	json->comma = false;
}

void json_close(Json *json, char bracket)
{
	g_string_append_c(json->text, bracket);
	json->comma = true;
}

void json_string(Json *json, const char *key, const char *value)
{
	begin_member(json, key);
	if (value)
		json_text_append_string(json->text, value);
	else
		g_string_append(json->text, "null");
}

void json_strings(Json *json, const char *key, const GPtrArray *strings)
{
	json_open(json, key, '[');
	for (guint i = 0; i < strings->len; i++) {
		if (g_ptr_array_index(strings, i))
			json_string(json, NULL, g_ptr_array_index(strings, i));
	}
	json_close(json, ']');
}

void json_number(Json *json, const char *key, int64_t value)
{
	begin_member(json, key);
	g_string_append_printf(json->text, "%" G_GINT64_FORMAT, value);
}

void json_bool(Json *json, const char *key, bool value)
{
	begin_member(json, key);
	g_string_append(json->text, value ? "true" : "false");
}
