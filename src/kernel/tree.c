/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "kernel/selinux.h"

#define DEPTH_MAX     512 /* descriptors are held all the way down */
#define REMOVE_DEPTH  128
#define XATTR_MAX     65536
#define OPAQUE	      "user.overlay.opaque"
#define OVERLAY_XATTR "user.overlay."

typedef struct {
	TreeHow how;
	int target;	    /* the whole tree */
	GHashTable *copied; /* "DEV:INO" to path, of files with several links */
	unsigned depth;
} Apply;

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int open_dir(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* ------------------------------------------------------------------------------------- remove */

typedef struct {
	int top;
	unsigned brought; /* how many directories were brought up to it */
} Remove;

static bool remove_below(Remove *remove, int dirfd, unsigned depth, GError **error);

/* A tree may be deeper than there are descriptors: what lies too deep is removed from further up.
 */
static bool bring_up(Remove *remove, int dirfd, const char *name, GError **error)
{
	for (;;) {
		g_autofree char *to = g_strdup_printf("%u", remove->brought++);

		if (renameat(dirfd, name, remove->top, to) == 0)
			return true;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			return error_errno(error, errno, "bring up '%s', to remove it", name);
	}
}

static bool remove_entry(Remove *remove, int dirfd, const char *name, unsigned depth,
			 GError **error)
{
	auto_fd dir = -1;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return error_errno(error, errno, "remove '%s'", name);
	if (depth >= REMOVE_DEPTH)
		return bring_up(remove, dirfd, name, error);
	dir = open_dir(dirfd, name);
	if (dir < 0)
		return error_errno(error, errno, "open '%s', to remove it", name);
	if (!remove_below(remove, dir, depth, error))
		return false;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_errno(error, errno, "remove directory '%s'", name);
	return true;
}

static bool remove_below(Remove *remove, int dirfd, unsigned depth, GError **error)
{
	DIR *dir = fd_list(dirfd);
	struct dirent *entry;
	bool ok = true;

	if (!dir)
		return error_errno(error, errno, "list a directory");
	while (ok && (entry = readdir(dir))) {
		if (!is_dots(entry->d_name))
			ok = remove_entry(remove, dirfd, entry->d_name, depth + 1, error);
	}
	closedir(dir);
	return ok;
}

bool tree_remove(int dirfd, const char *name, GError **error)
{
	Remove remove = {0};
	auto_fd top = -1;
	unsigned before;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return error_errno(error, errno, "remove '%s'", name);
	remove.top = top = open_dir(dirfd, name);
	if (top < 0)
		return error_errno(error, errno, "open '%s', to remove it", name);
	do {
		before = remove.brought;
		if (!remove_below(&remove, top, 0, error))
			return false;
		if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return true;
	} while (errno == ENOTEMPTY && remove.brought > before);
	return error_errno(error, errno, "remove directory '%s'", name);
}

/* ------------------------------------------------------------------------- owners and labels */

typedef struct Change Change;

/* What is done to each file. name "" is dirfd itself. */
struct Change {
	bool (*one)(int dirfd, const char *name, const struct stat *st, const Change *change,
		    GError **error);
	dev_t device; /* what is on another is left alone */
	uid_t uid;
	gid_t gid;
	const char *label;
};

static bool change_owner(int dirfd, const char *name, const struct stat *st, const Change *change,
			 GError **error)
{
	int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);

	return (st->st_uid == change->uid && st->st_gid == change->gid) ||
	       fchownat(dirfd, name, change->uid, change->gid, flags) == 0 || errno == ENOENT ||
	       error_errno(error, errno, "change the owner of '%s' (uid %u, gid %u)",
			   *name ? name : "it", st->st_uid, st->st_gid);
}

static bool change_label(int dirfd, const char *name, const struct stat *st, const Change *change,
			 GError **error)
{
	auto_fd fd = *name ? openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1;

	(void)st;
	return (*name && fd < 0 && errno == ENOENT) ||
	       selinux_label_file(*name ? fd : dirfd, change->label) ||
	       error_errno(error, errno, "give '%s' the label '%s'", *name ? name : "it",
			   change->label);
}

