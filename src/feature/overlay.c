/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * The usual case is one overlay: lower is the directory, upper and work are directories of a fresh
 * tmpfs (the stage), which is attached on "/" first, since the kernel takes upper directories only
 * from mounts that are attached.
 *
 * The kernel refuses a lower directory under which other file systems are mounted when those mounts
 * came from the host (it would reveal what they cover: has_locked_children() in fs/namespace.c).
 * That is so for "/", always.  Then the directory is split: the new root is a tmpfs directory, each
 * entry that has no mount below it gets an overlay of its own, links are made again, files are
 * bound read-only, and directories with mounts below are split in their turn, a few levels deep.
 * Where even that is refused (a file system that overlays cannot lie on), the directory stays
 * empty.
 */
#include "feature/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "kernel/mount.h"

#define OVERLAY_SPLIT_DEPTH 3
#define MOUNTINFO_MAX	    (16 << 20)

typedef struct {
	int stage;	   /* the tmpfs that holds upper and work directories */
	unsigned count;	   /* of overlays, for the names of their directories */
	GPtrArray *mounts; /* of char *: the host's mount points */
} Overlay;

/* The fifth field of each line of mountinfo is the mount point, with blanks as octal escapes. */
static GPtrArray *overlay_host_mounts(GError **error)
{
	g_autofree char *text =
		fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, error);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
	GPtrArray *mounts;

	if (!text)
		return NULL;
	mounts = g_ptr_array_new_with_free_func(g_free);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, " ", 6);

		if (g_strv_length(fields) == 6)
			g_ptr_array_add(mounts, g_strcompress(fields[4]));
	}
	return mounts;
}

/* Is anything mounted strictly below this directory? */
static bool overlay_has_mounts_below(const Overlay *overlay, const char *path)
{
	size_t length = strcmp(path, "/") == 0 ? 0 : strlen(path);

	for (guint i = 0; i < overlay->mounts->len; i++) {
		const char *mount = g_ptr_array_index(overlay->mounts, i);

		if (strncmp(mount, path, length) == 0 && mount[length] == '/' && mount[length + 1])
			return true;
	}
	return false;
}

