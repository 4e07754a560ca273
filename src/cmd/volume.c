/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cmd/containers.h"
#include "cmd/filter.h"
#include "cmd/listing.h"
#include "cmd/options.h"
#include "container/plan.h"
#include "container/volumes.h"

/* --- which volumes --- */

#define FILTERS "label=NAME[=VALUE], name=PART and dangling=true|false"

static bool has_label(const void *object, const char *wanted)
{
	const Volume *volume = object;
	size_t length = strlen(wanted);

	for (guint i = 0; i < volume->labels->len; i++) {
		const char *label = g_ptr_array_index(volume->labels, i);

		if (strncmp(label, wanted, length) == 0 &&
		    (!label[length] || (label[length] == '=' && !strchr(wanted, '='))))
			return true;
	}
	return false;
}

static bool has_name(const void *object, const char *part)
{
	return filter_match_part(((const Volume *)object)->name, part);
}

static bool is_dangling(const void *object, const char *value)
{
	return (((const Volume *)object)->users->len == 0) == (strcmp(value, "true") == 0);
}

static bool is_bool(const char *value)
{
	return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
}

static const Filter filters_known[] = {
	{"label", has_label, NULL, NULL, true},
	{"name", has_name, filter_is_part, FILTER_PART, false},
	{"dangling", is_dangling, is_bool, "true or false", false},
	{NULL, NULL, NULL, NULL, false},
};

/* --- show --- */

static const ListingColumn columns[] = {
	{"Name", "NAME"},     {"CreatedAt", "CREATED"}, {"Containers", "CONTAINERS"},
	{"Mountpoint", NULL}, {"Anonymous", NULL},	{"Labels", NULL},
	{NULL, NULL},
};

/* Their names, or short ids. */
static void put_users(Json *row, const Volume *volume)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < volume->users->len; i++) {
		const char *state_dir = g_ptr_array_index(volume->users, i);
		g_autofree char *id = g_path_get_basename(state_dir);
		char *name = state_name_of(state_dir);

		g_ptr_array_add(names, name ? name : g_strndup(id, 12));
	}
	json_strings(row, "Containers", names);
}

static void put_volume(Json *row, const Volume *volume)
{
	g_autofree char *created = containers_time(volume->created);

	json_string(row, "Name", volume->name);
	json_string(row, "CreatedAt", created);
	put_users(row, volume);
	json_string(row, "Mountpoint", volume->data);
	json_bool(row, "Anonymous", volume->anonymous);
	json_strings(row, "Labels", volume->labels);
}

/* --- create --- */

static bool check_labels(char **labels, GError **error)
{
	for (; labels && *labels; labels++) {
		if (!**labels || **labels == '=')
			return error_set(error, RLC_ERROR_USAGE,
					 "parse --label '%s': not NAME[=VALUE]", *labels);
	}
	return true;
}

static bool create(const char *name, char **labels, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	g_autofree char *random = name ? NULL : plan_random_id(error);
	VolumeRequest request = {.name = name ? name : random, .labels = list};

	for (char **label = labels; label && *label; label++)
		g_ptr_array_add(list, *label);
	if (!request.name || !check_labels(labels, error) || !volumes_make(&request, error))
		return false;
	puts(request.name);
	return true;
}

static int volume_create(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "volume create",
		.arguments = "[NAME]",
		.summary = "Make a volume, and print its name.",
		.text = "Its first use fills it with what the image has where it is mounted.",
		.max = 1,
	};
	g_auto(GStrv) labels = NULL;
	const GOptionEntry entries[] = {
		{"label", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &labels, "give it a label",
		 "NAME[=VALUE]"},
		{NULL},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !create(argv[1], labels, &error))
		return command_fail(error);
	return 0;
}

/* --- ls, inspect --- */

static bool list(char *const *filters, bool quiet, const char *format, GError **error)
{
	g_autoptr(Listing) listing = listing_new(columns, format, error);
	g_autoptr(GPtrArray) volumes = NULL;

	if (!listing || !filter_check(filters_known, FILTERS, filters, error))
		return false;
	volumes = volumes_list(error);
	for (guint i = 0; volumes && i < volumes->len; i++) {
		const Volume *volume = volumes->pdata[i];

		if (!filter_match(filters_known, filters, volume))
			continue;
		if (quiet)
			puts(volume->name);
		put_volume(listing_begin(listing), volume);
		listing_end(listing);
	}
	return volumes && (quiet || listing_print(listing, error));
}

