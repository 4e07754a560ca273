/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cmd/json.h"
#include "cmd/options.h"
#include "selftest/selftest.h"

static const OptionsUsage usage = {
	.command = "selftest",
	.arguments = "[IMAGE]",
	.summary = "Does isolation hold, on this host, with this image?",
	.text = "Each check runs containers as 'rlc run' does, and looks from inside and from the "
		"host.\n"
		"A check that cannot apply on this host is skipped, with the code that 'rlc check "
		"--explain'\n"
		"explains. The exit code is 0 if none failed, and else 1. Without an image it is\n"
		"builtin:busybox; others need not have any program.",
	.max = 1,
};

/* ------------------------------------------------------------------------------------------ TAP */

/* A string in double quotes is the same in JSON and in YAML. */
static void print_yaml(const char *key, const char *value)
{
	Json json;

	printf("  %s: ", key);
	json_begin(&json);
	json_string(&json, NULL, value);
	json_end(&json);
}

static void print_tap_problems(const SelftestResult *result)
{
	puts("  ---");
	print_yaml("claim", result->check->claim);
	puts("  problems:");
	for (guint i = 0; i < result->problems->len; i++) {
		const SelftestProblem *problem = g_ptr_array_index(result->problems, i);

		print_yaml("- what", problem->what);
		print_yaml("  found", problem->got);
		print_yaml("  wanted", problem->wanted);
	}
	print_yaml("command", result->command);
	print_yaml("messages", result->messages);
	puts("  ...");
}

static void report_tap(const SelftestResult *result, guint number, guint count)
{
	if (number == 1)
		printf("TAP version 13\n1..%u\n", count);
	printf("%s %u - %s: %s", result->status == SELFTEST_FAILED ? "not ok" : "ok", number,
	       result->check->name, result->check->claim);
	if (result->status == SELFTEST_SKIPPED)
		printf(" # SKIP %s%s%s%s", result->reason, result->code ? " [" : "",
		       result->code ? result->code : "", result->code ? "]" : "");
	putchar('\n');
	if (result->status == SELFTEST_FAILED)
		print_tap_problems(result);
	fflush(stdout);
}

/* ---------------------------------------------------------------------------------------- JUnit */

/* XML 1.0 has no control characters, not even escaped. */
static char *xml_escape(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);

	for (char *c = valid; *c; c++) {
		if (g_ascii_iscntrl(*c) && *c != '\n' && *c != '\t')
			*c = '?';
	}
	return g_markup_escape_text(valid, -1);
}

static void print_attribute(const char *name, const char *value)
{
	g_autofree char *escaped = xml_escape(value);

	printf(" %s=\"%s\"", name, escaped);
}

static void print_junit_failure(const SelftestResult *result)
{
	const SelftestProblem *first = g_ptr_array_index(result->problems, 0);
	g_autofree char *command = xml_escape(result->command);

	fputs("    <failure", stdout);
	print_attribute("message", first->what);
	puts(">");
	for (guint i = 0; i < result->problems->len; i++) {
		const SelftestProblem *problem = g_ptr_array_index(result->problems, i);
		g_autofree char *got = xml_escape(problem->got);
		g_autofree char *wanted = xml_escape(problem->wanted);

		printf("%s: found %s, wanted %s\n", problem->what, got, wanted);
	}
	printf("%s\n    </failure>\n", command);
}

static void print_junit_case(const SelftestResult *result)
{
	fputs("  <testcase classname=\"rlc.selftest\"", stdout);
	print_attribute("name", result->check->name);
	printf(" time=\"%.3f\">\n", (double)result->microseconds / G_USEC_PER_SEC);
	if (result->status == SELFTEST_FAILED)
		print_junit_failure(result);
	if (result->status == SELFTEST_SKIPPED) {
		g_autofree char *reason =
			g_strconcat(result->reason, result->code ? " " : NULL, result->code, NULL);

		fputs("    <skipped", stdout);
		print_attribute("message", reason);
		puts("/>");
	}
	puts("  </testcase>");
}

static guint count_of(const GPtrArray *results, SelftestStatus status)
{
	guint count = 0;

	for (guint i = 0; i < results->len; i++)
		count += ((const SelftestResult *)g_ptr_array_index(results, i))->status == status;
	return count;
}

