/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arguments.h"
#include "cmd/command.h"
#include "cmd/help.h"

static char *replace(const char *text, const char *old, const char *new)
{
	g_auto(GStrv) parts = g_strsplit(text, old, -1);

	return g_strjoinv(new, parts);
}

/* GOption's own would put its dots through the locale. */
static G_GNUC_NORETURN void print_help(GOptionContext *context)
{
	g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
	g_autofree char *plain = replace(help, "\xe2\x80\xa6", "...");
	g_autofree char *text = replace(plain, "Usage:\n  ", "Usage: ");

	puts(g_strchomp(text));
	exit(command_end(0));
}

static const char *option_kind(GOptionArg arg)
{
	return arg == G_OPTION_ARG_NONE		    ? "switch"
	       : arg == G_OPTION_ARG_STRING_ARRAY   ? "many"
	       : arg == G_OPTION_ARG_FILENAME_ARRAY ? "many"
						    : "once";
}

static G_GNUC_NORETURN void print_help_table(const GOptionEntry *entries, const OptionsUsage *usage)
{
	help_usage(usage->command, usage->arguments, usage->summary);
	help_text(usage->text);
	for (const GOptionEntry *entry = entries; entry->long_name; entry++)
		help_option(entry->long_name, entry->short_name, entry->arg_description,
			    option_kind(entry->arg), entry->description);
	exit(command_end(0));
}

static HelpForm asks_for_help(char **argv, bool posix)
{
	for (char **word = argv + 1; *word && strcmp(*word, "--") != 0; word++) {
		if (posix && **word != '-')
			break;
		if (help_form(*word) != HELP_NONE)
			return help_form(*word);
	}
	return HELP_NONE;
}

bool options_parse(int *argc, char ***argv, const GOptionEntry *entries, const OptionsUsage *usage,
		   GError **error)
{
	g_autofree char *program = g_strconcat("rlc ", usage->command, NULL);
	g_autoptr(GOptionContext) context = g_option_context_new(usage->arguments);
	const ArgumentsWanted wanted = {usage->command, usage->arguments, usage->min, usage->max};
	HelpForm asked;

	g_set_prgname(program);
	g_option_context_set_summary(context, usage->summary);
	g_option_context_set_description(context, usage->text);
	arguments_add(context, entries);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_strict_posix(context, usage->posix);
	asked = asks_for_help(*argv, usage->posix);
	if (asked == HELP_TABLE)
		print_help_table(entries, usage);
	if (asked == HELP_TEXT)
		print_help(context);
	return arguments_parse(context, entries, program, argc, *argv, error) &&
	       arguments_count(argc, argv, &wanted, error);
}
