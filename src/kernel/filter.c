/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/filter.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

static uint32_t decide(uint32_t verdict, const uint64_t *conditions, uint64_t capabilities)
{
	for (uint32_t n = 0; conditions[n]; n++) {
		if (verdict != FILTER_IF(n) && verdict != FILTER_IF_ELSE_UNKNOWN(n))
			continue;
		if (conditions[n] & capabilities)
			return SECCOMP_RET_ALLOW;
		return SECCOMP_RET_ERRNO | (verdict == FILTER_IF(n) ? EPERM : ENOSYS);
	}
	return verdict;
}

struct sock_filter *filter_decide(const Filter *filter, uint64_t capabilities)
{
	struct sock_filter *code = g_memdup2(filter->code, filter->count * sizeof *code);

	for (size_t i = 0; i < filter->count; i++) {
		if (code[i].code == (BPF_RET | BPF_K))
			code[i].k = decide(code[i].k, filter->conditions, capabilities);
	}
	return code;
}

bool filter_load(const struct sock_filter *code, size_t count, unsigned flags, int *ret_listener,
		 GError **error)
{
	struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)code};
	long r;

	if (count > BPF_MAXINSNS)
		return error_errno(error, E2BIG, "filter the system calls");
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (r < 0)
		return error_errno(error, errno, "filter the system calls");
	if (ret_listener)
		*ret_listener = flags & SECCOMP_FILTER_FLAG_NEW_LISTENER ? (int)r : -1;
	return true;
}

bool filter_seal(const Filter *filter, GError **error)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_errno(error, errno, "harden the process");
	return filter_load(filter->code, filter->count, 0, NULL, error);
}
