/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of the commands that have few: GOption, in rlc's words. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *command;   /* "image inspect" */
	const char *arguments; /* "NAME..." */
	const char *summary;   /* a sentence */
	const char *text;      /* more for the help, or NULL */
	int min, max;	       /* how many arguments; max -1: any number */
	bool posix; /* the first argument ends the options: those behind it are another's */
} OptionsUsage;

/*
 * Take the options out of argv, which may stand anywhere before "--"; what is left are argv[0] and
 * the arguments.  --help, or --help=table (help.h), prints the help and ends the program.
 * RLC_ERROR_USAGE if anything is wrong.
 */
bool options_parse(int *argc, char ***argv, const GOptionEntry *entries, const OptionsUsage *usage,
		   GError **error);
