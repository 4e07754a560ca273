/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/suggest.h"

#include <string.h>

#include "base/error.h"

#define WORD_MAX 63
#define NEAR	 2

/* Levenshtein's distance, one row of the matrix at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t b_length = strlen(b);

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_length];
}

void suggest_offer(Suggestion *suggestion, const char *word)
{
	size_t d;

	if (strlen(word) > WORD_MAX || strlen(suggestion->typed) > WORD_MAX)
		return;
	/* who typed "--net" knows the word, but not that it is to be written out */
	d = g_str_has_prefix(word, suggestion->typed) ? 0 : distance(suggestion->typed, word);
	if (d > NEAR || d >= strlen(word) || (suggestion->best && d >= suggestion->distance))
		return;
	suggestion->best = word;
	suggestion->distance = d;
}

bool suggest_option(const Suggestion *suggestion, const char *word, const char *command,
		    GError **error)
{
	if (suggestion->best)
		return error_set(error, RLC_ERROR_USAGE,
				 "parse '%s': no such option; did you mean --%s?", word,
				 suggestion->best);
	return error_set(error, RLC_ERROR_USAGE,
			 "parse '%s': no such option; 'rlc%s%s --help' lists them", word,
			 *command ? " " : "", command);
}
