/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "image/store.h"

static char *kept_dir(void)
{
	g_autofree char *store = store_default_path();

	return g_build_filename(store, STORE_KEPT, NULL);
}

char *kept_path(const char *id)
{
	g_autofree char *dir = kept_dir();

	return g_build_filename(dir, id, NULL);
}

char *kept_target(int containers, const char *id)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(containers, id, target, sizeof target);

	return n > 0 && n < (ssize_t)sizeof target ? g_strndup(target, (gsize)n) : NULL;
}

bool kept_make(int containers, const char *id, GError **error)
{
	g_autofree char *dir = kept_dir(), *path = g_build_filename(dir, id, NULL);
	g_autoptr(Store) store = store_open(NULL, true, error);

	if (!store) {
		error_prefix(error, "keep the container on disk (--rm would not): ");
		return false;
	}
	if (mkdirat(store->dir, STORE_KEPT, 0700) < 0 && errno != EEXIST)
		return error_errno(error, errno,
				   "keep the container on disk (--rm would not): make '%s'", dir);
	if (symlinkat(path, containers, id) < 0)
		return error_errno(error, errno, "make a link to '%s'", path);
	if (mkdir(path, 0700) == 0)
		return true;
	error_errno(error, errno, "make '%s'", path);
	unlinkat(containers, id, 0);
	return false;
}

void kept_remove(int containers, const char *id)
{
	g_autofree char *path = kept_target(containers, id);

	if (path && (rmdir(path) == 0 || errno == ENOENT))
		unlinkat(containers, id, 0);
	else
		log_debug("state: remove %s: %s", id, g_strerror(errno));
}

bool kept_set_name(int containers, const char *id, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(id, KEPT_NAME, NULL);
	g_autofree char *target = kept_target(containers, id);
	auto_fd fd = -1;

	if (!target || !name)
		return true;
	fd = openat(containers, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return (fd >= 0 && fd_write_all(fd, name, strlen(name))) ||
	       error_errno(error, errno, "write the name of container %.12s", id);
}

/* The path of a layer's root is STORE/layers/HEX/diff. */
char *kept_layers(const Spec *spec)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!spec->rlc.keep || spec->root.kind != ROOT_LAYERS)
		return NULL;
	for (guint i = 0; i < spec->root.layers->len; i++) {
		g_autofree char *dir = g_path_get_dirname(g_ptr_array_index(spec->root.layers, i));
		g_autofree char *hex = g_path_get_basename(dir);

		g_string_append_printf(text, "%s\n", hex);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void adopt(int containers, int names, const char *dir, const char *id)
{
	g_autofree char *path = g_build_filename(dir, id, NULL);
	g_autofree char *name_path = g_build_filename(path, KEPT_NAME, NULL);
	g_autofree char *name = fd_read_file(AT_FDCWD, name_path, NAME_MAX, NULL);

	if (symlinkat(path, containers, id) < 0 && errno != EEXIST)
		log_warn("state: container %.12s is left out: %s", id, g_strerror(errno));
	else if (name && *name && !strchr(name, '/') && symlinkat(id, names, name) < 0 &&
		 errno != EEXIST)
		log_warn("state: container %.12s loses its name: %s", id, g_strerror(errno));
}

void kept_adopt(int containers, int names)
{
	g_autofree char *dir = kept_dir();
	g_autoptr(GDir) list = g_dir_open(dir, 0, NULL);
	const char *id;

	while (list && (id = g_dir_read_name(list))) {
		if (*id != '.')
			adopt(containers, names, dir, id);
	}
}
