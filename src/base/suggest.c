/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/suggest.h"

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

bool suggest_option(const Suggestion *suggestion, const char *word, const char *program,
		    GError **error)
{
	if (suggestion->best)
		return error_set(error, RLC_ERROR_USAGE,
				 "parse '%s': no such option; did you mean --%s?", word,
				 suggestion->best);
	return error_set(error, RLC_ERROR_USAGE,
			 "parse '%s': no such option; '%s --help' lists them", word, program);
}

/* Its quotation marks are none of ASCII's. */
static char *plain_quotes(const char *message)
{
	g_auto(GStrv) left = g_strsplit(message, "\xe2\x80\x9c", -1);
	g_autofree char *half = g_strjoinv("'", left);
	g_auto(GStrv) right = g_strsplit(half, "\xe2\x80\x9d", -1);

	return g_strjoinv("'", right);
}

/* What GOption does not know is the last word of its message. */
bool suggest_refusal(const GError *wrong, const GOptionEntry *entries, const char *program,
		     GError **error)
{
	const char *space = strrchr(wrong->message, ' '), *said = space ? space + 1 : "";
	const char *command = strchr(program, ' ');
	g_autofree char *word = g_strndup(said, strcspn(said, "="));
	Suggestion nearest = {.typed = word + strspn(word, "-")};
	g_autofree char *text = plain_quotes(wrong->message);

	if (!g_error_matches(wrong, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)) {
		*text = g_ascii_tolower(*text);
		return error_set(error, RLC_ERROR_USAGE,
				 "read options of %s: %s; '%s --help' explains them",
				 command ? command + 1 : program, text, program);
	}
	for (; entries && entries->long_name && g_str_has_prefix(word, "--"); entries++)
		suggest_offer(&nearest, entries->long_name);
	return suggest_option(&nearest, word, program, error);
}
