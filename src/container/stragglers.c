/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/stragglers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "container/control.h"

#define ROUNDS	 1000 /* a process that forks faster than it can be killed is outrun by then */
#define PAUSE_US 1000

static bool is_inside(int proc, const char *pid, const struct stat *namespace)
{
	g_autofree char *path = g_strdup_printf("%s/ns/mnt", pid);
	struct stat st;

	return fstatat(proc, path, &st, 0) == 0 && st.st_dev == namespace->st_dev &&
	       st.st_ino == namespace->st_ino;
}

/* Looked at again when the pidfd is there: until then the pid may become another's. */
static bool kill_one(int proc, const char *pid, const struct stat *namespace)
{
	auto_fd pidfd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);

	if (pidfd < 0 || !is_inside(proc, pid, namespace))
		return false;
	return syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0;
}

/* How many were there to be killed? */
static unsigned kill_round(int proc, const struct stat *namespace)
{
	DIR *list = fd_list(proc);
	struct dirent *entry;
	unsigned count = 0;

	while (list && (entry = readdir(list))) {
		if (g_ascii_isdigit(*entry->d_name) && is_inside(proc, entry->d_name, namespace))
			count += kill_one(proc, entry->d_name, namespace);
	}
	if (list)
		closedir(list);
	return count;
}

void stragglers_end(const Container *container)
{
	int namespace = container->join[CONTROL_MNT];
	auto_fd proc = -1;
	struct stat st;

	if ((container->plan->clone_flags & CLONE_NEWPID) || namespace < 0 ||
	    fstat(namespace, &st) < 0)
		return;
	proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int round = 0; proc >= 0 && round < ROUNDS; round++) {
		if (kill_round(proc, &st) == 0)
			return;
		g_usleep(PAUSE_US);
	}
	log_warn("processes of container %.12s could not be ended", container->plan->id);
}
