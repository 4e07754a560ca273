/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subordinate ids: the files, nsswitch.conf, and arithmetic on ranges. Runs without privilege. */
#include "feature/subid.h"

/* "START+COUNT START+COUNT …" */
static char *describe(GArray *ranges)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < ranges->len; i++) {
		const SubidRange *range = &g_array_index(ranges, SubidRange, i);

		g_string_append_printf(text, "%s%u+%u", i > 0 ? " " : "", range->start,
				       range->count);
	}
	return g_string_free(text, FALSE);
}

static void assert_parse(const char *text, const char *expected)
{
	g_autoptr(GArray) ranges = subid_parse(text, "alice", 1000);
	g_autofree char *got = describe(ranges);

	g_assert_cmpstr(got, ==, expected);
}

static void test_parse(void)
{
	assert_parse("", "");
	assert_parse("alice:100000:65536\n", "100000+65536");
	assert_parse("alice:100000:65536", "100000+65536");
	assert_parse("1000:100000:65536\n", "100000+65536");
	assert_parse("bob:1:5\nalice:300:10\n1000:200:10\nalice:100:10\n", "300+10 200+10 100+10");
	assert_parse("alice:4294967294:1\n", "4294967294+1");
	assert_parse("alice:0:4294967295\n", "0+4294967295");
}

static void test_parse_strictly(void)
{
	static const char *const lines[] = {
		"alice:100000",
		"alice:100000:",
		"alice::65536",
		"alice:100000:1:1",
		":100000:65536",
		"alice:100000:0",
		"alice:-1:5",
		"alice:+1:5",
		"alice: 1:5",
		"alice:1 :5",
		"alice:1:5 ",
		"alice:1:5\r",
		"alice:0x10:5",
		"alice:010:5",
		"alice:1:05",
		"alice:1e3:5",
		"alice:4294967295:1",
		"alice:4294967294:2",
		"alice:1:4294967295",
		"alice:4294967296:1",
		"alice:1:4294967296",
		"alice:1:18446744073709551615",
		"alice:18446744073709551617:5",
		"alicex:1:5",
		"lice:1:5",
		"01000:1:5",
		"1000x:1:5",
		"#alice:1:5",
		" alice:1:5",
		"ALICE:1:5",
		"alice",
		":::",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
		assert_parse(lines[i], "");
}

static void test_parse_without_name(void)
{
	g_autoptr(GArray) ranges = subid_parse("alice:1:5\n1000:7:5\n", NULL, 1000);
	g_autofree char *got = describe(ranges);

	g_assert_cmpstr(got, ==, "7+5");
}

static void test_parse_caps_the_number(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GArray) ranges = NULL;

	for (int i = 0; i < 5000; i++)
		g_string_append_printf(text, "alice:%d:1\n", 2 * i + 1);
	ranges = subid_parse(text->str, "alice", 1000);
	g_assert_cmpuint(ranges->len, ==, 340);
}

static void test_nsswitch(void)
{
	g_assert_false(subid_needs_library(""));
	g_assert_false(subid_needs_library("passwd: files systemd\n"));
	g_assert_false(subid_needs_library("subid: files\n"));
	g_assert_false(subid_needs_library("subid:\tfiles sss\n"));
	g_assert_false(subid_needs_library("# subid: sss\n"));
	g_assert_true(subid_needs_library("passwd: files\nsubid: sss\n"));
	g_assert_true(subid_needs_library("  subid:sss files\n"));
}

static GArray *ranges_of(const char *text)
{
	return subid_parse(text, "alice", 1000);
}

static void test_covers(void)
{
	g_autoptr(GArray) ranges = ranges_of("alice:100:10\nalice:110:10\nalice:115:20\n");

	g_assert_true(subid_covers(ranges, 100, 10));
	g_assert_true(subid_covers(ranges, 100, 1));
	g_assert_true(subid_covers(ranges, 105, 10));
	g_assert_true(subid_covers(ranges, 100, 35));
	g_assert_true(subid_covers(ranges, 134, 1));
	g_assert_false(subid_covers(ranges, 134, 2));
	g_assert_false(subid_covers(ranges, 99, 2));
	g_assert_false(subid_covers(ranges, 135, 1));
	g_assert_false(subid_covers(ranges, 100, 0));
	g_assert_false(subid_covers(ranges, 100, UINT32_MAX));
	g_assert_false(subid_covers(ranges, UINT32_MAX, UINT32_MAX));
}

static void assert_disjoint(const char *text, uint32_t own, const char *expected)
{
	g_autoptr(GArray) ranges = ranges_of(text);
	g_autoptr(GArray) disjoint = subid_disjoint(ranges, own);
	g_autofree char *got = describe(disjoint);

	g_assert_cmpstr(got, ==, expected);
}

static void test_disjoint(void)
{
	assert_disjoint("", 1000, "");
	assert_disjoint("alice:100:10\nalice:200:10\n", 1000, "100+10 200+10");
	assert_disjoint("alice:995:10\n", 1000, "995+5 1001+4");
	assert_disjoint("alice:1000:10\n", 1000, "1001+9");
	assert_disjoint("alice:991:10\n", 1000, "991+9");
	assert_disjoint("alice:1000:1\n", 1000, "");
	assert_disjoint("alice:100:10\nalice:100:10\n", 1000, "100+10");
	assert_disjoint("alice:100:10\nalice:90:30\n", 1000, "100+10 90+10 110+10");
	assert_disjoint("alice:90:30\nalice:100:10\n", 1000, "90+30");
	assert_disjoint("alice:4294967290:5\nalice:1:4294967294\n", 0, "4294967290+5 1+4294967289");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/subid/parse", test_parse);
	g_test_add_func("/subid/parse/strictly", test_parse_strictly);
	g_test_add_func("/subid/parse/without-name", test_parse_without_name);
	g_test_add_func("/subid/parse/caps-the-number", test_parse_caps_the_number);
	g_test_add_func("/subid/nsswitch", test_nsswitch);
	g_test_add_func("/subid/covers", test_covers);
	g_test_add_func("/subid/disjoint", test_disjoint);
	return g_test_run();
}
