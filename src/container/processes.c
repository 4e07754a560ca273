/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/printable.h"
#include "container/control.h"
#include "container/enter.h"
#include "container/state.h"
#include "kernel/mount.h"

#define STAT_MAX    4096
#define STATUS_MAX  65536
#define COMMAND_MAX 1024 /* bytes of the arguments that are shown */

#define PROC_ATTRIBUTES                                                                            \
	(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY)

/* Fields of /proc/PID/stat, counted from the one behind the name; see proc(5). */
enum {
	STAT_STATE,
	STAT_PPID,
	STAT_UTIME = 11,
	STAT_STIME,
	STAT_RSS = 21,
	STAT_FIELDS,
};

static char *read_file(int proc, const char *pid, const char *file, size_t max)
{
	g_autofree char *path = g_strdup_printf("%s/%s", pid, file);

	return fd_read_file(proc, path, max, NULL);
}

/* The name is the payload's choice, and may have brackets and blanks in it. */
static bool parse_stat(const char *stat, Process *process, char **ret_name)
{
	const char *name = strchr(stat, '('), *end = strrchr(stat, ')');
	g_auto(GStrv) fields =
		name && end && end > name && end[1] ? g_strsplit(end + 2, " ", -1) : NULL;
	uint64_t ticks;

	if (!fields || g_strv_length(fields) < STAT_FIELDS)
		return false;
	process->state = *fields[STAT_STATE];
	process->ppid = (int)g_ascii_strtoll(fields[STAT_PPID], NULL, 10);
	ticks = g_ascii_strtoull(fields[STAT_UTIME], NULL, 10) +
		g_ascii_strtoull(fields[STAT_STIME], NULL, 10);
	process->time_ms = ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
	process->rss = g_ascii_strtoull(fields[STAT_RSS], NULL, 10) * (uint64_t)getpagesize();
	*ret_name = g_strndup(name + 1, (gsize)(end - name - 1));
	return true;
}

static uint32_t parse_uid(const char *status)
{
	const char *line = status ? strstr(status, "\nUid:\t") : NULL;

	return line ? (uint32_t)g_ascii_strtoull(line + strlen("\nUid:\t"), NULL, 10) : 0;
}

/* NULL for a kernel thread, a zombie, and who has cleared them. */
static char *read_arguments(int proc, const char *pid)
{
	g_autofree char *path = g_strdup_printf("%s/cmdline", pid);
	auto_fd fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	char text[COMMAND_MAX + 1] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, COMMAND_MAX);

	while (n > 0 && text[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : ' ';
	return n > 0 ? printable_copy(text, "") : NULL;
}

/* false: it ended meanwhile. */
static bool read_process(int proc, const char *pid, Process *process)
{
	g_autofree char *stat = read_file(proc, pid, "stat", STAT_MAX);
	g_autofree char *status = read_file(proc, pid, "status", STATUS_MAX);
	g_autofree char *name = NULL, *bracketed = NULL;

	process->pid = atoi(pid);
	if (!stat || !parse_stat(stat, process, &name))
		return false;
	process->uid = parse_uid(status);
	process->command = read_arguments(proc, pid);
	if (process->command)
		return true;
	bracketed = g_strdup_printf("[%s]", name);
	process->command = printable_copy(bracketed, "");
	return true;
}

typedef struct {
	ProcessFunction function;
	void *data;
	ino_t mounts; /* only who has this mount namespace; 0: all */
	bool host;    /* in the host's pid namespace */
} Listing;

/* The container's own, where others have the same pid namespace. */
static bool is_wanted(const Listing *listing, int proc, const char *pid)
{
	g_autofree char *path = g_strdup_printf("%s/ns/mnt", pid);
	struct stat st;

	return listing->mounts == 0 ||
	       (fstatat(proc, path, &st, 0) == 0 && st.st_ino == listing->mounts);
}

static int open_proc(const Listing *listing, GError **error)
{
	int proc = listing->host ? open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				 : mount_new("proc", NULL, PROC_ATTRIBUTES, error);

	if (proc < 0 && listing->host)
		error_errno(error, errno, "open '/proc'");
	return proc;
}

static bool list_inside(void *data, GError **error)
{
	const Listing *listing = data;
	auto_fd proc = open_proc(listing, error);
	struct dirent *entry;
	DIR *dir;

	if (proc < 0)
		return false;
	dir = fd_list(proc);
	if (!dir)
		return error_errno(error, errno, "list the container's processes");
	while ((entry = readdir(dir))) {
		Process process = {0};

		if (!g_ascii_isdigit(*entry->d_name) || atoi(entry->d_name) == getpid())
			continue;
		if (is_wanted(listing, proc, entry->d_name) &&
		    read_process(proc, entry->d_name, &process))
			listing->function(&process, listing->data);
		g_free(process.command);
	}
	closedir(dir);
	listing->function(NULL, listing->data);
	return true;
}

/* Whose pid namespace is it, and what tells the container's processes from the others in it? */
static bool find_shared(const char *state_root, const char *id, Listing *listing, GError **error)
{
	g_autoptr(Spec) spec = state_load_spec(state_root, id, error);
	int fds[CONTROL_JOIN_COUNT];
	struct stat st;

	if (!spec || (spec->linux_.namespaces & CLONE_NEWPID))
		return spec != NULL;
	if (!control_join(state_root, id, fds, error))
		return false;
	listing->host = fds[CONTROL_PID] < 0;
	if (fstat(fds[CONTROL_MNT], &st) == 0)
		listing->mounts = st.st_ino;
	for (int i = 0; i < CONTROL_JOIN_COUNT; i++)
		fd_close(&fds[i]);
	return listing->mounts != 0 || error_errno(error, errno, "look at the container");
}

bool processes_list(const char *state_root, const char *id, ProcessFunction function, void *data,
		    GError **error)
{
	Listing listing = {function, data, 0, false};

	if (!find_shared(state_root, id, &listing, error))
		return false;

	/* in a copy of the host's mounts: the kernel has a proc mounted only beside a whole one */
	return enter_call(state_root, id, 1U << CONTROL_USER | 1U << CONTROL_PID, CLONE_NEWNS,
			  list_inside, &listing, error);
}
