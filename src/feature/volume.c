/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "kernel/mount.h"

/* The words of mount(8) that are no business of the file system itself. */
static const struct {
	const char *word;
	uint64_t set, clear;
	uint64_t propagation;
	int recursive; /* -1: does not matter */
} options[] = {
	{"ro", MOUNT_ATTR_RDONLY, 0, 0, -1},
	{"rw", 0, MOUNT_ATTR_RDONLY, 0, -1},
	{"nosuid", MOUNT_ATTR_NOSUID, 0, 0, -1},
	{"suid", 0, MOUNT_ATTR_NOSUID, 0, -1},
	{"nodev", MOUNT_ATTR_NODEV, 0, 0, -1},
	{"dev", 0, MOUNT_ATTR_NODEV, 0, -1},
	{"noexec", MOUNT_ATTR_NOEXEC, 0, 0, -1},
	{"exec", 0, MOUNT_ATTR_NOEXEC, 0, -1},
	{"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0, -1},
	{"nodiratime", MOUNT_ATTR_NODIRATIME, 0, 0, -1},
	{"bind", 0, 0, 0, 0},
	{"rbind", 0, 0, 0, 1},
	{"private", 0, 0, MS_PRIVATE, -1},
	{"rprivate", 0, 0, MS_PRIVATE, -1},
	{"slave", 0, 0, MS_SLAVE, -1},
	{"rslave", 0, 0, MS_SLAVE, -1},
	{"shared", 0, 0, MS_SHARED, -1},
	{"rshared", 0, 0, MS_SHARED, -1},
	{"unbindable", 0, 0, MS_UNBINDABLE, -1},
	{"runbindable", 0, 0, MS_UNBINDABLE, -1},
	/* Labels of SELinux, for which nothing is needed where it is off. */
	{"z", 0, 0, 0, -1},
	{"Z", 0, 0, 0, -1},
};

void volume_clear(gpointer plan_mount)
{
	PlanMount *mount = plan_mount;

	g_free(mount->destination);
	g_free(mount->type);
	g_free(mount->source);
	g_free(mount->data);
}

static bool volume_apply_option(PlanMount *mount, const char *word)
{
	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		if (strcmp(word, options[i].word) != 0)
			continue;
		mount->attr_set = (mount->attr_set & ~options[i].clear) | options[i].set;
		mount->attr_clear = (mount->attr_clear & ~options[i].set) | options[i].clear;
		if (options[i].propagation)
			mount->propagation = options[i].propagation;
		if (options[i].recursive >= 0)
			mount->recursive = options[i].recursive != 0;
		return true;
	}
	return false;
}

static bool volume_apply_options(const SpecMount *asked, PlanMount *mount, GError **error)
{
	g_autoptr(GString) data = g_string_new(NULL);

	for (guint i = 0; asked->options && i < asked->options->len; i++) {
		const char *word = g_ptr_array_index(asked->options, i);

		if (!word || volume_apply_option(mount, word))
			continue;
		if (mount->source)
			return error_set(error, RLC_ERROR_USAGE,
					 "mount '%s': unknown option '%s' for a bind",
					 mount->destination, word);
		g_string_append_printf(data, "%s%s", data->len ? "," : "", word);
	}
	mount->data = data->len ? g_string_free(g_steal_pointer(&data), FALSE) : NULL;
	return true;
}

/* Device nodes work only where the source shows that they are wanted, or the option dev says so. */
static bool volume_is_of_devices(const char *source, const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) || strcmp(source, "/dev") == 0 ||
	       g_str_has_prefix(source, "/dev/");
}

/* A bind's source is opened again by init, in its own mount namespace; here it must only exist. */
static bool volume_resolve_source(const SpecMount *asked, PlanMount *mount, GError **error)
{
	struct stat st;

	mount->source = realpath(asked->source, NULL);
	if (!mount->source || stat(mount->source, &st) < 0)
		return error_errno(error, errno, "open '%s', to be mounted on '%s'", asked->source,
				   asked->destination);
	mount->source_is_dir = S_ISDIR(st.st_mode);
	mount->recursive = true;
	if (!volume_is_of_devices(mount->source, &st))
		mount->attr_set = MOUNT_ATTR_NODEV;
	return true;
}

static bool volume_check_destination(const char *destination, GError **error)
{
	if (!g_path_is_absolute(destination))
		return error_set(error, RLC_ERROR_USAGE,
				 "mount on '%s': the path inside must be absolute", destination);
	if (strcmp(destination, "/") == 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "mount on '/': that is the rootfs; use --rootfs");
	if (strcmp(destination, "/proc") == 0 || g_str_has_prefix(destination, "/proc/"))
		return error_set(error, RLC_ERROR_USAGE,
				 "mount on '%s': nothing may cover /proc, which tells programs "
				 "who they are",
				 destination);
	return true;
}

static bool volume_plan_one(const SpecMount *asked, PlanMount *mount, GError **error)
{
	mount->destination = g_canonicalize_filename(asked->destination, "/");
	mount->type = g_strdup(asked->type);
	if (!volume_check_destination(asked->destination, error) ||
	    !volume_check_destination(mount->destination, error))
		return false;
	if (strcmp(asked->type, "bind") == 0) {
		if (!volume_resolve_source(asked, mount, error))
			return false;
	} else if (strcmp(asked->type, "tmpfs") == 0) {
		mount->attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	} else if (strcmp(asked->type, "volume") != 0) {
		return error_set(error, RLC_ERROR_UNSUPPORTED, "mount '%s': unknown type '%s'",
				 mount->destination, asked->type);
	}
	return volume_apply_options(asked, mount, error);
}

