/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/namespace.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"

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

	error_errno(error, errno_value, "clone3 with %s", text);
	switch (errno_value) {
	case ENOSPC:
	case EUSERS:
		return hint_add(error, HINT_USERNS_DISABLED, NULL);
	case EPERM:
	case EACCES:
		return hint_add(error, HINT_USERNS_RESTRICTED, NULL);
	case EINVAL:
	case ENOSYS:
		return hint_add(error, HINT_USERNS_KERNEL, NULL);
	default:
		return false;
	}
}

pid_t namespace_clone(uint64_t flags, int *ret_pidfd, GError **error)
{
	auto_fd pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
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
