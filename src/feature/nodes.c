/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/mount.h"

static const struct {
	const char *path;
	unsigned major, minor; /* Documentation/admin-guide/devices.txt */
} defaults[] = {
	{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},	     {"ptmx", "pts/ptmx"},
};

/* of mknod(2) */
static mode_t type_of(const SpecDevice *node)
{
	return node->type == 'b' ? S_IFBLK : node->type == 'p' ? S_IFIFO : S_IFCHR;
}

static dev_t number_of(const SpecDevice *node)
{
	return makedev((unsigned)node->major, (unsigned)node->minor);
}

static bool bind_node(int parent, const char *name, const SpecDevice *node, GError **error)
{
	auto_fd source = open(node->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	auto_fd file = -1, target = -1, mount = -1;
	struct stat st;

	if (source < 0 || fstat(source, &st) < 0)
		return error_errno(error, errno, "open the host's '%s'", node->path);
	if ((st.st_mode & S_IFMT) != type_of(node) || st.st_rdev != number_of(node))
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "bind '%s': on this host it is not device %d:%d", node->path,
				 (int)node->major, (int)node->minor);
	file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	target = file < 0 ? -1 : openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return error_errno(error, errno, "make '%s'", node->path);
	mount = mount_clone(source, "", false, error);
	return mount >= 0 && mount_attach(mount, target, node->path, error);
}

/* There already, from the root or from a mount of the caller's: then it has to be the same. */
static bool check_node(int parent, const char *name, const SpecDevice *node, GError **error)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(error, errno, "stat '%s'", node->path);
	if ((st.st_mode & S_IFMT) == type_of(node) &&
	    (type_of(node) == S_IFIFO || st.st_rdev == number_of(node)))
		return true;
	return error_set(error, RLC_ERROR_EXISTS,
			 "make device '%s': something else has that name in the rootfs",
			 node->path);
}

static bool make_node(int parent, const char *name, const SpecDevice *node, GError **error)
{
	mode_t mode = node->mode < 0 ? 0666 : (mode_t)node->mode & 07777;
	uid_t uid = node->uid < 0 ? 0 : (uid_t)node->uid;
	gid_t gid = node->gid < 0 ? 0 : (gid_t)node->gid;

	if (mknodat(parent, name, type_of(node) | mode, number_of(node)) < 0) {
		if (errno == EEXIST)
			return check_node(parent, name, node, error);
		if (errno == EPERM)
			return bind_node(parent, name, node, error);
		return error_errno(error, errno, "make device '%s'", node->path);
	}
	if ((uid || gid) && fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(error, errno, "give device '%s' to %u:%u", node->path, uid, gid);
	return true;
}

static bool place_node(int root, const SpecDevice *node, GError **error)
{
	g_autofree char *path = g_canonicalize_filename(node->path, "/");
	g_autofree char *above = g_path_get_dirname(path), *name = g_path_get_basename(path);
	auto_fd parent = mount_open_target(root, above, true, MOUNT_FOLLOW, error);

	return parent >= 0 && make_node(parent, name, node, error);
}

static bool place_default(int root, size_t i, GError **error)
{
	g_autofree char *path = g_strdup(defaults[i].path);
	const SpecDevice node = {.path = path,
				 .type = 'c',
				 .major = defaults[i].major,
				 .minor = defaults[i].minor,
				 .mode = 0666,
				 .uid = 0};

	return place_node(root, &node, error);
}

static bool make_links(int root, GError **error)
{
	auto_fd dev = mount_open_target(root, "/dev", true, MOUNT_NO_SYMLINKS, error);

	if (dev < 0)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
		if (strcmp(links[i].name, "ptmx") == 0)
			unlinkat(dev, "ptmx", 0); /* a node there would be the host's */
		if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST)
			return error_errno(error, errno, "make '/dev/%s'", links[i].name);
	}
	return true;
}

/* What the pty is bound on. */
static bool make_console(int root, GError **error)
{
	auto_fd target = mount_open_target(root, "/dev/console", false, MOUNT_FOLLOW, error);

	return target >= 0;
}

static bool dev_is_bound(const Plan *plan)
{
	for (guint i = 0; i < plan->mounts->len; i++) {
		const PlanMount *mount = &g_array_index(plan->mounts, PlanMount, i);

		if (strcmp(mount->destination, "/dev") == 0 && strcmp(mount->type, "bind") == 0)
			return true;
	}
	return false;
}

/* One that is asked for by the same path stands in place of a default one. */
static bool is_asked_for(const GArray *nodes, const char *path)
{
	for (guint i = 0; i < nodes->len; i++) {
		if (strcmp(g_array_index(nodes, SpecDevice, i).path, path) == 0)
			return true;
	}
	return false;
}

bool nodes_child(Container *container, GError **error)
{
	const GArray *nodes = container->plan->spec->linux_.devices;
	int root = container->root;

	if (dev_is_bound(container->plan))
		return true;
	for (guint i = 0; i < nodes->len; i++) {
		if (!place_node(root, &g_array_index(nodes, SpecDevice, i), error))
			return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
		if (!is_asked_for(nodes, defaults[i].path) && !place_default(root, i, error))
			return false;
	}
	return make_links(root, error) &&
	       (!container->plan->tty.terminal || make_console(root, error));
}
