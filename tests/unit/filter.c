/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generated filters, run as the kernel would: for every processor, whatever this machine is.
 * What a call is allowed is told by name; libseccomp knows its number.
 */
#include <asm/ioctls.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "assemble.h"

#define EPERM_	(SECCOMP_RET_ERRNO | EPERM)
#define ENOSYS_ (SECCOMP_RET_ERRNO | ENOSYS)
#define ALLOWED SECCOMP_RET_ALLOW
#define CAP(n)	(UINT64_C(1) << CAP_##n)
#define HIGH	(UINT64_C(0xdead) << 32)

/* What the machine returns; G_MAXUINT32 for a program that the kernel would not take. */
static uint32_t run(const struct sock_filter *code, size_t count, const struct seccomp_data *data)
{
	uint32_t accumulator = 0;

	for (size_t at = 0; at < count; at++) {
		const struct sock_filter *i = &code[at];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k % 4 || i->k + 4 > sizeof *data)
				return G_MAXUINT32;
			memcpy(&accumulator, (const char *)data + i->k, 4);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			accumulator &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			at += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += accumulator == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += accumulator >= i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			return G_MAXUINT32;
		}
	}
	return G_MAXUINT32;
}

typedef struct {
	const char *processor;
	uint32_t abi;
} Machine;

static const Machine machines[] = {
	{"x86_64", SCMP_ARCH_X86_64},	    {"x86_64", SCMP_ARCH_X32},
	{"x86_64", SCMP_ARCH_X86},	    {"aarch64", SCMP_ARCH_AARCH64},
	{"aarch64", SCMP_ARCH_ARM},	    {"riscv64", SCMP_ARCH_RISCV64},
	{"powerpc64le", SCMP_ARCH_PPC64LE},
};

/* libseccomp's own numbers for socket(2) and ipc(2) on i386 are no numbers of the kernel's. */
static int call_number(uint32_t abi, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(abi, name);

	for (int i = 0; number < 0 && abi == SCMP_ARCH_X86 && i < 1024; i++) {
		g_autofree char *at = seccomp_syscall_resolve_num_arch(abi, i);

		if (g_strcmp0(at, name) == 0)
			return i;
	}
	return number;
}

static uint32_t ask(const Filter *filter, uint64_t capabilities, uint32_t abi, int number,
		    const uint64_t *args)
{
	g_autofree struct sock_filter *code = filter_decide(filter, capabilities);
	struct seccomp_data data = {
		.nr = number,
		.arch = abi == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : abi,
	};

	memcpy(data.args, args, sizeof data.args);
	return run(code, filter->count, &data);
}

typedef struct {
	const char *call;
	uint64_t args[6];
	uint64_t capabilities;
	uint32_t verdict;
} Case;

