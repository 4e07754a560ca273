/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rlc-seccomp CAPABILITIES: reads a profile, writes what seccomp(2) loads.
 *
 * It is run once for a profile and a set of capabilities (hexadecimal, as in /proc/PID/status); rlc
 * keeps what it says.  So rlc itself needs neither a JSON parser nor libseccomp.  Standard output
 * has a SeccompHeader (feature/seccomp_profile.h) and the code; an error is text on standard error.
 *
 * A profile may come from anywhere, so it is read by a process that can do nothing else.
 */
#include <errno.h>
#include <jansson.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/seccomp_profile.h"
#include "kernel/filter.h"
#include "kernel/landlock.h"
#include "rlc-seccomp/profile.h"

#define PROFILE_MAX (4 << 20)
#define MEMORY_MAX  (512UL << 20)

/* docker's names of processors */
static const char *processor_name(void)
{
	switch (seccomp_arch_native()) {
	case SCMP_ARCH_X86_64:
		return "amd64";
	case SCMP_ARCH_X86:
		return "x86";
	case SCMP_ARCH_AARCH64:
		return "arm64";
	case SCMP_ARCH_ARM:
		return "arm";
	case SCMP_ARCH_PPC64LE:
		return "ppc64le";
	case SCMP_ARCH_S390X:
		return "s390x";
	case SCMP_ARCH_RISCV64:
		return "riscv64";
	default:
		return "";
	}
}

static void find_host(const char *capabilities, ProfileHost *ret_host)
{
	struct utsname name;

	*ret_host = (ProfileHost){
		.capabilities = g_ascii_strtoull(capabilities, NULL, 16),
		.processor = processor_name(),
	};
	if (uname(&name) == 0)
		sscanf(name.release, "%u.%u", &ret_host->kernel[0], &ret_host->kernel[1]);
}

/* What libraries open or ask for when first used is asked for before. */
static bool confine(int keep, GError **error)
{
	const struct rlimit none = {0, 0};
#ifndef __SANITIZE_ADDRESS__ /* whose shadow alone is larger */
	const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX};

	if (setrlimit(RLIMIT_AS, &memory) < 0)
		return error_errno(error, errno, "limit the process");
#endif
	seccomp_api_get();
	json_object_seed(0);
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return error_errno(error, errno, "limit the process");
	return fd_close_others(keep, error) && landlock_seal(-1, error) &&
	       filter_seal(&filter_compile, error);
}

static void add(GArray *code, uint16_t operation, uint8_t yes, uint8_t no, uint32_t k)
{
	struct sock_filter instruction = {operation, yes, no, k};

	g_array_append_val(code, instruction);
}

/*
 * A call that is younger than the profile was not refused by it: it was not thought of.  It fails
 * as on an old kernel, so that the C library uses the older call.
 */
static void add_unknown(GArray *code, const Profile *profile)
{
	uint32_t kind = profile->default_action & SECCOMP_RET_ACTION_FULL;

	if (kind == SECCOMP_RET_ALLOW || kind == SECCOMP_RET_LOG)
		return;
	for (guint i = 0; i < profile->newest->len; i++) {
		const ProfileNewest *newest = &g_array_index(profile->newest, ProfileNewest, i);
		uint32_t abi = newest->abi;

		/* x32 goes by the name of x86_64, and its numbers are above all others */
		if (newest->number < 0 || abi == SCMP_ARCH_X32)
			continue;
		add(code, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
		add(code, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, abi);
		add(code, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
		add(code, BPF_JMP | BPF_JGE | BPF_K, 2, 0, 0x40000000);
		add(code, BPF_JMP | BPF_JGT | BPF_K, 0, 1, (uint32_t)newest->number);
		add(code, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
	}
}

static bool export(const Profile *profile, int scratch, GArray *code, GError **error)
{
	struct sock_filter instruction;
	int r = seccomp_export_bpf(profile->filter, scratch);

	if (r < 0 || lseek(scratch, 0, SEEK_SET) < 0)
		return error_errno(error, r < 0 ? -r : errno, "export the filter");
	add_unknown(code, profile);
	while (read(scratch, &instruction, sizeof instruction) == sizeof instruction)
		g_array_append_val(code, instruction);
	return code->len <= BPF_MAXINSNS ||
	       error_set(error, RLC_ERROR_USAGE, "it is too large: %u instructions", code->len);
}

static bool run(const char *capabilities, GError **error)
{
	auto_fd scratch = memfd_create("filter", MFD_CLOEXEC);
	g_autoptr(GArray) code = g_array_new(FALSE, FALSE, sizeof(struct sock_filter));
	g_auto(Profile) profile = {0};
	g_autofree char *text = NULL;
	SeccompHeader header = {.magic = SECCOMP_MAGIC};
	ProfileHost host;

	find_host(capabilities, &host);
	if (scratch < 0)
		return error_errno(error, errno, "make a file in memory");
	if (!confine(scratch, error))
		return false;
	text = fd_read_all(STDIN_FILENO, "the profile", PROFILE_MAX, error);
	if (!text || !profile_parse(text, &host, &profile, error) ||
	    !export(&profile, scratch, code, error))
		return false;
	header.flags = profile.flags;
	header.count = code->len;
	return (fd_write_all(STDOUT_FILENO, &header, sizeof header) &&
		fd_write_all(STDOUT_FILENO, code->data, code->len * sizeof(struct sock_filter))) ||
	       error_errno(error, errno, "write the filter");
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (argc == 2 && run(argv[1], &error))
		return 0;
	fprintf(stderr, "%s\n", error ? error->message : "usage: rlc-seccomp CAPABILITIES");
	return 1;
}