/* A directory for the stage, with mode and, where the id map allows, owner of another. */
static int overlay_make_dir(int stage, const char *name, const struct stat *like)
{
	int fd;

	if (mkdirat(stage, name, 0700) < 0)
		return -1;
	fd = openat(stage, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fchown(fd, like->st_uid, like->st_gid) < 0)
		log_debug("overlay: the owner of '%s' has no id inside", name);
	if (fchmod(fd, like->st_mode & 07777) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* One overlay over the directory that lower refers to. Detached mount or -1. */
static int overlay_new(Overlay *overlay, int lower, const char *path, GError **error)
{
	g_autofree char *upper_name = g_strdup_printf("upper%u", overlay->count);
	g_autofree char *work_name = g_strdup_printf("work%u", overlay->count++);
	g_autofree char *options = NULL;
	auto_fd upper = -1, work = -1;
	struct stat st;
	int mount;

	if (fstat(lower, &st) < 0) {
		error_errno(error, errno, "stat '%s'", path);
		return -1;
	}
	upper = overlay_make_dir(overlay->stage, upper_name, &st);
	work = overlay_make_dir(overlay->stage, work_name, &st);
	if (upper < 0 || work < 0) {
		error_errno(error, errno, "make the upper directory for '%s'", path);
		return -1;
	}
	/* by descriptor: no path is looked up twice, and no character of it needs escaping */
	options = g_strdup_printf("lowerdir=/proc/self/fd/%d,upperdir=/proc/self/fd/%d,"
				  "workdir=/proc/self/fd/%d,userxattr",
				  lower, upper, work);
	mount = mount_new("overlay", options, MOUNT_ATTR_NODEV, error);
	if (mount < 0)
		g_prefix_error(error, "lay an overlay over '%s': ", path);
	return mount;
}

static void overlay_split(Overlay *overlay, int parent, const char *path, int target, int depth);

/* Will steps that follow mount on this entry of the root? */
static bool overlay_is_mount_point(const char *name)
{
	return strcmp(name, "dev") == 0 || strcmp(name, "proc") == 0 || strcmp(name, "sys") == 0;
}

/* An overlay for one directory entry; whatever the kernel refuses leaves it empty. */
static void overlay_directory(Overlay *overlay, int lower, const char *path, int target, int depth)
{
	g_autoptr(GError) refused = NULL;
	auto_fd mount = -1;

	if (overlay_has_mounts_below(overlay, path)) {
		if (depth < OVERLAY_SPLIT_DEPTH)
			overlay_split(overlay, lower, path, target, depth + 1);
		return;
	}
	mount = overlay_new(overlay, lower, path, &refused);
	if (mount < 0 || !mount_attach(mount, target, path, &refused))
		log_debug("overlay: '%s' stays empty: %s", path, refused->message);
}

static void overlay_file(int parent, const char *name, int root, const char *path)
{
	g_autoptr(GError) refused = NULL;
	auto_fd file = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	auto_fd mount = mount_clone(parent, name, false, &refused);

	if (file < 0 || mount < 0 ||
	    !mount_change(mount, false, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, 0, 0, &refused) ||
	    !mount_attach(mount, file, path, &refused))
		log_debug("overlay: '%s' is left out", path);
}

static void overlay_link(int parent, const char *name, int root)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(parent, name, target, sizeof target - 1);

	if (n < 0)
		return;
	target[n] = '\0';
	if (symlinkat(target, root, name) < 0)
		log_debug("overlay: the link '%s' is left out", name);
}

/* The same file system tree as parent, entry by entry, in the empty directory target. */
static void overlay_split(Overlay *overlay, int parent, const char *path, int target, int depth)
{
	DIR *dir = fd_list(parent);
	struct dirent *entry;

	if (!dir) {
		log_debug("overlay: '%s' cannot be read and stays empty", path);
		return;
	}
	while ((entry = readdir(dir))) {
		g_autofree char *full = g_build_filename(path, entry->d_name, NULL);
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(parent, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			auto_fd made = overlay_make_dir(target, entry->d_name, &st);
			auto_fd lower = openat(parent, entry->d_name,
					       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (depth == 0 && overlay_is_mount_point(entry->d_name))
				continue;
			if (made >= 0 && lower >= 0)
				overlay_directory(overlay, lower, full, made, depth);
		} else if (S_ISLNK(st.st_mode)) {
			overlay_link(parent, entry->d_name, target);
		} else if (S_ISREG(st.st_mode)) {
			overlay_file(parent, entry->d_name, target, full);
		}
	}
	closedir(dir);
}

/* A tmpfs attached on top of "/". */
static int overlay_stage(const char *mode, GError **error)
{
	auto_fd mount = mount_new("tmpfs", mode, MOUNT_ATTR_NODEV, error);

	if (mount < 0 || !mount_stack(mount, error))
		return -1;
	return fd_steal(&mount);
}

static int overlay_attach_root(Overlay *overlay, int lower, const char *path, GError **error)
{
	auto_fd mount = -1;

	if (overlay_has_mounts_below(overlay, path)) {
		mount = overlay_stage("mode=0755", error);
		if (mount >= 0)
			overlay_split(overlay, lower, path, mount, 0);
		return fd_steal(&mount);
	}
	mount = overlay_new(overlay, lower, path, error);
	if (mount < 0 || !mount_stack(mount, error)) {
		hint_add(error, HINT_OVERLAY, path);
		return -1;
	}
	return fd_steal(&mount);
}

int overlay_stack(const char *path, GError **error)
{
	auto_fd lower = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (lower >= 0)
		return overlay_stack_on(lower, path, error);
	error_errno(error, errno, "open '%s'", path);
	return -1;
}

int overlay_stack_on(int lower, const char *path, GError **error)
{
	Overlay overlay = {.stage = -1};
	auto_fd stage = -1;
	int root = -1;

	overlay.mounts = overlay_host_mounts(error);
	if (!overlay.mounts)
		return -1;
	stage = overlay_stage("mode=0700", error);
	if (stage >= 0) {
		overlay.stage = stage;
		root = overlay_attach_root(&overlay, lower, path, error);
	}
	g_ptr_array_unref(overlay.mounts);
	return root;
}
