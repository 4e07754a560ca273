/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys: how a sequence is written, and that what is typed goes on whole without it. */
#include <string.h>

#include "base/error.h"
#include "base/keys.h"

static void test_parse(void)
{
	static const struct {
		const char *text, *bytes;
	} good[] = {
		{"", ""},
		{"a", "a"},
		{"ctrl-p,ctrl-q", "\x10\x11"},
		{"ctrl-P", "\x10"},
		{"~,.", "~."},
		{"ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", "\x1b\x1c\x1d\x1e\x1f"},
		{"DEL", "\x7f"},
	};
	Keys keys;

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_true(keys_parse(good[i].text, &keys, &error));
		g_assert_no_error(error);
		g_assert_cmpmem(keys.bytes, (int)keys.length, good[i].bytes,
				(int)strlen(good[i].bytes));
	}
	g_assert_true(keys_parse("ctrl-@", &keys, NULL));
	g_assert_cmpmem(keys.bytes, (int)keys.length, "\0", 1);
}

static void test_parse_bad(void)
{
	static const struct {
		const char *text, *place;
	} bad[] = {
		{",", "column 1: ''"},
		{"a,", "column 3: ''"},
		{"ctrl-p,ctrl-1", "column 8: 'ctrl-1'"},
		{"ctrl-", "column 1: 'ctrl-'"},
		{"a,\xc3\xa4", "column 3: "},
		{"a,bc,d", "column 3: 'bc'"},
		{"\t", "column 1: "},
		{"a,,b", "column 3: ''"},
		{"1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7", "column 33: more than 16"},
	};
	Keys keys;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(keys_parse(bad[i].text, &keys, &error));
		g_assert_error(error, RLC_ERROR, RLC_ERROR_USAGE);
		g_assert_true(g_str_has_prefix(error->message, bad[i].place));
	}
}

/* What goes on of typed, byte by byte or at once; "!" at the end when the keys were found. */
static char *take(const char *sequence, const char *typed, size_t step)
{
	GString *passed = g_string_new(NULL);
	bool found = false;
	Keys keys;

	g_assert_true(keys_parse(sequence, &keys, NULL));
	for (size_t at = 0; at < strlen(typed) && !found; at += step) {
		size_t length = MIN(step, strlen(typed) - at);
		char bytes[64];
		size_t n = keys_take(&keys, typed + at, length, bytes, &found);

		g_string_append_len(passed, bytes, (gssize)n);
	}
	g_string_append(passed, found ? "!" : "");
	return g_string_free(passed, FALSE);
}

static void test_take(void)
{
	static const struct {
		const char *sequence, *typed, *passed;
	} cases[] = {
		{"", "abc", "abc"},	     {"b", "abc", "a!"},
		{"a,b", "xaby", "x!"},	     {"a,b", "xaay", "xaay"},
		{"a,b", "aab", "a!"},	     {"a,b", "xa", "x"}, /* held back */
		{"a,a,b", "aaab", "a!"},     {"a,b,a,c", "ababac", "ab!"},
		{"a,b,a,c", "abad", "abad"}, {"ctrl-p,ctrl-q", "ls\x10x\x10\x11", "ls\x10x!"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (size_t step = 1; step <= 6; step += 5) {
			g_autofree char *passed = take(cases[i].sequence, cases[i].typed, step);

			g_assert_cmpstr(passed, ==, cases[i].passed);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/keys/parse", test_parse);
	g_test_add_func("/keys/parse/bad", test_parse_bad);
	g_test_add_func("/keys/take", test_take);
	return g_test_run();
}