static bool change_entry(int dirfd, const char *name, const Change *change, unsigned depth,
			 GError **error)
{
	int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);
	auto_fd dir = -1;
	struct dirent *entry;
	struct stat st;
	DIR *list;
	bool ok = true;

	if (fstatat(dirfd, name, &st, flags) < 0)
		return errno == ENOENT || error_errno(error, errno, "stat '%s'", name);
	if (st.st_dev != change->device)
		return true;
	if (!change->one(dirfd, name, &st, change, error))
		return false;
	if (!S_ISDIR(st.st_mode))
		return true;
	dir = open_dir(dirfd, *name ? name : ".");
	list = dir >= 0 && depth < DEPTH_MAX ? fd_list(dir) : NULL;
	if (!list)
		return error_errno(error, depth < DEPTH_MAX ? errno : ELOOP, "list '%s'", name);
	while (ok && (entry = readdir(list))) {
		if (!is_dots(entry->d_name))
			ok = change_entry(dir, entry->d_name, change, depth + 1, error);
	}
	closedir(list);
	return ok;
}

static bool change_tree(int fd, Change *change, GError **error)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(error, errno, "stat a directory");
	change->device = st.st_dev;
	return change_entry(fd, "", change, 0, error);
}

bool tree_chown(int fd, uid_t uid, gid_t gid, GError **error)
{
	return change_tree(fd, &(Change){.one = change_owner, .uid = uid, .gid = gid}, error);
}

bool tree_label(int fd, const char *label, GError **error)
{
	return change_tree(fd, &(Change){.one = change_label, .label = label}, error);
}

/* ----------------------------------------------------------------------------- what files have */

/* By path, since a link cannot be opened: dirfd/name without following name. */
static char *link_path(int dirfd, const char *name)
{
	return g_strdup_printf("/proc/self/fd/%d/%s", dirfd, name);
}

static bool copy_xattr(const char *from, const char *to, const char *attribute, GError **error)
{
	g_autofree char *value = g_malloc(XATTR_MAX);
	ssize_t length = lgetxattr(from, attribute, value, XATTR_MAX);

	if (length < 0)
		return error_errno(error, errno, "read attribute '%s'", attribute);
	if (lsetxattr(to, attribute, value, (size_t)length, 0) < 0) {
		/* memory has no room for user attributes before Linux 6.6, nor for some others */
		log_debug("tree: attribute '%s' is left out: %s", attribute, g_strerror(errno));
	}
	return true;
}

static bool copy_xattrs(const char *from, const char *to, TreeHow how, GError **error)
{
	g_autofree char *names = g_malloc(XATTR_MAX);
	ssize_t length = llistxattr(from, names, XATTR_MAX);

	if (length < 0)
		return errno == ENOTSUP || error_errno(error, errno, "list attributes");
	for (const char *name = names; name < names + length; name += strlen(name) + 1) {
		if ((how == TREE_SAME || !g_str_has_prefix(name, OVERLAY_XATTR)) &&
		    !copy_xattr(from, to, name, error))
			return false;
	}
	return true;
}

/* Owner, mode, attributes and times, in the order in which none undoes another. */
static bool copy_attributes(int from_dir, int to_dir, const char *name, const struct stat *st,
			    TreeHow how, GError **error)
{
	g_autofree char *from = link_path(from_dir, name), *to = link_path(to_dir, name);
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(error, errno, "give '%s' to uid %u, gid %u", name, st->st_uid,
				   st->st_gid);
	if (!S_ISLNK(st->st_mode) && fchmodat(to_dir, name, st->st_mode & 07777, 0) < 0)
		return error_errno(error, errno, "change the mode of '%s'", name);
	if (!copy_xattrs(from, to, how, error)) {
		error_prefix(error, "copy '%s': ", name);
		return false;
	}
	if (utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(error, errno, "set the times of '%s'", name);
	return true;
}

/* --------------------------------------------------------------------------------- plain files */

static bool copy_contents(int from_dir, int to_dir, const char *name, GError **error)
{
	auto_fd from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd to =
		openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	g_autofree char *buffer = g_malloc(1 << 16);

	if (from < 0 || to < 0)
		return error_errno(error, errno, "copy '%s'", name);
	if (ioctl(to, FICLONE, from) == 0) /* the same blocks, where the file system can share */
		return true;
	for (;;) {
		ssize_t n = TEMP_FAILURE_RETRY(read(from, buffer, 1 << 16));

		if (n == 0)
			return true;
		if (n < 0 || !fd_write_all(to, buffer, (size_t)n))
			return error_errno(error, errno, "copy '%s'", name);
	}
}

static bool copy_symlink(int from_dir, int to_dir, const char *name, GError **error)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, text, sizeof text - 1);

	if (n < 0)
		return error_errno(error, errno, "read link '%s'", name);
	text[n] = '\0';
	if (symlinkat(text, to_dir, name) < 0)
		return error_errno(error, errno, "make link '%s'", name);
	return true;
}

