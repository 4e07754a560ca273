/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/record_words.h"

#include <string.h>

/* What stands in front of a word's text where it could also be NULL */
#define WORD_NULL "-"
#define WORD_SET  '='

void record_append_word(GString *row, const char *word)
{
	g_autofree char *escaped = g_strescape(word, NULL);

	g_string_append_printf(row, "%s\"%s\"", row->len ? " " : "", escaped);
}

void record_append_word_or_null(GString *row, const char *word)
{
	g_autofree char *set = word ? g_strdup_printf("%c%s", WORD_SET, word) : NULL;

	record_append_word(row, set ? set : WORD_NULL);
}

void record_append_words(GString *row, const GPtrArray *strings)
{
	for (guint i = 0; strings && i < strings->len; i++) {
		if (g_ptr_array_index(strings, i))
			record_append_word(row, g_ptr_array_index(strings, i));
	}
}

GPtrArray *record_parse_words(const char *row)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

	while (*(row += strspn(row, " "))) {
		const char *end = row + 1;
		g_autofree char *escaped = NULL;

		if (*row != '"')
			return NULL;
		while (*end && *end != '"')
			end += *end == '\\' && end[1] ? 2 : 1;
		if (*end != '"')
			return NULL;
		escaped = g_strndup(row + 1, (gsize)(end - row - 1));
		g_ptr_array_add(words, g_strcompress(escaped));
		row = end + 1;
	}
	return g_steal_pointer(&words);
}

char *record_word_or_null(const char *word)
{
	return *word == WORD_SET ? g_strdup(word + 1) : NULL;
}
