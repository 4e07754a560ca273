/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/run_volumes.h"

#include <string.h>

#include "base/error.h"
#include "cmd/run_values.h"
#include "container/state.h"
#include "container/volumes_used.h"

static char *split_mode(const char *text, char **ret_container)
{
	const char *colon = strrchr(text, ':');

	*ret_container = g_strndup(text, colon ? (gsize)(colon - text) : strlen(text));
	return g_strdup(colon ? colon + 1 : "");
}

bool run_volumes_check(const char *text, GError **error)
{
	g_autofree char *container = NULL, *mode = split_mode(text, &container);

	if (*mode && strcmp(mode, "ro") != 0 && strcmp(mode, "rw") != 0)
		return error_set(error, RLC_ERROR_USAGE, "behind ':' stands ro or rw, not '%s'",
				 mode);
	return run_value_name(container, error);
}

/* Where it is now: relative paths are those of who ran the other container. */
static bool take_source(const Spec *from, const char *id, guint index, const SpecMount *mount,
			char **ret_source, GError **error)
{
	if (strcmp(mount->type, "volume") == 0 && !mount->source && !from->rlc.detach)
		return error_set(error, RLC_ERROR_STATE,
				 "take '%s' of container %.12s: it is a directory of a root that "
				 "is thrown away; run that container with --detach, or name the "
				 "volume",
				 mount->destination, id);
	if (strcmp(mount->type, "volume") == 0)
		*ret_source =
			mount->source ? g_strdup(mount->source) : volumes_used_anonymous(id, index);
	else if (g_path_is_absolute(mount->source) || from->rlc.directory)
		*ret_source = g_canonicalize_filename(mount->source, from->rlc.directory);
	else
		return error_set(error, RLC_ERROR_STATE,
				 "take '%s' of container %.12s: nobody knows where '%s' is",
				 mount->destination, id, mount->source);
	return true;
}

static void insert(Spec *spec, guint at, const SpecMount *mount, const char *source, bool readonly)
{
	SpecMount copy = {
		.destination = g_strdup(mount->destination),
		.type = g_strdup(mount->type),
		.source = g_strdup(source),
		.options = g_ptr_array_new_with_free_func(g_free),
	};

	for (guint i = 0; i < mount->options->len; i++) {
		const char *option = g_ptr_array_index(mount->options, i);

		/* whose they are is settled */
		if (strcmp(option, "U") != 0)
			g_ptr_array_add(copy.options, g_strdup(option));
	}
	if (readonly)
		g_ptr_array_add(copy.options, g_strdup("ro"));
	g_array_insert_val(spec->mounts, at, copy);
}

static bool take_mounts(Spec *spec, guint *at, const Spec *from, const char *id, bool readonly,
			GError **error)
{
	for (guint i = 0; i < from->mounts->len; i++) {
		const SpecMount *mount = &g_array_index(from->mounts, SpecMount, i);
		g_autofree char *source = NULL;

		if (strcmp(mount->type, "bind") != 0 && strcmp(mount->type, "volume") != 0)
			continue;
		if (spec_mounts_on(spec, mount->destination))
			continue;
		if (!take_source(from, id, i, mount, &source, error))
			return false;
		insert(spec, (*at)++, mount, source, readonly);
	}
	return true;
}

bool run_volumes_from(RunOptions *options, const char *state_root, GError **error)
{
	g_autofree char *root = NULL;
	guint at = 0;

	for (guint i = 0; options->volumes_from && i < options->volumes_from->len; i++) {
		g_autofree char *name = NULL;
		g_autofree char *mode = split_mode(options->volumes_from->pdata[i], &name);
		g_autoptr(StateEntry) entry = NULL;
		g_autoptr(Spec) from = NULL;

		if (!root)
			root = state_root_choose(state_root, error);
		entry = root ? state_get(root, name, error) : NULL;
		from = entry ? state_load_spec(root, entry->id, error) : NULL;
		if (!from || !take_mounts(options->spec, &at, from, entry->id,
					  strcmp(mode, "ro") == 0, error)) {
			error_prefix(error, "--volumes-from '%s': ", name);
			return false;
		}
	}
	return true;
}