/* A second name of what was copied already? */
static bool copy_as_link(Apply *apply, int to_dir, const char *name, const char *path,
			 const struct stat *st, bool *ret_done, GError **error)
{
	g_autofree char *key =
		g_strdup_printf("%ju:%ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
	const char *first = g_hash_table_lookup(apply->copied, key);

	*ret_done = first != NULL;
	if (!first) {
		g_hash_table_insert(apply->copied, g_steal_pointer(&key), g_strdup(path));
		return true;
	}
	if (linkat(apply->target, first, to_dir, name, 0) < 0)
		return error_errno(error, errno, "link '%s' to '%s'", path, first);
	return true;
}

static bool copy_file(Apply *apply, int from_dir, int to_dir, const char *name, const char *path,
		      const struct stat *st, GError **error)
{
	bool done = false, ok;

	if (st->st_nlink > 1 && !copy_as_link(apply, to_dir, name, path, st, &done, error))
		return false;
	if (done)
		return true;
	if (S_ISREG(st->st_mode)) {
		ok = copy_contents(from_dir, to_dir, name, error);
	} else if (S_ISLNK(st->st_mode)) {
		ok = copy_symlink(from_dir, to_dir, name, error);
	} else if (S_ISFIFO(st->st_mode)) {
		ok = mkfifoat(to_dir, name, 0600) == 0 ||
		     error_errno(error, errno, "make the pipe '%s'", path);
	} else {
		log_debug("tree: '%s' is left out: a socket or device node", path);
		return true;
	}
	return ok && copy_attributes(from_dir, to_dir, name, st, apply->how, error);
}

/* ----------------------------------------------------------------------------------- the layer */

static bool apply_dir(Apply *apply, int layer, int target, const char *path, GError **error);

static bool is_opaque(int dirfd)
{
	char value;

	return fgetxattr(dirfd, OPAQUE, &value, 1) == 1 && value == 'y';
}

/* A directory that is to be there, with what was in it unless the layer's is opaque. */
static bool make_dir(int layer_dir, int target, const char *name, const char *path, GError **error)
{
	struct stat st;
	bool stays = fstatat(target, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
		     !is_opaque(layer_dir);

	if (stays)
		return true;
	if (!tree_remove(target, name, error))
		return false;
	if (mkdirat(target, name, 0700) < 0)
		return error_errno(error, errno, "make directory '%s'", path);
	return true;
}

static bool apply_subdir(Apply *apply, int layer, int target, const char *name, const char *path,
			 const struct stat *st, GError **error)
{
	auto_fd from = open_dir(layer, name), to = -1;

	if (from < 0)
		return error_errno(error, errno, "open '%s'", path);
	if (!make_dir(from, target, name, path, error))
		return false;
	to = open_dir(target, name);
	if (to < 0)
		return error_errno(error, errno, "open '%s'", path);
	return apply_dir(apply, from, to, path, error) &&
	       copy_attributes(layer, target, name, st, apply->how, error);
}

static bool apply_entry(Apply *apply, int layer, int target, const char *name, const char *path,
			GError **error)
{
	struct stat st;

	if (fstatat(layer, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(error, errno, "stat '%s'", path);
	if (S_ISDIR(st.st_mode))
		return apply_subdir(apply, layer, target, name, path, &st, error);
	if (!tree_remove(target, name, error))
		return false;
	if (apply->how != TREE_SAME && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
		return true;
	if (apply->how == TREE_COPY)
		return copy_file(apply, layer, target, name, path, &st, error);
	if (linkat(layer, name, target, name, 0) < 0)
		return error_errno(error, errno, "link '%s'", path);
	return true;
}

static bool apply_dir(Apply *apply, int layer, int target, const char *path, GError **error)
{
	DIR *dir = apply->depth < DEPTH_MAX ? fd_list(layer) : NULL;
	struct dirent *entry;
	bool ok = true;

	if (!dir)
		return error_errno(error, apply->depth < DEPTH_MAX ? errno : ELOOP, "list '%s'",
				   path);
	apply->depth++;
	while (ok && (entry = readdir(dir))) {
		g_autofree char *below = g_strconcat(path, *path ? "/" : "", entry->d_name, NULL);

		if (!is_dots(entry->d_name))
			ok = apply_entry(apply, layer, target, entry->d_name, below, error);
	}
	apply->depth--;
	closedir(dir);
	return ok;
}

bool tree_apply_layer(int layer, int target, TreeHow how, GError **error)
{
	g_autoptr(GHashTable) copied =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	Apply apply = {.how = how, .target = target, .copied = copied};
	struct stat st;

	if (!apply_dir(&apply, layer, target, "", error))
		return false;
	if (fstat(layer, &st) < 0)
		return error_errno(error, errno, "stat a layer");
	return copy_attributes(layer, target, ".", &st, how, error);
}
