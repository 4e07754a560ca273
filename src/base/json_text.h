/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking the text of JSON (RFC 8259) that is known to be well formed, without building a tree: to
 * find a value in it, or the place where a value stands.  Any process.
 */
#pragma once

/* at is at the quote that opens a string. Behind the one that closes it. */
const char *json_text_skip_string(const char *at);

/* at is at the first character of a value. Behind its last. */
const char *json_text_skip_value(const char *at);
