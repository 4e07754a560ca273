/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a payload may ask of the kernel by default.  It means what docker's default profile means,
 * and is narrower where that hurts nobody; so images know what to expect.
 *
 * Refused are what the whole machine shares (clocks, modules, swap, reboot, accounting), what
 * namespaces do not keep apart (keyrings, BPF, performance counters), what opens much of the
 * kernel to little use (io_uring, userfaultfd, nested user namespaces, AF_ALG, AF_VSOCK), and
 * relics.  Who has the capability that the kernel asks for is trusted with the call as well.
 *
 * A call that is refused fails with EPERM.  A call that this table is too old to know fails with
 * ENOSYS, so that the C library falls back to an older one.
 *
 * Not seen by any filter: the arguments of the i386 call socketcall(2), which lie in memory.  It
 * stays allowed, for 32-bit C libraries have no other way to a socket; so a 32-bit program can
 * still open AF_ALG, where the host has that module.
 */
#include <asm/ioctls.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/socket.h>

#include "filter_table.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)
#define WHOLE UINT32_MAX

enum {
	IF_NAMESPACES,
	IF_ADMIN,
	IF_BPF,
	IF_PERFMON,
	IF_SYSLOG,
	IF_BOOT,
	IF_CHROOT,
	IF_HANDLES,
	IF_MODULE,
	IF_NICE,
	IF_PACCT,
	IF_PTRACE,
	IF_RAWIO,
	IF_TIME,
	IF_TTY,
};

static const uint64_t conditions[] = {
	[IF_NAMESPACES] = CAP(SYS_ADMIN) | FILTER_NESTED,
	[IF_ADMIN] = CAP(SYS_ADMIN),
	[IF_BPF] = CAP(SYS_ADMIN) | CAP(BPF),
	[IF_PERFMON] = CAP(SYS_ADMIN) | CAP(PERFMON),
	[IF_SYSLOG] = CAP(SYS_ADMIN) | CAP(SYSLOG),
	[IF_BOOT] = CAP(SYS_BOOT),
	[IF_CHROOT] = CAP(SYS_CHROOT) | FILTER_NESTED,
	[IF_HANDLES] = CAP(DAC_READ_SEARCH),
	[IF_MODULE] = CAP(SYS_MODULE),
	[IF_NICE] = CAP(SYS_NICE),
	[IF_PACCT] = CAP(SYS_PACCT),
	[IF_PTRACE] = CAP(SYS_PTRACE),
	[IF_RAWIO] = CAP(SYS_RAWIO),
	[IF_TIME] = CAP(SYS_TIME),
	[IF_TTY] = CAP(SYS_TTY_CONFIG),
	0,
};

/* clang-format off */

