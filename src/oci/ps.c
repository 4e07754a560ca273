/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "oci/processes.h"
#include "oci/verb.h"

static void print_json(const GArray *pids)
{
	json_t *array = json_array();

	for (guint i = 0; i < pids->len; i++)
		json_array_append_new(array, json_integer(g_array_index(pids, pid_t, i)));
	json_dumpf(array, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(array);
}

/* ps(1) of the host for those, with the caller's options or -ef. */
static bool print_table(const GArray *pids, char **options, GError **error)
{
	g_autoptr(GString) list = g_string_new(NULL);
	g_autoptr(GPtrArray) command = g_ptr_array_new();

	for (guint i = 0; i < pids->len; i++)
		g_string_append_printf(list, "%s%d", i ? "," : "", g_array_index(pids, pid_t, i));
	g_ptr_array_add(command, (char *)"ps");
	if (!*options)
		g_ptr_array_add(command, (char *)"-f");
	for (; *options; options++) {
		if (strcmp(*options, "-ef") != 0)
			g_ptr_array_add(command, *options);
		else
			g_ptr_array_add(command, (char *)"-f");
	}
	g_ptr_array_add(command, (char *)"-p");
	g_ptr_array_add(command, list->str);
	g_ptr_array_add(command, NULL);
	fflush(stdout);
	execvp("ps", (char **)command->pdata);
	return error_errno(error, errno, "run ps");
}

int verb_ps(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {
		{"format", 'f', 0, G_OPTION_ARG_STRING, &format, "table or json", "FORMAT"},
		{NULL},
	};
	g_auto(Created) created = {.dir = -1, .lock = -1};
	g_auto(CgroupHandle) cgroup = CGROUP_HANDLE_NONE;
	g_autoptr(GArray) pids = NULL;

	if (!verb_parse(globals, &argc, &argv, entries, error) ||
	    !created_open(globals->root, argv[1], false, &created, error))
		return -1;
	if (created_state(&created) == CREATED_STOPPED) {
		error_set(error, RLC_ERROR_STATE, "container not running");
		return -1;
	}
	if (!cgroup_handle_open(created.dir, &cgroup, error))
		return -1;
	pids = processes_find(&created, &cgroup);
	if (g_strcmp0(format, "json") == 0) {
		print_json(pids);
		return 0;
	}
	return print_table(pids, argv + 2, error) ? 0 : -1;
}
