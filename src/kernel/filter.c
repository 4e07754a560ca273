/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/filter.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/error.h"

static int allow(scmp_filter_ctx filter, const int *allowed, size_t count)
{
	static const int mappers[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; r == 0 && i < G_N_ELEMENTS(mappers); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, mappers[i], 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r;
}

bool filter_seal(const int *allowed, size_t count, int (*add_rules)(scmp_filter_ctx filter),
		 GError **error)
{
	scmp_filter_ctx filter;
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_errno(error, errno, "harden the process");
	/* ENOSYS rather than death: a library may probe for a call and do without it */
	filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	r = filter ? allow(filter, allowed, count) : -ENOMEM;
	if (r == 0 && add_rules)
		r = add_rules(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r == 0 || error_errno(error, -r, "filter the process's system calls");
}
