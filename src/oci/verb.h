/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rlc-oci: runc's command line.  A verb gets its own argv (argv[0] is its name) and returns the
 * exit code, or -1 with *error set: then main() reports it and ends with 1.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/spec.h"

typedef struct OciVerb OciVerb;

/* The global options, and which verb is run */
typedef struct {
	const OciVerb *verb;
	char *root; /* where the state of containers is kept */
	char *log, *log_format;
	gboolean debug, systemd_cgroup;
	char *rootless; /* accepted for callers' sake */
	char *cgroup_manager;
} OciGlobals;

struct OciVerb {
	const char *name;
	const char *arguments;
	const char *summary;
	int min, max; /* how many arguments; max -1: any number */
	int (*run)(const OciGlobals *globals, int argc, char **argv, GError **error);
};

/*
 * Take the verb's options, which stand in front of its arguments; argv[1] is then the first
 * argument. --help prints the help and ends the program.
 */
bool verb_parse(const OciGlobals *globals, int *argc, char ***argv, const GOptionEntry *entries,
		GError **error);

/* --format of list and ps: "table", which NULL stands for, or "json". */
bool verb_format(const char *format, bool *ret_json, GError **error);

/* --help=table, of the program and of each verb, for doc/man/generate */
#define VERB_TABLE "--help=table"
void verb_print_table(const char *name, const char *arguments, const char *summary,
		      const GOptionEntry *entries);
void verb_list_table(void);

/* For people. Caller frees. */
char *verb_list_text(void);

const OciVerb *verb_find(const char *name);

int verb_create(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_delete(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_events(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_exec(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_features(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_kill(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_list(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_pause(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_ps(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_resume(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_run(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_spec(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_start(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_state(const OciGlobals *globals, int argc, char **argv, GError **error);
int verb_update(const OciGlobals *globals, int argc, char **argv, GError **error);
