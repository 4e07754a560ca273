/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/help.h"

#include <string.h>
#include <unistd.h>

#include "base/screen.h"

#define WIDE 100

HelpForm help_form(const char *word)
{
	if (g_strcmp0(word, "--help=table") == 0)
		return HELP_TABLE;
	return g_strcmp0(word, "--help") == 0 || g_strcmp0(word, "-h") == 0 ? HELP_TEXT : HELP_NONE;
}

void help_row(FILE *out, const char *word, int width, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, " ", -1);
	guint rows, columns = WIDE, at = (guint)width + 2;

	if (isatty(fileno(out)))
		screen_size(fileno(out), &rows, &columns);
	fprintf(out, "  %-*s", width, word);
	if (strlen(word) > (size_t)width)
		fprintf(out, "\n  %*s", width, "");
	for (char **part = parts; *part; part++) {
		if (at + 1 + strlen(*part) > MIN(columns, WIDE) && part != parts) {
			fprintf(out, "\n  %*s", width, "");
			at = (guint)width + 2;
		}
		fprintf(out, " %s", *part);
		at += 1 + (guint)strlen(*part);
	}
	fputc('\n', out);
}

void help_usage(const char *command, const char *arguments, const char *summary)
{
	printf("usage\t%s\t%s\t%s\n", command, arguments, summary);
}

void help_text(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (char **line = lines; *line; line++)
		printf("text\t%s\n", *line);
}

void help_heading(const char *name)
{
	printf("heading\t%s\n", name);
}

void help_option(const char *name, char letter, const char *metavar, const char *kind,
		 const char *help)
{
	const char letters[] = {letter, '\0'};

	printf("option\t%s\t%s\t%s\t%s\t%s\n", name, letters, metavar ? metavar : "", kind, help);
}

void help_command(const char *name, const char *arguments, const char *summary)
{
	printf("command\t%s\t%s\t%s\n", name, arguments, summary);
}
