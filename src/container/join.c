/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/join.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/control.h"
#include "container/state.h"
#include "kernel/pid.h"

#define PROC_FILE_MAX 65536

/* --- the namespace of a container --- */

static bool is_same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* What enters the container, in ControlJoin's order. What it shares with us is not offered. */
static bool open_namespaces(Container *container, GError **error)
{
	static const char *const names[CONTROL_NAMESPACES_END] = {
		[CONTROL_USER] = "user",     [CONTROL_MNT] = "mnt",   [CONTROL_PID] = "pid",
		[CONTROL_NET] = "net",	     [CONTROL_UTS] = "uts",   [CONTROL_IPC] = "ipc",
		[CONTROL_CGROUP] = "cgroup", [CONTROL_TIME] = "time",
	};

	container->join[CONTROL_PIDFD] = container->init_pidfd;
	for (int i = CONTROL_PIDFD + 1; i < CONTROL_NAMESPACES_END; i++) {
		g_autofree char *path =
			g_strdup_printf("/proc/%d/ns/%s", container->init_pid, names[i]);
		g_autofree char *own = g_strdup_printf("/proc/self/ns/%s", names[i]);
		auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 && errno == ENOENT)
			continue; /* the kernel has no such type, or init is gone */
		if (fd < 0)
			return error_errno(error, errno, "open '%s'", path);
		if (!is_same_file(fd, own))
			container->join[i] = fd_steal(&fd);
	}
	return true;
}

void join_cleanup(Container *container)
{
	container->join[CONTROL_PIDFD] = -1; /* init_pidfd has an owner */
	for (int i = 0; i < CONTROL_JOIN_COUNT; i++)
		fd_close(&container->join[i]);
}

bool join_offer(Container *container, GError **error)
{
	g_autofree char *text = NULL;

	if (!open_namespaces(container, error))
		return false;
	/* none: it is the host's, or init is gone, and the next message expected of it tells why */
	if (container->join[CONTROL_NET] < 0)
		return true;
	text = g_strdup_printf("%d %" G_GUINT64_FORMAT " %d\n", getpid(), pid_start_time(getpid()),
			       container->join[CONTROL_NET]);
	return state_write(container->plan, STATE_SUPERVISOR, text, error);
}

/* The path by which the supervisor's descriptor can be opened, NULL if it offers none. */
static char *offered_path(const char *record, pid_t *ret_pid, guint64 *ret_start)
{
	guint64 start;
	int pid, fd;

	if (sscanf(record, "%d %" G_GUINT64_FORMAT " %d", &pid, &start, &fd) != 3)
		return NULL;
	*ret_pid = pid;
	*ret_start = start;
	return g_strdup_printf("/proc/%d/fd/%d", pid, fd);
}

