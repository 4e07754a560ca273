/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "feature/lsm_label.h"
#include "feature/mount_options.h"
#include "feature/mounts_shift.h"
#include "kernel/mount.h"
#include "kernel/tree.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* --- the plan --- */

static bool asks_for_bind(const SpecMount *asked)
{
	if (asked->type && strcmp(asked->type, "bind") == 0)
		return true;
	for (guint i = 0; i < asked->options->len; i++) {
		const char *word = g_ptr_array_index(asked->options, i);

		if (strcmp(word, "bind") == 0 || strcmp(word, "rbind") == 0)
			return true;
	}
	return false;
}

static bool resolve_bind(const SpecMount *asked, PlanMount *mount, GError **error)
{
	struct stat st;

	if (!asked->source)
		return error_set(error, RLC_ERROR_USAGE, "mount '%s': a bind needs a source",
				 mount->destination);
	mount->source = mount->keep_link ? g_canonicalize_filename(asked->source, NULL)
					 : realpath(asked->source, NULL);
	if (!mount->source || lstat(mount->source, &st) < 0)
		return error_errno(error, errno, "open '%s', to be mounted on '%s'", asked->source,
				   mount->destination);
	mount->source_is_dir = S_ISDIR(st.st_mode);
	return true;
}

static void take_options(const SpecMount *asked, PlanMount *mount)
{
	g_autoptr(GString) data = g_string_new(NULL);

	for (guint i = 0; i < asked->options->len; i++) {
		const char *word = g_ptr_array_index(asked->options, i);

		if (!mount_options_take(mount, word))
			g_string_append_printf(data, "%s%s", data->len ? "," : "", word);
	}
	mount->data = data->len ? g_string_free(g_steal_pointer(&data), FALSE) : NULL;
}

static bool plan_one(const Plan *plan, const SpecMount *asked, PlanMount *mount, GError **error)
{
	mount->destination = g_canonicalize_filename(asked->destination, "/");
	if (strcmp(mount->destination, "/") == 0)
		return error_set(error, RLC_ERROR_USAGE, "mount on '/': that is the root");
	take_options(asked, mount);
	mount->uids = asked->uid_mappings;
	mount->gids = asked->gid_mappings;
	mount->idmap = mount->idmap || mount->uids;
	if (asks_for_bind(asked)) {
		mount->type = g_strdup("bind");
		return resolve_bind(asked, mount, error) &&
		       (!mount->idmap || mounts_shift_check(plan, mount, error));
	}
	if (!asked->type)
		return error_set(error, RLC_ERROR_USAGE, "mount '%s': it has no type",
				 mount->destination);
	mount->type = g_strdup(asked->type);
	mount->source = g_strdup(asked->source ? asked->source : asked->type);
	return !mount->idmap || mounts_shift_check(plan, mount, error);
}

bool mounts_plan(const Spec *spec, Plan *plan, GError **error)
{
	for (guint i = 0; i < spec->mounts->len; i++) {
		PlanMount mount = {0};
		bool ok = plan_one(plan, &g_array_index(spec->mounts, SpecMount, i), &mount, error);

		g_array_append_val(plan->mounts, mount); /* which frees it, too */
		if (!ok)
			return false;
	}
	return true;
}

/* --- the mounts --- */

/*
 * Attributes of one mount, then of it and all below.  What the host locked (a user namespace may
 * not make a read-only mount writable) stays as it is.
 */
bool mounts_set_attributes(int fd, const PlanMount *mount, GError **error)
{
	g_autoptr(GError) locked = NULL;

	if ((mount->attr_set || mount->attr_clear) &&
	    !mount_change(fd, false, mount->attr_set, mount->attr_clear, 0, &locked)) {
		if (!error_is_errno(locked, EPERM)) {
			g_propagate_error(error, g_steal_pointer(&locked));
			return false;
		}
		log_debug("mounts: '%s' keeps what the host locked", mount->destination);
		if (!mount_change(fd, false, mount->attr_set, 0, 0, error))
			return false;
	}
	if ((mount->below_set || mount->below_clear) &&
	    !mount_change(fd, true, mount->below_set, mount->below_clear, 0, error))
		return false;
	return !mount->propagation ||
	       mount_change(fd, mount->propagation_below, 0, 0, mount->propagation, error);
}

/* What came from the host with others below it can in a user namespace be copied whole only. */
static int clone_source(const PlanMount *mount, GError **error)
{
	g_autoptr(GError) refused = NULL;
	int fd = mount_clone(AT_FDCWD, mount->source, mount->recursive, &refused);

	if (fd >= 0)
		return fd;
	if (!mount->recursive && error_is_errno(refused, EINVAL))
		return mount_clone(AT_FDCWD, mount->source, true, error);
	g_propagate_error(error, g_steal_pointer(&refused));
	return -1;
}

static int new_bind(const Plan *plan, const PlanMount *mount, GError **error)
{
	auto_fd fd = clone_source(mount, error);

	if (fd < 0 ||
	    (mount->relabel &&
	     !lsm_label_files(plan, fd, mount->source, mount->relabel == 'z', error)) ||
	    !mounts_set_attributes(fd, mount, error))
		return -1;
	return fd_steal(&fd);
}

