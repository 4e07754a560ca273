/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Help for programs: what `--help=table` prints.  Completion scripts and manual pages are made from
 * it (doc/man, doc/completion), so that they cannot drift from the option tables.  Lines of fields
 * between tabs:
 *
 *     usage    COMMAND  ARGUMENTS  SUMMARY     "image inspect", "IMAGE...", …
 *     text     LINE                            more about it; any number of these
 *     heading  NAME                            of the options or commands that follow
 *     option   NAME LETTER METAVAR KIND HELP   KIND: switch, once or many; "" where there is none
 *     command  NAME ARGUMENTS SUMMARY          of a command that has commands
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef enum {
	HELP_NONE,
	HELP_TEXT,  /* --help, -h */
	HELP_TABLE, /* --help=table */
} HelpForm;

/* What a word of the command line asks for; word may be NULL. */
HelpForm help_form(const char *word);

/*
 * For people: a row of a list, the word padded to width.  Where it is longer the text stands below,
 * and text that is too long for the terminal, or for 100 characters, goes on there.
 */
void help_row(FILE *out, const char *word, int width, const char *text);

void help_usage(const char *command, const char *arguments, const char *summary);

/* Lines of text, or NULL. */
void help_text(const char *text);

void help_heading(const char *name);

/* letter: 0 for none; metavar: NULL for a switch. */
void help_option(const char *name, char letter, const char *metavar, const char *kind,
		 const char *help);

void help_command(const char *name, const char *arguments, const char *summary);
