/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/keys.h"

#include <string.h>

#include "base/error.h"

#define CTRL	  "ctrl-"
#define CTRL_MASK 0x1f
#define DELETE	  0x7f

/* One key of length bytes; false if it is none. */
static bool parse_key(const char *text, size_t length, char *ret_byte)
{
	size_t prefix = strlen(CTRL);

	if (length == 1 && g_ascii_isprint(*text)) {
		*ret_byte = *text;
		return true;
	}
	if (length == 3 && strncmp(text, "DEL", length) == 0) {
		*ret_byte = DELETE;
		return true;
	}
	if (length != prefix + 1 || strncmp(text, CTRL, prefix) != 0 ||
	    (!g_ascii_isalpha(text[prefix]) && !strchr("@[\\]^_", text[prefix])))
		return false;
	*ret_byte = text[prefix] & CTRL_MASK;
	return true;
}

bool keys_parse(const char *text, Keys *ret_keys, GError **error)
{
	const char *at = text;

	*ret_keys = (Keys){0};
	while (*text) {
		size_t length = strcspn(at, ",");

		if (ret_keys->length == KEYS_MAX)
			return error_set(error, RLC_ERROR_USAGE, "column %zu: more than %d keys",
					 (size_t)(at - text) + 1, KEYS_MAX);
		if (!parse_key(at, length, &ret_keys->bytes[ret_keys->length]))
			return error_set(error, RLC_ERROR_USAGE,
					 "column %zu: '%.*s' is no key; keys are such as a, ctrl-a "
					 "or DEL, parted by commas",
					 (size_t)(at - text) + 1, (int)length, at);
		ret_keys->length++;
		if (!at[length])
			break;
		at += length + 1;
	}
	return true;
}

/* The one that was awaited did not come: let go of held ones until the rest begins anew. */
static size_t let_go(Keys *keys, char *ret_bytes)
{
	size_t n = 1;

	while (memcmp(keys->bytes, keys->bytes + n, keys->held - n) != 0)
		n++;
	memcpy(ret_bytes, keys->bytes, n);
	keys->held -= n;
	return n;
}

size_t keys_take(Keys *keys, const char *typed, size_t length, char *ret_bytes, bool *ret_found)
{
	size_t n = 0;

	*ret_found = false;
	for (size_t i = 0; i < length; i++) {
		while (keys->held > 0 && keys->bytes[keys->held] != typed[i])
			n += let_go(keys, ret_bytes + n);
		if (keys->length == 0 || keys->bytes[keys->held] != typed[i]) {
			ret_bytes[n++] = typed[i];
			continue;
		}
		if (++keys->held == keys->length) {
			keys->held = 0;
			*ret_found = true;
			break;
		}
	}
	return n;
}