static int new_plain(const Plan *plan, const PlanMount *mount, GError **error)
{
	const uint64_t attributes =
		mount->copy ? mount->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY : mount->attr_set;
	auto_fd fd = mount_new_of(mount->source, mount->type, mount->data, attributes, error);

	(void)plan;
	if (fd < 0 || (mount->propagation && !mount_change(fd, mount->propagation_below, 0, 0,
							   mount->propagation, error)))
		return -1;
	return fd_steal(&fd);
}

/* A part of the host's tree in place of a new file system that the kernel refuses here. */
static int bind_instead(const PlanMount *mount, const char *source, GError **error)
{
	auto_fd fd = mount_clone(AT_FDCWD, source, true, error);

	if (fd < 0 || !mount_change(fd, true, mount->attr_set, 0, MS_PRIVATE, error))
		return -1;
	return fd_steal(&fd);
}

/* sysfs shows a network namespace; only its owner may mount one (sysfs(5)). */
static int new_sysfs(const Plan *plan, const PlanMount *mount, GError **error)
{
	g_autoptr(GError) refused = NULL;
	int fd = new_plain(plan, mount, &refused);

	if (fd >= 0)
		return fd;
	if (error_is_errno(refused, EPERM))
		return bind_instead(mount, "/sys", error);
	g_propagate_error(error, g_steal_pointer(&refused));
	return -1;
}

/*
 * The container's cgroup as the root of the tree, if it has a cgroup namespace; else the host's
 * tree.  Of cgroup v1 there is nothing to see inside: its release_agent is no toy for payloads.
 */
static int new_cgroup(const Plan *plan, const PlanMount *mount, GError **error)
{
	g_autoptr(GError) refused = NULL;
	struct statfs fs;
	int fd = -1;

	if (statfs(CGROUP_ROOT, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return mount_new("tmpfs", "size=4k,nr_inodes=1,mode=0755",
				 mount->attr_set | MOUNT_ATTR_RDONLY, error);
	if (plan->clone_flags & CLONE_NEWCGROUP)
		fd = mount_new("cgroup2", mount->data, mount->attr_set, &refused);
	return fd >= 0 ? fd : bind_instead(mount, CGROUP_ROOT, error);
}

static const struct {
	const char *type;
	int (*make)(const Plan *plan, const PlanMount *mount, GError **error);
	bool no_links; /* it says who is who inside: no link of the root may lead it astray */
} types[] = {
	{"bind", new_bind, false},    {"proc", new_plain, true},     {"sysfs", new_sysfs, true},
	{"cgroup", new_cgroup, true}, {"cgroup2", new_cgroup, true},
};

/* As runc has it: without a mode of its own a tmpfs takes that of the directory below. */
static char *tmpfs_data(const PlanMount *mount, int below)
{
	struct stat st;

	if (strcmp(mount->type, "tmpfs") != 0 || (mount->data && strstr(mount->data, "mode=")) ||
	    below < 0 || fstat(below, &st) < 0)
		return g_strdup(mount->data);
	return g_strdup_printf("%s%smode=%04o", mount->data ? mount->data : "",
			       mount->data ? "," : "", st.st_mode & 07777);
}

/* Below /proc nothing is a link of the root's, and what is bound there was asked for. */
static MountResolve how_to_resolve(const PlanMount *mount, bool no_links)
{
	return no_links || g_str_has_prefix(mount->destination, "/proc/") ? MOUNT_NO_SYMLINKS
									  : MOUNT_FOLLOW;
}

static bool copy_up(int fs, int target, const PlanMount *mount, GError **error)
{
	if (!mount->copy)
		return true;
	return tree_apply_layer(target, fs, TREE_COPY, error) &&
	       (!(mount->attr_set & MOUNT_ATTR_RDONLY) ||
		mount_change(fs, false, MOUNT_ATTR_RDONLY, 0, 0, error));
}

static bool mount_one(Container *container, const PlanMount *asked, GError **error)
{
	const Plan *plan = container->plan;
	int root = container->root;
	auto_fd below = mount_open(root, asked->destination, MOUNT_FOLLOW, NULL);
	g_autofree char *data = tmpfs_data(asked, below);
	PlanMount mount = *asked;
	bool no_links = false, directory = true;
	auto_fd fd = -1, target = -1;
	size_t i = 0;

	mount.data = data;
	mount.copy = mount.copy && below >= 0; /* what is not there yet has nothing to give */
	while (i < G_N_ELEMENTS(types) && strcmp(types[i].type, mount.type) != 0)
		i++;
	if (i < G_N_ELEMENTS(types))
		no_links = types[i].no_links;
	if (strcmp(mount.type, "bind") == 0)
		directory = mount.source_is_dir;
	fd = mount.idmap	       ? mounts_shift_take(container, error)
	     : i < G_N_ELEMENTS(types) ? types[i].make(plan, &mount, error)
				       : new_plain(plan, &mount, error);
	if (fd < 0)
		return false;
	target = mount_open_target(root, mount.destination, directory,
				   how_to_resolve(&mount, no_links), error);
	return target >= 0 && copy_up(fd, target, &mount, error) &&
	       mount_attach(fd, target, mount.destination, error);
}

bool mounts_child(Container *container, GError **error)
{
	const GArray *mounts = container->plan->mounts;

	for (guint i = 0; i < mounts->len; i++) {
		const PlanMount *mount = &g_array_index(mounts, PlanMount, i);

		if (mount_one(container, mount, error))
			continue;
		error_prefix(error, "'%s': ", mount->destination);
		return false;
	}
	return true;
}
