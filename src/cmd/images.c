/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/screen.h"
#include "cmd/containers.h"
#include "cmd/listing.h"
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
	bool whole = options->whole || g_strcmp0(options->format, "json") == 0;

	return g_strndup(store_image_id(image), whole ? DIGEST_HEX : ID_SHOWN);
}

static const ListingColumn columns[] = {
	{"Name", NULL},
	{"Repository", "REPOSITORY"},
	{"Tag", "TAG"},
	{"Digest", NULL},
	{"ID", "IMAGE ID"},
	{"CreatedAt", NULL},
	{"CreatedSince", "CREATED"},
	{"PulledAt", NULL},
	{"SizeBytes", NULL},
	{"Size", "SIZE"},
	{"Os", NULL},
	{"Architecture", NULL},
	{"Variant", NULL},
	{NULL, NULL},
};

#define DIGESTS_TABLE                                                                              \
	"table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"

static void put_time(Json *row, const char *name, int64_t seconds)
{
	g_autofree char *text = containers_time(seconds * G_USEC_PER_SEC);

	json_string(row, name, text);
}

static void put_image(Json *row, const StoreImage *image, const ImagesOptions *options)
{
	g_autofree char *repository = NULL, *tag = NULL, *id = id_shown(image, options);
	g_autofree char *since = age(image->created, g_get_real_time() / G_USEC_PER_SEC);
	g_autofree char *size = screen_bytes(image->size);

	split_name(image->name, &repository, &tag);
	json_string(row, "Name", image->name);
	json_string(row, "Repository", repository);
	json_string(row, "Tag", tag);
	json_string(row, "Digest", image->index);
	json_string(row, "ID", id);
	put_time(row, "CreatedAt", image->created);
	json_string(row, "CreatedSince", since);
	put_time(row, "PulledAt", image->pulled);
	json_number(row, "SizeBytes", (int64_t)image->size);
	json_string(row, "Size", size);
	json_string(row, "Os", image->os);
	json_string(row, "Architecture", image->architecture);
	json_string(row, "Variant", image->variant);
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
	const char *format = options->format || !options->digests ? options->format : DIGESTS_TABLE;
	g_autoptr(Listing) listing = listing_new(columns, format, error);
	g_autoptr(GPtrArray) images = listing ? list(name, error) : NULL;

	if (!images)
		return false;
	if (options->quiet) {
		print_ids(images, options);
		return true;
	}
	for (guint i = 0; i < images->len; i++) {
		put_image(listing_begin(listing), g_ptr_array_index(images, i), options);
		listing_end(listing);
	}
	return listing_print(listing, error);
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
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "print ids only", NULL},
		{"no-trunc", 0, 0, G_OPTION_ARG_NONE, &options.whole, "print whole ids", NULL},
		{"digests", 0, 0, G_OPTION_ARG_NONE, &options.digests, "print digests too", NULL},
		LISTING_OPTION(options.format),
		{0},
	};
	g_autoptr(GError) error = NULL;
	bool ok = options_parse(&argc, &argv, entries, &usage, &error) &&
		  print_images(argv[1], &options, &error);

	g_free(options.format);
	return ok ? 0 : command_fail(error);
}
