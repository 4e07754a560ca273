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

/* When an image is fetched: --pull */
typedef enum {
	PULL_MISSING, /* if the store lacks it */
	PULL_ALWAYS,
	PULL_NEVER,
	PULL_NEWER, /* as always; what is in the store will do where that fails */
} RunPull;

typedef struct {
	Spec *spec;
	char *image; /* as typed; NULL: --rootfs, or builtin:busybox */
	RunPull pull;
	char *platform; /* --platform, or NULL */
	/* What goes into the Spec when the image's own wishes are known, see run_image.h: */
	GPtrArray *command; /* of char *: the words behind the image */
	GPtrArray *env;	    /* of "NAME=VALUE", later ones win */
	char *entrypoint;   /* --entrypoint: "" for none; or NULL */
	bool workdir_given;
	bool publish_all;	 /* --publish-all: the ports that the image names, too */
	GPtrArray *volumes_from; /* of char *: --volumes-from */
	char *state_root;	 /* --root, or NULL */
	bool explain;		 /* --explain: print the plan, run nothing */
	bool help;		 /* --help: print the options, look at nothing else */
} RunOptions;

/* Nothing given yet. */
void run_options_init(RunOptions *ret_options);
void run_options_clear(RunOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RunOptions, run_options_clear)

/*
 * Parse argv (argv[0] is "run").  stdin_is_terminal: what `rlc run` without an image goes by, which
 * opens a shell.  A bad flag or value is an RLC_ERROR whose message names the flag, the value and
 * the part of it that is wrong.  ret_options is the caller's to clear.  Where it names an image the
 * Spec lacks what run_image_apply() adds.
 */
bool run_options_parse(int argc, char **argv, bool stdin_is_terminal, RunOptions *ret_options,
		       GError **error);

void run_options_print_help(FILE *out);

/* The same for programs, on standard output: help.h */
void run_options_print_help_table(void);
