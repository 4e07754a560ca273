/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cmd/json.h"
#include "cmd/options.h"
#include "image/digest.h"
#include "image/reference.h"
#include "image/store.h"

#define ID_SHOWN 12

typedef struct {
	gboolean quiet, whole, digests;
	char *format;
} ImagesOptions;

/* "debian:12" as its two columns. A name by digest has no tag. */
static void split_name(const char *name, char **ret_repository, char **ret_tag)
{
	char *text = reference_short_name(name);
	char *at = strchr(text, '@');
	char *colon = at ? NULL : strrchr(text, ':');

	if (at)
		*at = '\0';
	if (colon)
		*colon = '\0';
	*ret_repository = text;
	*ret_tag = g_strdup(colon ? colon + 1 : "<none>");
}

/* How long ago, in the largest unit of which there are two. */
static char *age(int64_t then, int64_t now)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {
		{365 * 86400, "years"}, {30 * 86400, "months"}, {7 * 86400, "weeks"},
		{86400, "days"},	{3600, "hours"},	{60, "minutes"},
	};
	int64_t seconds = now - then;

	if (then == 0)
		return g_strdup("unknown");
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (seconds >= 2 * units[i].seconds)
			return g_strdup_printf("%" G_GINT64_FORMAT " %s ago",
					       seconds / units[i].seconds, units[i].name);
	}
	return g_strdup("just now");
}

static char *id_shown(const StoreImage *image, const ImagesOptions *options)
{
	return g_strndup(store_image_id(image), options->whole ? DIGEST_HEX : ID_SHOWN);
}

static void print_table(const GPtrArray *images, const ImagesOptions *options)
{
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	int width = 10, tag_width = 3;

	for (guint i = 0; i < images->len; i++) {
		const StoreImage *image = g_ptr_array_index(images, i);
		g_autofree char *repository = NULL, *tag = NULL;

		split_name(image->name, &repository, &tag);
		width = MAX(width, (int)strlen(repository));
		tag_width = MAX(tag_width, (int)strlen(tag));
	}
	printf("%-*s  %-*s  ", width, "REPOSITORY", tag_width, "TAG");
	if (options->digests)
		printf("%-*s  ", (int)DIGEST_LENGTH, "DIGEST");
	printf("%-*s  %-14s  %s\n", options->whole ? DIGEST_HEX : ID_SHOWN, "IMAGE ID", "CREATED",
	       "SIZE");
	for (guint i = 0; i < images->len; i++) {
		const StoreImage *image = g_ptr_array_index(images, i);
		g_autofree char *repository = NULL, *tag = NULL, *id = id_shown(image, options);
		g_autofree char *created = age(image->created, now);
		g_autofree char *size = g_format_size(image->size);

		split_name(image->name, &repository, &tag);
		printf("%-*s  %-*s  ", width, repository, tag_width, tag);
		if (options->digests)
			printf("%s  ", image->index);
		printf("%s  %-14s  %s\n", id, created, size);
	}
}

static void print_json(const GPtrArray *images)
{
	Json json;

	json_begin(&json);
	json_open(&json, NULL, '[');
	for (guint i = 0; i < images->len; i++) {
		const StoreImage *image = g_ptr_array_index(images, i);

		json_open(&json, NULL, '{');
		json_string(&json, "name", image->name);
		json_string(&json, "id", store_image_id(image));
		json_string(&json, "digest", image->index);
		json_string(&json, "os", image->os);
		json_string(&json, "architecture", image->architecture);
		json_string(&json, "variant", image->variant);
		json_number(&json, "created", image->created);
		json_number(&json, "pulled", image->pulled);
		json_number(&json, "size", (int64_t)image->size);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_end(&json);
}

/* Each id once: an image may have several names. */
static void print_ids(const GPtrArray *images, const ImagesOptions *options)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < images->len; i++) {
		const StoreImage *image = g_ptr_array_index(images, i);
		g_autofree char *id = id_shown(image, options);

		if (g_hash_table_add(seen, (char *)store_image_id(image)))
			puts(id);
	}
}

/* "debian" means all of its tags, anything else the one image of that name. */
static bool is_named(const StoreImage *image, const char *name)
{
	g_autofree char *repository = NULL, *tag = NULL;
	g_autoptr(Reference) reference = reference_parse(name, NULL);
	g_autofree char *whole = NULL;

	split_name(image->name, &repository, &tag);
	if (strcmp(repository, name) == 0 || g_str_has_prefix(store_image_id(image), name))
		return true;
	if (!reference || reference->transport != TRANSPORT_DOCKER)
		return false;
	whole = reference_name(reference);
	return strcmp(whole, image->name) == 0;
}

static GPtrArray *list(const char *name, GError **error)
{
	g_autoptr(GError) missing = NULL;
	g_autoptr(Store) store = store_open(NULL, false, &missing);
	GPtrArray *images;

	if (!store && !g_error_matches(missing, RLC_ERROR, RLC_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&missing));
		return NULL;
	}
	images = store ? store_images(store, error)
		       : g_ptr_array_new_with_free_func((GDestroyNotify)store_image_free);
	for (guint i = images && name ? images->len : 0; i-- > 0;) {
		if (!is_named(g_ptr_array_index(images, i), name))
			g_ptr_array_remove_index(images, i);
	}
	return images;
}

static bool print_images(const char *name, const ImagesOptions *options, GError **error)
{
	g_autoptr(GPtrArray) images = NULL;
	bool json;

	if (!options_take_format(options->format, &json, error))
		return false;
	images = list(name, error);
	if (!images)
		return false;
	if (options->quiet)
		print_ids(images, options);
	else if (json)
		print_json(images);
	else
		print_table(images, options);
	return true;
}

int cmd_images(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "images",
		.arguments = "[NAME]",
		.summary = "List the images of the store: all, or those of this name.",
		.max = 1,
	};
	ImagesOptions options = {0};
	const GOptionEntry entries[] = {
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "Print ids only", NULL},
		{"no-trunc", 0, 0, G_OPTION_ARG_NONE, &options.whole, "Print whole ids", NULL},
		{"digests", 0, 0, G_OPTION_ARG_NONE, &options.digests, "Print digests too", NULL},
		{"format", 0, 0, G_OPTION_ARG_STRING, &options.format, "table (default) or json",
		 "FORMAT"},
		{0},
	};
	g_autoptr(GError) error = NULL;
	bool ok = options_parse(&argc, &argv, entries, &usage, &error) &&
		  print_images(argv[1], &options, &error);

	g_free(options.format);
	return ok ? 0 : command_fail(error);
}