static void print_junit(const GPtrArray *results)
{
	puts("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
	printf("<testsuite name=\"rlc selftest\" tests=\"%u\" failures=\"%u\" skipped=\"%u\">\n",
	       results->len, count_of(results, SELFTEST_FAILED),
	       count_of(results, SELFTEST_SKIPPED));
	for (guint i = 0; i < results->len; i++)
		print_junit_case(g_ptr_array_index(results, i));
	puts("</testsuite>");
}

/* ----------------------------------------------------------------------------------------- JSON */

static void put_problems(Json *json, const GPtrArray *problems)
{
	json_open(json, "Problems", '[');
	for (guint i = 0; i < problems->len; i++) {
		const SelftestProblem *problem = g_ptr_array_index(problems, i);

		json_open(json, NULL, '{');
		json_string(json, "What", problem->what);
		json_string(json, "Found", problem->got);
		json_string(json, "Wanted", problem->wanted);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void print_json(const GPtrArray *results)
{
	Json json;

	json_begin(&json);
	json_open(&json, NULL, '[');
	for (guint i = 0; i < results->len; i++) {
		const SelftestResult *result = g_ptr_array_index(results, i);

		json_open(&json, NULL, '{');
		json_string(&json, "Name", result->check->name);
		json_string(&json, "Claim", result->check->claim);
		json_string(&json, "Status", selftest_status_name(result->status));
		json_string(&json, "Reason", result->reason);
		json_string(&json, "Code", result->code);
		put_problems(&json, result->problems);
		json_string(&json, "Command", result->command);
		json_string(&json, "Messages", result->messages);
		json_number(&json, "Microseconds", result->microseconds);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_end(&json);
}

static const struct {
	const char *name;
	void (*report)(const SelftestResult *result, guint number, guint count);
	void (*print)(const GPtrArray *results);
} formats[] = {{"tap", report_tap, NULL}, {"junit", NULL, print_junit}, {"json", NULL, print_json}};

static int selftest(SelftestOptions *options, const char *format, bool strict)
{
	g_autoptr(GPtrArray) results = NULL;
	g_autoptr(GError) error = NULL;
	size_t i = 0;

	while (i < G_N_ELEMENTS(formats) && format && strcmp(formats[i].name, format) != 0)
		i++;
	if (i == G_N_ELEMENTS(formats))
		error_set(&error, RLC_ERROR_USAGE, "parse --format '%s': not tap, junit or json",
			  format);
	else if (selftest_count(options) == 0)
		error_set(&error, RLC_ERROR_NOT_FOUND, "choose checks '%s': none has such a name",
			  options->only);
	if (error)
		return command_fail(error);
	options->report = formats[i].report;
	results = selftest_run(options, &error);
	if (!results)
		return command_fail(error);
	if (formats[i].print)
		formats[i].print(results);
	return count_of(results, SELFTEST_FAILED) > 0 ||
	       (strict && count_of(results, SELFTEST_SKIPPED) > 0);
}

int cmd_selftest(int argc, char **argv)
{
	g_autofree char *format = NULL, *only = NULL, *name = NULL, *program = NULL;
	gboolean strict = FALSE;
	const GOptionEntry entries[] = {
		{"format", 0, 0, G_OPTION_ARG_STRING, &format, "tap (default), junit or json",
		 "FORMAT"},
		{"only", 0, 0, G_OPTION_ARG_STRING, &only,
		 "run the checks whose names match, such as 'network/*'", "PATTERN"},
		{"name", 0, 0, G_OPTION_ARG_STRING, &name,
		 "a name that this host can resolve (default: deb.debian.org)", "NAME"},
		{"strict", 0, 0, G_OPTION_ARG_NONE, &strict, "a check that is skipped has failed",
		 NULL},
		{"program", 0, 0, G_OPTION_ARG_FILENAME, &program,
		 "test this rlc (default: the one that runs)", "FILE"},
		{0},
	};
	g_autoptr(GError) error = NULL;
	SelftestOptions options;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	options = (SelftestOptions){
		.image = argc > 1 ? argv[1] : "builtin:busybox",
		.program = program ? program : "/proc/self/exe",
		.name = name ? name : "deb.debian.org",
		.only = only,
	};
	return selftest(&options, format, strict);
}
