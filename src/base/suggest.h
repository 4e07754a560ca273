/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Did you mean": the word of a list that a mistyped one comes closest to. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Keeps the best candidate so far: start with {typed}, offer every known word, read best.  best is
 * NULL unless a word starts with the typed one, or is at most two letters (inserted, left out or
 * changed) away.
 */
typedef struct {
	const char *typed;
	const char *best;
	size_t distance;
} Suggestion;

void suggest_offer(Suggestion *suggestion, const char *word);

/*
 * Refuse the option that was typed, word, dashes and all: RLC_ERROR_USAGE, and false.  program is
 * what has a --help, "rlc ps".
 */
bool suggest_option(const Suggestion *suggestion, const char *word, const char *program,
		    GError **error);

/*
 * GOption's refusal of a command line of program's, in rlc's words: RLC_ERROR_USAGE, and false.
 * entries: NULL where it has no options.
 */
bool suggest_refusal(const GError *wrong, const GOptionEntry *entries, const char *program,
		     GError **error);
