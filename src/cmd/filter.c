/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/filter.h"

#include <string.h>

#include "base/error.h"

typedef struct {
	const char *text;
	size_t length;
	bool from_start, to_end;
} Part;

static Part parse_part(const char *value)
{
	Part part = {.text = value};

	part.from_start = *part.text == '^';
	part.text += part.from_start;
	if (*part.text == '/') {
		part.from_start = true;
		part.text++;
	}
	part.length = strcspn(part.text, "$");
	part.to_end = part.text[part.length] == '$';
	return part;
}

bool filter_is_part(const char *value)
{
	Part part = parse_part(value);

	return strspn(part.text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-") == part.length &&
	       !part.text[part.length + part.to_end];
}

bool filter_match_part(const char *name, const char *value)
{
	Part part = parse_part(value);
	g_autofree char *text = g_strndup(part.text, part.length);

	if (part.from_start && part.to_end)
		return strcmp(name, text) == 0;
	return part.from_start ? g_str_has_prefix(name, text)
	       : part.to_end   ? g_str_has_suffix(name, text)
			       : strstr(name, text) != NULL;
}

/* The value if text is of this key, else NULL. */
static const char *value_of(const Filter *filter, const char *text)
{
	size_t length = strlen(filter->key);

	return strncmp(text, filter->key, length) == 0 && text[length] == '=' ? text + length + 1
									      : NULL;
}

static bool check(const Filter *filters, const char *help, const char *text, GError **error)
{
	g_autofree char *line = g_strdelimit(g_strdup(help), "\n", ' ');

	for (; filters->key; filters++) {
		const char *value = value_of(filters, text);

		if (!value)
			continue;
		return !filters->valid || filters->valid(value) ||
		       error_set(error, RLC_ERROR_USAGE, "parse --filter '%s': '%s' is no %s%s%s",
				 text, value, filters->key, filters->values ? ": " : "",
				 filters->values ? filters->values : "");
	}
	return error_set(error, RLC_ERROR_USAGE, "parse --filter '%s': there are %s", text, line);
}

bool filter_check(const Filter *filters, const char *help, char *const *texts, GError **error)
{
	for (; texts && *texts; texts++) {
		if (!check(filters, help, *texts, error))
			return false;
	}
	return true;
}

static bool match_one(const Filter *filter, char *const *texts, const void *object)
{
	bool given = false, any = false, all = true;

	for (; texts && *texts; texts++) {
		const char *value = value_of(filter, *texts);
		bool matches = value && filter->match(object, value);

		given |= value != NULL;
		any |= matches;
		all &= matches || !value;
	}
	return !given || (filter->all ? all : any);
}

bool filter_match(const Filter *filters, char *const *texts, const void *object)
{
	for (; filters->key; filters++) {
		if (!match_one(filters, texts, object))
			return false;
	}
	return true;
}
