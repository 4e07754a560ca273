/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/processes.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static bool namespace_of(pid_t pid, struct stat *ret)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/pid", pid);

	return stat(path, ret) == 0;
}

/* Of pid_t: those in init's pid namespace; init alone, where that is ours as well. */
static GArray *in_namespace(pid_t init)
{
	GArray *pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
	struct stat wanted, own, theirs;
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool shared = !namespace_of(init, &wanted) ||
		      (namespace_of(getpid(), &own) && own.st_ino == wanted.st_ino);

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)g_ascii_strtoll(entry->d_name, NULL, 10);

		if (pid > 0 && (pid == init || (!shared && namespace_of(pid, &theirs) &&
						theirs.st_ino == wanted.st_ino)))
			g_array_append_val(pids, pid);
	}
	if (proc)
		closedir(proc);
	return pids;
}

GArray *processes_find(const Created *created, const CgroupHandle *cgroup)
{
	if (cgroup_handle_exists(cgroup))
		return cgroup_handle_pids(cgroup);
	return created_state(created) == CREATED_STOPPED ? g_array_new(FALSE, FALSE, sizeof(pid_t))
							 : in_namespace(created->pid);
}
