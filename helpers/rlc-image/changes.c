/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define DEPTH_MAX 512 /* descriptors are held all the way down */

typedef struct {
	GPtrArray *changes;
	bool owners;
	unsigned depth;
} Find;

/* What the layers have under one name. */
typedef struct {
	bool found;
	struct stat st;
	GArray *dirs; /* of int: where it is a directory, in each layer that adds to it */
} Below;

static void dir_close(void *element)
{
	fd_close(element);
}

static GArray *dirs_new(void)
{
	GArray *dirs = g_array_new(FALSE, FALSE, sizeof(int));

	g_array_set_clear_func(dirs, dir_close);
	return dirs;
}

static void below_clear(Below *below)
{
	g_clear_pointer(&below->dirs, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Below, below_clear)

static void change_free(gpointer data)
{
	Change *change = data;

	g_free(change->path);
	g_free(change);
}

static void add(Find *find, char kind, const char *path)
{
	Change *change = g_new(Change, 1);

	*change = (Change){kind, g_strdup(path)};
	g_ptr_array_add(find->changes, change);
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static bool is_opaque(int dir)
{
	char value = '\0';

	return fgetxattr(dir, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The topmost layer that has the name decides what it is; directories of more layers are one. */
static Below look_below(const GArray *lowers, const char *name)
{
	Below below = {.dirs = dirs_new()};

	for (guint i = 0; i < lowers->len; i++) {
		int lower = g_array_index(lowers, int, i), dir;
		struct stat st;

		if (fstatat(lower, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (is_whiteout(&st) || (below.found && !S_ISDIR(st.st_mode)))
			break;
		if (!below.found)
			below.st = st;
		below.found = true;
		if (!S_ISDIR(st.st_mode))
			break;
		dir = open_dir(lower, name);
		if (dir < 0)
			break;
		g_array_append_val(below.dirs, dir);
		if (is_opaque(dir))
			break;
	}
	return below;
}

static const char *const mount_points[] = {
	"proc", "sys", "dev", "etc/hosts", "etc/hostname", "etc/resolv.conf",
};

static bool is_empty_dir(int at, const char *name)
{
	auto_fd dir = open_dir(at, name);
	DIR *list = dir >= 0 ? fd_list(dir) : NULL;
	unsigned entries = 0;

	while (list && entries < 3 && readdir(list))
		entries++;
	if (list)
		closedir(list);
	return list && entries == 2;
}

bool changes_is_mount_point(int dir, const char *name, const char *path, const struct stat *st)
{
	for (size_t i = 0; i < G_N_ELEMENTS(mount_points); i++) {
		if (strcmp(mount_points[i], path + strspn(path, "/")) == 0)
			return S_ISREG(st->st_mode)
				       ? st->st_size == 0
				       : S_ISDIR(st->st_mode) && is_empty_dir(dir, name);
	}
	return false;
}

static GPtrArray *list_names(int dir, GError **error)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	DIR *list = fd_list(dir);
	struct dirent *entry;

	if (!list) {
		error_errno(error, errno, "list a directory");
		g_ptr_array_unref(names);
		return NULL;
	}
	while ((entry = readdir(list))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	}
	closedir(list);
	return names;
}

static bool walk(Find *find, int upper, const GArray *lowers, const char *path, GError **error);

/* An opaque directory took the place of those below: what it lacks is gone. */
static bool add_hidden(Find *find, int upper, const GArray *lowers, const char *path,
		       GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < lowers->len; i++) {
		g_autoptr(GPtrArray) names = list_names(g_array_index(lowers, int, i), error);

		if (!names)
			return false;
		for (guint n = 0; n < names->len; n++) {
			const char *name = g_ptr_array_index(names, n);
			g_autofree char *full = g_strconcat(path, "/", name, NULL);
			g_auto(Below) below = {0};
			struct stat st;

			if (!g_hash_table_add(seen, g_strdup(name)) ||
			    fstatat(upper, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
				continue;
			below = look_below(lowers, name);
			if (below.found)
				add(find, 'D', full);
		}
	}
	return true;
}

static bool differs(const Find *find, const struct stat *a, const struct stat *b)
{
	return a->st_mode != b->st_mode ||
	       (find->owners && (a->st_uid != b->st_uid || a->st_gid != b->st_gid));
}

static bool take_dir(Find *find, int upper, const char *name, const char *path,
		     const struct stat *st, const Below *below, GError **error)
{
	bool both = below->found && S_ISDIR(below->st.st_mode);
	g_autoptr(GArray) none = dirs_new();
	auto_fd dir = open_dir(upper, name);
	guint before = find->changes->len;

	if (dir < 0)
		return error_errno(error, errno, "open '%s'", path);
	if (!walk(find, dir, both ? below->dirs : none, path, error) ||
	    (both && is_opaque(dir) && !add_hidden(find, dir, below->dirs, path, error)))
		return false;
	if (!below->found)
		add(find, 'A', path);
	else if (!both || differs(find, st, &below->st) || find->changes->len > before)
		add(find, 'C', path);
	return true;
}

static bool take_entry(Find *find, int upper, const GArray *lowers, const char *name,
		       const char *path, GError **error)
{
	g_auto(Below) below = look_below(lowers, name);
	struct stat st;

	if (fstatat(upper, name, &st, AT_SYMLINK_NOFOLLOW) < 0) /* it runs, and removed it */
		return errno == ENOENT || error_errno(error, errno, "stat '%s'", path);
	if (!below.found && changes_is_mount_point(upper, name, path, &st))
		return true;
	if (S_ISDIR(st.st_mode))
		return take_dir(find, upper, name, path, &st, &below, error);
	if (!is_whiteout(&st))
		add(find, below.found ? 'C' : 'A', path);
	else if (below.found)
		add(find, 'D', path);
	return true;
}

static bool walk(Find *find, int upper, const GArray *lowers, const char *path, GError **error)
{
	g_autoptr(GPtrArray) names = NULL;
	bool ok = true;

	if (++find->depth > DEPTH_MAX)
		return error_errno(error, ELOOP, "list '%s'", path);
	names = list_names(upper, error);
	for (guint i = 0; names && ok && i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *full = g_strconcat(path, "/", name, NULL);

		ok = take_entry(find, upper, lowers, name, full, error);
	}
	find->depth--;
	return names && ok;
}

static gint compare(gconstpointer a, gconstpointer b)
{
	const Change *const *first = a, *const *second = b;

	return strcmp((*first)->path, (*second)->path);
}

GPtrArray *changes_find(int upper, const GArray *lowers, bool owners, GError **error)
{
	Find find = {.owners = owners};

	find.changes = g_ptr_array_new_with_free_func(change_free);
	if (!walk(&find, upper, lowers, "", error)) {
		g_ptr_array_unref(find.changes);
		return NULL;
	}
	g_ptr_array_sort(find.changes, compare);
	return find.changes;
}
