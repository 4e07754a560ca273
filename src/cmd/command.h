/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command table.  A command gets its own argv (argv[0] is its name), prints its results and
 * returns the exit code: the only floor that does either.
 *
 * A global flag (--root, --log-level) may stand before the command.  It becomes the environment
 * variable that mirrors it (RLC_ROOT, RLC_LOG_LEVEL), so a command has one place to look.
 */
#pragma once

#include <glib.h>

/* Exit codes of rlc's own (a payload's code passes through; 128+n when a signal ended it). */
enum {
	EXIT_RLC_FAILED = 125,
	EXIT_CANNOT_EXECUTE = 126,
	EXIT_NO_SUCH_PROGRAM = 127,
};

typedef struct {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;
	int (*run)(int argc, char **argv);
} Command;

int command_main(int argc, char **argv);

/*
 * Run the command of a group (`rlc image ls`: group "image") that argv[1] names, or print the
 * group's help.  table ends in a row without a name; summary is a sentence.
 */
int command_group(const char *group, const char *summary, const Command *table, int argc,
		  char **argv);

/* Print the error as "rlc: <message>" on standard error and return the exit code it stands for. */
int command_fail(const GError *error);

/* The exit code of a command that ended with this one: another if its output was not written. */
int command_end(int code);

int cmd_check(int argc, char **argv);
int cmd_commit(int argc, char **argv);
int cmd_cp(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_generate(int argc, char **argv);
int cmd_healthcheck(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_logs(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_rename(int argc, char **argv);
int cmd_restart(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_start(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_image(int argc, char **argv);
int cmd_images(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_prune(int argc, char **argv);
int cmd_pull(int argc, char **argv);
int cmd_rmi(int argc, char **argv);
int cmd_save(int argc, char **argv);
int cmd_selftest(int argc, char **argv);
int cmd_tag(int argc, char **argv);
int cmd_port(int argc, char **argv);
int cmd_network(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_unpause(int argc, char **argv);
int cmd_update(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_unshare(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_volume(int argc, char **argv);
