/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/seccomp.h"

#include <linux/capability.h>

#include "base/error.h"
#include "kernel/filter.h"

/* What the default filter depends on. */
static uint64_t powers(const Spec *spec)
{
	uint64_t capabilities = spec->process.capabilities.bounding & ~FILTER_NESTED;

	return capabilities | (spec->rlc.nested_userns ? FILTER_NESTED : 0);
}

bool seccomp_allows_userns(const Spec *spec)
{
	return powers(spec) & (FILTER_NESTED | UINT64_C(1) << CAP_SYS_ADMIN);
}

bool seccomp_plan(const Spec *spec, Plan *plan, GError **error)
{
	if (spec->linux_.seccomp.kind == SECCOMP_NONE)
		return true;
	if (spec->linux_.seccomp.kind == SECCOMP_PROFILE)
		return error_set(error, RLC_ERROR_UNSUPPORTED, "no profile can be compiled yet");
	plan->seccomp = (SeccompPlan){
		.code = filter_decide(&filter_payload, powers(spec)),
		.count = filter_payload.count,
	};
	return true;
}

bool seccomp_load(const Plan *plan, GError **error)
{
	const SeccompPlan *seccomp = &plan->seccomp;

	return !seccomp->code ||
	       filter_load(seccomp->code, seccomp->count, seccomp->flags, NULL, error);
}
