/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "annotations" of a config.json, those of rlc's own among them. */
#include <string.h>

#include "oci/config.h"

/* io.rlc.network: who of rlc's networks the container has in its own network namespace */
static bool take_network(const FieldAt *at, const char *value, Spec *spec, GError **error)
{
	if (strcmp(value, "slirp") == 0)
		spec->rlc.network.mode = NET_SLIRP;
	else if (strcmp(value, "none") != 0)
		return field_wrong(at, error, "'%s' is neither slirp nor none", value);
	return true;
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
	return strcmp(at->key, "io.rlc.network") != 0 || take_network(at, value, spec, error);
}
