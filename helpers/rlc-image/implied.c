/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/implied.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "rlc-image/blob.h"

#define DEPTH_MAX  4096
#define OWNER_ATTR "user.rlc.owner"

typedef struct {
	GArray *lower; /* of int: the roots of the layers below, nearest first */
} Implied;

static int open_layer(const Store *store, const char *diff_id)
{
	g_autofree char *layer = blob_layer_path(diff_id);
	g_autofree char *diff = g_strconcat(layer, "/diff", NULL);

	return openat(store->dir, diff, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* What the mark of a directory says; 0 where there is none. */
static char read_mark(int dir)
{
	char mark = '\0';

	return fgetxattr(dir, IMPLIED_ATTR, &mark, 1) == 1 ? mark : '\0';
}

/* Another pull may adopt the same layer meanwhile, and be first. */
static bool remove_mark(int dir, const char *path, GError **error)
{
	return fremovexattr(dir, IMPLIED_ATTR) == 0 || errno == ENODATA ||
	       error_errno(error, errno, "remove the mark of '%s'", path);
}

/* The directory of this path in a layer, no link followed; -1 where it is none. */
static int open_below(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
}

static bool copy_attributes(int from, int to, const char *path, GError **error)
{
	char owner[64];
	ssize_t length = fgetxattr(from, OWNER_ATTR, owner, sizeof owner);
	struct stat st;

	if (fstat(from, &st) < 0 || fchown(to, st.st_uid, st.st_gid) < 0 ||
	    (length > 0 && fsetxattr(to, OWNER_ATTR, owner, (size_t)length, 0) < 0) ||
	    fchmod(to, st.st_mode & 07777) < 0 ||
	    futimens(to, (struct timespec[]){st.st_atim, st.st_mtim}) < 0)
		return error_errno(error, errno, "give '%s' the attributes of the layer below",
				   path);
	return true;
}

static bool adopt(const Implied *implied, int dir, const char *path, GError **error)
{
	for (guint i = 0; i < implied->lower->len; i++) {
		auto_fd from = open_below(g_array_index(implied->lower, int, i), path);

		if (from >= 0)
			return copy_attributes(from, dir, path, error);
	}
	return true;
}

/* An implied directory lies in directories that are implied too, or in ones that are not. */
static bool walk(const Implied *implied, int dir, const char *path, int depth, GError **error)
{
	DIR *listing = depth < DEPTH_MAX ? fd_list(dir) : NULL;
	struct dirent *entry;
	bool ok = true;

	if (!listing)
		return error_errno(error, errno, "list '%s'", path);
	while (ok && (entry = readdir(listing))) {
		g_autofree char *below = NULL;
		auto_fd child = -1;

		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		below = *path ? g_strconcat(path, "/", entry->d_name, NULL)
			      : g_strdup(entry->d_name);
		child = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		ok = child >= 0 ? walk(implied, child, below, depth + 1, error)
				: error_errno(error, errno, "open '%s'", below);
		if (ok && read_mark(child))
			ok = adopt(implied, child, below, error) &&
			     remove_mark(child, below, error);
	}
	closedir(listing);
	return ok;
}

static void close_root(gpointer root)
{
	fd_close(root);
}

static bool adopt_layer(const Store *store, const StoreImage *image, guint index, GError **error)
{
	auto_fd root = open_layer(store, g_ptr_array_index(image->layers, index));
	Implied implied;
	char mark;
	bool ok;

	if (root < 0)
		return error_errno(error, errno, "open a layer");
	mark = read_mark(root);
	if (!mark)
		return true;
	implied.lower = g_array_new(FALSE, FALSE, sizeof(int));
	g_array_set_clear_func(implied.lower, close_root);
	for (guint i = index; i > 0; i--) {
		int below = open_layer(store, g_ptr_array_index(image->layers, i - 1));

		if (below >= 0)
			g_array_append_val(implied.lower, below);
	}
	ok = mark == *IMPLIED_ROOT || walk(&implied, root, "", 0, error);
	/* last, for it says that there is work to do */
	ok = ok && (mark == *IMPLIED_TREE_BUT_ROOT || adopt(&implied, root, "", error)) &&
	     remove_mark(root, "/", error);
	g_array_unref(implied.lower);
	return ok;
}

bool implied_adopt(const Store *store, const StoreImage *image, GError **error)
{
	for (guint i = 0; i < image->layers->len; i++) {
		if (!adopt_layer(store, image, i, error))
			return false;
	}
	return true;
}
