/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of `rlc run`: one row each, and what a row does with its value.  A heading of the
 * help is a group, and a group is a file: cmd/run_process.c, run_network.c, …
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "cmd/run_options.h"

/* A command line that is being parsed. */
typedef struct {
	RunOptions *out;
	Spec *spec;	/* out->spec */
	GPtrArray *env; /* of "NAME=VALUE": -e, which go after all of --env-file */
	uint64_t caps_added, caps_dropped;
	bool network_given;
	bool remove_given, remove; /* --rm */
} RunParse;

/* Puts a value into the Spec. For a switch value is "", or NULL for =false. */
typedef bool (*RunSetter)(RunParse *parse, const char *value, GError **error);

typedef enum {
	OPTION_ONCE,   /* has a value, given once */
	OPTION_MANY,   /* has a value, may be repeated */
	OPTION_SWITCH, /* has no value, or =true or =false */
} RunOptionKind;

typedef struct {
	const char *name;
	char letter; /* 0: none */
	RunOptionKind kind;
	RunSetter set;
	const char *metavar; /* NULL for a switch */
	const char *help;
} RunOption;

typedef struct {
	const char *heading;
	const RunOption *rows;
	size_t length;
} RunGroup;

extern const RunGroup run_process_group, run_fetch_group, run_files_group, run_network_group,
	run_identity_group, run_container_group;

/* The groups in the order of the help, and their rows one after the other. NULL: no more. */
const RunGroup *run_table_group(size_t index);
const RunOption *run_table_row(size_t index);
size_t run_table_length(void);
