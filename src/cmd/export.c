/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include "base/error.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "cmd/save.h"
#include "container/written.h"
#include "image/store.h"

static bool write_container(const void *data, int output, int *ret_exit_code, GError **error)
{
	return written_pack_root(data, output, ret_exit_code, error);
}

static bool export_container(const char *root, const StateEntry *entry, const char *file,
			     int *ret_exit_code, GError **error)
{
	g_autoptr(Spec) spec = state_load_spec(root, entry->id, error);
	g_auto(Written) written = {.fd = -1};

	return spec && written_find(root, entry, spec, &written, error) &&
	       save_write(write_container, &written, file, ret_exit_code, error);
}

static bool export_image(const char *name, const char *file, int *ret_exit_code, GError **error)
{
	const char *args[] = {"export", "-", name, NULL};

	return save_run(args, file, ret_exit_code, error);
}

static bool is_image(const char *name)
{
	g_autoptr(Store) store = store_open(NULL, false, NULL);
	g_autoptr(StoreImage) image = store ? store_find(store, name, NULL) : NULL;

	return image != NULL;
}

/* A container wins over an image of the same name. */
static bool export(const char *name, const char *file, int *ret_exit_code, GError **error)
{
	g_autofree char *root = NULL;
	g_autoptr(GError) missing = NULL;
	g_autoptr(StateEntry) entry = containers_get(name, &root, &missing);

	if (entry)
		return export_container(root, entry, file, ret_exit_code, error);
	if (is_image(name))
		return export_image(name, file, ret_exit_code, error);
	return error_set(
		error, RLC_ERROR_NOT_FOUND,
		"export '%s': neither a container ('rlc ps -a' lists them) nor an image of "
		"the store ('rlc images')",
		name);
}

int cmd_export(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "export",
		.arguments = "CONTAINER|IMAGE",
		.summary = "Write the root file system of a container or an image as a tar file.",
		.text = "Without what is mounted in it.\n",
		.min = 1,
		.max = 1,
	};
	g_autofree char *output = NULL;
	const GOptionEntry entries[] = {
		{"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "instead of standard output",
		 "FILE"},
		{0},
	};
	g_autoptr(GError) error = NULL;
	int code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !export(argv[1], output, &code, &error))
		return command_fail(error);
	return code;
}
