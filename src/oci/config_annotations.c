/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "annotations" of a config.json, those of rlc's own among them. */
#include <string.h>

#include "feature/cgroup_property.h"
#include "feature/net_publish.h"
#include "feature/net_settings.h"
#include "oci/config.h"

#define SLIRP "slirp"

/* "none", "slirp" or "slirp:OPTION=VALUE,…", as `rlc run --network` has it. */
static bool take_network(const FieldAt *at, const char *value, SpecNetwork *network, GError **error)
{
	g_autoptr(GError) problem = NULL;
	const char *rest = value + strlen(SLIRP);

	if (strcmp(value, "none") == 0)
		return true;
	if (!g_str_has_prefix(value, SLIRP) || (*rest && *rest != ':'))
		return field_wrong(at, error, "network '%s' is neither none nor slirp", value);
	return net_settings_slirp(network, *rest ? rest + 1 : "", &problem) ||
	       field_wrong(at, error, "%s", problem->message);
}

/* "8080:80,127.0.0.1:53:53/udp", as `rlc run --publish` has each. */
static bool take_publish(const FieldAt *at, const char *value, SpecNetwork *network, GError **error)
{
	g_auto(GStrv) items = g_strsplit(value, ",", -1);

	for (char **item = items; *item; item++) {
		g_autoptr(GError) problem = NULL;
		SpecPublish publish = {0};

		if (!net_publish_parse(*item, &publish, &problem))
			return field_wrong(at, error, "%s", problem->message);
		g_array_append_val(network->publish, publish);
	}
	return true;
}

bool config_annotation(const FieldAt *at, void *target, GError **error)
{
	Spec *spec = target;
	const char *value = field_string(at, error);
	g_autoptr(GError) problem = NULL;
	char *annotation;

	if (!value)
		return false;
	if (!*at->key)
		return field_wrong(at, error, "the name is empty");
	annotation = g_strdup_printf("%s=%s", at->key, value);
	g_ptr_array_add(spec->annotations, annotation);
	if (!cgroup_property_check(annotation, &problem))
		return field_wrong(at, error, "%s", problem->message);
	if (strcmp(at->key, "io.rlc.network") == 0)
		return take_network(at, value, &spec->rlc.network, error);
	return strcmp(at->key, "io.rlc.publish") != 0 ||
	       take_publish(at, value, &spec->rlc.network, error);
}
