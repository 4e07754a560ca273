/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "kernel/capability.h"
#include "kernel/sync.h"

#define FDINFO_MAX 4096

static const struct {
	uint64_t flag;
	const char *name;
	const char *unshare_option;
} namespaces[] = {
	{CLONE_NEWUSER, "CLONE_NEWUSER", "--user"},
	{CLONE_NEWNS, "CLONE_NEWNS", "--mount"},
	{CLONE_NEWPID, "CLONE_NEWPID", "--pid"},
	{CLONE_NEWNET, "CLONE_NEWNET", "--net"},
	{CLONE_NEWUTS, "CLONE_NEWUTS", "--uts"},
	{CLONE_NEWIPC, "CLONE_NEWIPC", "--ipc"},
	{CLONE_NEWCGROUP, "CLONE_NEWCGROUP", "--cgroup"},
	{CLONE_NEWTIME, "CLONE_NEWTIME", "--time"},
};

char *namespace_flags_text(uint64_t flags)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(namespaces); i++) {
		if (flags & namespaces[i].flag)
			g_string_append_printf(text, "%s%s", text->len ? "|" : "",
					       namespaces[i].name);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

char *namespace_unshare_options(uint64_t flags)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(namespaces); i++) {
		if (flags & namespaces[i].flag)
			g_string_append_printf(text, " %s", namespaces[i].unshare_option);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* What the kernel means by this errno: clone(2), user_namespaces(7), sysctl user.*. */
static bool namespace_refused(uint64_t flags, int errno_value, GError **error)
{
	g_autofree char *text = namespace_flags_text(flags);

	error_errno(error, errno_value, "clone3%s%s", *text ? " with " : "", text);
	switch (errno_value) {
	case ENOSPC:
	case EUSERS:
		return hint_add(error, HINT_USERNS_DISABLED, NULL);
	case EPERM:
	case EACCES:
		return hint_add(error, HINT_USERNS_RESTRICTED, NULL);
	case EINVAL:
		return hint_add(error, HINT_USERNS_KERNEL, NULL);
	case ENOSYS:
		return hint_add(error, HINT_KERNEL_CALLS, "clone3");
	case EAGAIN:
		return hint_add(error, HINT_PROCESSES, NULL);
	default:
		return false;
	}
}

/* flags may hold CLONE_PARENT: then the child's death raises the signal that the caller's would. */
static pid_t clone_with(uint64_t flags, int *ret_pidfd, GError **error)
{
	auto_fd pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

	if (pid < 0) {
		namespace_refused(flags, errno, error);
		return -1;
	}
	if (pid > 0)
		*ret_pidfd = fd_steal(&pidfd);
	return pid;
}

pid_t namespace_clone(uint64_t flags, int *ret_pidfd, GError **error)
{
	return clone_with(flags, ret_pidfd, error);
}

uint64_t namespace_type(int fd)
{
	int type = ioctl(fd, NS_GET_NSTYPE);

	return type < 0 ? 0 : (uint64_t)type;
}

/* For messages: "CLONE_NEWNET" */
static const char *type_name(int fd)
{
	uint64_t type = namespace_type(fd);

	for (size_t i = 0; i < G_N_ELEMENTS(namespaces); i++) {
		if (namespaces[i].flag == type)
			return namespaces[i].name;
	}
	return "given";
}

/* Namespaces of others to enter, and how */
typedef struct {
	const int *fds; /* of setns(2); -1: none */
	size_t n;
	bool hidden;	       /* from who is inside: not dumpable */
	uint64_t capabilities; /* hidden: what is kept of them for the child */
	int cgroup;	       /* directory of the one to be in; -1: the caller's */
} Entrance;

/* A change of credentials, as joining a user namespace is, may undo it: fs.suid_dumpable. */
static bool hide(GError **error)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_errno(error, errno, "close this process to others");
	return true;
}