bool volume_plan(const Spec *spec, Plan *plan, GError **error)
{
	for (guint i = 0; i < spec->mounts->len; i++) {
		PlanMount mount = {0};

		if (!volume_plan_one(&g_array_index(spec->mounts, SpecMount, i), &mount, error)) {
			volume_clear(&mount);
			return false;
		}
		g_array_append_val(plan->mounts, mount);
	}
	return true;
}

/*
 * The copy of the mount tree at the source.  Mounts that came from the host with others below them
 * can be copied whole only, so a non-recursive bind falls back to a recursive one, and says so.
 */
static int volume_clone(const PlanMount *mount, GError **error)
{
	g_autoptr(GError) refused = NULL;
	int clone = mount_clone(AT_FDCWD, mount->source, mount->recursive, &refused);

	if (clone < 0 && !mount->recursive && error_is_errno(refused, EINVAL)) {
		log_info("volumes: '%s' is bound with the mounts below it: the kernel does not "
			 "let an ordinary user leave them out",
			 mount->source);
		return mount_clone(AT_FDCWD, mount->source, true, error);
	}
	if (clone < 0)
		g_propagate_error(error, g_steal_pointer(&refused));
	return clone;
}

static bool volume_mount_bind(const PlanMount *mount, int root, GError **error)
{
	uint64_t propagation = mount->propagation ? mount->propagation : MS_PRIVATE;
	auto_fd clone = volume_clone(mount, error);
	struct stat st;

	if (clone < 0 || !mount_change(clone, true, mount->attr_set, 0, propagation, error))
		return false;
	if (fstat(clone, &st) < 0)
		return error_errno(error, errno, "stat '%s'", mount->source);
	return mount_attach_in(clone, root, mount->destination, S_ISDIR(st.st_mode), MOUNT_FOLLOW,
			       error);
}

static bool volume_mount_new(const PlanMount *mount, int root, GError **error)
{
	auto_fd fs = mount_new(mount->type, mount->data, mount->attr_set, error);

	return fs >= 0 && mount_attach_in(fs, root, mount->destination, true, MOUNT_FOLLOW, error);
}

/*
 * A directory of the root mounted on itself, while the root is still writable: the mount stays so
 * when --read-only closes the root, and has what the image put there.
 */
static bool volume_mount_own(const PlanMount *mount, int root, GError **error)
{
	auto_fd target = mount_open_target(root, mount->destination, true, MOUNT_FOLLOW, error);
	auto_fd clone = target < 0 ? -1 : mount_clone(target, "", false, error);

	return clone >= 0 && mount_attach(clone, target, mount->destination, error);
}

static bool volume_mount(const PlanMount *mount, int root, GError **error)
{
	if (mount->source)
		return volume_mount_bind(mount, root, error);
	if (strcmp(mount->type, "volume") == 0)
		return volume_mount_own(mount, root, error);
	return volume_mount_new(mount, root, error);
}

bool volume_child(Container *container, GError **error)
{
	const GArray *mounts = container->plan->mounts;

	for (guint i = 0; i < mounts->len; i++) {
		const PlanMount *mount = &g_array_index(mounts, PlanMount, i);

		if (!volume_mount(mount, container->root, error))
			return false;
	}
	return true;
}

static void volume_explain_attributes(const PlanMount *mount, GString *script)
{
	static const struct {
		uint64_t attribute;
		const char *word;
	} words[] = {
		{MOUNT_ATTR_RDONLY, ",ro"},
		{MOUNT_ATTR_NOSUID, ",nosuid"},
		{MOUNT_ATTR_NODEV, ",nodev"},
		{MOUNT_ATTR_NOEXEC, ",noexec"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (mount->attr_set & words[i].attribute)
			g_string_append(script, words[i].word);
	}
}

void volume_explain(const Plan *plan, GString *script)
{
	g_string_append_printf(script,
			       "# open_tree or fsopen, mount_setattr, move_mount: %u asked "
			       "for\n",
			       plan->mounts->len);
	for (guint i = 0; i < plan->mounts->len; i++) {
		const PlanMount *mount = &g_array_index(plan->mounts, PlanMount, i);
		g_autofree char *destination = g_shell_quote(mount->destination);
		g_autofree char *source = mount->source ? g_shell_quote(mount->source) : NULL;

		if (strcmp(mount->type, "volume") == 0) {
			g_string_append_printf(script,
					       "mkdir -p \"$root\"%s\n"
					       "mount --bind \"$root\"%s \"$root\"%s\n",
					       destination, destination, destination);
			continue;
		}
		if (source && !mount->source_is_dir)
			g_string_append_printf(script, "[ -e \"$root\"%s ] || touch \"$root\"%s\n",
					       destination, destination);
		else
			g_string_append_printf(script, "mkdir -p \"$root\"%s\n", destination);
		if (source)
			g_string_append_printf(script,
					       "mount --%s %s \"$root\"%s\n"
					       "mount -o remount,bind",
					       mount->recursive ? "rbind" : "bind", source,
					       destination);
		else
			g_string_append_printf(script, "mount -t %s -o %s", mount->type,
					       mount->data ? mount->data : "defaults");
		volume_explain_attributes(mount, script);
		g_string_append_printf(script, "%s \"$root\"%s\n", source ? "" : " tmpfs",
				       destination);
	}
}
