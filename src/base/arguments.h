/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command line by GOption, as rlc and rlc-oci read it: refused in rlc's words, with what may have
 * been meant.
 *
 * GOption takes both --SWITCH=true and --SWITCH=false for the switch given: here the one is the
 * switch, the other is not there, and any other value is refused.  Nor does it know -t0, which is
 * -t 0 here as everywhere else.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What a command wants beside its options. */
typedef struct {
	const char *command;   /* its name in errors */
	const char *arguments; /* what they are */
	int min, max;	       /* how many; max -1: any number */
} ArgumentsWanted;

/* "true", "1", "false" or "0"; false: it is neither. */
bool arguments_bool(const char *text, bool *ret_value);

/*
 * Give context these options.  Texts are bytes, as they were typed: GOption's own
 * G_OPTION_ARG_STRING takes what the locale's character set has, and rlc sets no locale.
 */
void arguments_add(GOptionContext *context, const GOptionEntry *entries);

/*
 * Have context read the options, which are entries (NULL: there are none) that it was given, and
 * take them out of the words.  program has a --help, "rlc ps"; argv[0] is it as well, and argv ends
 * with NULL.  The error is RLC_ERROR_USAGE.
 */
bool arguments_parse(GOptionContext *context, const GOptionEntry *entries, const char *program,
		     int *argc, char **argv, GError **error);

/* Skip the "--" that may stand in front of the arguments, and count them. */
bool arguments_count(int *argc, char ***argv, const ArgumentsWanted *wanted, GError **error);