static bool enter(const Entrance *entrance, GError **error)
{
	if (entrance->hidden && !hide(error))
		return false;
	for (size_t i = 0; i < entrance->n; i++) {
		if (entrance->fds[i] < 0)
			continue;
		if (setns(entrance->fds[i], 0) < 0)
			return error_errno(error, errno, "join a namespace (%s)",
					   type_name(entrance->fds[i]));
		if (entrance->hidden && !hide(error))
			return false;
	}
	return true;
}

/*
 * For who could trace the child all the same, with CAP_SYS_PTRACE in the host's user namespace.
 * What the bounding set has, root would have again after an exec that he is made to do.
 */
static bool keep_capabilities(uint64_t mask, GError **error)
{
	Capabilities sets;

	if (!capability_keep_bound(mask) || !capability_get(&sets))
		return error_errno(error, errno, "drop capabilities");
	sets.permitted &= mask;
	sets.effective &= mask;
	sets.inheritable = 0;
	return capability_set(&sets) || error_errno(error, errno, "drop capabilities");
}

/* fork(2), into a cgroup (-1: the caller's) if given. errno on failure. */
static pid_t fork_into(int cgroup)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup,
	};

	return cgroup < 0 ? fork() : (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

/* The process between. Returns 0 in the new child alone. */
static pid_t clone_between(const Entrance *entrance, uint64_t flags, Sync *sync)
{
	g_autoptr(GError) error = NULL;
	auto_fd pidfd = -1;
	pid_t pid = -1;

	if (enter(entrance, &error) &&
	    (!entrance->hidden || keep_capabilities(entrance->capabilities, &error)))
		pid = clone_with(flags | CLONE_PARENT, &pidfd, &error);
	if (pid == 0) {
		sync_close(sync);
		return 0;
	}
	if (pid < 0)
		sync_send_error(sync, error);
	else if (!sync_send(sync, SYNC_CHILD, pidfd, &error))
		_exit(1); /* the caller is gone */
	_exit(0);
}

/* "Pid:" of proc(5)'s fdinfo */
pid_t namespace_pid_of(int pidfd, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fdinfo/%d", pidfd);
	g_autofree char *text = fd_read_file(AT_FDCWD, path, FDINFO_MAX, error);
	const char *line = text ? strstr(text, "\nPid:") : NULL;
	gint64 pid = line ? g_ascii_strtoll(line + strlen("\nPid:"), NULL, 10) : 0;

	if (pid > 0)
		return (pid_t)pid;
	if (text)
		error_set(error, RLC_ERROR_FAILED, "read '%s': no pid", path);
	return -1;
}

static pid_t clone_entered(const Entrance *entrance, uint64_t flags, int *ret_pidfd, GError **error)
{
	Sync ours, theirs;
	auto_fd pidfd = -1;
	pid_t between, pid = -1;

	if (!sync_pair(&ours, &theirs, error))
		return -1;
	between = fork_into(entrance->cgroup);
	if (between == 0) {
		sync_close(&ours);
		return clone_between(entrance, flags, &theirs);
	}
	sync_close(&theirs);
	if (between < 0)
		error_errno(error, errno, "fork%s", entrance->cgroup < 0 ? "" : " into the cgroup");
	else if (sync_expect(&ours, SYNC_CHILD, &pidfd, error))
		pid = namespace_pid_of(pidfd, error);
	sync_close(&ours);
	if (between > 0)
		TEMP_FAILURE_RETRY(waitpid(between, NULL, 0));
	if (pid > 0)
		*ret_pidfd = fd_steal(&pidfd);
	return pid;
}

pid_t namespace_clone_in(const int *fds, size_t n, int cgroup, uint64_t flags, int *ret_pidfd,
			 GError **error)
{
	const Entrance entrance = {.fds = fds, .n = n, .cgroup = cgroup};

	return clone_entered(&entrance, flags, ret_pidfd, error);
}

pid_t namespace_clone_hidden(const int *fds, size_t n, int cgroup, uint64_t flags,
			     uint64_t capabilities, int *ret_pidfd, GError **error)
{
	const Entrance entrance = {
		.fds = fds, .n = n, .hidden = true, .capabilities = capabilities, .cgroup = cgroup};

	return clone_entered(&entrance, flags, ret_pidfd, error);
}
