/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/scratch.h"
#include "container/state.h"
#include "feature/volume.h"
#include "image/store.h"
#include "kernel/tree.h"

#define RECORD	   "volume"
#define USERS	   "users"
#define GROUP	   "volume"
#define NEW	   ".new-"
#define GONE	   ".gone-"
#define RECORD_MAX (1 << 20)

/* The directory of all volumes, locked. */
typedef struct {
	char *path;
	int dir, lock;
} Volumes;

void volume_free(Volume *volume)
{
	if (!volume)
		return;
	g_free(volume->name);
	g_free(volume->data);
	g_free(volume->made_by);
	g_clear_pointer(&volume->labels, g_ptr_array_unref);
	g_clear_pointer(&volume->users, g_ptr_array_unref);
	g_free(volume);
}

/* --- the directory --- */

char *volumes_directory(GError **error)
{
	g_autoptr(Store) store = store_open(NULL, true, error);
	g_autofree char *path = NULL;
	char *real;

	if (!store)
		return NULL;
	path = g_build_filename(store->path, "volumes", NULL);
	if (mkdirat(store->dir, "volumes", 0700) < 0 && errno != EEXIST) {
		error_errno(error, errno, "make '%s'", path);
		return NULL;
	}
	real = realpath(path, NULL);
	if (!real)
		error_errno(error, errno, "open '%s'", path);
	return real;
}

static void volumes_close(Volumes *volumes)
{
	fd_close(&volumes->lock);
	fd_close(&volumes->dir);
	g_clear_pointer(&volumes->path, g_free);
}

static bool is_ours(int dir, const char *path, GError **error)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return error_errno(error, errno, "stat '%s'", path);
	return (st.st_uid == geteuid() && !(st.st_mode & 077)) ||
	       error_set(error, RLC_ERROR_UNSUPPORTED,
			 "use '%s': it belongs to uid %u and has mode %04o, not to you alone", path,
			 st.st_uid, st.st_mode & 07777);
}

static bool volumes_open_at(const char *path, Volumes *volumes, GError **error)
{
	*volumes = (Volumes){g_strdup(path), -1, -1};
	volumes->dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (volumes->dir < 0)
		return error_errno(error, errno, "open '%s'", path);
	if (!is_ours(volumes->dir, path, error))
		return false;
	volumes->lock =
		openat(volumes->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (volumes->lock < 0 || TEMP_FAILURE_RETRY(flock(volumes->lock, LOCK_EX)) < 0)
		return error_errno(error, errno, "lock '%s/lock'", path);
	return true;
}

static bool volumes_open(Volumes *volumes, GError **error)
{
	g_autofree char *path = volumes_directory(error);

	*volumes = (Volumes){NULL, -1, -1};
	return path && volumes_open_at(path, volumes, error);
}

static int open_directory(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The directory of one volume, or -1: NOT_FOUND, and what a name may be. */
static int open_volume(const Volumes *volumes, const char *name, GError **error)
{
	auto_fd dir = volume_check_name(name, error) ? open_directory(volumes->dir, name) : -1;

	if (dir >= 0)
		return is_ours(dir, name, error) ? fd_steal(&dir) : -1;
	if (error && *error)
		return -1;
	if (errno == ENOENT)
		error_set(error, RLC_ERROR_NOT_FOUND,
			  "find volume '%s': there is none; 'rlc volume ls' lists them", name);
	else
		error_errno(error, errno, "open volume '%s'", name);
	return -1;
}

/* --- the record --- */

static char *format_record(const VolumeRequest *request, const char *made_by)
{
	g_autoptr(GKeyFile) file = g_key_file_new();

	g_key_file_set_int64(file, GROUP, "created", g_get_real_time());
	g_key_file_set_boolean(file, GROUP, "anonymous", request->anonymous);
	if (made_by)
		g_key_file_set_string(file, GROUP, "made-by", made_by);
	if (request->labels && request->labels->len > 0)
		g_key_file_set_string_list(file, GROUP, "labels",
					   (const char *const *)request->labels->pdata,
					   request->labels->len);
	return g_key_file_to_data(file, NULL, NULL);
}

/* A record that a crash left empty says nothing; the volume is there all the same. */
static void read_record(int dir, Volume *volume)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *text = fd_read_file(dir, RECORD, RECORD_MAX, NULL);
	g_auto(GStrv) labels = NULL;

	volume->labels = g_ptr_array_new_with_free_func(g_free);
	if (!text || !g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, NULL))
		return;
	volume->created = g_key_file_get_int64(file, GROUP, "created", NULL);
	volume->anonymous = g_key_file_get_boolean(file, GROUP, "anonymous", NULL);
	volume->made_by = g_key_file_get_string(file, GROUP, "made-by", NULL);
	labels = g_key_file_get_string_list(file, GROUP, "labels", NULL, NULL);
	for (char **label = labels; label && *label; label++)
		g_ptr_array_add(volume->labels, g_strdup(*label));
}

