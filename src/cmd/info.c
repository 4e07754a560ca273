/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "cmd/listing.h"
#include "cmd/options.h"
#include "cmd/template.h"
#include "container/state.h"
#include "image/store.h"

/* The lines of the text; each is a member of the object. */
static const struct {
	const char *name, *title;
} lines[] = {
	{"Version", "rlc"},
	{"Kernel", "kernel"},
	{"Architecture", "architecture"},
	{"Rootless", "rootless"},
	{"StateRoot", "state of containers"},
	{"StoreRoot", "images"},
	{"Containers", "containers"},
	{"Running", "  running"},
	{"Stopped", "  stopped"},
	{"Images", "images in the store"},
	{"Processors", "processors"},
	{"MemoryBytes", "memory (bytes)"},
};

static bool put_containers(Json *json, GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);
	g_autoptr(GPtrArray) entries = root ? state_list(root, error) : NULL;
	guint running = 0;

	if (!entries)
		return false;
	for (guint i = 0; i < entries->len; i++)
		running += ((const StateEntry *)g_ptr_array_index(entries, i))->alive;
	json_string(json, "StateRoot", root);
	json_number(json, "Containers", entries->len);
	json_number(json, "Running", running);
	json_number(json, "Stopped", entries->len - running);
	return true;
}

/* A store that was never made has no images. */
static bool put_images(Json *json, GError **error)
{
	g_autoptr(GError) missing = NULL;
	g_autofree char *path = store_default_path();
	g_autoptr(Store) store = store_open(NULL, false, &missing);
	g_autoptr(GPtrArray) images = store ? store_images(store, &missing) : NULL;

	if (!images && !g_error_matches(missing, RLC_ERROR, RLC_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&missing));
		return false;
	}
	json_string(json, "StoreRoot", path);
	json_number(json, "Images", images ? images->len : 0);
	return true;
}

static bool put_info(Json *json, GError **error)
{
	struct utsname host;

	if (uname(&host) < 0)
		return error_errno(error, errno, "ask for the kernel's version");
	json_string(json, "Version", RLC_VERSION);
	json_string(json, "Kernel", host.release);
	json_string(json, "Architecture", host.machine);
	json_bool(json, "Rootless", geteuid() != 0);
	json_number(json, "Processors", sysconf(_SC_NPROCESSORS_ONLN));
	json_number(json, "MemoryBytes", (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGE_SIZE));
	return put_containers(json, error) && put_images(json, error);
}

static void print_text(const char *object)
{
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		template_get(object, lines[i].name, text);
		printf("%-20s %s\n", lines[i].title, text->str);
	}
}

static bool print_info(const char *format, GError **error)
{
	g_autoptr(Listing) listing = listing_new(NULL, format, error);
	Json *json = listing ? listing_begin(listing) : NULL;

	if (!json)
		return false;
	if (!put_info(json, error)) {
		listing_end(listing);
		return false;
	}
	if (!format) {
		json_close(json, '}');
		print_text(json->text->str);
		g_string_free(json->text, TRUE);
		return true;
	}
	listing_end(listing);
	return listing_print(listing, error);
}

int cmd_info(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "info",
		.arguments = "",
		.summary = "Print what rlc knows of this host and of what it keeps on it.",
	};
	g_autofree char *format = NULL;
	const GOptionEntry entries[] = {LISTING_OPTION_OBJECTS(format), {NULL}};
	g_autoptr(GError) error = NULL;

	return options_parse(&argc, &argv, entries, &usage, &error) && print_info(format, &error)
		       ? 0
		       : command_fail(error);
}
