/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "check/check.h"
#include "cmd/json.h"
#include "cmd/options.h"

static const OptionsUsage usage = {
	.command = "check",
	.arguments = "",
	.summary = "Can this host run containers, for you? What is missing, and how is it had?",
	.text = "Each probe tries what it is about. The exit code is 0 if 'rlc run' works, perhaps "
		"with\n"
		"less than it could have, and 1 if it does not.",
};

static const char *status_color(CheckStatus status)
{
	static const char *const colors[] = {
		[CHECK_OK] = "\033[32m",
		[CHECK_REDUCED] = "\033[33m",
		[CHECK_FAILED] = "\033[31m",
		[CHECK_SKIPPED] = "\033[2m",
	};

	return colors[status];
}

static void print_problem(const HintParts *problem)
{
	if (problem->code)
		printf("           code: %s\n           why:  %s\n           fix:  %s\n",
		       problem->code, problem->why, problem->fix);
}

static void print_text(const GPtrArray *findings)
{
	bool color = isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR");

	for (guint i = 0; i < findings->len; i++) {
		const CheckFinding *finding = g_ptr_array_index(findings, i);

		printf("%s%-8s%s   %s: %s\n", color ? status_color(finding->status) : "",
		       check_status_name(finding->status), color ? "\033[0m" : "", finding->probe,
		       finding->text ? finding->text : finding->problem.cause);
		if (finding->status == CHECK_REDUCED || finding->status == CHECK_FAILED)
			printf("           cost: %s\n", finding->cost);
		print_problem(&finding->problem);
	}
}

static void print_json(const GPtrArray *findings)
{
	Json json;

	json_begin(&json);
	json_open(&json, NULL, '[');
	for (guint i = 0; i < findings->len; i++) {
		const CheckFinding *finding = g_ptr_array_index(findings, i);
		bool bad = finding->status != CHECK_OK;

		json_open(&json, NULL, '{');
		json_string(&json, "Probe", finding->probe);
		json_string(&json, "Status", check_status_name(finding->status));
		json_string(&json, "Text", finding->text ? finding->text : finding->problem.cause);
		json_string(&json, "Cost", bad ? finding->cost : NULL);
		json_string(&json, "Code", finding->problem.code);
		json_string(&json, "Why", finding->problem.why);
		json_string(&json, "Fix", finding->problem.fix);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_end(&json);
}

/* The data of a workflow command: "%", CR and LF are escaped. */
static char *github_escape(const char *text)
{
	g_autoptr(GString) escaped = g_string_new(text);

	g_string_replace(escaped, "%", "%25", 0);
	g_string_replace(escaped, "\r", "%0D", 0);
	g_string_replace(escaped, "\n", "%0A", 0);
	return g_string_free(g_steal_pointer(&escaped), FALSE);
}

/* Workflow commands of GitHub Actions, which become annotations of the run. */
static void print_github(const GPtrArray *findings)
{
	for (guint i = 0; i < findings->len; i++) {
		const CheckFinding *finding = g_ptr_array_index(findings, i);
		const HintParts *problem = &finding->problem;
		g_autofree char *text = NULL, *data = NULL;

		if (finding->status == CHECK_OK || finding->status == CHECK_SKIPPED)
			continue;
		text = g_strdup_printf(
			"%s: %s%s%s%s%s", problem->cause, finding->cost,
			problem->why ? "\nwhy: " : "", problem->why ? problem->why : "",
			problem->fix ? "\nfix: " : "", problem->fix ? problem->fix : "");
		data = github_escape(text);
		printf("::%s title=rlc check: %s%s%s::%s\n",
		       finding->status == CHECK_FAILED ? "error" : "warning", finding->probe,
		       problem->code ? " " : "", problem->code ? problem->code : "", data);
	}
}

static const struct {
	const char *name;
	void (*print)(const GPtrArray *findings);
} formats[] = {{"text", print_text}, {"json", print_json}, {"github", print_github}};

static int check(const char *format)
{
	g_autoptr(GPtrArray) findings = NULL;
	g_autoptr(GError) error = NULL;
	size_t i = 0;
	int code = 0;

	while (i < G_N_ELEMENTS(formats) && format && strcmp(formats[i].name, format) != 0)
		i++;
	if (i == G_N_ELEMENTS(formats)) {
		error_set(&error, RLC_ERROR_USAGE, "parse --format '%s': not text, json or github",
			  format);
		return command_fail(error);
	}
	findings = check_run();
	formats[i].print(findings);
	for (guint n = 0; n < findings->len; n++)
		code |= ((const CheckFinding *)g_ptr_array_index(findings, n))->status ==
			CHECK_FAILED;
	return code;
}

static int explain(const char *code)
{
	g_auto(HintParts) parts = {0};
	g_autoptr(GError) error = NULL;

	if (!hint_lookup(code, &parts)) {
		error_set(&error, RLC_ERROR_NOT_FOUND,
			  "explain '%s': no such code; they look like RLC-N03", code);
		return command_fail(error);
	}
	printf("%s\n  why: %s\n  fix: %s\n", parts.code, parts.why, parts.fix);
	return 0;
}

int cmd_check(int argc, char **argv)
{
	g_autofree char *format = NULL, *code = NULL;
	const GOptionEntry entries[] = {
		{"format", 0, 0, G_OPTION_ARG_STRING, &format, "text, json or github", "FORMAT"},
		{"explain", 0, 0, G_OPTION_ARG_STRING, &code,
		 "say what a code means, probe nothing", "CODE"},
		{0},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	return code ? explain(code) : check(format);
}
