/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static bool check_count(int count, const OptionsUsage *usage, GError **error)
{
	if (count >= usage->min && (usage->max < 0 || count <= usage->max))
		return true;
	return error_set(error, RLC_ERROR_USAGE, "read arguments of %s: they are %s",
			 usage->command, usage->max == 0 ? "none" : usage->arguments);
}

/* GOption's own would put its dots through the locale. */
static G_GNUC_NORETURN void print_help(GOptionContext *context)
{
	g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
	g_auto(GStrv) parts = g_strsplit(help, "\xe2\x80\xa6", -1);
	g_autofree char *plain = g_strjoinv("...", parts);

	fputs(plain, stdout);
	exit(0);
}

static bool asks_for_help(char **argv)
{
	for (char **word = argv + 1; *word && strcmp(*word, "--") != 0; word++) {
		if (strcmp(*word, "--help") == 0 || strcmp(*word, "-h") == 0)
			return true;
	}
	return false;
}

bool options_parse(int *argc, char ***argv, const GOptionEntry *entries, const OptionsUsage *usage,
		   GError **error)
{
	g_autofree char *program = g_strconcat("rlc ", usage->command, NULL);
	g_autoptr(GOptionContext) context = g_option_context_new(usage->arguments);
	g_autoptr(GError) wrong = NULL;

	g_set_prgname(program);
	g_option_context_set_summary(context, usage->summary);
	g_option_context_set_description(context, usage->text);
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_help_enabled(context, FALSE);
	if (asks_for_help(*argv))
		print_help(context);
	if (!g_option_context_parse(context, argc, argv, &wrong))
		return error_set(error, RLC_ERROR_USAGE, "read options of %s: %s", usage->command,
				 wrong->message);
	/* what stood in front of the arguments stays */
	if (*argc > 1 && strcmp((*argv)[1], "--") == 0) {
		(*argv)[1] = (*argv)[0];
		(*argv)++;
		(*argc)--;
	}
	return check_count(*argc - 1, usage, error);
}

bool options_take_format(const char *format, bool *ret_json, GError **error)
{
	if (format && strcmp(format, "json") != 0 && strcmp(format, "table") != 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --format '%s': neither table nor json", format);
	*ret_json = g_strcmp0(format, "json") == 0;
	return true;
}
