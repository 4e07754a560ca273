/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: the options are run's, put into the container's own Spec as it is on record.
 * All limits of that Spec are written anew, which changes nothing about the others.  Only when the
 * kernel has taken them is the record replaced: what runs and what is on record say the same.
 */
#include <getopt.h>
#include <stdio.h>

#include "base/error.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/help.h"
#include "cmd/run_options.h"
#include "cmd/run_table.h"
#include "container/cgroups.h"

static const RunOption rows[] = {
	{.name = "memory"},
	{"memory-swap", 0, OPTION_ONCE, NULL, "SIZE", "memory and swap together; -1: no limit"},
	{.name = "memory-reservation"},
	{.name = "cpus"},
	{.name = "cpu-shares"},
	{.name = "cpu-quota"},
	{.name = "cpu-period"},
	{.name = "cpuset-cpus"},
	{.name = "cpuset-mems"},
	{.name = "pids-limit"},
	{.name = "blkio-weight"},
	{.name = "device-read-bps"},
	{.name = "device-write-bps"},
	{.name = "device-read-iops"},
	{.name = "device-write-iops"},
	{.name = "cgroup-conf"},
	{"help", 0, OPTION_SWITCH, NULL, NULL, "print this help"},
};

static const RunGroup group = {"Options", rows, G_N_ELEMENTS(rows)};
static const RunGroup *const groups[] = {&group, NULL};
static const RunTable table = {"update", groups};

#define ARGUMENTS "[OPTIONS] CONTAINER..."
#define SUMMARY	  "Change the limits of containers, of those that run and of those that have ended."

static void print_help(void)
{
	fputs("Usage: rlc update " ARGUMENTS "\n\n" SUMMARY "\n", stdout);
	run_table_print(&table, stdout);
}

static void print_help_table(void)
{
	help_usage("update", ARGUMENTS, SUMMARY);
	run_table_print_rows(&table);
}

/* The options into this Spec, which is the container's own. */
static bool apply(const GArray *given, Spec *spec, GError **error)
{
	g_auto(RunOptions) out = {0};
	RunParse parse = {.out = &out, .spec = spec};

	return run_table_apply(&parse, given, error);
}

static bool update(const char *root, const StateEntry *entry, const char *name, void *data,
		   GError **error)
{
	g_autoptr(Spec) spec = state_load_spec(root, entry->id, error);

	if (!spec || !apply(data, spec, error) ||
	    !cgroups_update(root, entry->id, entry->alive, spec, error))
		return false;
	puts(name);
	return true;
}

static bool check_line(const GArray *given, char *const *words, GError **error)
{
	g_autoptr(Spec) unused = spec_new();

	if (given->len == 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "read options of update: no limit is given; 'rlc update --help' "
				 "lists them");
	if (!*words)
		return error_set(error, RLC_ERROR_USAGE,
				 "read arguments of update: they are CONTAINER...");
	return apply(given, unused, error);
}

int cmd_update(int argc, char **argv)
{
	g_autoptr(GArray) given = NULL;
	g_autoptr(GError) error = NULL;

	if (argc == 2 && help_form(argv[1]) == HELP_TABLE) {
		print_help_table();
		return 0;
	}
	given = run_table_read(&table, argc, argv, &error);
	if (given && run_table_given(given, "help")) {
		print_help();
		return 0;
	}
	if (!given || !check_line(given, argv + optind, &error))
		return command_fail(error);
	return containers_each(argv + optind, update, given);
}