static const Case payload_cases[] = {
	{"read", {0}, 0, ALLOWED},
	{"openat2", {0}, 0, ALLOWED},
	{"rt_sigreturn", {0}, 0, ALLOWED},
	{"exit_group", {0}, 0, ALLOWED},
	{"add_key", {0}, UINT64_MAX, EPERM_},
	{"request_key", {0}, UINT64_MAX, EPERM_},
	{"keyctl", {0}, UINT64_MAX, EPERM_},
	{"io_uring_setup", {0}, UINT64_MAX, EPERM_},
	{"io_uring_enter", {0}, UINT64_MAX, EPERM_},
	{"io_uring_register", {0}, UINT64_MAX, EPERM_},
	{"userfaultfd", {0}, UINT64_MAX, EPERM_},
	{"kexec_load", {0}, UINT64_MAX, EPERM_},
	{"kexec_file_load", {0}, UINT64_MAX, EPERM_},
	{"swapon", {0}, UINT64_MAX, EPERM_},
	{"nfsservctl", {0}, UINT64_MAX, EPERM_},
	{"bpf", {0}, 0, EPERM_},
	{"bpf", {0}, CAP(BPF), ALLOWED},
	{"bpf", {0}, CAP(SYS_ADMIN), ALLOWED},
	{"perf_event_open", {0}, 0, EPERM_},
	{"perf_event_open", {0}, CAP(PERFMON), ALLOWED},
	{"syslog", {0}, 0, EPERM_},
	{"syslog", {0}, CAP(SYSLOG), ALLOWED},
	{"reboot", {0}, CAP(SYS_ADMIN), EPERM_},
	{"reboot", {0}, CAP(SYS_BOOT), ALLOWED},
	{"chroot", {0}, 0, EPERM_},
	{"chroot", {0}, CAP(SYS_CHROOT), ALLOWED},
	{"open_by_handle_at", {0}, 0, EPERM_},
	{"open_by_handle_at", {0}, CAP(DAC_READ_SEARCH), ALLOWED},
	{"init_module", {0}, 0, EPERM_},
	{"finit_module", {0}, CAP(SYS_MODULE), ALLOWED},
	{"mbind", {0}, 0, EPERM_},
	{"mbind", {0}, CAP(SYS_NICE), ALLOWED},
	{"acct", {0}, 0, EPERM_},
	{"acct", {0}, CAP(SYS_PACCT), ALLOWED},
	{"kcmp", {0}, 0, EPERM_},
	{"kcmp", {0}, CAP(SYS_PTRACE), ALLOWED},
	{"settimeofday", {0}, 0, EPERM_},
	{"clock_settime", {0}, CAP(SYS_TIME), ALLOWED},
	{"vhangup", {0}, 0, EPERM_},
	{"vhangup", {0}, CAP(SYS_TTY_CONFIG), ALLOWED},
	{"iopl", {0}, 0, EPERM_},
	{"mount", {0}, 0, EPERM_},
	{"mount", {0}, CAP(SYS_ADMIN), ALLOWED},
	{"mount", {0}, FILTER_NESTED, ALLOWED},
	{"setns", {0}, 0, EPERM_},
	{"unshare", {CLONE_FS}, 0, EPERM_},
	{"unshare", {CLONE_NEWUSER}, 0, EPERM_},
	{"unshare", {CLONE_NEWUSER}, FILTER_NESTED, ALLOWED},
	{"clone", {SIGCHLD}, 0, ALLOWED},
	{"clone", {HIGH | CLONE_VM | CLONE_THREAD}, 0, ALLOWED},
	{"clone", {CLONE_NEWUSER}, 0, EPERM_},
	{"clone", {HIGH | CLONE_NEWNS | CLONE_VM}, 0, EPERM_},
	{"clone", {CLONE_NEWPID}, CAP(SYS_CHROOT), EPERM_},
	{"clone", {CLONE_NEWUSER}, CAP(SYS_ADMIN), ALLOWED},
	{"clone", {CLONE_NEWUSER}, FILTER_NESTED, ALLOWED},
	{"clone3", {0}, 0, ENOSYS_},
	{"clone3", {0}, FILTER_NESTED, ALLOWED},
	{"socket", {AF_INET}, 0, ALLOWED},
	{"socket", {AF_NETLINK}, 0, ALLOWED},
	{"socket", {AF_ALG}, 0, EPERM_},
	{"socket", {HIGH | AF_ALG}, 0, EPERM_},
	{"socket", {AF_VSOCK}, UINT64_MAX, EPERM_},
	{"socketcall", {1}, 0, ALLOWED},
	{"ioctl", {0, TIOCGWINSZ}, 0, ALLOWED},
	{"ioctl", {0, TIOCSTI}, 0, EPERM_},
	{"ioctl", {0, HIGH | TIOCSTI}, 0, EPERM_},
	{"ioctl", {0, HIGH | TIOCLINUX}, UINT64_MAX, EPERM_},
	{"personality", {0}, 0, ALLOWED},
	{"personality", {0xffffffff}, 0, ALLOWED},
	{"personality", {0x0040000}, 0, EPERM_}, /* ADDR_NO_RANDOMIZE */
	{"personality", {0x20008}, 0, ALLOWED},
};

