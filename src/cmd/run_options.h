/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of `rlc run`, as a Spec.
 *
 * Flags are docker's and podman's wherever they have one.  Parsing stops at the image: what follows
 * belongs to the payload.  Only the form is checked here; what needs the host to be judged (does
 * the directory exist, may this user map these ids) is the business of the plan.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "model/spec.h"

typedef struct {
	Spec *spec;
	char *state_root; /* --root, or NULL */
	bool explain;	  /* --explain: print the plan, run nothing */
	bool help;	  /* --help: print the options, look at nothing else */
} RunOptions;

void run_options_clear(RunOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RunOptions, run_options_clear)

/*
 * Parse argv (argv[0] is "run").  stdin_is_terminal: what `rlc run` without an image goes by, which
 * opens a shell.  A bad flag or value is an RLC_ERROR whose message names the flag, the value and
 * the part of it that is wrong.  ret_options is the caller's to clear.
 */
bool run_options_parse(int argc, char **argv, bool stdin_is_terminal, RunOptions *ret_options,
		       GError **error);

void run_options_print_help(FILE *out);
