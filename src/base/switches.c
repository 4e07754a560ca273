/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/switches.h"

#include <string.h>

#include "base/error.h"

/* What a long option is, up to its '='. NULL: nothing that is known. */
static const GOptionEntry *find_long(const GOptionEntry *entries, const char *name, size_t length)
{
	for (; entries && entries->long_name; entries++)
		if (strlen(entries->long_name) == length &&
		    strncmp(entries->long_name, name, length) == 0)
			return entries;
	return NULL;
}

/* Is the value of this option the next word? */
static bool takes_next(const GOptionEntry *entries, const char *word)
{
	const GOptionEntry *entry;

	if (word[1] == '-') {
		entry = find_long(entries, word + 2, strlen(word + 2));
		return entry && entry->arg != G_OPTION_ARG_NONE;
	}
	for (entry = entries; entry && entry->long_name; entry++)
		if (entry->short_name && word[strlen(word) - 1] == entry->short_name)
			return entry->arg != G_OPTION_ARG_NONE;
	return false;
}

static bool read_value(const char *word, const char *value, bool *ret_given, GError **error)
{
	static const char *const words[] = {"false", "true", "0", "1"};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (strcmp(value, words[i]) == 0) {
			*ret_given = i % 2 == 1;
			return true;
		}
	return error_set(error, RLC_ERROR_USAGE, "parse %.*s '%s': neither true nor false",
			 (int)(value - word - 1), word, value);
}

bool switches_decide(int *argc, char **argv, const GOptionEntry *entries, bool strict,
		     GError **error)
{
	char **kept = argv + 1, **word = argv + 1;
	bool ended = false;

	for (; *word; word++) {
		char *equals = strchr(*word, '=');
		const GOptionEntry *entry = NULL;
		bool given = true;

		ended = ended || strcmp(*word, "--") == 0 || (strict && **word != '-');
		if (!ended && g_str_has_prefix(*word, "--") && equals)
			entry = find_long(entries, *word + 2, (size_t)(equals - *word - 2));
		if (entry && entry->arg == G_OPTION_ARG_NONE) {
			if (!read_value(*word, equals + 1, &given, error))
				return false;
			*equals = '\0';
		} else if (!ended && **word == '-' && (*word)[1] && word[1] &&
			   takes_next(entries, *word)) {
			*kept++ = *word++;
		}
		if (given)
			*kept++ = *word;
	}
	*kept = NULL;
	*argc = (int)(kept - argv);
	return true;
}
