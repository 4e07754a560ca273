/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/json_text.h: where strings and values of JSON end. */
#include "base/json_text.h"

#include <glib.h>

static void test_string(void)
{
	static const char *const cases[][2] = {
		{"\"\", 1", ", 1"},  {"\"a\\\"b\\\\\": 2", ": 2"}, {"\"{[,]}\"}", "}"},
		{"\"\\u0022\"", ""}, {"\"not closed", ""},	   {"\"not closed\\", ""},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(json_text_skip_string(cases[i][0]), ==, cases[i][1]);
}

static void test_value(void)
{
	static const char *const cases[][2] = {
		{"1,2", ",2"},
		{"-1.5e+3]", "]"},
		{"null}", "}"},
		{"true\n}", "\n}"},
		{"\"a,]}\" ,", " ,"},
		{"{}", ""},
		{"[]]", "]"},
		{"{\"a\": [1, {\"]\": \"}\"}], \"b\": null}, 3", ", 3"},
		{"[[[ ], [1 ,2] ] ] \t", " \t"},
		{"[1, {\"not\": [", ""},
		{"", ""},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(json_text_skip_value(cases[i][0]), ==, cases[i][1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json_text/string", test_string);
	g_test_add_func("/json_text/value", test_value);
	return g_test_run();
}