static void test_payload(gconstpointer data)
{
	const Machine *machine = data;
	g_autoptr(GArray) code = assemble(&table_payload, machine->processor);
	Filter filter = {(const struct sock_filter *)(const void *)code->data, code->len,
			 table_payload.conditions};
	const uint64_t none[6] = {0};

	g_assert_cmpuint(code->len, <=, BPF_MAXINSNS);
	for (size_t i = 0; i < G_N_ELEMENTS(payload_cases); i++) {
		const Case *at = &payload_cases[i];
		int number = call_number(machine->abi, at->call);
		uint32_t verdict;

		if (number < 0)
			continue; /* this ABI never had it */
		verdict = ask(&filter, at->capabilities, machine->abi, number, at->args);
		if (verdict != at->verdict)
			g_test_message("%s, case %zu", at->call, i);
		g_assert_cmphex(verdict, ==, at->verdict);
	}
	/* younger than the table; older than fchmodat2; no ABI's */
	g_assert_cmphex(ask(&filter, UINT64_MAX, machine->abi, 900, none), ==, ENOSYS_);
	g_assert_cmphex(ask(&filter, 0, machine->abi, -1, none), ==, ENOSYS_);
	g_assert_cmphex(ask(&filter, 0, AUDIT_ARCH_S390X, 1, none), ==, SECCOMP_RET_KILL_PROCESS);
	if (machine->abi != SCMP_ARCH_X32)
		g_assert_cmphex(ask(&filter, 0, machine->abi, 452, none), ==, ALLOWED);
}

/* Nothing that is open stays open, and with all capabilities nothing asks for one. */
static void test_decide(void)
{
	g_autofree struct sock_filter *none = filter_decide(&filter_payload, 0);
	g_autofree struct sock_filter *all = filter_decide(&filter_payload, UINT64_MAX);
	size_t differ = 0;

	for (size_t i = 0; i < filter_payload.count; i++) {
		if (none[i].code != (BPF_RET | BPF_K))
			continue;
		g_assert_true(none[i].k == ALLOWED || none[i].k == EPERM_ || none[i].k == ENOSYS_ ||
			      none[i].k == SECCOMP_RET_KILL_PROCESS);
		differ += none[i].k != all[i].k;
	}
	g_assert_cmpuint(differ, >=, 15);
}

static void test_processes(void)
{
	static const Case cases[] = {
		{"read", {0}, 0, ALLOWED},
		{"openat", {0}, 0, ENOSYS_},
		{"execve", {0}, 0, ENOSYS_},
		{"mmap", {0, 0, PROT_READ | PROT_WRITE}, 0, ALLOWED},
		{"mmap", {0, 0, PROT_READ | PROT_EXEC}, 0, ENOSYS_},
		{"socket", {AF_INET6}, 0, ALLOWED},
		{"socket", {AF_PACKET}, 0, ENOSYS_},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint32_t native = seccomp_arch_native();

		g_assert_cmphex(ask(&filter_net, 0, native, call_number(native, cases[i].call),
				    cases[i].args),
				==, cases[i].verdict);
	}
}

/* Who traces PID 1 gets no program out of it, no other user, and no kernel to try. */
static void test_reaper(void)
{
	static const Case cases[] = {
		{"rt_sigtimedwait", {0}, 0, ALLOWED},
		{"wait4", {0}, 0, ALLOWED},
		{"kill", {0}, 0, ALLOWED},
		{"exit_group", {0}, 0, ALLOWED},
		{"execve", {0}, 0, ENOSYS_},
		{"setresuid", {0}, 0, ENOSYS_},
		{"unshare", {0}, 0, ENOSYS_},
		{"io_uring_setup", {0}, 0, ENOSYS_},
	};
	uint32_t native = seccomp_arch_native();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmphex(ask(&filter_reaper, 0, native, call_number(native, cases[i].call),
				    cases[i].args),
				==, cases[i].verdict);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (size_t i = 0; i < G_N_ELEMENTS(machines); i++) {
		g_autofree char *path = g_strdup_printf("/filter/payload/%s/%x",
							machines[i].processor, machines[i].abi);

		g_test_add_data_func(path, &machines[i], test_payload);
	}
	g_test_add_func("/filter/decide", test_decide);
	g_test_add_func("/filter/processes", test_processes);
	g_test_add_func("/filter/reaper", test_reaper);
	return g_test_run();
}