static int volume_ls(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "volume ls",
		.arguments = "",
		.summary = "List volumes, and the containers that refer to them.",
		.text = "Filters are " FILTERS ".",
	};
	g_auto(GStrv) filters = NULL;
	g_autofree char *format = NULL;
	gboolean quiet = FALSE;
	const GOptionEntry entries[] = {
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "print names only", NULL},
		{"filter", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &filters, "only those that match",
		 "FILTER"},
		LISTING_OPTION(format),
		{NULL},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !list(filters, quiet, format, &error))
		return command_fail(error);
	return 0;
}

static bool inspect(char *const *names, const char *format, GError **error)
{
	g_autoptr(Listing) listing = listing_new(NULL, format, error);

	for (; listing && *names; names++) {
		g_autoptr(Volume) volume = volumes_get(*names, error);

		if (!volume)
			return false;
		put_volume(listing_begin(listing), volume);
		listing_end(listing);
	}
	return listing && listing_print(listing, error);
}

static int volume_inspect(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "volume inspect",
		.arguments = "VOLUME...",
		.summary = "Print all that is known of volumes, as JSON.",
		.min = 1,
		.max = -1,
	};
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {
		LISTING_OPTION_OBJECTS(format),
		{NULL},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !inspect(argv + 1, format, &error))
		return command_fail(error);
	return 0;
}

/* --- rm, prune --- */

static int volume_rm(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "volume rm",
		.arguments = "VOLUME...",
		.summary = "Remove volumes to which no container refers, with all that is in them.",
		.min = 1,
		.max = -1,
	};
	gboolean force = FALSE;
	const GOptionEntry entries[] = {
		{"force", 'f', 0, G_OPTION_ARG_NONE, &force, "one that does not exist is no error",
		 NULL},
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	int code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error) || !volumes_sweep(&error))
		return command_fail(error);
	for (char **name = argv + 1; *name; name++) {
		g_autoptr(GError) failed = NULL;

		if (volumes_remove(*name, &failed))
			puts(*name);
		else if (!force || !g_error_matches(failed, RLC_ERROR, RLC_ERROR_NOT_FOUND))
			code = command_fail(failed);
	}
	return code;
}

/* One that a container begins to use meanwhile stays: volumes_remove() looks again. */
static bool prune(char *const *filters, bool all, GError **error)
{
	g_autoptr(GPtrArray) volumes = NULL;

	if (!filter_check(filters_known, FILTERS, filters, error) || !volumes_sweep(error))
		return false;
	volumes = volumes_list(error);
	for (guint i = 0; volumes && i < volumes->len; i++) {
		const Volume *volume = volumes->pdata[i];
		g_autoptr(GError) failed = NULL;

		if (volume->users->len > 0 || !(all || volume->anonymous) ||
		    !filter_match(filters_known, filters, volume))
			continue;
		if (volumes_remove(volume->name, &failed)) {
			puts(volume->name);
		} else if (!g_error_matches(failed, RLC_ERROR, RLC_ERROR_STATE)) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return false;
		}
	}
	return volumes != NULL;
}

static int volume_prune(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "volume prune",
		.arguments = "",
		.summary =
			"Remove anonymous volumes to which no container refers; print their names.",
		.text = "A container that has ended refers to its volumes until it is removed.",
	};
	g_auto(GStrv) filters = NULL;
	gboolean all = FALSE, force = FALSE;
	const GOptionEntry entries[] = {
		{"all", 'a', 0, G_OPTION_ARG_NONE, &all, "those that have a name of their own, too",
		 NULL},
		{"filter", 0, 0, G_OPTION_ARG_STRING_ARRAY, &filters,
		 "of these: label=NAME[=VALUE] or name=PART", "FILTER"},
		{"force", 'f', 0, G_OPTION_ARG_NONE, &force,
		 "for scripts of docker's: nobody is asked", NULL},
		{NULL},
	};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error) || !prune(filters, all, &error))
		return command_fail(error);
	return 0;
}

int cmd_volume(int argc, char **argv)
{
	static const Command table[] = {
		{"create", "[NAME]", "make a volume", volume_create},
		{"ls", "", "list volumes", volume_ls},
		{"inspect", "VOLUME...", "print all that is known of volumes", volume_inspect},
		{"rm", "VOLUME...", "remove volumes", volume_rm},
		{"prune", "", "remove volumes that nobody needs", volume_prune},
		{NULL, NULL, NULL, NULL},
	};

	return command_group("volume", "Directories that outlive containers.", table, argc, argv);
}
