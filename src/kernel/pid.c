/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/pid.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#define STAT_MAX 4096

/* Fields of /proc/PID/stat, counted from the one behind the name, which is field 3 of proc(5) */
enum {
	STAT_STATE = 0,
	STAT_START = 19,
	STAT_FIELDS = 21,
};

guint64 pid_start_time(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
	g_autofree char *text = fd_read_file(AT_FDCWD, path, STAT_MAX, NULL);
	const char *behind_name = text ? strrchr(text, ')') : NULL;
	g_auto(GStrv) fields = behind_name ? g_strsplit(behind_name + 2, " ", STAT_FIELDS) : NULL;

	if (!fields || g_strv_length(fields) <= STAT_START || strchr("ZX", *fields[STAT_STATE]))
		return 0;
	return g_ascii_strtoull(fields[STAT_START], NULL, 10);
}

int pid_open(pid_t pid, guint64 start_time)
{
	auto_fd fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (fd < 0 || start_time == 0 || pid_start_time(pid) != start_time)
		return -1;
	return fd_steal(&fd);
}
