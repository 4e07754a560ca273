/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arguments.h"

#include <string.h>

#include "base/error.h"
#include "base/suggest.h"

/* What a long option is, up to its '='. NULL: nothing that is known. */
static const GOptionEntry *find_long(const GOptionEntry *entries, const char *name, size_t length)
{
	for (; entries && entries->long_name; entries++)
		if (strlen(entries->long_name) == length &&
		    strncmp(entries->long_name, name, length) == 0)
			return entries;
	return NULL;
}

static const GOptionEntry *find_short(const GOptionEntry *entries, char letter)
{
	for (; entries && entries->long_name; entries++)
		if (entries->short_name == letter)
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
	for (word++; *word; word++) {
		entry = find_short(entries, *word);
		if (!entry || entry->arg != G_OPTION_ARG_NONE)
			return entry && !word[1]; /* else the value is the rest of this one */
	}
	return false;
}

/* "-t0" becomes "--time=0", which GOption knows, and which lives as long as the program. */
static char *spell_out(const GOptionEntry *entries, char *word)
{
	bool attached = *word == '-' && word[1] && word[2];
	const GOptionEntry *entry = attached ? find_short(entries, word[1]) : NULL;
	g_autofree char *spelled = NULL;

	if (!entry || entry->arg == G_OPTION_ARG_NONE)
		return word;
	spelled = g_strdup_printf("--%s=%s", entry->long_name, word + 2);
	return (char *)g_intern_string(spelled);
}

bool arguments_bool(const char *text, bool *ret_value)
{
	bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;

	if (!yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
		return false;
	*ret_value = yes;
	return true;
}

/* strict: the first word that is no option ends them. */
static bool decide_switches(int *argc, char **argv, const GOptionEntry *entries, bool strict,
			    GError **error)
{
	char **kept = argv + 1, **word = argv + 1;
	bool ended = false;

	for (; *word; word++) {
		const GOptionEntry *entry = NULL;
		char *equals;
		bool given = true;

		ended = ended || strcmp(*word, "--") == 0 || (strict && **word != '-');
		if (!ended)
			*word = spell_out(entries, *word);
		equals = strchr(*word, '=');
		if (!ended && g_str_has_prefix(*word, "--") && equals)
			entry = find_long(entries, *word + 2, (size_t)(equals - *word - 2));
		if (entry && entry->arg == G_OPTION_ARG_NONE) {
			*equals = '\0';
			if (!arguments_bool(equals + 1, &given))
				return error_set(error, RLC_ERROR_USAGE,
						 "parse %s '%s': neither true nor false", *word,
						 equals + 1);
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

void arguments_add(GOptionContext *context, const GOptionEntry *entries)
{
	g_autoptr(GArray) copy = g_array_new(TRUE, FALSE, sizeof(GOptionEntry));

	for (; entries->long_name; entries++) {
		GOptionEntry entry = *entries;

		if (entry.arg == G_OPTION_ARG_STRING)
			entry.arg = G_OPTION_ARG_FILENAME;
		else if (entry.arg == G_OPTION_ARG_STRING_ARRAY)
			entry.arg = G_OPTION_ARG_FILENAME_ARRAY;
		g_array_append_val(copy, entry);
	}
	g_option_context_add_main_entries(context, (GOptionEntry *)(void *)copy->data, NULL);
}

bool arguments_parse(GOptionContext *context, const GOptionEntry *entries, const char *program,
		     int *argc, char **argv, GError **error)
{
	g_autoptr(GError) wrong = NULL;

	return decide_switches(argc, argv, entries, g_option_context_get_strict_posix(context),
			       error) &&
	       (g_option_context_parse(context, argc, &argv, &wrong) ||
		suggest_refusal(wrong, entries, program, error));
}

bool arguments_count(int *argc, char ***argv, const ArgumentsWanted *wanted, GError **error)
{
	int count;

	if (*argc > 1 && strcmp((*argv)[1], "--") == 0) {
		(*argv)[1] = (*argv)[0];
		(*argv)++;
		(*argc)--;
	}
	count = *argc - 1;
	if (count >= wanted->min && (wanted->max < 0 || count <= wanted->max))
		return true;
	if (wanted->max == 0)
		return error_set(error, RLC_ERROR_USAGE, "read arguments of %s: it takes none",
				 wanted->command);
	return error_set(error, RLC_ERROR_USAGE, "read arguments of %s: %s; they are %s",
			 wanted->command, count < wanted->min ? "some are missing" : "too many",
			 wanted->arguments);
}
