/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/cgroup_handle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "feature/cgroup_limits.h"
#include "feature/cgroup_v1.h"
#include "kernel/cgroup.h"

#define DEPTH_MAX 64 /* of cgroups in cgroups */

bool cgroup_handle_open(int dir, CgroupHandle *ret_handle, GError **error)
{
	g_auto(CgroupHandle) handle = CGROUP_HANDLE_NONE;
	g_autoptr(GError) failed = NULL;

	cgroup_record_read(dir, &handle.record);
	if (handle.record.directory)
		handle.directory = cgroup_open(handle.record.directory, &failed);
	if (failed && !error_is_errno(failed, ENOENT)) {
		g_propagate_error(error, g_steal_pointer(&failed));
		return false;
	}
	*ret_handle = handle;
	handle = CGROUP_HANDLE_NONE;
	return true;
}

bool cgroup_handle_exists(const CgroupHandle *handle)
{
	return handle->directory >= 0 || handle->record.v1;
}

void cgroup_handle_clear(CgroupHandle *handle)
{
	fd_close(&handle->directory);
	cgroup_record_clear(&handle->record);
	g_clear_pointer(&handle->left, g_ptr_array_unref);
}

/* What it takes a cgroup for; why there is none. */
static bool has_none(const char *what, GError **error)
{
	return error_set(error, RLC_ERROR_STATE, "%s: it has no cgroup of its own%s", what,
			 cgroup_v1_is_mounted() ? ", for those of version 1 only root can make"
			 : cgroup_is_mounted()
				 ? ", for none could be made where it was created; a user's own "
				   "systemd makes one: --systemd-cgroup"
				 : ", for this host has none");
}

bool cgroup_handle_demand(const CgroupHandle *handle, const char *what, GError **error)
{
	return cgroup_handle_exists(handle) || has_none(what, error);
}

/* --- to be born there --- */

/* By one step after another, so that no link and no ".." leads out. */
static int open_below(int directory, const char *below, GError **error)
{
	g_auto(GStrv) names = g_strsplit(below ? below : "", "/", -1);
	int at = fcntl(directory, F_DUPFD_CLOEXEC, 3);

	for (char **name = names; *name && at >= 0; name++) {
		int next;

		if (!**name)
			continue;
		next = strcmp(*name, "..") == 0
			       ? -1
			       : openat(at, *name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			error_errno(error, strcmp(*name, "..") == 0 ? EINVAL : errno,
				    "open the cgroup '%s' of the container", below);
		close(at);
		at = next;
	}
	return at;
}

static bool enter_v1(CgroupHandle *handle, const char *below, GError **error)
{
	g_autofree char *path = g_build_filename(handle->record.v1, below ? below : "", NULL);

	if (below && strstr(below, ".."))
		return error_errno(error, EINVAL, "open the cgroup '%s' of the container", below);
	handle->left = cgroup_v1_own();
	if (cgroup_v1_enter(path, 0, error))
		return true;
	cgroup_handle_leave(handle);
	return false;
}

bool cgroup_handle_enter(CgroupHandle *handle, const char *below, int *ret_cgroup, GError **error)
{
	*ret_cgroup = -1;
	if (!cgroup_handle_exists(handle))
		return !below || has_none("join a cgroup of the container", error);
	if (handle->record.v1)
		return enter_v1(handle, below, error);
	if (!cgroup_approach(&handle->record, error))
		return false;
	*ret_cgroup = open_below(handle->directory, below, error);
	return *ret_cgroup >= 0;
}

void cgroup_handle_leave(CgroupHandle *handle)
{
	if (handle->left)
		cgroup_v1_return(handle->left);
	g_clear_pointer(&handle->left, g_ptr_array_unref);
}

/* --- limits --- */

static bool check_controllers(const CgroupHandle *handle, const GPtrArray *lines, GError **error)
{
	unsigned missing = cgroup_limits_controllers(lines) &
			   ~cgroup_read_controllers(handle->record.directory, "cgroup.controllers");
	g_autofree char *text = cgroup_controllers_text(missing, "");

	if (missing == 0)
		return true;
	error_set(error, RLC_ERROR_UNSUPPORTED, "limit the cgroup '%s': it lacks %s",
		  handle->record.directory, text);
	return hint_add(error, HINT_CGROUP_LACKS, text);
}

bool cgroup_handle_limit(const CgroupHandle *handle, const SpecResources *resources, GError **error)
{
	g_autoptr(GPtrArray) lines = NULL;

	if (!cgroup_handle_exists(handle))
		return has_none("limit the container", error);
	lines = handle->record.v1 ? cgroup_v1_lines(resources, false, error)
				  : cgroup_limits_lines(resources, error);
	if (!lines)
		return false;
	if (handle->record.v1)
		return cgroup_v1_write(handle->record.v1, lines, error);
	return check_controllers(handle, lines, error) &&
	       cgroup_limits_write(handle->directory, lines, error);
}

/* --- freezing --- */

bool cgroup_handle_is_frozen(const CgroupHandle *handle)
{
	if (handle->record.v1)
		return cgroup_v1_is_frozen(handle->record.v1);
	return handle->directory >= 0 && cgroup_is_frozen(handle->directory);
}

bool cgroup_handle_freeze(const CgroupHandle *handle, bool freeze, GError **error)
{
	if (handle->record.v1)
		return cgroup_v1_freeze(handle->record.v1, freeze, error);
	if (handle->directory >= 0)
		return cgroup_freeze(handle->directory, freeze, error);
	return has_none(freeze ? "pause the container" : "resume the container", error);
}

/* --- what is in it --- */

static void add_pids(int directory, unsigned depth, GArray *pids)
{
	g_autofree char *text = fd_read_file(directory, "cgroup.procs", CGROUP_FILE_MAX, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	DIR *list = depth ? fd_list(directory) : NULL;
	struct dirent *entry;

	for (char **line = lines; *line; line++) {
		pid_t pid = (pid_t)g_ascii_strtoll(*line, NULL, 10);

		if (pid > 0)
			g_array_append_val(pids, pid);
	}
	while (list && (entry = readdir(list))) {
		auto_fd below = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat(directory, entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			add_pids(below, depth - 1, pids);
	}
	if (list)
		closedir(list);
}

GArray *cgroup_handle_pids(const CgroupHandle *handle)
{
	GArray *pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
	g_autofree char *path = handle->record.v1 ? cgroup_v1_directory(handle->record.v1) : NULL;
	auto_fd v1 = path ? cgroup_open(path, NULL) : -1;

	if (v1 >= 0 || handle->directory >= 0)
		add_pids(v1 >= 0 ? v1 : handle->directory, DEPTH_MAX, pids);
	return pids;
}

char *cgroup_handle_read(const CgroupHandle *handle, const char *file)
{
	if (handle->record.v1)
		return cgroup_v1_read(handle->record.v1, file);
	return handle->directory < 0 ? NULL
				     : fd_read_file(handle->directory, file, CGROUP_FILE_MAX, NULL);
}
