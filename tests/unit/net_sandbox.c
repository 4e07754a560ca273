/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the net process's sandbox nothing is left to reach for: each probe runs in a child. */
#include "feature/net_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

/* A probe returns 0 when it found what it wanted. Errors inside are reported by exit code alone. */
typedef int (*Probe)(int keep);

#define REFUSED(call) ((call) < 0 && errno == ENOSYS ? 0 : 1)

static int probe_open(int keep)
{
	(void)keep;
	return REFUSED(syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY)) ||
	       REFUSED(syscall(SYS_openat2, AT_FDCWD, "/dns", NULL, 0));
}

static int probe_exec(int keep)
{
	const char *const argv[] = {"/bin/true", NULL};

	(void)keep;
	return REFUSED(syscall(SYS_execve, argv[0], argv, NULL)) ||
	       REFUSED(syscall(SYS_execveat, AT_FDCWD, argv[0], argv, NULL, 0));
}

static int probe_processes(int keep)
{
	(void)keep;
	return REFUSED(syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0)) ||
	       REFUSED(syscall(SYS_kill, getppid(), 0)) || REFUSED(syscall(SYS_clone3, NULL, 0)) ||
	       REFUSED(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) ||
	       REFUSED(syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0)) ||
	       REFUSED(syscall(SYS_pidfd_getfd, keep, 0, 0));
}

static int probe_privilege(int keep)
{
	(void)keep;
	return REFUSED(syscall(SYS_unshare, CLONE_NEWUSER)) || REFUSED(syscall(SYS_setuid, 0)) ||
	       REFUSED(syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL)) ||
	       REFUSED(syscall(SYS_setns, keep, 0)) || REFUSED(syscall(SYS_bpf, 0, NULL, 0)) ||
	       REFUSED(syscall(SYS_io_uring_setup, 1, NULL)) ||
	       REFUSED(syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int probe_sockets(int keep)
{
	(void)keep;
	return REFUSED(socket(AF_NETLINK, SOCK_RAW, 0)) ||
	       REFUSED(socket(AF_PACKET, SOCK_RAW, 0)) ||
	       REFUSED(socket(AF_VSOCK, SOCK_STREAM, 0)) || socket(AF_INET, SOCK_DGRAM, 0) < 0 ||
	       socket(AF_INET6, SOCK_STREAM, 0) < 0 || socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0;
}

static int probe_memory(int keep)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)keep;
	if (page == MAP_FAILED || mprotect(page, 4096, PROT_READ) < 0)
		return 1;
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0)
		return 1;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

/* keep still works, as do 0, 1 and 2; all others up to it and beyond are closed. */
static int probe_descriptors(int keep)
{
	char byte;

	if (recv(keep, &byte, 1, MSG_PEEK) != 1 || write(2, "", 0) < 0)
		return 1;
	for (int fd = 3; fd < 64; fd++)
		if (fd != keep && fd != keep + 1 && fcntl(fd, F_GETFD) >= 0 &&
		    recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
			return 1;
	return 0;
}

static const struct {
	const char *name;
	Probe probe;
} probes[] = {
	{"open", probe_open},
	{"exec", probe_exec},
	{"processes", probe_processes},
	{"privilege", probe_privilege},
	{"sockets", probe_sockets},
	{"memory", probe_memory},
	{"descriptors", probe_descriptors},
};

/* Between the two halves: what stands before the filter closes. */
static bool half_open_is_empty(void)
{
	struct rlimit core;

	return access("/etc", F_OK) < 0 && errno == ENOENT && access("/proc", F_OK) < 0 &&
	       access(NET_SANDBOX_DNS, F_OK) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 &&
	       core.rlim_max == 0;
}

static void child(Probe probe, int keep)
{
	g_autoptr(GError) error = NULL;
	int listener;

	if (!net_sandbox_close(keep, &error) || !net_sandbox_enter(&listener, &error))
		_exit(error->code == EPERM ? 77 : 10);
	if (!half_open_is_empty())
		_exit(11);
	if (!net_sandbox_seal(&error))
		_exit(12);
	_exit(probe(keep));
}

static void test_probe(gconstpointer data)
{
	Probe probe = probes[GPOINTER_TO_SIZE(data)].probe;
	int ends[2], stray = open("/dev/zero", O_RDONLY | O_CLOEXEC), status = 0;
	pid_t pid;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
	g_assert_cmpint(write(ends[0], "x", 1), ==, 1);
	pid = fork();
	if (pid == 0)
		child(probe, ends[1]);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	fd_close(&stray);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		g_test_skip("user namespaces are not allowed here");
	else
		g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (size_t i = 0; i < G_N_ELEMENTS(probes); i++) {
		g_autofree char *path = g_strdup_printf("/net/sandbox/%s", probes[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_probe);
	}
	return g_test_run();
}
