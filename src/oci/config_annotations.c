/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "annotations" of a config.json, those of rlc's own among them. */
#include <string.h>

#include "oci/config.h"

/* io.rlc.network: the user-mode network's process would end with create, so there is none yet. */
static bool check_network(const FieldAt *at, const char *value, GError **error)
{
	return strcmp(value, "none") == 0 ||
	       field_wrong(at, error, "network '%s' is not supported here", value);
}

bool config_annotation(const FieldAt *at, void *spec, GError **error)
{
	GPtrArray *annotations = ((Spec *)spec)->annotations;
	const char *value = field_string(at, error);

	if (!value)
		return false;
	if (!*at->key)
		return field_wrong(at, error, "the name is empty");
	g_ptr_array_add(annotations, g_strdup_printf("%s=%s", at->key, value));
	return strcmp(at->key, "io.rlc.network") != 0 || check_network(at, value, error);
}