static const FilterRule rules[] = {
	/* processes and threads */
	{"fork vfork execve execveat exit exit_group wait4 waitid waitpid", FILTER_ALLOW, {{0}}},
	{"getpid getppid gettid getpgid getpgrp setpgid getsid setsid", FILTER_ALLOW, {{0}}},
	{"set_tid_address set_robust_list get_robust_list rseq membarrier restart_syscall", FILTER_ALLOW, {{0}}},
	{"futex futex_time64 futex_waitv futex_wake futex_wait futex_requeue", FILTER_ALLOW, {{0}}},
	{"arch_prctl get_thread_area set_thread_area modify_ldt prctl", FILTER_ALLOW, {{0}}},
	{"set_tls get_tls breakpoint cacheflush", FILTER_ALLOW, {{0}}}, /* arm's */
	{"riscv_flush_icache riscv_hwprobe uretprobe map_shadow_stack", FILTER_ALLOW, {{0}}},
	{"seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self", FILTER_ALLOW, {{0}}},
	{"ptrace process_vm_readv process_vm_writev process_mrelease", FILTER_ALLOW, {{0}}},
	{"pidfd_open pidfd_send_signal", FILTER_ALLOW, {{0}}},
	{"capget capset", FILTER_ALLOW, {{0}}},

	/* scheduling and resources */
	{"sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam", FILTER_ALLOW, {{0}}},
	{"sched_getscheduler sched_setscheduler sched_getattr sched_setattr", FILTER_ALLOW, {{0}}},
	{"sched_get_priority_max sched_get_priority_min sched_rr_get_interval", FILTER_ALLOW, {{0}}},
	{"sched_rr_get_interval_time64 getpriority setpriority ioprio_get ioprio_set", FILTER_ALLOW, {{0}}},
	{"getrlimit ugetrlimit setrlimit prlimit64 getrusage times getcpu", FILTER_ALLOW, {{0}}},

	/* who one is */
	{"getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32", FILTER_ALLOW, {{0}}},
	{"getresuid getresuid32 getresgid getresgid32 getgroups getgroups32", FILTER_ALLOW, {{0}}},
	{"setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32", FILTER_ALLOW, {{0}}},
	{"setresuid setresuid32 setresgid setresgid32 setgroups setgroups32", FILTER_ALLOW, {{0}}},
	{"setfsuid setfsuid32 setfsgid setfsgid32 umask uname sysinfo getrandom", FILTER_ALLOW, {{0}}},

	/* signals */
	{"kill tkill tgkill pause alarm sigaltstack", FILTER_ALLOW, {{0}}},
	{"rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigreturn", FILTER_ALLOW, {{0}}},
	{"rt_sigqueueinfo rt_tgsigqueueinfo rt_sigtimedwait rt_sigtimedwait_time64", FILTER_ALLOW, {{0}}},
	{"sigprocmask sigreturn signalfd signalfd4", FILTER_ALLOW, {{0}}},

	/* memory */
	{"brk mmap mmap2 munmap mremap mprotect msync mincore madvise mseal", FILTER_ALLOW, {{0}}},
	{"mlock mlock2 mlockall munlock munlockall remap_file_pages", FILTER_ALLOW, {{0}}},
	{"pkey_alloc pkey_free pkey_mprotect memfd_create memfd_secret", FILTER_ALLOW, {{0}}},

	/* time: to look at, to wait for; clocks are set elsewhere */
	{"time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64", FILTER_ALLOW, {{0}}},
	{"nanosleep clock_nanosleep clock_nanosleep_time64 getitimer setitimer", FILTER_ALLOW, {{0}}},
	{"adjtimex clock_adjtime clock_adjtime64", FILTER_ALLOW, {{0}}}, /* to set needs SYS_TIME */
	{"timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64", FILTER_ALLOW, {{0}}},
	{"timer_settime timer_settime64 timerfd_create timerfd timerfd_gettime", FILTER_ALLOW, {{0}}},
	{"timerfd_gettime64 timerfd_settime timerfd_settime64", FILTER_ALLOW, {{0}}},

	/* files by name */
	{"open openat openat2 creat access faccessat faccessat2 readlink readlinkat", FILTER_ALLOW, {{0}}},
	{"stat stat64 lstat lstat64 newfstatat fstatat64 statx", FILTER_ALLOW, {{0}}},
	{"statfs statfs64 statmount listmount name_to_handle_at", FILTER_ALLOW, {{0}}},
	{"mkdir mkdirat rmdir mknod mknodat link linkat symlink symlinkat unlink unlinkat", FILTER_ALLOW, {{0}}},
	{"rename renameat renameat2 truncate truncate64 chdir fchdir getcwd", FILTER_ALLOW, {{0}}},
	{"chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 fchownat lchown lchown32", FILTER_ALLOW, {{0}}},
	{"utime utimes utimensat utimensat_time64 futimesat", FILTER_ALLOW, {{0}}},
	{"getxattr lgetxattr fgetxattr getxattrat listxattr llistxattr flistxattr listxattrat", FILTER_ALLOW, {{0}}},
	{"setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat", FILTER_ALLOW, {{0}}},
	{"inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark", FILTER_ALLOW, {{0}}},

	/* files that are open */
	{"read pread64 readv preadv preadv2 write pwrite64 writev pwritev pwritev2", FILTER_ALLOW, {{0}}},
	{"lseek _llseek close close_range dup dup2 dup3 fcntl fcntl64 flock", FILTER_ALLOW, {{0}}},
	{"fstat fstat64 fstatfs fstatfs64 getdents getdents64 cachestat", FILTER_ALLOW, {{0}}},
	{"fsync fdatasync sync syncfs sync_file_range sync_file_range2 arm_sync_file_range", FILTER_ALLOW, {{0}}},
	{"ftruncate ftruncate64 fallocate fadvise64 fadvise64_64 arm_fadvise64_64 readahead", FILTER_ALLOW, {{0}}},
	{"sendfile sendfile64 splice tee vmsplice copy_file_range pipe pipe2", FILTER_ALLOW, {{0}}},
	{"io_setup io_submit io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64", FILTER_ALLOW, {{0}}},

	/* waiting for several */
	{"select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64", FILTER_ALLOW, {{0}}},
	{"epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old", FILTER_ALLOW, {{0}}},
	{"epoll_pwait epoll_pwait2 eventfd eventfd2", FILTER_ALLOW, {{0}}},

	/* sockets, and what System V left */
	{"socketpair bind connect listen accept accept4 shutdown socketcall", FILTER_ALLOW, {{0}}},
	{"getsockname getpeername getsockopt setsockopt", FILTER_ALLOW, {{0}}},
	{"send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64", FILTER_ALLOW, {{0}}},
	{"shmget shmat shmdt shmctl semget semop semctl semtimedop semtimedop_time64", FILTER_ALLOW, {{0}}},
	{"msgget msgsnd msgrcv msgctl ipc", FILTER_ALLOW, {{0}}},
	{"mq_open mq_unlink mq_notify mq_getsetattr mq_timedsend mq_timedsend_time64", FILTER_ALLOW, {{0}}},
	{"mq_timedreceive mq_timedreceive_time64", FILTER_ALLOW, {{0}}},

	/* a socket to the kernel's cryptography, or to the hypervisor */
	{"socket", FILTER_ALLOW, {
		{0, WHOLE, AF_ALG, FILTER_REFUSE},
		{0, WHOLE, AF_VSOCK, FILTER_REFUSE},
	}},
	/* what types into a terminal as if its user did */
	{"ioctl", FILTER_ALLOW, {
		{1, WHOLE, TIOCSTI, FILTER_REFUSE},
		{1, WHOLE, TIOCLINUX, FILTER_REFUSE},
	}},
	/* Linux, Linux of 32 bits, both of version 2.6 in name, and to ask */
	{"personality", FILTER_REFUSE, {
		{0, WHOLE, 0x0, FILTER_ALLOW},
		{0, WHOLE, 0x8, FILTER_ALLOW},
		{0, WHOLE, 0x20000, FILTER_ALLOW},
		{0, WHOLE, 0x20008, FILTER_ALLOW},
		{0, WHOLE, 0xffffffff, FILTER_ALLOW},
	}},

	/* namespaces, mounts: the C library does without clone3, whose flags lie in memory */
	{"clone", FILTER_IF(IF_NAMESPACES), {
		{0, NAMESPACES, 0, FILTER_ALLOW},
	}},
	{"clone3", FILTER_IF_ELSE_UNKNOWN(IF_NAMESPACES), {{0}}},
	{"unshare setns mount umount umount2 pivot_root sethostname setdomainname", FILTER_IF(IF_NAMESPACES), {{0}}},
	{"fsopen fsconfig fsmount fspick open_tree open_tree_attr move_mount mount_setattr", FILTER_IF(IF_NAMESPACES), {{0}}},
	{"chroot", FILTER_IF(IF_CHROOT), {{0}}},

	/* by capability */
	{"fanotify_init lookup_dcookie quotactl quotactl_fd", FILTER_IF(IF_ADMIN), {{0}}},
	{"bpf", FILTER_IF(IF_BPF), {{0}}},
	{"perf_event_open", FILTER_IF(IF_PERFMON), {{0}}},
	{"syslog", FILTER_IF(IF_SYSLOG), {{0}}},
	{"reboot", FILTER_IF(IF_BOOT), {{0}}},
	{"open_by_handle_at", FILTER_IF(IF_HANDLES), {{0}}},
	{"init_module finit_module delete_module", FILTER_IF(IF_MODULE), {{0}}},
	{"get_mempolicy set_mempolicy set_mempolicy_home_node mbind", FILTER_IF(IF_NICE), {{0}}},
	{"acct", FILTER_IF(IF_PACCT), {{0}}},
	{"kcmp pidfd_getfd process_madvise", FILTER_IF(IF_PTRACE), {{0}}},
	{"iopl ioperm", FILTER_IF(IF_RAWIO), {{0}}},
	{"settimeofday stime clock_settime clock_settime64", FILTER_IF(IF_TIME), {{0}}},
	{"vhangup", FILTER_IF(IF_TTY), {{0}}},
};

/* clang-format on */

const FilterTable table_payload = {
	.name = "payload",
	.rules = rules,
	.count = sizeof rules / sizeof rules[0],
	.otherwise = FILTER_REFUSE,
	.all_abis = true,
	.conditions = conditions,
};
