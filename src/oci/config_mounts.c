/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "root" and "mounts" of a config.json. */
#include <string.h>

#include "base/error.h"
#include "oci/config.h"

static const Field root_fields[] = {
	{"path", FIELD_STRING, offsetof(SpecRoot, path), NULL, true},
	{"readonly", FIELD_BOOL, offsetof(SpecRoot, readonly), NULL, false},
};

bool config_root(const FieldAt *at, void *spec, GError **error)
{
	return field_read(at, root_fields, G_N_ELEMENTS(root_fields), &((Spec *)spec)->root, error);
}

static bool take_id_maps(const FieldAt *at, void *target, GError **error)
{
	GArray **maps = target;

	if (!json_is_array(at->value))
		return field_wrong(at, error, "not an array");
	if (!*maps)
		*maps = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	for (size_t i = 0; i < json_array_size(at->value); i++) {
		const FieldAt element = {.document = at->document,
					 .up = at,
					 .index = i,
					 .value = json_array_get(at->value, i)};

		if (!config_id_map(&element, maps, error))
			return false;
	}
	return true;
}

static const Field mount_fields[] = {
	{"destination", FIELD_STRING, offsetof(SpecMount, destination), NULL, true},
	{"type", FIELD_STRING, offsetof(SpecMount, type), NULL, false},
	{"source", FIELD_STRING, offsetof(SpecMount, source), NULL, false},
	{"options", FIELD_STRINGS, offsetof(SpecMount, options), NULL, false},
	{"uidMappings", FIELD_CALL, offsetof(SpecMount, uid_mappings), take_id_maps, false},
	{"gidMappings", FIELD_CALL, offsetof(SpecMount, gid_mappings), take_id_maps, false},
};

bool config_mount(const FieldAt *at, void *spec, GError **error)
{
	GArray *mounts = ((Spec *)spec)->mounts;
	SpecMount *mount;

	g_array_append_val(mounts, ((SpecMount){
					   .options = g_ptr_array_new_with_free_func(g_free),
				   }));
	mount = &g_array_index(mounts, SpecMount, mounts->len - 1);
	if (!field_read(at, mount_fields, G_N_ELEMENTS(mount_fields), mount, error))
		return false;
	return *mount->destination || field_wrong(at, error, "the destination is empty");
}