/* Links that lead nowhere are of containers that are gone. The directory is locked. */
static void read_users(int dir, Volume *volume)
{
	auto_fd users = open_directory(dir, USERS);
	DIR *list = users < 0 ? NULL : fd_list(users);
	struct dirent *entry;

	volume->users = g_ptr_array_new_with_free_func(g_free);
	while (list && (entry = readdir(list))) {
		char path[PATH_MAX];
		ssize_t n = readlinkat(users, entry->d_name, path, sizeof path - 1);

		if (n <= 0)
			continue;
		path[n] = '\0';
		if (access(path, F_OK) == 0)
			g_ptr_array_add(volume->users, g_strdup(path));
		else if (errno == ENOENT)
			unlinkat(users, entry->d_name, 0);
	}
	if (list)
		closedir(list);
}

static Volume *read_volume(const Volumes *volumes, const char *name, GError **error)
{
	auto_fd dir = open_volume(volumes, name, error);
	Volume *volume;

	if (dir < 0)
		return NULL;
	volume = g_new0(Volume, 1);
	volume->name = g_strdup(name);
	volume->data = g_build_filename(volumes->path, name, VOLUMES_DATA, NULL);
	read_record(dir, volume);
	read_users(dir, volume);
	return volume;
}

/* --- make --- */

static bool write_file(int dir, const char *name, const char *text)
{
	auto_fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd >= 0 && fd_write_all(fd, text, strlen(text)) && fsync(fd) == 0;
}

/* Whole, under a name that counts for nothing yet. */
static bool make_parts(int at, const char *name, const char *record)
{
	auto_fd dir = -1;

	if (mkdirat(at, name, 0700) < 0)
		return false;
	dir = open_directory(at, name);
	return dir >= 0 && mkdirat(dir, VOLUMES_DATA, 0700) == 0 &&
	       fchmodat(dir, VOLUMES_DATA, 0755, 0) == 0 && mkdirat(dir, USERS, 0700) == 0 &&
	       write_file(dir, RECORD, record) && write_file(dir, VOLUMES_FRESH, "") &&
	       fsync(dir) == 0;
}

static bool make(const Volumes *volumes, const VolumeRequest *request, const char *made_by,
		 GError **error)
{
	g_autofree char *name = g_strconcat(NEW, request->name, NULL);
	g_autofree char *record = format_record(request, made_by);

	if (!tree_remove(volumes->dir, name, error))
		return false;
	if (make_parts(volumes->dir, name, record) &&
	    renameat(volumes->dir, name, volumes->dir, request->name) == 0)
		return true;
	error_errno(error, errno, "make volume '%s'", request->name);
	tree_remove(volumes->dir, name, NULL);
	return false;
}

