/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left to our own processes that parse what is hostile, or live next to it.  A call that is
 * not here fails with ENOSYS rather than kill the process: a library may probe for one and do
 * without it.
 *
 * sigaltstack is AddressSanitizer's, without which it takes the end of a process for a failure.
 */
#include <linux/if.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include "filter_table.h"

#define WHOLE UINT32_MAX

/* clang-format off */

#define ALWAYS                                                                                     \
	{"brk munmap mremap madvise exit exit_group close read write", FILTER_ALLOW, {{0}}},       \
	{"futex clock_gettime getrandom rt_sigreturn sigaltstack", FILTER_ALLOW, {{0}}},           \
	{"mmap mmap2 mprotect", FILTER_UNKNOWN, {{2, PROT_EXEC, 0, FILTER_ALLOW}}}

/* The net process: what GLib's loop, malloc, libslirp and our own forwarders call. */
static const FilterRule net[] = {
	ALWAYS,
	{"fcntl writev poll ppoll restart_syscall", FILTER_ALLOW, {{0}}},
	{"bind connect accept accept4 shutdown getsockname getpeername", FILTER_ALLOW, {{0}}},
	{"getsockopt setsockopt recvfrom recvmsg sendto sendmsg", FILTER_ALLOW, {{0}}},
	{"epoll_ctl epoll_wait epoll_pwait pipe2 splice", FILTER_ALLOW, {{0}}}, /* net_splice.h */
	{"socket", FILTER_UNKNOWN, {
		{0, WHOLE, AF_INET, FILTER_ALLOW},
		{0, WHOLE, AF_INET6, FILTER_ALLOW},
		{0, WHOLE, AF_UNIX, FILTER_ALLOW},
	}},
	{"ioctl", FILTER_UNKNOWN, {
		{1, WHOLE, FIONREAD, FILTER_ALLOW},
		{1, WHOLE, SIOCATMARK, FILTER_ALLOW},
		{1, WHOLE, SIOCGIFHWADDR, FILTER_ALLOW},
	}},
};

/* rlc-image while it unpacks: what the walk and libarchive call. */
static const FilterRule unpack[] = {
	ALWAYS,
	{"open openat openat2 fcntl fstat newfstatat statx fstatfs lseek getdents64", FILTER_ALLOW, {{0}}},
	{"mkdirat mknodat linkat symlinkat renameat renameat2 unlinkat readlink ftruncate pwrite64", FILTER_ALLOW, {{0}}},
	{"fchmod fchmodat fchown fchownat fsetxattr fremovexattr utimensat umask", FILTER_ALLOW, {{0}}},
	{"getpid rt_sigaction rt_sigprocmask sendmsg", FILTER_ALLOW, {{0}}},
};

/* PID 1: it lets the payload go, waits for signals and passes them on; where it is not PID 1 it looks for who is left. */
static const FilterRule reaper[] = {
	ALWAYS,
	{"rt_sigtimedwait rt_sigtimedwait_time64 kill wait4 getpid getppid", FILTER_ALLOW, {{0}}},
	{"close_range openat fstat newfstatat fstatfs restart_syscall", FILTER_ALLOW, {{0}}},
	{"ptrace", FILTER_UNKNOWN, {{0, WHOLE, PTRACE_DETACH, FILTER_ALLOW}}},
};

/* rlc-seccomp while it reads a profile. */
static const FilterRule compile[] = {
	ALWAYS,
	{"fstat newfstatat lseek", FILTER_ALLOW, {{0}}},
};

/* clang-format on */

#define TABLE(rules_)                                                                              \
	.name = #rules_, .rules = rules_, .count = sizeof rules_ / sizeof rules_[0],               \
	.otherwise = FILTER_UNKNOWN

const FilterTable table_net = {TABLE(net)};
const FilterTable table_unpack = {TABLE(unpack)};
const FilterTable table_reaper = {TABLE(reaper)};
const FilterTable table_compile = {TABLE(compile)};
