/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/state_dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "container/kept.h"

/* Open a directory that must be ours and closed to others; make it if it is missing. */
int state_dirs_make(int at, const char *path, GError **error)
{
	auto_fd fd = -1;
	struct stat st;

	if (mkdirat(at, path, 0700) < 0 && errno != EEXIST) {
		error_errno(error, errno, "make '%s'", path);
		hint_add(error, HINT_STATE_DIR, path);
		return -1;
	}
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		error_errno(error, errno, "open '%s'", path);
		hint_add(error, HINT_STATE_DIR, path);
		return -1;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 077)) {
		error_set(error, RLC_ERROR_FAILED,
			  "use '%s': it belongs to uid %u and has mode %04o", path, st.st_uid,
			  st.st_mode & 07777);
		hint_add(error, HINT_STATE_DIR, path);
		return -1;
	}
	return fd_steal(&fd);
}

/* Open and lock a file; operation as in flock(2). -1 when it is missing or LOCK_NB says no. */
int state_dirs_lock(int at, const char *path, int operation)
{
	auto_fd fd = openat(at, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || TEMP_FAILURE_RETRY(flock(fd, operation)) < 0)
		return -1;
	return fd_steal(&fd);
}

void state_dirs_close(StateDirs *dirs)
{
	fd_close(&dirs->names);
	fd_close(&dirs->containers);
	fd_close(&dirs->lock);
	fd_close(&dirs->root);
}

/* In a root that is new the kept containers are put first; "containers" appears with all of them.
 */
static bool begin(const StateDirs *dirs, GError **error)
{
	auto_fd made = -1;

	if (faccessat(dirs->root, "containers", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	made = state_dirs_make(dirs->root, "containers.new", error);
	if (made < 0)
		return false;
	kept_adopt(made, dirs->names);
	return renameat(dirs->root, "containers.new", dirs->root, "containers") == 0 ||
	       error_errno(error, errno, "make the directory of containers");
}

bool state_dirs_open(const char *state_root, StateDirs *dirs, GError **error)
{
	*dirs = (StateDirs){-1, -1, -1, -1};
	dirs->root = state_dirs_make(AT_FDCWD, state_root, error);
	if (dirs->root < 0)
		return false;
	dirs->lock = state_dirs_lock(dirs->root, "lock", LOCK_EX);
	if (dirs->lock < 0)
		return error_errno(error, errno, "lock '%s/lock'", state_root);
	dirs->names = state_dirs_make(dirs->root, "names", error);
	if (dirs->names < 0 || !begin(dirs, error))
		return false;
	dirs->containers = state_dirs_make(dirs->root, "containers", error);
	return dirs->containers >= 0;
}

int state_dirs_container(int containers, const char *id)
{
	return openat(containers, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

GPtrArray *state_dirs_ids(int containers)
{
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
	DIR *dir = fd_list(containers);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			g_ptr_array_add(ids, g_strdup(entry->d_name));
	}
	if (dir)
		closedir(dir);
	return ids;
}

bool state_dirs_is_running(int containers, const char *id)
{
	g_autofree char *path = g_build_filename(id, "lock", NULL);
	auto_fd lock = openat(containers, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Replaced by rename(2): who reads it sees the old or the new one. */
bool state_dirs_replace(int dir, const char *file, const char *text, GError **error)
{
	g_autofree char *new = g_strconcat(file, ".new", NULL);
	auto_fd fd = openat(dir, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || !fd_write_all(fd, text, strlen(text)) || renameat(dir, new, dir, file) < 0)
		return error_errno(error, errno, "write the container's %s", file);
	return true;
}

bool state_dirs_read_status(int dir, Status *ret_status)
{
	g_autofree char *text = fd_read_file(dir, RECORD_STATUS, STATE_FILE_MAX, NULL);

	return text && record_parse_status(text, ret_status, NULL);
}

bool state_dirs_write_status(int dir, const Status *status, GError **error)
{
	g_autofree char *text = record_format_status(status);

	return state_dirs_replace(dir, RECORD_STATUS, text, error);
}
