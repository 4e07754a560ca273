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
