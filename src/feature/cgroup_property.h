/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of a container's scope that annotations ask for, as other runtimes have it:
 *
 *     org.systemd.property.NAME=VALUE     TimeoutStopUSec=uint64 30000000, After=['a.service']
 *
 * What there is says org.freedesktop.systemd1(5), how values are written GLib's "GVariant text
 * format".  NAMESec is NAMEUSec in seconds.  Where there is no scope they mean nothing.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define CGROUP_PROPERTY "org.systemd.property." /* prefix of such an annotation */

/* Is this annotation, "NAME=VALUE", such a property? */
bool cgroup_property_is(const char *annotation);

/* Read one.  ret_name is the caller's to free and ret_value to unref.  RLC_ERROR_USAGE. */
bool cgroup_property_parse(const char *annotation, char **ret_name, GVariant **ret_value,
			   GError **error);

/* Could it be read?  True of an annotation that is no such property.  RLC_ERROR_USAGE. */
bool cgroup_property_check(const char *annotation, GError **error);

/* Is any of these annotations such a property? */
bool cgroup_property_any(const GPtrArray *annotations);
