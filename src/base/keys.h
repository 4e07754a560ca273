/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys: a sequence of keys that is found in, and taken out of, what is typed. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define KEYS_MAX 16

typedef struct {
	char bytes[KEYS_MAX]; /* what a terminal sends for them */
	size_t length;	      /* 0: none, and never found */
	size_t held;	      /* so many of them were typed last, and held back */
} Keys;

/*
 * Read keys parted by commas: "a" (any printable ASCII character but the comma), "ctrl-" with a
 * letter or one of @[\]^_, or "DEL".  "" is no keys.  RLC_ERROR_USAGE with the column, from 1.
 */
bool keys_parse(const char *text, Keys *ret_keys, GError **error);

/*
 * Pass typed on to ret_bytes (of length + KEYS_MAX), but for what may be the sequence's beginning:
 * it is held back until more is typed.  How many bytes that are.  *ret_found when the sequence is
 * complete; what was typed behind it is left out.
 */
size_t keys_take(Keys *keys, const char *typed, size_t length, char *ret_bytes, bool *ret_found);
