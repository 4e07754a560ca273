/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/cgroup_property.h"

#include <string.h>

#include "base/error.h"

#define LETTERS	 G_CSET_A_2_Z G_CSET_a_2_z
#define NAME_MIN 3

static bool seconds_of(GVariant *value, double *ret_seconds)
{
	switch (g_variant_classify(value)) {
	case G_VARIANT_CLASS_INT32:
		*ret_seconds = g_variant_get_int32(value);
		return true;
	case G_VARIANT_CLASS_UINT32:
		*ret_seconds = g_variant_get_uint32(value);
		return true;
	case G_VARIANT_CLASS_INT64:
		*ret_seconds = (double)g_variant_get_int64(value);
		return true;
	case G_VARIANT_CLASS_UINT64:
		*ret_seconds = (double)g_variant_get_uint64(value);
		return true;
	case G_VARIANT_CLASS_DOUBLE:
		*ret_seconds = g_variant_get_double(value);
		return true;
	default:
		return false;
	}
}

/* systemd's own unit files speak of seconds, its bus of microseconds. */
static bool to_microseconds(char **name, GVariant **value, GError **error)
{
	g_autofree char *old = *name;
	double seconds;
	bool ok = seconds_of(*value, &seconds) && seconds >= 0 &&
		  seconds < (double)G_MAXINT64 / (double)G_USEC_PER_SEC;

	*name = g_strdup_printf("%.*sUSec", (int)(strlen(old) - strlen("Sec")), old);
	g_clear_pointer(value, g_variant_unref);
	if (!ok)
		return error_set(error, RLC_ERROR_USAGE, "its value is no number of seconds");
	*value = g_variant_ref_sink(
		g_variant_new_uint64((guint64)(seconds * (double)G_USEC_PER_SEC)));
	return true;
}

/* Neither "maybe", which GLib alone has, nor a descriptor, which we do not pass on */
static bool can_be_sent(GVariant *value)
{
	return !strpbrk(g_variant_get_type_string(value), "mh");
}

static bool read_value(const char *text, char **name, GVariant **ret_value, GError **error)
{
	g_autoptr(GError) problem = NULL;

	*ret_value = g_variant_parse(NULL, text, NULL, NULL, &problem);
	if (!*ret_value)
		return error_set(error, RLC_ERROR_USAGE,
				 "'%s' is not in GVariant's text format: %s", text,
				 problem->message);
	if (!can_be_sent(*ret_value))
		return error_set(error, RLC_ERROR_USAGE, "'%s' has a type that D-Bus has not",
				 text);
	return !g_str_has_suffix(*name, "Sec") || g_str_has_suffix(*name, "USec") ||
	       to_microseconds(name, ret_value, error);
}

bool cgroup_property_is(const char *annotation)
{
	return g_str_has_prefix(annotation, CGROUP_PROPERTY);
}

bool cgroup_property_parse(const char *annotation, char **ret_name, GVariant **ret_value,
			   GError **error)
{
	const char *begin = annotation + strlen(CGROUP_PROPERTY), *equals;
	g_autofree char *name = NULL;
	g_autoptr(GVariant) value = NULL;

	equals = strchrnul(begin, '=');
	name = g_strndup(begin, (gsize)(equals - begin));
	if (strlen(name) < NAME_MIN || name[strspn(name, LETTERS)])
		return error_set(error, RLC_ERROR_USAGE,
				 "systemd has no property '%s': a name has letters alone", name);
	if (!read_value(*equals ? equals + 1 : "", &name, &value, error))
		return false;
	*ret_name = g_steal_pointer(&name);
	*ret_value = g_steal_pointer(&value);
	return true;
}

bool cgroup_property_check(const char *annotation, GError **error)
{
	g_autofree char *name = NULL;
	g_autoptr(GVariant) value = NULL;

	return !cgroup_property_is(annotation) ||
	       cgroup_property_parse(annotation, &name, &value, error);
}

bool cgroup_property_any(const GPtrArray *annotations)
{
	for (guint i = 0; i < annotations->len; i++) {
		if (cgroup_property_is(annotations->pdata[i]))
			return true;
	}
	return false;
}