static bool open_container(JoinPlan *join, const Plan *plan, const char *name, GError **error)
{
	g_autofree char *record = NULL, *resolv_conf = NULL;
	guint64 start;
	pid_t pid;

	join->container = state_find(plan->state_root, name, error);
	if (!join->container)
		return false;
	record = state_read(plan->state_root, join->container, STATE_SUPERVISOR, error);
	resolv_conf =
		record ? state_read(plan->state_root, join->container, STATE_RESOLV, error) : NULL;
	if (!resolv_conf)
		return false;
	join->path = offered_path(record, &pid, &start);
	if (!join->path)
		return error_set(error, RLC_ERROR_STATE,
				 "join the network of '%s': it has none of its own (yet)", name);
	join->netns = open(join->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (join->netns < 0)
		return error_errno(error, errno, "open '%s', the network of '%s'", join->path,
				   name);
	if (pid_start_time(pid) != start)
		return error_set(error, RLC_ERROR_STATE, "join the network of '%s': it has ended",
				 name);
	if (*resolv_conf)
		join->resolv_conf = g_steal_pointer(&resolv_conf);
	return true;
}

/* --- a namespace's file --- */

static bool open_path(JoinPlan *join, const char *path, GError **error)
{
	struct statfs fs;

	join->path = g_strdup(path);
	join->netns = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (join->netns < 0 || fstatfs(join->netns, &fs) < 0)
		return error_errno(error, errno, "open the network namespace '%s'", path);
	if (fs.f_type != NSFS_MAGIC)
		return error_set(error, RLC_ERROR_USAGE,
				 "join '%s': not a namespace, such as /proc/PID/ns/net", path);
	return true;
}

static bool check_netns(const JoinPlan *join, GError **error)
{
	if (ioctl(join->netns, NS_GET_NSTYPE) != CLONE_NEWNET)
		return error_set(error, RLC_ERROR_USAGE, "join '%s': not a network namespace",
				 join->path);
	if (is_same_file(join->netns, "/proc/self/ns/net"))
		return error_set(error, RLC_ERROR_USAGE,
				 "join '%s': that is the host's own network; use --network host",
				 join->path);
	return true;
}

/* --- its owner --- */

/* A child that sits in userns until the pipe closes, or -1. */
static pid_t start_sitter(int userns, GError **error)
{
	int said[2];
	char byte;
	pid_t pid;

	if (pipe2(said, O_CLOEXEC) < 0) {
		error_errno(error, errno, "make a pipe");
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(said[0]);
		if (setns(userns, CLONE_NEWUSER) == 0 && write(said[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(said[1]);
	if (pid < 0)
		error_errno(error, errno, "fork");
	else if (TEMP_FAILURE_RETRY(read(said[0], &byte, 1)) != 1)
		log_debug("join: the user namespace cannot be entered");
	close(said[0]);
	return pid;
}

static GArray *read_map(pid_t pid, const char *file, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, file);
	g_autofree char *text = fd_read_file(AT_FDCWD, path, PROC_FILE_MAX, error);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
	GArray *map = NULL;

	if (!text)
		return NULL;
	map = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	for (char **line = lines; *line; line++) {
		SpecIdMap entry;

		if (sscanf(*line, "%u %u %u", &entry.inside, &entry.outside, &entry.count) == 3)
			g_array_append_val(map, entry);
	}
	return map;
}

/* Only a process inside has the map in its /proc files, as it is seen from here. */
static bool read_maps(JoinPlan *join, GError **error)
{
	pid_t sitter = start_sitter(join->userns, error);

	if (sitter < 0)
		return false;
	join->uids = read_map(sitter, "uid_map", error);
	join->gids = join->uids ? read_map(sitter, "gid_map", error) : NULL;
	kill(sitter, SIGKILL);
	TEMP_FAILURE_RETRY(waitpid(sitter, NULL, 0));
	if (!join->gids)
		return false;
	if (join->uids->len > 0 && join->gids->len > 0)
		return true;
	return error_set(error, RLC_ERROR_STATE, "join '%s': its user namespace has no id map",
			 join->path);
}

static bool find_owner(JoinPlan *join, GError **error)
{
	auto_fd userns = ioctl(join->netns, NS_GET_USERNS);
	uid_t owner;

	if (userns >= 0 && geteuid() == 0)
		return true; /* root has all rights below, too */
	if (userns < 0 || is_same_file(userns, "/proc/self/ns/user"))
		return error_set(error, RLC_ERROR_FAILED,
				 "join '%s': the namespace belongs to the host's root; only root "
				 "may join it",
				 join->path);
	if (ioctl(userns, NS_GET_OWNER_UID, &owner) < 0)
		return error_errno(error, errno, "join '%s': find its owner", join->path);
	if (owner != geteuid())
		return error_set(error, RLC_ERROR_FAILED,
				 "join '%s': the namespace belongs to user %u", join->path, owner);
	join->userns = fd_steal(&userns);
	return read_maps(join, error);
}

bool join_plan(const Spec *spec, Plan *plan, GError **error)
{
	const SpecNetwork *network = &spec->rlc.network;
	JoinPlan *join;

	if (network->mode != NET_JOIN)
		return true;
	join = plan->join = g_new0(JoinPlan, 1);
	join->netns = join->userns = -1;
	plan->clone_flags &= ~(uint64_t)CLONE_NEWNET;
	return (network->container ? open_container(join, plan, network->container, error)
				   : open_path(join, network->path, error)) &&
	       check_netns(join, error) && find_owner(join, error);
}

void join_free(JoinPlan *join)
{
	fd_close(&join->netns);
	fd_close(&join->userns);
	g_clear_pointer(&join->uids, g_array_unref);
	g_clear_pointer(&join->gids, g_array_unref);
	g_free(join->container);
	g_free(join->path);
	g_free(join->resolv_conf);
	g_free(join);
}
