/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "container/control.h"
#include "container/copy.h"
#include "container/enter.h"
#include "feature/caps.h"
#include "kernel/mount.h"

#define MAP_FILE_MAX 65536

/* --- a path as one end of the copy --- */

typedef struct {
	int dir;
	char *name;
	bool contents_only; /* the path ends in a dot */
} End;

static void end_clear(End *end)
{
	fd_close(&end->dir);
	g_clear_pointer(&end->name, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(End, end_clear)

/* root: the container's, within which the path stays; -1: the host's */
static int open_path(int root, const char *path, GError **error)
{
	int fd;

	if (root >= 0)
		return mount_open(root, path, MOUNT_FOLLOW, error);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		error_errno(error, errno, "open '%s'", path);
	return fd;
}

static bool is_directory(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool end_is_directory(End *end, int root, const char *path, GError **error)
{
	auto_fd dir = open_path(root, path, error);

	if (dir < 0)
		return false;
	if (!is_directory(dir))
		return error_errno(error, ENOTDIR, "open '%s'", path);
	end->dir = fd_steal(&dir);
	end->name = g_strdup(".");
	return true;
}

/* The directory that a path's last name is in, and that name. */
static bool end_open(End *end, int root, const char *path, GError **error)
{
	size_t length = strlen(path);
	g_autofree char *parent = NULL;
	const char *slash;

	while (length > 1 && path[length - 1] == '/')
		length--;
	slash = memrchr(path, '/', length);
	end->name = slash ? g_strndup(slash + 1, length - (size_t)(slash + 1 - path))
			  : g_strndup(path, length);
	end->contents_only = strcmp(end->name, ".") == 0;
	if (!*end->name || end->contents_only || strcmp(end->name, "..") == 0) {
		g_clear_pointer(&end->name, g_free);
		return end_is_directory(end, root, path, error);
	}
	parent = !slash		 ? g_strdup(".")
		 : slash == path ? g_strdup("/")
				 : g_strndup(path, (size_t)(slash - path));
	end->dir = open_path(root, parent, error);
	if (end->dir < 0)
		return false;
	return is_directory(end->dir) || error_errno(error, ENOTDIR, "open '%s'", parent);
}

/* A directory that exists is one also by a link to it; only of another target is the name new. */
static bool end_open_target(End *end, int root, const char *path, GError **error)
{
	auto_fd dir = open_path(root, path, NULL);

	if (is_directory(dir)) {
		end->dir = fd_steal(&dir);
		end->name = g_strdup(".");
		return true;
	}
	if (g_str_has_suffix(path, "/"))
		return error_errno(error, dir < 0 ? ENOENT : ENOTDIR, "open the directory '%s'",
				   path);
	return end_open(end, root, path, error);
}

/* --- root's ids inside, for a root that stays outside of the user namespace --- */

typedef struct {
	uint32_t uid, gid;
} Ids;

static bool first_of_map(const char *path, uint32_t *ret_id, GError **error)
{
	g_autofree char *text = fd_read_file(AT_FDCWD, path, MAP_FILE_MAX, error);
	unsigned inside;

	if (!text)
		return false;
	if (sscanf(text, "%u %u", &inside, ret_id) != 2)
		return error_set(error, RLC_ERROR_STATE, "read '%s': there is no id map", path);
	return true;
}

static bool read_ids(void *data, GError **error)
{
	Ids *ids = data;

	return first_of_map("/proc/self/uid_map", &ids->uid, error) &&
	       first_of_map("/proc/self/gid_map", &ids->gid, error);
}

/* The child that reads them is in the user namespace alone, and shares a page with us. */
static bool find_ids(const char *state_root, const char *id, Ids *ret_ids, GError **error)
{
	Ids *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	bool ok;

	if (shared == MAP_FAILED)
		return error_errno(error, errno, "map memory");
	ok = enter_call(state_root, id, 1U << CONTROL_USER, 0, read_ids, shared, error);
	if (ok)
		*ret_ids = *shared;
	munmap(shared, sizeof *shared);
	return ok;
}

/* --- the copy --- */

typedef struct {
	const Transfer *what;
	End host;
	bool is_root; /* of the host, and outside of the user namespace */
	Ids ids;
} Job;

/* What is made belongs to these; the rights to read the caller's files stay. */
static bool make_as(const Ids *ids, GError **error)
{
	setfsgid(ids->gid);
	setfsuid(ids->uid);
	return caps_raise_permitted(error);
}

static bool copy_inside(void *data, GError **error)
{
	Job *job = data;
	const Transfer *what = job->what;
	g_auto(End) inside = {.dir = -1};
	auto_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CopyEnd ends[2] = {{.shown = what->host}, {.shown = what->inside}};

	if (root < 0)
		return error_errno(error, errno, "open the container's root");
	if (!(what->to_container ? end_open_target : end_open)(&inside, root, what->inside, error))
		return false;
	if (job->is_root && what->to_container && !make_as(&job->ids, error))
		return false;
	umask(0);
	ends[0].dir = job->host.dir;
	ends[0].name = job->host.name;
	ends[1].dir = inside.dir;
	ends[1].name = inside.name;
	return what->to_container ? copy_tree(&ends[0], &ends[1], job->host.contents_only, error)
				  : copy_tree(&ends[1], &ends[0], inside.contents_only, error);
}

bool transfer(const char *state_root, const char *id, const Transfer *what, GError **error)
{
	Job job = {.what = what, .host = {.dir = -1}, .is_root = geteuid() == 0};
	unsigned which = 1U << CONTROL_MNT | (job.is_root ? 0 : 1U << CONTROL_USER);
	bool ok;

	ok = (what->to_container ? end_open : end_open_target)(&job.host, -1, what->host, error) &&
	     (!job.is_root || find_ids(state_root, id, &job.ids, error)) &&
	     enter_call(state_root, id, which, 0, copy_inside, &job, error);
	end_clear(&job.host);
	return ok;
}
