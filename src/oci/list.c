/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/bundle.h"
#include "oci/verb.h"

static const char *owner_of(const Created *created)
{
	const struct passwd *user;
	struct stat st;

	if (fstat(created->dir, &st) < 0)
		return "";
	user = getpwuid(st.st_uid);
	return user ? user->pw_name : "";
}

/* One container's state, or NULL: it is just being made, or removed. */
static json_t *read_one(const char *root, const char *id)
{
	g_auto(Created) created = {.dir = -1, .lock = -1};
	json_t *state;
	bool stopped;

	if (!created_open(root, id, false, &created, NULL))
		return NULL;
	state = bundle_state(&created, NULL);
	if (!state)
		return NULL;
	stopped = created_state(&created) == CREATED_STOPPED;
	json_object_set_new(state, "pid", json_integer(stopped ? 0 : created.pid));
	json_object_set_new(state, "status", json_string(bundle_status(&created)));
	json_object_set_new(state, "owner", json_string(owner_of(&created)));
	return state;
}

static json_t *read_all(const char *root)
{
	g_autoptr(GPtrArray) ids = created_list(root);
	json_t *all = json_array();

	for (guint i = 0; i < ids->len; i++) {
		json_t *one = read_one(root, g_ptr_array_index(ids, i));

		if (one)
			json_array_append_new(all, one);
	}
	return all;
}

static const char *text_of(const json_t *state, const char *name)
{
	const char *text = json_string_value(json_object_get(state, name));

	return text ? text : "";
}

static void print_table(const json_t *all)
{
	printf("%-20s %-11s %-11s %-30s %-30s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED",
	       "OWNER");
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *state = json_array_get(all, i);

		printf("%-20s %-11d %-11s %-30s %-30s %s\n", text_of(state, "id"),
		       (int)json_integer_value(json_object_get(state, "pid")),
		       text_of(state, "status"), text_of(state, "bundle"),
		       text_of(state, "created"), text_of(state, "owner"));
	}
}

int verb_list(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	g_autofree char *format = NULL;
	gboolean quiet = FALSE;
	const GOptionEntry entries[] = {
		{"format", 'f', 0, G_OPTION_ARG_STRING, &format, "table or json", "FORMAT"},
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "the ids alone", NULL},
		{NULL},
	};
	json_t *all;
	bool json;

	if (!verb_parse(globals, &argc, &argv, entries, error) ||
	    !verb_format(format, &json, error))
		return -1;
	all = read_all(globals->root);
	if (quiet) {
		for (size_t i = 0; i < json_array_size(all); i++)
			puts(text_of(json_array_get(all, i), "id"));
	} else if (json) {
		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_table(all);
	}
	json_decref(all);
	return 0;
}
