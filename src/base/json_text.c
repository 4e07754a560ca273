/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json_text.h"

#include <string.h>

const char *json_text_skip_string(const char *at)
{
	for (at++; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1])
			at++;
	}
	return *at ? at + 1 : at;
}

const char *json_text_skip_value(const char *at)
{
	unsigned depth = 0;

	do {
		if (*at == '"') {
			at = json_text_skip_string(at);
		} else if (*at == '{' || *at == '[') {
			depth++;
			at++;
		} else if (*at == '}' || *at == ']') {
			depth--;
			at++;
		} else if (*at) { /* a number or a word; within others also what parts values */
			at++;
		}
	} while (*at && (depth > 0 || !strchr(",]} \t\r\n", *at)));
	return at;
}

void json_text_append_string(GString *text, const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);

	g_string_append_c(text, '"');
	for (const char *c = valid; *c; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_printf(text, "\\%c", *c);
		else if (g_ascii_iscntrl(*c))
			g_string_append_printf(text, "\\u%04x", (unsigned char)*c);
		else
			g_string_append_c(text, *c);
	}
	g_string_append_c(text, '"');
}

void json_text_append_member(GString *text, const char *name, const char *value)
{
	if (!value)
		return;
	g_string_append_c(text, text->len ? ',' : '{');
	json_text_append_string(text, name);
	g_string_append_c(text, ':');
	json_text_append_string(text, value);
}
