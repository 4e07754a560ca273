/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/trees.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/overlay.h"
#include "image/builtin.h"
#include "kernel/mount.h"
#include "rlc-image/changes.h"
#include "rlc-image/save.h"

#define BUILTIN "builtin:busybox"

static void dir_close(void *element)
{
	fd_close(element);
}

static int open_dir(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		error_errno(error, errno, "open '%s'", path);
	return fd;
}

static int open_builtin(GError **error)
{
	auto_fd mount = mount_new("tmpfs", "mode=0755", 0, error);
	auto_fd dir = -1;
	mode_t before;
	bool filled;

	/* an overlay takes attached mounts only */
	if (mount < 0 || !mount_stack(mount, error))
		return -1;
	dir = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		error_errno(error, errno, "open the built-in image");
	before = umask(0);
	filled = dir >= 0 && builtin_fill(dir, error);
	umask(before);
	return filled ? fd_steal(&dir) : -1;
}

static GArray *open_lowers(char *const *lowers, GError **error)
{
	g_autoptr(GArray) dirs = g_array_new(FALSE, FALSE, sizeof(int));

	g_array_set_clear_func(dirs, dir_close);
	for (; lowers && *lowers; lowers++) {
		int dir = strcmp(*lowers, BUILTIN) == 0 ? open_builtin(error)
							: open_dir(*lowers, error);

		if (dir < 0)
			return NULL;
		g_array_append_val(dirs, dir);
	}
	return g_steal_pointer(&dirs);
}

bool trees_print_changes(const char *upper, char *const *lowers, bool owners, GError **error)
{
	g_autoptr(GArray) below = open_lowers(lowers, error);
	auto_fd dir = below ? open_dir(upper, error) : -1;
	g_autoptr(GPtrArray) changes = dir >= 0 ? changes_find(dir, below, owners, error) : NULL;

	for (guint i = 0; changes && i < changes->len; i++) {
		const Change *change = g_ptr_array_index(changes, i);

		printf("%c%s", change->kind, change->path);
		putchar('\0');
	}
	return changes != NULL;
}

/* What a container that is started on them would see. */
static int merge(const char *dir, char *const *lowers, GError **error)
{
	g_autoptr(GArray) dirs = open_lowers(lowers, error);
	OverlayUpper upper = OVERLAY_TMPFS;
	int top, root;

	if (!dirs)
		return -1;
	top = open_dir(dir, error);
	if (top < 0)
		return -1;
	g_array_prepend_val(dirs, top);
	root = overlay_stack_dirs(dirs, &upper, error);
	fd_close(&upper.opened);
	return root;
}

bool trees_pack(const char *dir, char *const *lowers, TreeForm form, GError **error)
{
	auto_fd root = lowers ? merge(dir, lowers, error) : open_dir(dir, error);
	auto_fd readable = -1;

	if (root < 0)
		return false;
	readable = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (readable < 0)
		return error_errno(error, errno, "open '%s'", dir);
	return save_tree(readable, STDOUT_FILENO, form, dir, error);
}
