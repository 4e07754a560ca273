/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --detach-keys, and what is typed: the lines. */
#include <string.h>

#include "base/keys.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_text(data, size);
	char *typed = strchr(text, '\n');
	g_autofree char *passed = NULL;
	g_autoptr(GError) error = NULL;
	size_t length, taken = 0;
	bool found = false;
	Keys keys;

	if (typed)
		*typed++ = '\0';
	fuzz_told(keys_parse(text, &keys, &error), error);
	if (error || !typed)
		return 0;
	g_assert_cmpuint(keys.length, <=, KEYS_MAX);
	length = strlen(typed);
	passed = g_malloc(length + KEYS_MAX);
	taken = keys_take(&keys, typed, length, passed, &found);
	g_assert_cmpuint(taken, <=, length + KEYS_MAX);
	g_assert_true(found || taken + keys.held == length);
	return 0;
}
