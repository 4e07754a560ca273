/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading config.json: values, and the place of what is wrong with them. */
#include <sched.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "oci/config.h"

static Spec *read_text(const char *text, GError **error)
{
	g_auto(FieldDocument) document = {0};

	if (!field_parse("c", g_strdup(text), &document, error))
		return NULL;
	return config_read(&document, error);
}

#define HEAD "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
#define TAIL "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}"

static void test_values(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec = read_text(
		HEAD
		"\"process\":{\"cwd\":\"/\",\"args\":[\"a\",\"b\"],\"user\":{\"uid\":4294967295},"
		"\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":9007199254740993,"
		"\"hard\":18446744073709551615}]},\"other\":{\"x\":[1,{}]}," TAIL,
		&error);

	g_assert_no_error(error);
	g_assert_cmpuint(spec->process.args->len, ==, 3);
	g_assert_cmpstr(g_ptr_array_index(spec->process.args, 1), ==, "b");
	g_assert_null(g_ptr_array_index(spec->process.args, 2));
	g_assert_cmpuint(spec->process.user.uid, ==, UINT32_MAX);
	g_assert_cmpuint(g_array_index(spec->process.rlimits, SpecRlimit, 0).soft, ==,
			 UINT64_C(9007199254740993));
	g_assert_cmpuint(g_array_index(spec->process.rlimits, SpecRlimit, 0).hard, ==, UINT64_MAX);
	g_assert_cmpuint(spec->linux_.namespaces, ==, CLONE_NEWNS);
	g_assert_true(spec->rlc.oci);
}

static void test_places(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{\n  \"ociVersion\": \"1.0.0\",\n  \"a\": [}\n", "c:3:"},
		{"[]", "c:1:1: not an object"},
		{"{\n \"ociVersion\": 7}", "c:2:16: ociVersion: not a string"},
		{"{\"ociVersion\":\"2.0.0\"}", "c:1:15: ociVersion: version '2.0.0'"},
		{HEAD "\n\"process\":\n{\"cwd\":\"/\",\"args\":[\"}\\\"{\",\n 7]}}",
		 "c:4:2: process.args[1]: not a string"},
		{HEAD "\"mounts\":[{\"destination\":\"/a\"},\n{\"type\":\"x\"}]}",
		 "c:2:1: mounts[1]: 'destination' is missing"},
		{HEAD "\"process\":{\"cwd\":\"x\"}}", "process.cwd: not an absolute path"},
		{HEAD "\"process\":{\"cwd\":\"/\",\"user\":{\"gid\":-1}}}",
		 "process.user.gid: -1 is out of range"},
		{HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"a\\u0000b\"]}}", "c:1:"},
		{HEAD "\"hostname\":\"h\"," TAIL, "uts namespace"},
		{HEAD "\"linux\":{}}", "no mount namespace"},
		{HEAD "\"hooks\":{\"poststop\":[{\"path\":\"rel\"}]}}", "hooks.poststop[0]: "},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Spec) spec = read_text(cases[i].text, &error);

		g_assert_null(spec);
		g_assert_error(error, RLC_ERROR, RLC_ERROR_USAGE);
		if (!strstr(error->message, cases[i].message))
			g_error("'%s' is not in '%s'", cases[i].message, error->message);
	}
}

/* A text that ends anywhere is refused, and nothing is read beyond its end. */
static void test_cut(void)
{
	static const char whole[] = HEAD "\"process\":{\"cwd\":\"/\",\"env\":[\"A=b\"]}," TAIL;

	for (size_t length = 0; length < sizeof whole - 1; length++) {
		g_autofree char *text = g_strndup(whole, length);
		g_autoptr(GError) error = NULL;
		g_autoptr(Spec) spec = read_text(text, &error);

		g_assert_null(spec);
		g_assert_nonnull(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/oci/field/values", test_values);
	g_test_add_func("/oci/field/places", test_places);
	g_test_add_func("/oci/field/cut", test_cut);
	return g_test_run();
}
