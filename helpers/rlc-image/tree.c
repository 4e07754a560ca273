/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/tree.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "rlc-image/changes.h"

#define BLOCK	   (256 << 10)
#define ATTR_MAX   (64 << 10)
#define OWNER_ATTR "user.rlc.owner"
#define DEPTH_MAX  2048

typedef struct archive_entry ArchiveEntry;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveEntry, archive_entry_free)

typedef struct {
	struct archive *archive;
	TreeForm form;
	uint64_t mount;	   /* TREE_ROOT: id of the mount that is written */
	GHashTable *links; /* "DEV:INO" → path of the first name */
} Tree;

bool tree_archive_failed(struct archive *archive, const char *what, GError **error)
{
	const char *text = archive_error_string(archive);
	int cause = archive_errno(archive);

	if (cause == ENOSPC || cause == EDQUOT || cause == EIO || cause == EPIPE)
		return error_errno(error, cause, "write '%s'", what);
	return error_set(error, RLC_ERROR_FAILED, "write '%s': %s", what,
			 text ? text : "the archive cannot be written");
}

static bool failed(GError **error, const char *verb, const char *path)
{
	return error_errno(error, errno, "%s '%s'", verb, path);
}

static bool write_header(const Tree *tree, ArchiveEntry *entry, const char *path, GError **error)
{
	return archive_write_header(tree->archive, entry) >= ARCHIVE_WARN ||
	       tree_archive_failed(tree->archive, path, error);
}

static void read_owner(ArchiveEntry *entry, const char *value)
{
	unsigned uid, gid;

	if (sscanf(value, "%u:%u", &uid, &gid) == 2) {
		archive_entry_set_uid(entry, uid);
		archive_entry_set_gid(entry, gid);
	}
}

/* path: /proc/self/fd/N of the file */
static void add_attribute(ArchiveEntry *entry, const char *path, const char *name)
{
	g_autofree char *value = g_malloc0(ATTR_MAX + 1);
	ssize_t length;

	if (g_str_has_prefix(name, "user.overlay.") || g_str_has_prefix(name, "trusted.overlay."))
		return;
	length = getxattr(path, name, value, ATTR_MAX);
	if (length < 0)
		return;
	if (strcmp(name, OWNER_ATTR) == 0)
		read_owner(entry, value);
	else if (!g_str_has_prefix(name, "user.rlc."))
		archive_entry_xattr_add_entry(entry, name, value, (size_t)length);
}

static void add_attributes(ArchiveEntry *entry, const char *path)
{
	g_autofree char *names = g_malloc(ATTR_MAX);
	ssize_t length = listxattr(path, names, ATTR_MAX);

	for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1)
		add_attribute(entry, path, name);
}

static bool write_data(const Tree *tree, int fd, uint64_t size, const char *path, GError **error)
{
	g_autofree char *block = g_malloc(BLOCK);

	while (size > 0) {
		ssize_t n = TEMP_FAILURE_RETRY(read(fd, block, (size_t)MIN(size, BLOCK)));

		if (n < 0)
			return failed(error, "read", path);
		if (n == 0) /* it became shorter: libarchive fills up with zeros */
			return true;
		if (archive_write_data(tree->archive, block, (size_t)n) < 0)
			return tree_archive_failed(tree->archive, path, error);
		size -= (uint64_t)n;
	}
	return true;
}

/* ".wh.NAME", empty, beside where NAME was. */
static bool write_marker(const Tree *tree, const char *parent, const char *name, GError **error)
{
	g_autofree char *path = g_strconcat(parent, *parent ? "/.wh." : ".wh.", name, NULL);
	g_autoptr(ArchiveEntry) entry = archive_entry_new();

	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_size(entry, 0);
	return write_header(tree, entry, path, error);
}

/* Is this another name of a file written already? */
static const char *known_link(Tree *tree, const struct stat *st, const char *path)
{
	g_autofree char *key = NULL;
	const char *first;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return NULL;
	key = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (uint64_t)st->st_dev,
			      (uint64_t)st->st_ino);
	first = g_hash_table_lookup(tree->links, key);
	if (!first)
		g_hash_table_insert(tree->links, g_steal_pointer(&key), g_strdup(path));
	return first;
}

static bool set_link(int dir, const char *name, ArchiveEntry *entry, const char *path,
		     GError **error)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof target - 1);

	if (n < 0)
		return failed(error, "read link", path);
	target[n] = '\0';
	archive_entry_set_symlink(entry, target);
	return true;
}

