/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/image_program.h"
#include "cmd/options.h"
#include "image/reference.h"
#include "image/store.h"

/* Was it found by this name, rather than by its id? */
static bool is_name_of(const char *text, const StoreImage *image)
{
	g_autoptr(Reference) reference = reference_parse(text, NULL);
	g_autofree char *name = NULL;

	if (!reference || reference->transport != TRANSPORT_DOCKER)
		return false;
	name = reference_name(reference);
	return strcmp(name, image->name) == 0;
}

static bool remove_name(const Store *store, const char *name, unsigned *removed, GError **error)
{
	g_autofree char *shown = reference_short_name(name);

	if (!store_remove_name(store, name, error))
		return false;
	printf("Untagged: %s\n", shown);
	(*removed)++;
	return true;
}

/* By its id an image goes with all its names, if there are several only when forced. */
static bool remove_all_names(const Store *store, const StoreImage *image, bool force,
			     unsigned *removed, GError **error)
{
	g_autoptr(GPtrArray) images = store_images(store, error);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	if (!images)
		return false;
	for (guint i = 0; i < images->len; i++) {
		const StoreImage *other = g_ptr_array_index(images, i);

		if (strcmp(other->config, image->config) == 0)
			g_ptr_array_add(names, other->name);
	}
	if (names->len > 1 && !force)
		return error_set(error, RLC_ERROR_STATE,
				 "remove image %.12s: it has %u names; name the one meant, or use "
				 "--force to remove them all",
				 store_image_id(image), names->len);
	for (guint i = 0; i < names->len; i++) {
		if (!remove_name(store, g_ptr_array_index(names, i), removed, error))
			return false;
	}
	return true;
}

/* A name whose file is damaged can be removed like any other. */
static bool remove_damaged(const Store *store, const char *text, GError *damage, unsigned *removed,
			   GError **error)
{
	g_autoptr(Reference) reference = reference_parse(text, NULL);
	g_autofree char *name = NULL;

	if (!g_error_matches(damage, RLC_ERROR, RLC_ERROR_FAILED) || !reference) {
		g_propagate_error(error, g_error_copy(damage));
		return false;
	}
	name = reference_name(reference);
	return remove_name(store, name, removed, error);
}

static bool remove_image(const Store *store, const char *text, bool force, unsigned *removed,
			 GError **error)
{
	g_autoptr(GError) failed = NULL;
	g_autoptr(StoreImage) image = store_find(store, text, &failed);

	if (!image)
		return remove_damaged(store, text, failed, removed, error);
	return is_name_of(text, image) ? remove_name(store, image->name, removed, error)
				       : remove_all_names(store, image, force, removed, error);
}

/* All that can be removed is; the first failure is returned. */
static bool remove_images(char *const *names, bool force, unsigned *removed, GError **error)
{
	g_autoptr(Store) store = store_open(NULL, false, error);
	auto_fd lock = -1;
	bool ok = true;

	if (!store)
		return false;
	lock = store_lock(store, true, error);
	if (lock < 0)
		return false;
	for (; *names; names++)
		ok = remove_image(store, *names, force, removed, ok ? error : NULL) && ok;
	return ok;
}

int cmd_rmi(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "rmi",
		.arguments = "IMAGE...",
		.summary = "Remove images: the names given, and what no other name needs.",
		.text = "A container that runs keeps the layers that it has until it ends.",
		.min = 1,
		.max = -1,
	};
	static const char *const prune[] = {"prune", NULL};
	gboolean force = FALSE;
	const GOptionEntry entries[] = {
		{"force", 'f', 0, G_OPTION_ARG_NONE, &force,
		 "by its id, remove an image with all its names", NULL},
		{0},
	};
	g_autoptr(GError) error = NULL, unswept = NULL;
	unsigned removed = 0;
	int code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	remove_images(argv + 1, force, &removed, &error);
	fflush(stdout); /* what follows prints too */
	if (removed > 0 && !image_program_run(prune, &code, &unswept))
		code = command_fail(unswept);
	return error ? command_fail(error) : code;
}