bool volumes_make(const VolumeRequest *request, GError **error)
{
	Volumes volumes = {NULL, -1, -1};
	bool ok = volume_check_name(request->name, error) && volumes_open(&volumes, error);

	if (ok && faccessat(volumes.dir, request->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		ok = error_set(error, RLC_ERROR_EXISTS,
			       "make volume '%s': there is one of this name", request->name);
	ok = ok && make(&volumes, request, NULL, error);
	volumes_close(&volumes);
	return ok;
}

/* --- users --- */

static bool enter_user(int volume, const char *name, const char *id, const char *state_dir,
		       GError **error)
{
	auto_fd users = open_directory(volume, USERS);

	if (users >= 0 && (symlinkat(state_dir, users, id) == 0 || errno == EEXIST))
		return true;
	return error_errno(error, errno, "use volume '%s'", name);
}

bool volumes_use(const VolumeRequest *request, const char *id, const char *state_dir,
		 GError **error)
{
	g_autoptr(GError) missing = NULL;
	Volumes volumes;
	bool ok = volumes_open(&volumes, error);
	auto_fd dir = ok ? open_volume(&volumes, request->name, &missing) : -1;

	if (g_error_matches(missing, RLC_ERROR, RLC_ERROR_NOT_FOUND)) {
		ok = make(&volumes, request, id, error);
		dir = ok ? open_volume(&volumes, request->name, error) : -1;
	} else if (missing) {
		g_propagate_error(error, g_steal_pointer(&missing));
	}
	ok = dir >= 0 && enter_user(dir, request->name, id, state_dir, error);
	volumes_close(&volumes);
	return ok;
}

/* --- remove --- */

static bool check_unused(const Volume *volume, GError **error)
{
	const char *state_dir;
	g_autofree char *id = NULL, *name = NULL;

	if (volume->users->len == 0)
		return true;
	state_dir = g_ptr_array_index(volume->users, 0);
	id = g_path_get_basename(state_dir);
	name = state_name_of(state_dir);
	return error_set(error, RLC_ERROR_STATE,
			 "remove volume '%s': container %.12s%s%s%s refers to it; remove that one "
			 "first (rlc rm)",
			 volume->name, id, name ? " (" : "", name ? name : "", name ? ")" : "");
}

/* Under another name it is nobody's; the caller removes it when the lock is free. */
static char *set_aside(const Volumes *volumes, const char *name, GError **error)
{
	g_autofree char *gone =
		g_strdup_printf(GONE "%s-%" G_GINT64_FORMAT, name, g_get_real_time());

	if (renameat(volumes->dir, name, volumes->dir, gone) == 0)
		return g_build_filename(volumes->path, gone, NULL);
	error_errno(error, errno, "remove volume '%s'", name);
	return NULL;
}

bool volumes_remove(const char *name, GError **error)
{
	Volumes volumes;
	g_autoptr(Volume) volume =
		volumes_open(&volumes, error) ? read_volume(&volumes, name, error) : NULL;
	g_autofree char *gone =
		volume && check_unused(volume, error) ? set_aside(&volumes, name, error) : NULL;

	volumes_close(&volumes);
	return gone && scratch_remove(gone, error);
}

static void leave_user(const Volumes *volumes, const char *name, const char *id)
{
	g_autofree char *link = g_build_filename(name, USERS, id, NULL);

	if (unlinkat(volumes->dir, link, 0) < 0 && errno != ENOENT)
		log_debug("volumes: leave '%s': %s", name, g_strerror(errno));
}

void volumes_leave(const char *directory, const char *name, const char *id, bool anonymous,
		   bool made)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *gone = NULL;
	Volumes volumes;
	g_autoptr(Volume) volume = NULL;

	if (volumes_open_at(directory, &volumes, &error) && volume_check_name(name, &error)) {
		leave_user(&volumes, name, id);
		volume = read_volume(&volumes, name, NULL);
	}
	if (volume && volume->users->len == 0 &&
	    ((anonymous && volume->anonymous) || (made && g_strcmp0(volume->made_by, id) == 0)))
		gone = set_aside(&volumes, name, &error);
	volumes_close(&volumes);
	if (gone)
		scratch_remove(gone, &error);
	if (error)
		log_warn("volumes: %s", error->message);
}

/* --- look --- */

static int compare_names(gconstpointer a, gconstpointer b)
{
	const Volume *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static GPtrArray *read_volumes(const Volumes *volumes)
{
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)volume_free);
	DIR *list = fd_list(volumes->dir);
	struct dirent *entry;

	while (list && (entry = readdir(list))) {
		Volume *volume = entry->d_name[0] == '.' || entry->d_type == DT_REG
					 ? NULL
					 : read_volume(volumes, entry->d_name, NULL);

		if (volume)
			g_ptr_array_add(all, volume);
	}
	if (list)
		closedir(list);
	g_ptr_array_sort(all, compare_names);
	return all;
}

GPtrArray *volumes_list(GError **error)
{
	Volumes volumes;
	GPtrArray *all = volumes_open(&volumes, error) ? read_volumes(&volumes) : NULL;

	volumes_close(&volumes);
	return all;
}

Volume *volumes_get(const char *name, GError **error)
{
	Volumes volumes;
	Volume *volume = volumes_open(&volumes, error) ? read_volume(&volumes, name, error) : NULL;

	volumes_close(&volumes);
	return volume;
}

bool volumes_sweep(GError **error)
{
	g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
	Volumes volumes;
	bool ok = volumes_open(&volumes, error);
	DIR *list = ok ? fd_list(volumes.dir) : NULL;
	struct dirent *entry;

	while (list && (entry = readdir(list))) {
		if (g_str_has_prefix(entry->d_name, GONE) || g_str_has_prefix(entry->d_name, NEW))
			g_ptr_array_add(left, g_build_filename(volumes.path, entry->d_name, NULL));
	}
	if (list)
		closedir(list);
	for (guint i = 0; ok && i < left->len; i++)
		ok = scratch_remove(g_ptr_array_index(left, i), error);
	volumes_close(&volumes);
	return ok;
}
