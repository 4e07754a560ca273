/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/cgroup_place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "feature/cgroup_systemd.h"
#include "feature/cgroup_v1.h"
#include "kernel/cgroup.h"
#include "kernel/userns.h"

/*
 * A place that this host does not have is RLC_ERROR_NOT_FOUND, one that has it and lacks something
 * RLC_ERROR_UNSUPPORTED: that is the better one to tell.
 */
typedef bool (*PlaceFunction)(Plan *plan, GError **error);

static bool check_controllers(const char *directory, const char *file, unsigned wanted, Hint hint,
			      GError **error)
{
	unsigned missing = wanted & ~cgroup_read_controllers(directory, file);
	g_autofree char *text = cgroup_controllers_text(missing, "");

	if (missing == 0)
		return true;
	error_set(error, RLC_ERROR_UNSUPPORTED, "use '%s': it lacks %s", directory, text);
	return hint_add(error, hint, text);
}

/* The root of the host's tree has fewer files than others: it has no type. */
static bool is_host_root(const char *directory)
{
	g_autofree char *type = g_build_filename(directory, "cgroup.type", NULL);

	return access(type, F_OK) < 0 && errno == ENOENT;
}

/* May children be made there, and processes be put into them? */
static bool is_ours(const char *directory)
{
	g_autofree char *procs = g_build_filename(directory, "cgroup.procs", NULL);

	return faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0 &&
	       faccessat(AT_FDCWD, procs, W_OK, AT_EACCESS) == 0;
}

/*
 * What a cgroup is called whose path nobody asked for.  The id of an OCI container is its caller's,
 * and another --root may have the same: the digest of the root tells them apart.
 */
static char *own_name(const Plan *plan)
{
	g_autofree char *root = NULL, *digest = NULL;

	if (!plan->spec->rlc.oci)
		return g_strdup(plan->id);
	root = g_canonicalize_filename(plan->state_root, NULL);
	digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, root, -1);
	return g_strdup_printf("%s-%.8s", plan->id, digest);
}

/* The same where it stands beside those of others */
static char *marked_name(const Plan *plan)
{
	g_autofree char *name = own_name(plan);

	return g_strconcat("rlc-", name, NULL);
}

static bool take(Plan *plan, CgroupMethod method, const char *parent, const char *name)
{
	plan->cgroup.method = method;
	plan->cgroup.parent = g_strdup(parent);
	plan->cgroup.name = g_strdup(name);
	return true;
}

static bool place_direct(Plan *plan, GError **error)
{
	g_autofree char *name = own_name(plan);

	if (!is_host_root(CGROUP_ROOT) || !is_ours(CGROUP_ROOT))
		return error_set(error, RLC_ERROR_NOT_FOUND,
				 "use '" CGROUP_ROOT "': it is not ours");
	return check_controllers(CGROUP_ROOT, "cgroup.controllers", plan->cgroup.controllers,
				 HINT_CGROUP_KERNEL, error) &&
	       take(plan, CGROUP_DIRECT, CGROUP_OWN_PARENT, name);
}

static bool place_scope(Plan *plan, GError **error)
{
	g_autofree char *directory = cgroup_systemd_directory(error);
	g_autofree char *name = marked_name(plan);

	if (!directory || !check_controllers(directory, "cgroup.controllers",
					     plan->cgroup.controllers, HINT_CGROUP_DELEGATE, error))
		return false;
	if (!plan->cgroup.unit)
		plan->cgroup.unit = g_strconcat(name, ".scope", NULL);
	if (!plan->cgroup.slice)
		plan->cgroup.slice =
			g_strdup(cgroup_systemd_is_users() ? "app.slice" : "machine.slice");
	return take(plan, CGROUP_SCOPE, NULL, CGROUP_CONTAINER);
}

/* Is this process the only one of its cgroup? */
static bool is_alone(const char *directory)
{
	g_autofree char *path = g_build_filename(directory, "cgroup.procs", NULL);
	g_autofree char *text = fd_read_file(AT_FDCWD, path, CGROUP_FILE_MAX, NULL);

	return text && g_ascii_strtoll(text, NULL, 10) == getpid() &&
	       strchr(text, '\n') == strrchr(text, '\n');
}

/* Ours, to be divided: who is in it, we, will step aside. */
static bool take_own(Plan *plan, const char *own, GError **error)
{
	g_autofree char *name = marked_name(plan);

	if (!check_controllers(own, "cgroup.controllers", plan->cgroup.controllers,
			       HINT_CGROUP_PLACE, error))
		return false;
	plan->cgroup.move = true;
	return take(plan, CGROUP_DELEGATED, own, name);
}

/*
 * A unit of systemd's with Delegate=yes, as `rlc generate systemd` writes: what a container has is
 * then the unit's, and ends with it.
 */
static bool place_unit(Plan *plan, GError **error)
{
	g_autofree char *own = cgroup_of(0, error);
	char mark = '0';

	if (!own)
		return false;
	if ((getxattr(own, "user.delegate", &mark, 1) < 0 &&
	     getxattr(own, "trusted.delegate", &mark, 1) < 0) ||
	    mark != '1' || !is_ours(own) || !is_alone(own))
		return error_set(error, RLC_ERROR_NOT_FOUND,
				 "divide the cgroup '%s': it is not that of a unit of ours", own);
	if (!take_own(plan, own, error))
		return false;
	plan->cgroup.unit = g_path_get_basename(own);
	return true;
}

