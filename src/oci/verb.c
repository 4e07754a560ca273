/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arguments.h"
#include "base/error.h"

static const OciVerb verbs[] = {
	{"create", "ID", "create a container that waits for its start", 1, 1, verb_create},
	{"delete", "ID", "remove a container that has stopped", 1, 1, verb_delete},
	{"events", "ID", "say what a container uses, and when it lacks memory", 1, 1, verb_events},
	{"exec", "ID [COMMAND [ARG...]]", "run a command in a container", 1, -1, verb_exec},
	{"features", "", "say what this runtime can do", 0, 0, verb_features},
	{"kill", "ID [SIGNAL]", "send a signal to a container's init", 1, 2, verb_kill},
	{"list", "", "list containers", 0, 0, verb_list},
	{"pause", "ID", "stop all processes of a container where they are", 1, 1, verb_pause},
	{"ps", "ID [PS-OPTION...]", "list the processes of a container", 1, -1, verb_ps},
	{"resume", "ID", "let a paused container go on", 1, 1, verb_resume},
	{"run", "ID", "create and start a container", 1, 1, verb_run},
	{"spec", "", "write a config.json to begin with", 0, 0, verb_spec},
	{"start", "ID", "start a container that was created", 1, 1, verb_start},
	{"state", "ID", "print the state of a container", 1, 1, verb_state},
	{"update", "ID", "change the limits of a container", 1, 1, verb_update},
};

const OciVerb *verb_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

/* As rlc's own --help=table: what doc/man/generate makes the manual page of. */
void verb_print_table(const char *name, const char *arguments, const char *summary,
		      const GOptionEntry *entries)
{
	printf("usage\t%s\t%s\t%s\n", name, arguments, summary);
	for (; entries && entries->long_name; entries++)
		printf("option\t%s\t%.1s\t%s\t\t%s\n", entries->long_name,
		       entries->short_name ? &entries->short_name : "",
		       entries->arg_description ? entries->arg_description : "",
		       entries->description);
}

char *verb_list_text(void)
{
	GString *text = g_string_new("Verbs:\n");

	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
		g_string_append_printf(text, "  %-10s%s\n", verbs[i].name, verbs[i].summary);
	return g_string_free(g_string_append(text, "\n'rlc-oci VERB --help' explains a verb."),
			     FALSE);
}

void verb_list_table(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
		printf("command\t%s\t%s\t%s\n", verbs[i].name, verbs[i].arguments,
		       verbs[i].summary);
}

bool verb_parse(const OciGlobals *globals, int *argc, char ***argv, const GOptionEntry *entries,
		GError **error)
{
	const OciVerb *verb = globals->verb;
	g_autoptr(GOptionContext) context = g_option_context_new(verb->arguments);
	g_autofree char *name = g_strconcat("rlc-oci ", verb->name, NULL);
	const ArgumentsWanted wanted = {verb->name, verb->arguments, verb->min, verb->max};

	if (*argc == 2 && strcmp((*argv)[1], VERB_TABLE) == 0) {
		verb_print_table(verb->name, verb->arguments, verb->summary, entries);
		exit(0);
	}
	g_set_prgname(name);
	g_option_context_set_summary(context, verb->summary);
	g_option_context_set_strict_posix(context, TRUE);
	if (entries)
		arguments_add(context, entries);
	return arguments_parse(context, entries, name, argc, *argv, error) &&
	       arguments_count(argc, argv, &wanted, error);
}

bool verb_format(const char *format, bool *ret_json, GError **error)
{
	*ret_json = g_strcmp0(format, "json") == 0;
	return !format || *ret_json || strcmp(format, "table") == 0 ||
	       error_set(error, RLC_ERROR_USAGE, "invalid format option '%s'", format);
}
