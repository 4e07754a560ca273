/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of a record: any bytes but NUL, each word in quotation marks and escaped as in C, a blank
 * between.  Where a text could also be NULL, a sign in front of it tells.
 */
#pragma once

#include <glib.h>

void record_append_word(GString *row, const char *word);
void record_append_word_or_null(GString *row, const char *word);

/* All strings of the array, which may be NULL, up to the first NULL in it. */
void record_append_words(GString *row, const GPtrArray *strings);

/* The words of a row; NULL where it is malformed. Caller frees. */
GPtrArray *record_parse_words(const char *row);

/* What record_append_word_or_null() was given. Caller frees. */
char *record_word_or_null(const char *word);