/* Beside our own cgroup, if what is above is ours too, or else in it. */
static bool place_delegated(Plan *plan, GError **error)
{
	g_autofree char *own = cgroup_of(0, error);
	g_autofree char *above = own ? g_path_get_dirname(own) : NULL;
	g_autofree char *name = marked_name(plan);

	if (!own)
		return false;
	if (strcmp(own, CGROUP_ROOT) != 0 && is_ours(above) && is_ours(own) &&
	    check_controllers(above, "cgroup.subtree_control", plan->cgroup.controllers,
			      HINT_CGROUP_PLACE, NULL))
		return take(plan, CGROUP_DELEGATED, above, name);
	if (is_ours(own) && is_alone(own))
		return take_own(plan, own, error);
	error_set(error, RLC_ERROR_UNSUPPORTED, "divide the cgroup '%s': %s", own,
		  is_ours(own) ? "others are in it" : "it is not ours");
	return hint_add(error, HINT_CGROUP_PLACE, NULL);
}

/* --- by name --- */

static char *nearest_existing(const char *directory)
{
	g_autofree char *at = g_strdup(directory);

	while (access(at, F_OK) < 0) {
		char *above = g_path_get_dirname(at);

		g_free(at);
		at = above;
	}
	return g_steal_pointer(&at);
}

static bool place_named(Plan *plan, const char *parent, const char *name, GError **error)
{
	g_autofree char *nearest = NULL;

	if (!g_str_has_prefix(parent, CGROUP_ROOT "/") && strcmp(parent, CGROUP_ROOT) != 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "make a cgroup in '%s': it is not below '" CGROUP_ROOT "'",
				 parent);
	nearest = nearest_existing(parent);
	if (!is_ours(nearest)) {
		error_errno(error, EACCES, "make a cgroup in '%s'", nearest);
		return hint_add(error, HINT_CGROUP_PLACE, NULL);
	}
	return check_controllers(nearest, "cgroup.controllers", plan->cgroup.controllers,
				 HINT_CGROUP_PLACE, error) &&
	       take(plan, CGROUP_DIRECT, parent, name);
}

/* --cgroup-parent: "x.slice" of systemd's, or a path below the root of the tree */
static bool place_in(Plan *plan, const char *parent, GError **error)
{
	g_autofree char *name = marked_name(plan);
	g_autofree char *joined = g_strconcat(CGROUP_ROOT "/", parent, NULL);
	g_autofree char *path = g_canonicalize_filename(joined, NULL);

	if (strchr(parent, '/') || !g_str_has_suffix(parent, ".slice"))
		return place_named(plan, path, name, error);
	plan->cgroup.slice = g_strdup(parent);
	return place_scope(plan, error);
}

/* cgroupsPath: "/a/b", "b" below rlc's own, or "SLICE:PREFIX:NAME" of a scope of systemd's */
static bool place_at(Plan *plan, const char *asked, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(asked, ":", -1);
	g_autofree char *joined =
		g_strconcat(*asked == '/' ? CGROUP_ROOT : CGROUP_OWN_PARENT "/", asked, NULL);
	g_autofree char *path = g_canonicalize_filename(joined, NULL);
	g_autofree char *parent = g_path_get_dirname(path), *name = g_path_get_basename(path);

	if (g_strv_length(parts) != 3 || (plan->spec->rlc.oci && !plan->spec->rlc.cgroup_systemd))
		return place_named(plan, parent, name, error);
	plan->cgroup.slice = *parts[0] ? g_strdup(parts[0]) : NULL;
	plan->cgroup.unit =
		g_strdup_printf("%s%s%s.scope", parts[1], *parts[1] ? "-" : "", parts[2]);
	return place_scope(plan, error);
}

/* cgroupsPath on a host of version 1: relative ones are below /rlc, as above. */
static bool place_v1(Plan *plan, GError **error)
{
	const char *asked = plan->spec->linux_.cgroups_path;
	g_autofree char *own = own_name(plan);
	g_autofree char *path = g_canonicalize_filename(asked ? asked : own, "/" CGROUP_V1_PARENT);
	g_autofree char *parent = g_path_get_dirname(path), *name = g_path_get_basename(path);

	if (geteuid() == 0 && userns_is_host())
		return take(plan, CGROUP_V1, parent, name);
	error_set(error, RLC_ERROR_UNSUPPORTED,
		  "make a cgroup: on a host of cgroups of version 1 only root can");
	return hint_add(error, HINT_CGROUP_V1, NULL);
}

bool cgroup_place_choose(Plan *plan, GError **error)
{
	static const PlaceFunction places[] = {place_unit, place_direct, place_scope,
					       place_delegated};
	g_autoptr(GError) reason = NULL;

	if (plan->spec->rlc.oci && cgroup_v1_is_mounted())
		return place_v1(plan, error);
	if (!cgroup_is_mounted()) {
		error_set(error, RLC_ERROR_UNSUPPORTED,
			  "make a cgroup: '" CGROUP_ROOT "' is not one of version 2");
		return hint_add(error, HINT_CGROUP_V1, NULL);
	}
	if (plan->spec->rlc.cgroup_parent)
		return place_in(plan, plan->spec->rlc.cgroup_parent, error);
	if (plan->spec->linux_.cgroups_path)
		return place_at(plan, plan->spec->linux_.cgroups_path, error);
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autoptr(GError) here = NULL;

		if (places[i](plan, &here))
			return true;
		if (g_error_matches(reason, RLC_ERROR, RLC_ERROR_UNSUPPORTED))
			continue;
		g_clear_error(&reason);
		reason = g_steal_pointer(&here);
	}
	g_propagate_error(error, g_steal_pointer(&reason));
	return false;
}