static bool write_entries(Tree *tree, int dir, const char *path, int depth, GError **error);

static bool is_opaque(int dir)
{
	char value = '\0';

	return fgetxattr(dir, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static bool write_node(Tree *tree, int dir, const char *name, const char *path,
		       const struct stat *st, int depth, GError **error)
{
	g_autoptr(ArchiveEntry) entry = archive_entry_new();
	const char *first = known_link(tree, st, path);
	g_autofree char *self = NULL;
	struct stat now;
	auto_fd fd = -1;

	archive_entry_copy_stat(entry, st);
	archive_entry_set_pathname(entry, *path ? path : "./");
	archive_entry_set_dev(entry, 0);
	archive_entry_set_ino(entry, 0);
	if (first) {
		archive_entry_set_hardlink(entry, first);
		archive_entry_set_size(entry, 0);
		return write_header(tree, entry, path, error);
	}
	if (S_ISLNK(st->st_mode))
		return set_link(dir, name, entry, path, error) &&
		       write_header(tree, entry, path, error);
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return write_header(tree, entry, path, error);
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || failed(error, "open", path);
	if (fstat(fd, &now) < 0 || (now.st_mode & S_IFMT) != (st->st_mode & S_IFMT))
		return true; /* it runs, and put something else there */
	self = g_strdup_printf("/proc/self/fd/%d", fd);
	add_attributes(entry, self);
	if (!write_header(tree, entry, path, error))
		return false;
	if (S_ISREG(st->st_mode))
		return write_data(tree, fd, (uint64_t)st->st_size, path, error);
	return (tree->form != TREE_LAYER || !is_opaque(fd) ||
		write_marker(tree, path, ".wh..opq", error)) &&
	       write_entries(tree, fd, path, depth + 1, error);
}

/* 0 where the kernel does not say: then all is of one mount. statx(2) */
static uint64_t mount_id(int dir, const char *name)
{
	struct statx stx;

	return statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &stx) == 0 &&
			       stx.stx_mask & STATX_MNT_ID
		       ? stx.stx_mnt_id
		       : 0;
}

/* What is mounted there is not the container's own: an empty directory or file stands for it. */
static bool write_mount_point(const Tree *tree, const char *path, const struct stat *st,
			      GError **error)
{
	g_autoptr(ArchiveEntry) entry = archive_entry_new();

	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, S_ISDIR(st->st_mode) ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(entry, S_ISDIR(st->st_mode) ? 0755 : 0644);
	archive_entry_set_mtime(entry, st->st_mtime, 0);
	archive_entry_set_size(entry, 0);
	return write_header(tree, entry, path, error);
}

static bool write_entry(Tree *tree, int dir, const char *parent, const char *name, int depth,
			GError **error)
{
	g_autofree char *path = *parent ? g_strconcat(parent, "/", name, NULL) : g_strdup(name);
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || failed(error, "stat", path); /* it runs */
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
		return tree->form != TREE_LAYER || write_marker(tree, parent, name, error);
	if (S_ISSOCK(st.st_mode) || S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return true;
	if (tree->form == TREE_LAYER && changes_is_mount_point(dir, name, path, &st))
		return true;
	if (tree->form == TREE_ROOT && mount_id(dir, name) != tree->mount)
		return write_mount_point(tree, path, &st, error);
	return write_node(tree, dir, name, path, &st, depth, error);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, so that the same tree makes the same archive. */
static bool write_entries(Tree *tree, int dir, const char *path, int depth, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	DIR *listing = depth < DEPTH_MAX ? fd_list(dir) : NULL;
	struct dirent *entry;
	bool ok = true;

	if (!listing)
		return failed(error, "list", path);
	while ((entry = readdir(listing))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	}
	closedir(listing);
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; ok && i < names->len; i++)
		ok = write_entry(tree, dir, path, g_ptr_array_index(names, i), depth, error);
	return ok;
}

bool tree_write(int dir, struct archive *archive, TreeForm form, GError **error)
{
	Tree tree = {.archive = archive, .form = form, .mount = mount_id(dir, ".")};
	struct stat st;
	bool ok;

	if (fstat(dir, &st) < 0)
		return failed(error, "stat", ".");
	tree.links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	ok = write_node(&tree, dir, ".", "", &st, 0, error);
	g_hash_table_unref(tree.links);
	return ok;
}
