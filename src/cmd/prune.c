/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/image_program.h"
#include "cmd/options.h"
#include "cmd/rm.h"
#include "container/state.h"
#include "image/reference.h"
#include "image/store.h"

/* Ids of the images that containers were made of; of char *. */
static GPtrArray *used_images(GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);
	g_autoptr(GPtrArray) entries = root ? state_list(root, error) : NULL;
	g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; entries && i < entries->len; i++) {
		const StateEntry *entry = g_ptr_array_index(entries, i);
		g_autoptr(Spec) spec = state_load_spec(root, entry->id, error);

		if (!spec)
			return NULL;
		if (spec->rlc.image_id)
			g_ptr_array_add(used, g_strdup(spec->rlc.image_id));
	}
	return entries ? g_steal_pointer(&used) : NULL;
}

/* Names of images that no container was made of. Its lock is let go before rlc-image sweeps. */
static bool remove_unused_names(const Store *store, GError **error)
{
	g_autoptr(GPtrArray) used = used_images(error);
	auto_fd lock = used ? store_lock(store, true, error) : -1;
	g_autoptr(GPtrArray) images = lock >= 0 ? store_images(store, error) : NULL;

	for (guint i = 0; images && i < images->len; i++) {
		const StoreImage *image = g_ptr_array_index(images, i);
		g_autofree char *shown = reference_short_name(image->name);

		if (g_ptr_array_find_with_equal_func(used, store_image_id(image), g_str_equal,
						     NULL))
			continue;
		if (!store_remove_name(store, image->name, error))
			return false;
		puts(shown);
	}
	return images != NULL;
}

static bool prune_images(bool all, int *ret_exit_code, GError **error)
{
	static const char *const args[] = {"prune", NULL};
	g_autoptr(GError) missing = NULL;
	g_autoptr(Store) store = store_open(NULL, false, &missing);

	if (!store) {
		if (g_error_matches(missing, RLC_ERROR, RLC_ERROR_NOT_FOUND))
			return true;
		g_propagate_error(error, g_steal_pointer(&missing));
		return false;
	}
	if (all && !remove_unused_names(store, error))
		return false;
	fflush(stdout); /* what follows prints too */
	return image_program_run(args, ret_exit_code, error);
}

/* Only a terminal is asked, and only "y" is yes. */
static bool confirm(bool all)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return true;
	fprintf(stderr,
		"Remove all containers that have ended, with what they wrote, %sand layers that no "
		"image needs? [y/N] ",
		all ? "images that no container was made of, " : "");
	return fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y');
}

int cmd_prune(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "prune",
		.arguments = "",
		.summary = "Remove containers that have ended, and what no image needs.",
		.text = "Prints what went. Volumes stay: 'rlc volume prune'.\n",
	};
	gboolean all = FALSE, force = FALSE;
	const GOptionEntry entries[] = {
		{"all", 'a', 0, G_OPTION_ARG_NONE, &all,
		 "images that no container was made of, too", NULL},
		{"force", 'f', 0, G_OPTION_ARG_NONE, &force, "do not ask", NULL},
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	int code = 0, ended;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	if (!force && !confirm(all != FALSE))
		return 0;
	ended = rm_ended();
	if (!prune_images(all != FALSE, &code, &error))
		code = command_fail(error);
	return code != 0 ? code : ended;
}
