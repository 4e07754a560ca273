/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --format '{{.NAME}}': what is picked from an object of JSON, and what is refused. */
#include "cmd/template.h"

#include <glib.h>

#include "base/error.h"
#include "cmd/json.h"

static char *object(void)
{
	Json json;

	json_begin(&json);
	json_open(&json, NULL, '{');
	json_string(&json, "ID", "abc");
	json_string(&json, "Odd", "a\"b\\c}]\033,{\n");
	json_number(&json, "Count", -7);
	json_bool(&json, "Yes", true);
	json_string(&json, "Nothing", NULL);
	json_open(&json, "State", '{');
	json_string(&json, "ID", "inner");
	json_open(&json, "Deep", '{');
	json_number(&json, "Port", 80);
	json_close(&json, '}');
	json_close(&json, '}');
	json_open(&json, "List", '[');
	json_string(&json, NULL, "x");
	json_string(&json, NULL, "y,z");
	json_close(&json, ']');
	json_open(&json, "Empty", '[');
	json_close(&json, ']');
	json_string(&json, "Last", "end");
	json_close(&json, '}');
	return g_string_free(json.text, FALSE);
}

static void test_fill(void)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"text", "text"},
		{"{{.ID}}", "abc"},
		{"<{{ .ID }}|{{.Last}}>", "<abc|end>"},
		{"{{.id}} {{.LAST}}", "abc end"},
		{"{{.Odd}}", "a\"b\\c}]\033,{\n"},
		{"{{.Count}}{{.Yes}}", "-7true"},
		{"[{{.Nothing}}{{.Nothing.Below.It}}]", "[]"},
		{"{{.State.ID}} {{.State.Deep.Port}}", "inner 80"},
		{"{{json .State}}", "{\"ID\":\"inner\",\"Deep\":{\"Port\":80}}"},
		{"{{json .Nothing}} {{ json .ID }}", "null \"abc\""},
		{"{{.List}} {{json .List}} {{.Empty}}", "x,y,z [\"x\",\"y,z\"] "},
		{"a\\tb\\nc\\\\t\\q", "a\tb\nc\\t\\q"},
		{"{ {.ID} }", "{ {.ID} }"},
	};
	g_autofree char *json = object();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autoptr(GError) error = NULL;

		g_assert_true(template_fill(cases[i][0], json, text, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(text->str, ==, cases[i][1]);
	}
}

static void test_whole(void)
{
	g_autofree char *json = object();
	g_autoptr(GString) text = g_string_new(NULL);

	g_assert_true(template_fill("{{json .}}", json, text, NULL));
	g_assert_cmpstr(text->str, ==, json);
}

static void test_refused(void)
{
	static const char *const cases[][2] = {
		{"{{.Color}}", "*column 3: there is no 'Color' here, but ID, Odd, Count, *"},
		{"\303\244 {{.State.Color}}", "*column 11: *'Color' here, but ID, Deep"},
		{"{{.ID.Below}}", "*column 6: *'Below' here, but nothing below it"},
		{"{{.}", "*column 4: here should stand }}"},
		{"{{}}", "*column 3: neither .NAME nor json .NAME"},
		{"{{ID}}", "*column 3: neither*"},
		{"{{.ID", "*column 6: here should stand }}"},
		{"{{.ID .Last}}", "*column 7: here should stand }}"},
		{"{{json}}", "*column 3: neither*"},
		{"{{if .ID}}", "*column 3: neither*"},
		{"{{.I}}", "*no 'I' here*"},
	};
	g_autofree char *json = object();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) text = g_string_new("before");
		g_autoptr(GError) error = NULL;

		g_assert_false(template_fill(cases[i][0], json, text, &error));
		g_assert_error(error, RLC_ERROR, RLC_ERROR_USAGE);
		g_assert_true(g_pattern_match_simple(cases[i][1], error->message));
		g_assert_cmpstr(text->str, ==, "before");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/template/fill", test_fill);
	g_test_add_func("/template/whole", test_whole);
	g_test_add_func("/template/refused", test_refused);
	return g_test_run();
}
