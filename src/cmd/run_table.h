/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of `rlc run`: one row each, and what a row does with its value.  A heading of the
 * help is a group, and a group is a file: cmd/run_process.c, run_network.c, …
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cmd/run_options.h"

/* A command line that is being parsed. */
typedef struct {
	RunOptions *out;
	Spec *spec;	/* out->spec */
	GPtrArray *env; /* of "NAME=VALUE": -e, which go after all of --env-file */
	uint64_t caps_added, caps_dropped;
	bool network_given;
	bool remove_given, remove; /* --rm */
	bool privileged;
	GPtrArray *masked, *unmasked; /* --security-opt mask and unmask: paths, patterns */
	bool no_new_privileges_given;
} RunParse;

/* Puts a value into the Spec. For a switch value is "", or NULL for =false. */
typedef bool (*RunSetter)(RunParse *parse, const char *value, GError **error);

typedef enum {
	OPTION_ONCE,   /* has a value, given once */
	OPTION_MANY,   /* has a value, may be repeated */
	OPTION_SWITCH, /* has no value, or =true or =false */
} RunOptionKind;

/* A row of another command's may have only a name: it is run's row of this name. */
typedef struct {
	const char *name;
	char letter; /* 0: none */
	RunOptionKind kind;
	RunSetter set;	     /* NULL: as the row of run with this name */
	const char *metavar; /* NULL for a switch */
	const char *help;
} RunOption;

typedef struct {
	const char *heading;
	const RunOption *rows;
	size_t length;
} RunGroup;

extern const RunGroup run_process_group, run_fetch_group, run_files_group, run_network_group,
	run_identity_group, run_share_group, run_security_group, run_limits_group, run_health_group,
	run_container_group;

/* When all options are known: what --privileged opens, but for what was closed by name. */
void run_security_finish(RunParse *parse);

/* The options of a command: groups, in the order of the help, NULL at the end. */
typedef struct {
	const char *command;
	const RunGroup *const *groups;
} RunTable;

extern const RunTable run_table;

/* An option that was given. */
typedef struct {
	const RunOption *option;
	char *value; /* as it was written; NULL: a switch without one */
	char *place; /* "read FILE: ", as errors begin; NULL: the command line */
} RunGiven;

void run_given_clear(RunGiven *given);

/*
 * Read the options at the head of argv (argv[0] is the command), up to --help; optind(3) is then
 * the first word that is none.  Of RunGiven, in their order, the caller's to free; NULL with an
 * RLC_ERROR that names the word that is wrong.
 */
GArray *run_table_read(const RunTable *table, int argc, char **argv, GError **error);

/* Put them into the Spec. The error names the option, the value, and what is wrong with it. */
bool run_table_apply(RunParse *parse, const GArray *given, GError **error);

/* The first of this name, or NULL. */
const RunGiven *run_table_given(const GArray *given, const char *name);

const RunOption *run_table_find(const RunTable *table, const char *name);

/* For the help: people's, and programs' (help.h; on standard output). */
void run_table_print(const RunTable *table, FILE *out);
void run_table_print_rows(const RunTable *table);
