/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/capability.h"
#include "kernel/filter.h"
#include "kernel/landlock.h"
#include "kernel/mount.h"

/*
 * A TCP connection through libslirp costs two buffers of 192 KiB at the largest MTU, so descriptors
 * bound memory.  The address space is capped beyond that: a flaw that allocates without end ends
 * this process, not the host's memory.
 */
#define FILES_MAX    24576
#define MEMORY_MAX   (12UL << 30)
#define ROOT_OPTIONS "size=64k,mode=0700"

void net_sandbox_leave_supervisor(void)
{
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN); /* libslirp sends without MSG_NOSIGNAL */
	prctl(PR_SET_NAME, "rlc-net");
	prctl(PR_SET_DUMPABLE, 1); /* else /proc/self, and with it uid_map, would be root's */
}

static bool write_map(const char *path, unsigned id, GError **error)
{
	g_autofree char *map = g_strdup_printf("%u %u 1", id, id);

	return fd_write_file(AT_FDCWD, path, map, error);
}

/*
 * A user namespace makes the mounts below possible for an ordinary user, and takes root's hold over
 * the host away from a net process of root's.
 */
static bool enter_userns(GError **error)
{
	unsigned uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC) < 0) {
		int saved = errno;

		if (uid == 0 && unshare(CLONE_NEWNS | CLONE_NEWIPC) == 0)
			return true; /* root, where user namespaces are forbidden */
		return error_errno(error, saved, "isolate the net process");
	}
	return fd_write_file(AT_FDCWD, "/proc/self/setgroups", "deny", error) &&
	       write_map("/proc/self/uid_map", uid, error) &&
	       write_map("/proc/self/gid_map", gid, error);
}

/* Stack an empty tmpfs on "/", enter it by its descriptor, and drop what lies beneath. */
static bool enter_empty_root(GError **error)
{
	auto_fd root = -1;

	if (!mount_make_all_private(error))
		return false;
	root = mount_new("tmpfs", ROOT_OPTIONS,
			 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, error);
	return root >= 0 && mount_stack(root, error) && mount_pivot(root, error);
}

/*
 * libslirp connects with a blocking connect(2) from this same thread, so the backlog must hold more
 * connections than one batch of frames can ask for (net_slirp.c): it would wait for itself.
 */
static bool listen_dns(int *ret_listener, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = NET_SANDBOX_DNS};
	auto_fd listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(listener, SOMAXCONN) < 0)
		return error_errno(error, errno, "listen on '%s'", NET_SANDBOX_DNS);
	*ret_listener = fd_steal(&listener);
	return true;
}

static bool set_limit(int resource, rlim_t value, GError **error)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return error_errno(error, errno, "read a limit of the net process");
	limit.rlim_max = MIN(limit.rlim_max, value);
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(resource, &limit) < 0)
		return error_errno(error, errno, "limit the net process");
	return true;
}

static bool set_limits(GError **error)
{
	if (!set_limit(RLIMIT_NOFILE, FILES_MAX, error) || !set_limit(RLIMIT_CORE, 0, error))
		return false;
#ifndef __SANITIZE_ADDRESS__ /* whose shadow alone is larger */
	if (!set_limit(RLIMIT_AS, MEMORY_MAX, error))
		return false;
#endif
	return true;
}

bool net_sandbox_close(int keep, GError **error)
{
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return error_errno(error, errno, "open '/dev/null'");
	fd_close(&null);
	return fd_close_others(keep, error);
}

bool net_sandbox_enter(int *ret_listener, GError **error)
{
	auto_fd listener = -1;

	if (!set_limits(error) || !enter_userns(error) || !enter_empty_root(error) ||
	    !listen_dns(&listener, error))
		return false;
	*ret_listener = fd_steal(&listener);
	return true;
}

static bool drop_capabilities(GError **error)
{
	const Capabilities none = {0};

	return capability_set(&none) ||
	       error_errno(error, errno, "drop the net process's capabilities");
}

bool net_sandbox_seal(GError **error)
{
	capability_keep_bound(0);
	if (drop_capabilities(error) && landlock_seal(-1, error) && filter_seal(&filter_net, error))
		return true;
	error_prefix(error, "seal the net process: ");
	return false;
}
