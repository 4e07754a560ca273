/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/options.h"
#include "image/reference.h"
#include "image/store.h"

static char *target_name(const char *text, GError **error)
{
	g_autoptr(Reference) reference = reference_parse(text, error);

	if (!reference)
		return NULL;
	if (reference->transport == TRANSPORT_DOCKER && !reference->digest)
		return reference_name(reference);
	error_set(error, RLC_ERROR_USAGE, "tag as '%s': a new name is of the form NAME[:TAG]",
		  text);
	return NULL;
}

static bool tag(const char *source, char *const *targets, GError **error)
{
	g_autoptr(Store) store = store_open(NULL, false, error);
	g_autoptr(StoreImage) image = NULL;
	auto_fd lock = -1;

	if (!store)
		return false;
	lock = store_lock(store, false, error);
	image = lock >= 0 ? store_find(store, source, error) : NULL;
	if (!image)
		return false;
	for (; *targets; targets++) {
		g_free(image->name);
		image->name = target_name(*targets, error);
		if (!image->name || !store_put(store, image, error))
			return false;
	}
	return true;
}

int cmd_tag(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "tag",
		.arguments = "IMAGE NAME[:TAG]...",
		.summary = "Give an image of the store one more name.",
		.min = 2,
		.max = -1,
	};
	static const GOptionEntry entries[] = {{0}};
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !tag(argv[1], argv + 2, &error))
		return command_fail(error);
	return 0;
}
