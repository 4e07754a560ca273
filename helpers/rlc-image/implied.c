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
#include "image/digest.h"
#include "kernel/tree.h"
#include "rlc-image/blob.h"

#define DEPTH_MAX  512 /* as tree_apply_layer() */
#define OWNER_ATTR "user.rlc.owner"

typedef struct {
	int root;      /* of the layer */
	char mark;     /* on it: what it has that is implied; or 0 */
	GArray *lower; /* of int: the roots of the layers below, nearest first */
} Implied;

/* What the mark of a directory says; 0 where there is none. */
static char read_mark(int dir)
{
	char mark = '\0';

	return fgetxattr(dir, IMPLIED_ATTR, &mark, 1) == 1 ? mark : '\0';
}

static bool remove_mark(int dir, const char *path, GError **error)
{
	return fremovexattr(dir, IMPLIED_ATTR) == 0 ||
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

static bool has_same_owner(int dir, int other)
{
	char owner[64], wanted[64];
	ssize_t length = fgetxattr(dir, OWNER_ATTR, owner, sizeof owner);
	ssize_t wanted_length = fgetxattr(other, OWNER_ATTR, wanted, sizeof wanted);

	return length == wanted_length &&
	       (length <= 0 || memcmp(owner, wanted, (size_t)length) == 0);
}

/* A root is most often 0755 and root's, with or without an entry of its own. */
static bool is_as_below(const Implied *implied)
{
	int below = g_array_index(implied->lower, int, 0);
	struct stat st, wanted;

	return fstat(implied->root, &st) == 0 && fstat(below, &wanted) == 0 &&
	       st.st_mode == wanted.st_mode && st.st_uid == wanted.st_uid &&
	       st.st_gid == wanted.st_gid && has_same_owner(implied->root, below);
}

/* The layer again, by hard links, and its implied directories as they are below */
static bool fill(int target, const void *data, GError **error)
{
	const Implied *implied = data;

	return tree_apply_layer(implied->root, target, TREE_SAME, error) &&
	       (implied->mark == *IMPLIED_ROOT || walk(implied, target, "", 0, error)) &&
	       (implied->mark == *IMPLIED_TREE_BUT_ROOT || adopt(implied, target, "", error)) &&
	       remove_mark(target, "/", error);
}

/* Of what is to take a layer's place: it goes by the layers below, too. */
static char *name_tree(const StoreImage *image, guint index)
{
	g_autofree char *chain = store_image_chain_of(image, index + 1);
	g_autofree char *text = g_strconcat("implied ", chain, NULL);

	return digest_of(text, strlen(text));
}

static bool needs_tree(const Implied *implied)
{
	return implied->lower->len > 0 && (implied->mark != *IMPLIED_ROOT || !is_as_below(implied));
}

/* The layers below are among the trees already. Adds this one, or what takes its place. */
static bool adopt_layer(const Store *store, StoreImage *image, GError **error)
{
	guint index = image->trees->len;
	const char *layer = g_ptr_array_index(image->layers, index);
	auto_fd root = blob_open_layer(store, layer);
	g_autoptr(GArray) lower = g_array_new(FALSE, FALSE, sizeof(int));
	const Implied implied = {.root = root, .mark = read_mark(root), .lower = lower};
	g_autofree char *name = NULL;

	if (root < 0)
		return error_errno(error, errno, "open layer '%s'", layer);
	g_array_set_clear_func(lower, close_root);
	for (guint i = index; implied.mark && i > 0; i--) {
		int below = blob_open_layer(store, g_ptr_array_index(image->trees, i - 1));

		if (below >= 0)
			g_array_append_val(lower, below);
	}
	if (needs_tree(&implied)) {
		name = name_tree(image, index);
		if (!blob_build_layer(store, name, fill, &implied, error))
			return false;
	}
	store_list_add(image->trees, name ? name : layer);
	return true;
}

bool implied_adopt(const Store *store, StoreImage *image, GError **error)
{
	bool same = true;

	g_ptr_array_set_size(image->trees, 0);
	for (guint i = 0; i < image->layers->len; i++) {
		if (!adopt_layer(store, image, error))
			return false;
		same = same && strcmp(g_ptr_array_index(image->trees, i),
				      g_ptr_array_index(image->layers, i)) == 0;
	}
	if (same)
		g_ptr_array_set_size(image->trees, 0);
	return true;
}
