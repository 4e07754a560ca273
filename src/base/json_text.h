/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of JSON (RFC 8259), without a tree: to find a value in one that is known to be well
 * formed, or the place where a value stands, and to write strings.  Any process.
 */
#pragma once

#include <glib.h>

/* at is at the quote that opens a string. Behind the one that closes it. */
const char *json_text_skip_string(const char *at);

/* at is at the first character of a value. Behind its last. */
const char *json_text_skip_value(const char *at);

/* Append a string, with its quotes. It may hold any bytes; what is not UTF-8 is replaced. */
void json_text_append_string(GString *text, const char *value);

/* Append a string by its name to the text of an object, which begins with it; NULL: no member. */
void json_text_append_member(GString *text, const char *name, const char *value);
