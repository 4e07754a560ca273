/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cmd/image_program.h"
#include "cmd/listing.h"
#include "cmd/options.h"
#include "image/reference.h"
#include "image/store.h"

static void print_list(Json *json, const char *key, const GPtrArray *list)
{
	json_open(json, key, '[');
	for (guint i = 0; i < list->len; i++)
		json_string(json, NULL, g_ptr_array_index(list, i));
	json_close(json, ']');
}

/* A set, which Docker writes as an object of empty objects. */
static void print_set(Json *json, const char *key, const GPtrArray *list)
{
	json_open(json, key, '{');
	for (guint i = 0; i < list->len; i++) {
		json_open(json, g_ptr_array_index(list, i), '{');
		json_close(json, '}');
	}
	json_close(json, '}');
}

static void print_labels(Json *json, const GPtrArray *labels)
{
	json_open(json, "Labels", '{');
	for (guint i = 0; i < labels->len; i++) {
		g_auto(GStrv) parts = g_strsplit(g_ptr_array_index(labels, i), "=", 2);

		if (parts[0])
			json_string(json, parts[0], parts[1] ? parts[1] : "");
	}
	json_close(json, '}');
}

static void print_healthcheck(Json *json, const StoreImage *image)
{
	if (image->healthcheck->len == 0)
		return;
	json_open(json, "Healthcheck", '{');
	print_list(json, "Test", image->healthcheck);
	json_number(json, "Interval", image->health_interval);
	json_number(json, "Timeout", image->health_timeout);
	json_number(json, "StartPeriod", image->health_start_period);
	json_number(json, "StartInterval", image->health_start_interval);
	json_number(json, "Retries", image->health_retries);
	json_close(json, '}');
}

static void print_config(Json *json, const StoreImage *image)
{
	json_open(json, "Config", '{');
	json_string(json, "User", image->user ? image->user : "");
	print_set(json, "ExposedPorts", image->ports);
	print_list(json, "Env", image->env);
	print_list(json, "Entrypoint", image->entrypoint);
	print_list(json, "Cmd", image->cmd);
	print_set(json, "Volumes", image->volumes);
	json_string(json, "WorkingDir", image->workdir ? image->workdir : "");
	print_labels(json, image->labels);
	json_string(json, "StopSignal", image->stop_signal);
	print_healthcheck(json, image);
	json_close(json, '}');
}

/* All names of the image: those by tag, then those by digest. */
static void print_names(Json *json, const GPtrArray *images, const StoreImage *image)
{
	static const char *const keys[] = {"RepoTags", "RepoDigests"};

	for (size_t by_digest = 0; by_digest < G_N_ELEMENTS(keys); by_digest++) {
		json_open(json, keys[by_digest], '[');
		for (guint i = 0; i < images->len; i++) {
			const StoreImage *other = g_ptr_array_index(images, i);

			if (strcmp(other->config, image->config) == 0 &&
			    (strchr(other->name, '@') != NULL) == by_digest)
				json_string(json, NULL, other->name);
		}
		json_close(json, ']');
	}
}

static void print_image(Json *json, const GPtrArray *images, const StoreImage *image)
{
	g_autoptr(GDateTime) created = g_date_time_new_from_unix_utc(image->created);
	g_autofree char *time = created ? g_date_time_format_iso8601(created) : NULL;

	json_string(json, "Id", image->config);
	json_string(json, "Digest", image->index);
	json_string(json, "ManifestDigest", image->manifest);
	print_names(json, images, image);
	json_string(json, "Created", image->created ? time : NULL);
	json_string(json, "Os", image->os);
	json_string(json, "Architecture", image->architecture);
	json_string(json, "Variant", image->variant);
	json_number(json, "Size", (int64_t)image->size);
	print_config(json, image);
	json_open(json, "RootFS", '{');
	json_string(json, "Type", "layers");
	print_list(json, "Layers", image->layers);
	json_close(json, '}');
}

static bool inspect(char *const *names, const char *format, GError **error)
{
	g_autoptr(Listing) listing = listing_new(NULL, format, error);
	g_autoptr(Store) store = listing ? store_open(NULL, false, error) : NULL;
	g_autoptr(GPtrArray) images = store ? store_images(store, error) : NULL;
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)store_image_free);

	if (!images)
		return false;
	for (; *names; names++) {
		StoreImage *image = store_find(store, *names, error);

		if (!image)
			return false;
		g_ptr_array_add(found, image);
	}
	for (guint i = 0; i < found->len; i++) {
		print_image(listing_begin(listing), images, g_ptr_array_index(found, i));
		listing_end(listing);
	}
	return listing_print(listing, error);
}

static int image_inspect(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "image inspect",
		.arguments = "IMAGE...",
		.summary = "Print all that is known of images, as JSON.",
		.min = 1,
		.max = -1,
	};
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {LISTING_OPTION_OBJECTS(format), {0}};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !inspect(argv + 1, format, &error))
		return command_fail(error);
	return 0;
}

static int image_prune(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "image prune",
		.arguments = "",
		.summary = "Remove what no image of the store needs, and what killed pulls left.",
	};
	gboolean force = FALSE;
	const GOptionEntry entries[] = {
		{"force", 'f', 0, G_OPTION_ARG_NONE, &force,
		 "for scripts of docker's: nobody is asked", NULL},
		{0},
	};
	static const char *const prune[] = {"prune", NULL};
	g_autoptr(GError) error = NULL;
	int code;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !image_program_run(prune, &code, &error))
		return command_fail(error);
	return code;
}

int cmd_image(int argc, char **argv)
{
	static const Command table[] = {
		{"inspect", "IMAGE...", "print all that is known of images", image_inspect},
		{"ls", "[NAME]", "list images: rlc images", cmd_images},
		{"prune", "", "remove what no image needs", image_prune},
		{"rm", "IMAGE...", "remove images: rlc rmi", cmd_rmi},
		{"pull", "IMAGE", "rlc pull", cmd_pull},
		{"load", "", "rlc load", cmd_load},
		{"save", "IMAGE...", "rlc save", cmd_save},
		{"import", "FILE|- NAME", "rlc import", cmd_import},
		{"tag", "IMAGE NAME...", "rlc tag", cmd_tag},
		{NULL, NULL, NULL, NULL},
	};

	return command_group("image", "Commands about the images of the store.", table, argc, argv);
}
