/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/created.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/cgroup.h"
#include "feature/gate.h"
#include "feature/resctrl.h"
#include "kernel/pid.h"

#define INIT_FILE     "init"
#define INIT_MAX      64
#define ID_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-."
#define ID_MAX	      1024

void created_close(Created *created)
{
	fd_close(&created->lock);
	fd_close(&created->dir);
}

bool created_check_id(const char *id, GError **error)
{
	if (*id && strlen(id) <= ID_MAX && strspn(id, ID_CHARACTERS) == strlen(id) && *id != '.')
		return true;
	return error_set(error, RLC_ERROR_USAGE, "use id '%s': invalid id format", id);
}

char *created_cache(const char *root)
{
	return g_build_filename(root, ".compiled", NULL);
}

static int lock_directory(int dir)
{
	auto_fd lock = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (lock < 0 || TEMP_FAILURE_RETRY(flock(lock, LOCK_EX)) < 0)
		return -1;
	return fd_steal(&lock);
}

/* Who waited for the lock may have waited for a delete: what he has open is nowhere any more. */
static bool is_removed(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_nlink == 0;
}

/* Whose the directory is decides what the state in it says: another user's is nobody's. */
static bool check_root(const char *root, GError **error)
{
	struct stat st;

	if (lstat(root, &st) < 0)
		return error_errno(error, errno, "use '%s'", root);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(error, RLC_ERROR_FAILED, "use '%s': it belongs to uid %u", root,
				 st.st_uid);
	if (stat(root, &st) == 0 && (st.st_mode & S_IWOTH))
		return error_set(error, RLC_ERROR_FAILED,
				 "use '%s': all users may write there (mode %04o)", root,
				 st.st_mode & 07777);
	return true;
}

bool created_make(const char *root, const char *id, Created *ret_created, GError **error)
{
	g_autofree char *path = g_build_filename(root, id, NULL);
	g_autofree char *cache = created_cache(root);
	g_auto(Created) created = {.dir = -1, .lock = -1};

	if (g_mkdir_with_parents(root, 0711) < 0)
		return error_errno(error, errno, "make '%s'", root);
	if (!check_root(root, error))
		return false;
	if (mkdir(cache, 0711) < 0 && errno != EEXIST)
		return error_errno(error, errno, "make '%s'", cache);
	if (mkdir(path, 0700) == 0)
		errno = 0;
	if (errno == EEXIST)
		return error_set(error, RLC_ERROR_EXISTS,
				 "container with given ID already exists: %s", id);
	created.dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	created.lock = created.dir < 0 ? -1 : lock_directory(created.dir);
	if (created.lock < 0)
		return error_errno(error, errno, "make '%s'", path);
	*ret_created = created;
	created = (Created){.dir = -1, .lock = -1};
	return true;
}

void created_refresh(Created *created)
{
	g_autofree char *text = fd_read_file(created->dir, INIT_FILE, INIT_MAX, NULL);

	if (!text ||
	    sscanf(text, "%d %" G_GUINT64_FORMAT, &created->pid, &created->start_time) != 2)
		created->pid = 0;
}

bool created_open(const char *root, const char *id, bool lock, Created *ret_created, GError **error)
{
	g_autofree char *path = g_build_filename(root, id, NULL);
	g_auto(Created) created = {.dir = -1, .lock = -1};

	if (!created_check_id(id, error))
		return false;
	created.dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (created.dir >= 0 && !check_root(root, error))
		return false;
	if (created.dir >= 0 && lock)
		created.lock = lock_directory(created.dir);
	if (created.dir < 0 ? errno == ENOENT : is_removed(created.dir))
		return error_set(error, RLC_ERROR_NOT_FOUND, "container does not exist: %s", id);
	if (created.dir < 0 || (lock && created.lock < 0))
		return error_errno(error, errno, "open '%s'", path);
	created_refresh(&created);
	*ret_created = created;
	created = (Created){.dir = -1, .lock = -1};
	return true;
}

bool created_remove(const char *root, const char *id, const Created *created, GError **error)
{
	g_autofree char *path = g_build_filename(root, id, NULL);
	struct dirent *entry;
	DIR *list;

	if (!cgroup_release(created->dir, error) || /* first: what runs may write to the rest */
	    !resctrl_release(created->dir, error))
		return false;
	list = fd_list(created->dir);
	while (list && (entry = readdir(list)))
		unlinkat(created->dir, entry->d_name, 0);
	if (list)
		closedir(list);
	if (rmdir(path) < 0 && errno != ENOENT)
		return error_errno(error, errno, "remove '%s'", path);
	return true;
}

int created_pidfd(const Created *created)
{
	return pid_open(created->pid, created->start_time);
}

CreatedState created_state(const Created *created)
{
	auto_fd init = created_pidfd(created);

	if (created->pid == 0)
		return CREATED_CREATING;
	if (init < 0)
		return CREATED_STOPPED;
	return faccessat(created->dir, GATE_SOCKET, F_OK, AT_SYMLINK_NOFOLLOW) == 0
		       ? CREATED_CREATED
		       : CREATED_RUNNING;
}

GPtrArray *created_list(const char *root)
{
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
	auto_fd dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = dir < 0 ? NULL : fd_list(dir);
	struct dirent *entry;

	while (list && (entry = readdir(list))) {
		if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
			g_ptr_array_add(ids, g_strdup(entry->d_name));
	}
	if (list)
		closedir(list);
	return ids;
}

bool created_parent(Container *container, GError **error)
{
	g_autofree char *path = g_build_filename(container->plan->state_dir, INIT_FILE, NULL);
	g_autofree char *text = g_strdup_printf("%d %" G_GUINT64_FORMAT "\n", container->init_pid,
						pid_start_time(container->init_pid));
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || !fd_write_all(fd, text, strlen(text)))
		return error_errno(error, errno, "write '%s'", path);
	return true;
}
